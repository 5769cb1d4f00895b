//! `toYaml`, KUDO's own function: what go-yaml 2.3.0 writes (kudo-spec 4.3).

use kudo_yaml::{Mapping, Value as Yaml};

use super::support::{DEPTH, Outcome, text, too_deep};
use crate::functions::{Arguments, Context, Function, FunctionError};
use crate::go::timestamp;
use crate::value::{Foreign, IntKind, Type, Value};

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
    let mut converter = Converter {
        context,
        times: Vec::new(),
        mark: "time".to_owned(),
    };
    loop {
        converter.times.clear();
        let value = converter.converted(&arguments[0], 0)?;
        let yaml = kudo_yaml::emit(&value);
        if let Some(yaml) = converter.with_times(yaml) {
            return text(context, yaml);
        }
        converter.mark.push('x');
    }
}

/// Makes the value that go-yaml would write.
///
/// go-yaml writes times without quotes, although they look like timestamps. The emitter quotes such
/// texts, so a mark stands for each time until the text is written.
struct Converter<'a, 'b> {
    context: &'a mut Context<'b>,
    times: Vec<String>,
    mark: String,
}

impl Converter<'_, '_> {
    /// Returns the value, and pays for its text.
    fn converted(&mut self, value: &Value, depth: usize) -> Result<Yaml, FunctionError> {
        if depth > DEPTH {
            return Err(too_deep());
        }
        self.context.spend(1)?;
        self.context.allocate(size_of::<Yaml>() + 2 * depth)?;
        Ok(match value {
            Value::Invalid | Value::Nil => Yaml::Null,
            Value::Bool(value) => Yaml::Bool(*value),
            Value::Int(IntKind::Duration, _) => {
                scalar(&self.context.sprint(std::slice::from_ref(value))?)
            }
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
                self.context.allocate(2 * text.len())?;
                scalar(text)
            }
            Value::Slice(slice) => {
                let items = slice.to_vec();
                let items = items.iter().map(|item| self.converted(item, depth + 1));
                Yaml::Sequence(items.collect::<Result<_, _>>()?)
            }
            Value::Map(map) => {
                let mut mapping = Mapping::new();
                for (key, item) in map.entries() {
                    self.context.allocate(2 * key.len())?;
                    mapping.insert(scalar(&key), self.converted(&item, depth + 1)?);
                }
                Yaml::Mapping(mapping)
            }
            // A struct without exported fields.
            Value::Error(_) => Yaml::Mapping(Mapping::new()),
            Value::Foreign(foreign) => self.converted_foreign(foreign),
        })
    }

    fn converted_foreign(&mut self, foreign: &Foreign) -> Yaml {
        let mut mapping = Mapping::new();
        match foreign {
            Foreign::Time(time) => {
                let number = self.times.len();
                self.times
                    .push(timestamp::rfc3339(time).unwrap_or_default());
                return Yaml::String(format!("{}{number}z", self.mark));
            }
            Foreign::Location(_) | Foreign::Version(_) | Foreign::VersionStruct(_) => {}
            Foreign::Certificate(certificate) => {
                mapping.insert("cert", scalar(&certificate.cert));
                mapping.insert("key", scalar(&certificate.key));
            }
        }
        Yaml::Mapping(mapping)
    }

    /// Puts the times in place of their marks; `None` if the mark stands elsewhere too.
    fn with_times(&self, yaml: String) -> Option<String> {
        if self.times.is_empty() {
            return Some(yaml);
        }
        let mut parts = yaml.split(self.mark.as_str());
        let mut out = parts.next()?.to_owned();
        let mut count = 0;
        for part in parts {
            let (number, rest) = part.split_once('z')?;
            out.push_str(self.times.get(number.parse::<usize>().ok()?)?);
            out.push_str(rest);
            count += 1;
        }
        (count == self.times.len()).then_some(out)
    }
}

/// Text that is not UTF-8 is written in base64.
fn scalar(text: &[u8]) -> Yaml {
    match std::str::from_utf8(text) {
        Ok(text) => Yaml::String(text.to_owned()),
        Err(_) => Yaml::Bytes(text.to_vec()),
    }
}
