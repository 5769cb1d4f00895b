//! Go's package fmt: `Sprint`, `Sprintln` and `Sprintf` on values.
//!
//! * [`directive`](self): reading a format
//! * `printer`: one argument under one verb
//! * `integer`, `float`: numbers under all flags
//! * `quote`, `runes`: strings
//! * `names`: durations, months and weekdays

mod directive;
mod float;
mod integer;
pub(crate) mod names;
mod printer;
pub(crate) mod quote;
pub(crate) mod runes;

use crate::limits::{Exceeded, Meter};
use crate::value::Value;
use printer::Printer;

/// Returns what `fmt.Sprint` gives: spaces between operands when neither is a string.
pub(crate) fn sprint(meter: &mut Meter, values: &[Value]) -> Result<Vec<u8>, Exceeded> {
    let mut printer = Printer::new(meter, Vec::new());
    let mut after_string = false;
    for (at, value) in values.iter().enumerate() {
        let is_string = matches!(value, Value::Str(_));
        if at > 0 && !is_string && !after_string {
            printer.out.push(b' ');
        }
        printer.argument(value, 'v')?;
        after_string = is_string;
    }
    printer.finish()
}

/// Returns what `fmt.Sprintln` gives: spaces between operands, a newline at the end.
pub(crate) fn sprintln(meter: &mut Meter, values: &[Value]) -> Result<Vec<u8>, Exceeded> {
    let mut printer = Printer::new(meter, Vec::new());
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            printer.out.push(b' ');
        }
        printer.argument(value, 'v')?;
    }
    printer.out.push(b'\n');
    printer.finish()
}

/// Returns what `fmt.Sprintf` gives.
pub(crate) fn sprintf(
    meter: &mut Meter,
    format: &[u8],
    values: &[Value],
) -> Result<Vec<u8>, Exceeded> {
    let mut printer = Printer::new(meter, Vec::with_capacity(format.len() + 16));
    directive::print(&mut printer, format, values)?;
    printer.finish()
}

/// Appends a value as `{{ value }}` prints it (`fmt.Fprint`).
pub(crate) fn append(meter: &mut Meter, out: &mut Vec<u8>, value: &Value) -> Result<(), Exceeded> {
    match value {
        Value::Str(text) => out.extend_from_slice(text),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        _ => {
            let mut printer = Printer::new(meter, std::mem::take(out));
            let printed = printer.argument(value, 'v');
            *out = std::mem::take(&mut printer.out);
            printed?;
        }
    }
    Ok(())
}

/// Returns a value as `%v` shows it, cut short where it would exceed the limits; for error texts.
pub(crate) fn text(meter: &mut Meter, value: &Value, verb: char) -> Result<String, Exceeded> {
    let mut printer = Printer::new(meter, Vec::new());
    printer.argument(value, verb)?;
    Ok(crate::value::to_text(&printer.finish()?).into_owned())
}

/// Returns what `%v` shows of the struct that a value is or points to, without its `String` method.
pub(crate) fn struct_text(meter: &mut Meter, value: &Value) -> Result<String, Exceeded> {
    let mut printer = Printer::new(meter, Vec::new());
    printer.without_methods(value)?;
    let text = crate::value::to_text(&printer.finish()?).into_owned();
    Ok(text.trim_start_matches('&').to_owned())
}
