//! Numbers: whole ones are int64 and wrap around, as Go's do; text counts as the number it spells in base 10, else as 0.

use super::support::{Outcome, appended, check_memory, to_float64, to_int64};
use crate::functions::{Arguments, Context, Function, FunctionError};
use crate::go::{growth, math, strconv};
use crate::value::{Type, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("int", &[Type::Interface], Type::INT, int).documented(
        "Converts to `int`: cuts floats off, reads texts in base 10, gives 0 for what is no number.",
        r#"{{ int "3" }} {{ int 3.9 }} {{ int "3.9" }}"#,
        "3 3 0",
    ),
    Function::new("int64", &[Type::Interface], Type::INT64, int64).documented(
        "Converts to `int64`, by the rules of `int`.",
        r#"{{ int64 "8080" | typeOf }}"#,
        "int64",
    ),
    Function::new("float64", &[Type::Interface], Type::Float64, float64).documented(
        "Converts to `float64`.",
        r#"{{ float64 "1.50" }}"#,
        "1.5",
    ),
    Function::new("atoi", &[Type::String], Type::INT, atoi).documented(
        "Reads a whole number in base 10; 0 where the text is none.",
        r#"{{ atoi "42" }}"#,
        "42",
    ),
    Function::new("toDecimal", &[Type::Interface], Type::INT64, to_decimal).documented(
        "Reads an octal number, such as a file mode.",
        r#"{{ toDecimal "0777" }}"#,
        "511",
    ),
    Function::new("add1", &[Type::Interface], Type::INT64, add1).documented(
        "Adds 1.",
        "{{ add1 41 }}",
        "42",
    ),
    Function::variadic("add", &[Type::Interface], Type::INT64, add).documented(
        "Adds whole numbers.",
        r#"{{ add 1 "2" 3.9 }}"#,
        "6",
    ),
    Function::new("sub", &[Type::Interface, Type::Interface], Type::INT64, sub).documented(
        "Subtracts the second number from the first.",
        "{{ sub 5 3 }}",
        "2",
    ),
    Function::new("div", &[Type::Interface, Type::Interface], Type::INT64, div).documented(
        "Divides whole numbers and drops the remainder; division by 0 is an error.",
        "{{ div 7 2 }}",
        "3",
    ),
    Function::new("mod", &[Type::Interface, Type::Interface], Type::INT64, modulo).documented(
        "Returns the remainder of a division; its sign is that of the first number.",
        "{{ mod 7 3 }}",
        "1",
    ),
    Function::variadic("mul", &[Type::Interface, Type::Interface], Type::INT64, mul).documented(
        "Multiplies whole numbers.",
        "{{ mul 2 3 7 }}",
        "42",
    ),
    Function::variadic("max", &[Type::Interface, Type::Interface], Type::INT64, max).documented(
        "Returns the largest of whole numbers.",
        r#"{{ max 1 "7" 3 }}"#,
        "7",
    ),
    Function::variadic("biggest", &[Type::Interface, Type::Interface], Type::INT64, max).documented(
        "Is another name of `max`.",
        "{{ biggest 2 5 3 }}",
        "5",
    ),
    Function::variadic("min", &[Type::Interface, Type::Interface], Type::INT64, min).documented(
        "Returns the smallest of whole numbers.",
        "{{ min 5 2 3 }}",
        "2",
    ),
    Function::new("ceil", &[Type::Interface], Type::Float64, ceil).documented(
        "Rounds up to a whole number, which stays a float.",
        "{{ ceil 1.2 }}",
        "2",
    ),
    Function::new("floor", &[Type::Interface], Type::Float64, floor).documented(
        "Rounds down to a whole number, which stays a float.",
        "{{ floor 1.8 }}",
        "1",
    ),
    Function::variadic("round", &[Type::Interface, Type::INT, Type::Float64], Type::Float64, round)
        .documented(
            "Rounds to so many decimal places; a third number says from which fraction on it rounds up, 0.5 if left out.",
            "{{ round 123.5555 2 }} {{ round 123.3 0 0.2 }}",
            "123.56 124",
        ),
    Function::new("until", &[Type::INT], Type::INTS, until).documented(
        "Returns the whole numbers from 0 up to a number, which is left out.",
        "{{ range until 3 }}{{ . }};{{ end }}",
        "0;1;2;",
    ),
    Function::new("untilStep", &[Type::INT, Type::INT, Type::INT], Type::INTS, until_step)
        .documented(
            "Returns the whole numbers from a start up to a stop, which is left out, in steps.",
            "{{ untilStep 2 10 3 }}",
            "[2 5 8]",
        ),
];

fn int(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    Ok(Value::int(to_int64(&arguments[0])))
}

fn int64(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    Ok(Value::int64(to_int64(&arguments[0])))
}

fn float64(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    Ok(Value::Float(to_float64(&arguments[0])))
}

fn atoi(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    Ok(Value::int(strconv::atoi(arguments.bytes(0))))
}

fn to_decimal(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let digits = match &arguments[0] {
        Value::Str(text) => text.clone(),
        other => context.sprint(std::slice::from_ref(other))?.into(),
    };
    Ok(Value::int64(
        strconv::parse_int(&digits, 8).unwrap_or_default(),
    ))
}

fn add1(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    Ok(Value::int64(to_int64(&arguments[0]).wrapping_add(1)))
}

fn add(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let numbers = arguments.iter().map(to_int64);
    Ok(Value::int64(numbers.fold(0, i64::wrapping_add)))
}

fn sub(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    Ok(Value::int64(
        to_int64(&arguments[0]).wrapping_sub(to_int64(&arguments[1])),
    ))
}

fn div(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let divisor = divisor(&arguments[1])?;
    Ok(Value::int64(to_int64(&arguments[0]).wrapping_div(divisor)))
}

fn modulo(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let divisor = divisor(&arguments[1])?;
    Ok(Value::int64(to_int64(&arguments[0]).wrapping_rem(divisor)))
}

fn divisor(value: &Value) -> Result<i64, FunctionError> {
    match to_int64(value) {
        0 => Err(FunctionError::new("runtime error: integer divide by zero")),
        divisor => Ok(divisor),
    }
}

fn mul(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let numbers = arguments.iter().map(to_int64);
    Ok(Value::int64(numbers.fold(1, i64::wrapping_mul)))
}

fn max(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    Ok(Value::int64(
        arguments.iter().map(to_int64).max().unwrap_or_default(),
    ))
}

fn min(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    Ok(Value::int64(
        arguments.iter().map(to_int64).min().unwrap_or_default(),
    ))
}

fn ceil(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    Ok(Value::Float(to_float64(&arguments[0]).ceil()))
}

fn floor(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    Ok(Value::Float(to_float64(&arguments[0]).floor()))
}

fn round(_: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let from = if arguments.len() > 2 {
        arguments.float(2)
    } else {
        0.5
    };
    Ok(Value::Float(math::rounded(
        to_float64(&arguments[0]),
        arguments.int(1),
        from,
    )))
}

fn until(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    let stop = arguments.int(0);
    numbers(context, 0, stop, if stop < 0 { -1 } else { 1 })
}

fn until_step(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    numbers(
        context,
        arguments.int(0),
        arguments.int(1),
        arguments.int(2),
    )
}

/// Returns the numbers from `start` up or down to `stop`; none where `step` leads away from it.
fn numbers(context: &mut Context<'_>, start: i64, stop: i64, step: i64) -> Outcome {
    let away = if stop < start { step >= 0 } else { step <= 0 };
    let distance = u128::from(start.abs_diff(stop));
    let count = if away {
        0
    } else {
        distance.div_ceil(u128::from(step.unsigned_abs()))
    };
    // More than there are addresses is more than there is memory.
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    check_memory(context, count)?;
    let numbers = std::iter::successors(Some(start), |at| at.checked_add(step));
    let numbers = numbers.take(count).map(Value::int).collect();
    appended(
        context,
        &Type::INT,
        numbers,
        growth::after_appends(count, 8),
    )
}
