//! The one place that speaks to the template engine.

use std::sync::LazyLock;

use kudo_templates::{Clock, Environment, Functions, Numbers, ParseError, Parser, Template, Value};

use crate::api::TemplateFunctions;
use crate::package::suggest::nearest;
use crate::parameters::ParameterValue;
use crate::render::{Seed, Values};

/// Functions whose results differ from run to run; those of dates take the time where they get no date.
const DRAWING: [&str; 27] = [
    "ago",
    "bcrypt",
    "buildCustomCert",
    "date",
    "dateInZone",
    "durationRound",
    "encryptAES",
    "genCA",
    "genCAWithKey",
    "genPrivateKey",
    "genSelfSignedCert",
    "genSelfSignedCertWithKey",
    "genSignedCert",
    "genSignedCertWithKey",
    "getHostByName",
    "htmlDate",
    "htmlDateInZone",
    "htpasswd",
    "now",
    "randAlpha",
    "randAlphaNum",
    "randAscii",
    "randBytes",
    "randInt",
    "randNumeric",
    "shuffle",
    "uuidv4",
];

/// A template, not yet parsed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    name: &'a str,
    body: &'a str,
    functions: TemplateFunctions,
}

impl<'a> Source<'a> {
    /// Returns the template `name` with the text `body`, which may call these functions.
    pub(crate) const fn new(name: &'a str, body: &'a str, functions: TemplateFunctions) -> Self {
        Self {
            name,
            body,
            functions,
        }
    }

    /// Parses the template.
    pub(crate) fn parse(&self) -> Result<Template, ParseError> {
        Parser::new(functions(self.functions)).parse(self.name, self.body)
    }

    /// Returns the text that the template gives; errors are KUDO's (kudo-spec 4.1).
    pub(crate) fn expand(&self, values: &Values<'_>, seed: &Seed) -> Result<String, String> {
        let name = self.name;
        let template = self
            .parse()
            .map_err(|error| format!("error parsing template: {error}"))?;
        let (random, now) = seed.of(name);
        let environment = Environment {
            seed: random,
            clock: Clock {
                seconds: now,
                nanoseconds: 0,
            },
            ..Environment::default()
        };
        let rendered = template
            .render(&dot(values), &environment)
            .map_err(|error| format!("error rendering template: {error}"))?;
        String::from_utf8(rendered).map_err(|_| {
            format!("error rendering template: template: {name}: its output is not UTF-8")
        })
    }
}

/// Returns what the author of a template can do whose error is that a function is not defined.
pub(crate) fn function_hint(message: &str, known: TemplateFunctions) -> Option<String> {
    let (_, rest) = message.split_once("function \"")?;
    let (name, _) = rest.split_once("\" not defined")?;
    let more = functions(TemplateFunctions::Sprig3);
    if more.find(name.as_bytes()).is_some() {
        return Some(format!(
            "`{name}` is a function of Sprig 3, which KUDO does not have: write \
             `templateFunctions: sprig3` into operator.yaml to have it in kudo-rs"
        ));
    }
    let names = functions(known).iter().map(|function| function.name);
    nearest(name, names).map(|name| format!("did you mean `{name}`?"))
}

fn functions(wanted: TemplateFunctions) -> &'static Functions {
    static KUDO: LazyLock<Functions> = LazyLock::new(Functions::kudo);
    static SPRIG3: LazyLock<Functions> = LazyLock::new(|| Functions::kudo().with_sprig3());
    match wanted {
        TemplateFunctions::Kudo => &KUDO,
        TemplateFunctions::Sprig3 => &SPRIG3,
    }
}

/// Returns whether `text` calls a function whose result differs from run to run.
///
/// It looks for the names inside actions, so it may say yes too often, never too seldom.
pub(crate) fn draws_randomness(text: &str) -> bool {
    let actions = text
        .split("{{")
        .skip(1)
        .filter_map(|rest| rest.split("}}").next());
    let mut words = actions.flat_map(|action| action.split(|c: char| !c.is_ascii_alphanumeric()));
    words.any(|word| DRAWING.contains(&word))
}

fn dot(values: &Values<'_>) -> Value {
    let texts = values
        .texts
        .iter()
        .map(|(name, text)| (*name, Value::string(text.as_str())));
    let parameters = values.parameters.iter();
    let parameters = parameters.map(|(name, value)| (name.as_str(), parameter(value)));
    let pipes = values
        .pipes
        .iter()
        .map(|(key, name)| (key.as_str(), name.as_str()));
    let maps = [
        ("Params", Value::dict(parameters)),
        ("Pipes", Value::string_map(pipes)),
    ];
    Value::dict(texts.chain(maps))
}

fn parameter(value: &ParameterValue) -> Value {
    // kudo-spec 1.8: every number is a float64.
    let json = |value| Value::from_json(value, Numbers::Float64);
    match value {
        ParameterValue::Text(text) => Value::string(text.as_str()),
        ParameterValue::List(None) => Value::nil_list(),
        ParameterValue::List(Some(items)) => Value::list(items.iter().map(json).collect()),
        ParameterValue::Map(value) => json(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // kudo-spec 1.8: numbers in lists and maps are float64, scalars are text.
    #[test]
    fn numbers_in_lists_and_maps_are_floats_as_in_go() {
        use std::collections::BTreeMap;

        use crate::{api::ParameterSpec, parameters::template_values};

        let parameter = |name: &str, value_type: &str, default: &str| ParameterSpec {
            name: name.to_owned(),
            value_type: value_type.to_owned(),
            default: Some(default.to_owned()),
            ..ParameterSpec::default()
        };
        let specs = [
            parameter("LIST", "array", "[80, 1000000, 0.5, text, true]"),
            parameter("MAP", "map", "{port: 8080, deep: {big: 21000000}, none: }"),
            parameter("NOTHING", "array", "null\n"),
            parameter("EMPTY", "array", "[]"),
            parameter("NO_MAP", "map", "null\n"),
            parameter("COUNT", "integer", "080"),
            parameter("FLAG", "boolean", "false"),
        ];
        let parameters = template_values(&specs, &BTreeMap::new()).unwrap();
        let pipes = BTreeMap::new();
        let values = Values {
            texts: [("", ""); 8].map(|(name, text)| (name, text.to_owned())),
            parameters: &parameters,
            pipes: &pipes,
        };
        let given = |text: &str| {
            Source::new("t", text, TemplateFunctions::default())
                .expand(&values, &Seed::unused())
                .unwrap()
        };

        assert_eq!(
            given("{{ range .Params.LIST }}{{ . }} {{ end }}"),
            "80 1e+06 0.5 text true "
        );
        assert_eq!(
            given("{{ .Params.MAP.port }} {{ .Params.MAP.deep.big }} {{ .Params.MAP.none }}"),
            "8080 2.1e+07 <no value>"
        );
        assert_eq!(given("{{ typeOf (index .Params.LIST 0) }}"), "float64");
        assert_eq!(
            given("{{ int .Params.MAP.deep.big }} {{ add .Params.MAP.port 1 }}"),
            "21000000 8081"
        );
        assert_eq!(
            given(
                "{{ .Params.COUNT }} {{ typeOf .Params.COUNT }} {{ if .Params.FLAG }}yes{{ end }}"
            ),
            "080 string yes"
        );
        assert_eq!(
            given("{{ toYaml .Params.MAP.deep }}|{{ toYaml .Params.LIST }}"),
            "big: 2.1e+07\n|- 80\n- 1e+06\n- 0.5\n- text\n- true\n"
        );
        // A list without a value is Go's nil slice, a map without one no value at all.
        assert_eq!(
            given(
                "{{ toJson .Params.NOTHING }} {{ toJson .Params.EMPTY }} {{ toJson .Params.NO_MAP }}"
            ),
            "null [] null"
        );
        assert_eq!(
            given("{{ len .Params.NOTHING }} {{ kindOf .Params.NOTHING }} {{ .Params.NOTHING }}"),
            "0 slice []"
        );
    }

    #[test]
    fn what_draws_is_a_function() {
        for name in DRAWING {
            let found = functions(TemplateFunctions::Sprig3).find(name.as_bytes());
            assert!(found.is_some(), "{name}");
        }
    }

    /// Answers of Sprig 3.2.3 to templates that call functions which only it has.
    #[test]
    fn the_functions_of_sprig_3_are_there_for_those_who_ask() {
        let corpus = include_str!("../../templates/tests/data/gotemplate-sprig3.jsonl");
        for line in corpus.lines() {
            let case: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = case["template"].as_str().unwrap();
            let of = |functions| Source::new("tpl", text, functions).parse();

            let refused = of(TemplateFunctions::Kudo).unwrap_err().to_string();
            let data = Value::from_json(&case["data"], Numbers::IntOrFloat64);
            let template = of(TemplateFunctions::Sprig3).unwrap();
            let given = template.render(&data, &Environment::default());

            let hint = function_hint(&refused, TemplateFunctions::Kudo).unwrap();
            assert!(hint.contains("templateFunctions: sprig3"), "{hint}");
            match given {
                Ok(given) => assert_eq!(
                    String::from_utf8(given).unwrap(),
                    case["expected"].as_str().unwrap()
                ),
                // What Sprig's own tests leave out of the data is an error in packages.
                Err(error) => assert!(error.text.contains("map has no entry"), "{error}"),
            }
        }
    }

    #[test]
    fn an_unknown_function_is_answered_with_its_nearest() {
        let hint = |message: &str| function_hint(message, TemplateFunctions::Kudo);

        let near = hint("template: a.yaml:1: function \"toYAML\" not defined");

        assert_eq!(near.as_deref(), Some("did you mean `toYaml`?"));
        assert_eq!(hint("function \"lookup\" not defined"), None);
        assert_eq!(hint("template: a.yaml:1: unclosed action"), None);
    }

    #[test]
    fn only_calls_count_as_drawing() {
        assert!(draws_randomness("a: {{ randAlphaNum 12 | b64enc }}"));
        assert!(draws_randomness("{{- if (now | unixEpoch) }}"));
        assert!(draws_randomness("{{ date_in_zone `2006` `` `UTC` }}"));
        assert!(!draws_randomness(
            "# now is the time\na: {{ .Params.shuffled }}"
        ));
    }
}
