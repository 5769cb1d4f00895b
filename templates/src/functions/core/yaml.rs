//! `toYaml`, KUDO's own function: what go-yaml 2.3.0 writes (kudo-spec 4.3).

use kudo_yaml::{Mapping, Value as Yaml};

use super::support::{DEPTH, Outcome, text, too_deep};
use crate::functions::{Arguments, Context, Function, FunctionError};
use crate::go::timestamp;
use crate::value::{Foreign, IntKind, Str, Type, Value};

pub(super) const FUNCTIONS: &[Function] = &[Function::new(
    "toYaml",
    &[Type::Interface],
    Type::String,
    to_yaml,
)
.documented(
    "Returns a value as YAML, with a line end at its end; lists are not indented under their key.",
    r#"{{ toYaml (dict "b" (list 1 "2") "a" "x") }}"#,
    "a: x\nb:\n- 1\n- \"2\"\n",
)];

fn to_yaml(context: &mut Context<'_>, arguments: Arguments<'_>) -> Outcome {
    // A time stands without quotes, which no text that looks like one does.
    if let Value::Foreign(Foreign::Time(time)) = &arguments[0] {
        let time = timestamp::rfc3339(time).unwrap_or_default();
        return text(context, format!("{time}\n"));
    }
    let value = converted(context, &arguments[0], 0)?;
    text(context, kudo_yaml::emit(&value))
}

/// Returns the value that go-yaml would write, and pays for its text.
fn converted(
    context: &mut Context<'_>,
    value: &Value,
    depth: usize,
) -> Result<Yaml, FunctionError> {
    if depth > DEPTH {
        return Err(too_deep());
    }
    context.spend(1)?;
    context.allocate(size_of::<Yaml>() + 2 * depth)?;
    Ok(match value {
        Value::Invalid | Value::Nil => Yaml::Null,
        Value::Bool(value) => Yaml::Bool(*value),
        Value::Int(IntKind::Duration, _) => scalar(&context.sprint(std::slice::from_ref(value))?),
        Value::Int(_, value) => Yaml::Int(*value),
        Value::Uint(_, value) => Yaml::Uint(*value),
        // By its shortest digits, as a float64 of these prints.
        Value::Float32(value) => {
            Yaml::Float(value.to_string().parse().unwrap_or(f64::from(*value)))
        }
        Value::Float(value) => Yaml::Float(*value),
        Value::Complex(..) => {
            return Err(FunctionError::new("cannot marshal type: complex128"));
        }
        Value::Str(text) => {
            context.allocate(2 * text.len())?;
            scalar(text)
        }
        Value::Slice(slice) => {
            let items = slice.to_vec();
            let items = items.iter().map(|item| converted(context, item, depth + 1));
            Yaml::Sequence(items.collect::<Result<_, _>>()?)
        }
        Value::Map(map) => {
            let mut mapping = Mapping::new();
            for (key, item) in map.entries() {
                context.allocate(2 * key.len())?;
                mapping.insert(scalar(&key), converted(context, &item, depth + 1)?);
            }
            Yaml::Mapping(mapping)
        }
        // A struct without exported fields.
        Value::Error(_) => Yaml::Mapping(Mapping::new()),
        Value::Foreign(foreign) => converted_foreign(foreign),
    })
}

/// Text that is not UTF-8 is written in base64.
fn scalar(text: &[u8]) -> Yaml {
    match std::str::from_utf8(text) {
        Ok(text) => Yaml::String(text.to_owned()),
        Err(_) => Yaml::Bytes(text.to_vec()),
    }
}

fn converted_foreign(foreign: &Foreign) -> Yaml {
    let mut mapping = Mapping::new();
    match foreign {
        Foreign::Time(time) => return Yaml::String(timestamp::rfc3339(time).unwrap_or_default()),
        Foreign::Location(_) | Foreign::Version(_) => {}
        Foreign::Certificate(certificate) => {
            let field = |text: &Str| scalar(text);
            mapping.insert("cert", field(&certificate.cert));
            mapping.insert("key", field(&certificate.key));
        }
    }
    Yaml::Mapping(mapping)
}
