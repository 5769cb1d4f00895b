//! The one place that speaks to the template engine.

use kudo_templates::{Clock, Environment, Numbers, Template, Value};

use crate::render::{Seed, Values};

/// Functions whose results differ from run to run.
const DRAWING: [&str; 15] = [
    "ago",
    "buildCustomCert",
    "encryptAES",
    "genCA",
    "genPrivateKey",
    "genSelfSignedCert",
    "genSignedCert",
    "getHostByName",
    "now",
    "randAlpha",
    "randAlphaNum",
    "randAscii",
    "randNumeric",
    "shuffle",
    "uuidv4",
];

/// Returns the text that the template `body` gives; errors are KUDO's (kudo-spec 4.1).
pub(crate) fn expand(
    name: &str,
    body: &str,
    values: &Values<'_>,
    seed: &Seed,
) -> Result<String, String> {
    let template =
        Template::parse(name, body).map_err(|error| format!("error parsing template: {error}"))?;
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
    String::from_utf8(rendered)
        .map_err(|_| format!("error rendering template: template: {name}: its output is not UTF-8"))
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
    let parameters = values.parameters.iter().map(|(name, value)| {
        // kudo-spec 1.8: every number is a float64.
        (name.as_str(), Value::from_json(value, Numbers::Float64))
    });
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
        let given = |text: &str| expand("t", text, &values, &Seed::unused()).unwrap();

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
    }

    #[test]
    fn only_calls_count_as_drawing() {
        assert!(draws_randomness("a: {{ randAlphaNum 12 | b64enc }}"));
        assert!(draws_randomness("{{- if (now | unixEpoch) }}"));
        assert!(!draws_randomness(
            "# now is the time\na: {{ .Params.shuffled }}"
        ));
    }
}
