//! `OperatorVersion`: everything a plan needs of one version of a package (kudo-spec 2.3).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::CustomResource;
use serde::{Deserialize, Deserializer, Serialize};

/// Tasks, plans, parameters and templates of one version of a package.
#[derive(CustomResource, Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[kube(
    group = "kudo.dev",
    version = "v1beta1",
    kind = "OperatorVersion",
    namespaced,
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", default)]
pub struct OperatorVersionSpec {
    /// The `Operator` this is a version of; only its name matters.
    pub operator: ObjectReference,
    /// Version of the package.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Version of the software that the package runs.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub app_version: String,
    /// Texts of the templates, by the name that tasks use.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub templates: BTreeMap<String, String>,
    /// Which functions the templates have. KUDO ignores it.
    #[serde(skip_serializing_if = "TemplateFunctions::is_kudo")]
    pub template_functions: TemplateFunctions,
    /// What steps can do.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "null_is_empty"
    )]
    pub tasks: Vec<TaskSpec>,
    /// What users can set.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "null_is_empty"
    )]
    pub parameters: Vec<ParameterSpec>,
    /// Plans by name.
    #[serde(deserialize_with = "null_is_empty")]
    pub plans: BTreeMap<String, PlanSpec>,
    /// Kept for KUDO's objects; nothing reads it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub connection_string: String,
    /// Kept for KUDO's objects; nothing reads it.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "null_is_empty"
    )]
    pub upgradable_from: Vec<ObjectReference>,
}

/// The functions that the templates of a package can call.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TemplateFunctions {
    /// Those of KUDO 0.19 (kudo-spec 4.3).
    #[default]
    Kudo,
    /// Those of KUDO, and the 60 that only Sprig 3 has.
    Sprig3,
}

impl TemplateFunctions {
    /// Returns the functions that a package means by `written`; nothing means KUDO's.
    pub fn of(written: &str) -> Option<Self> {
        match written {
            "" | "kudo" => Some(Self::Kudo),
            "sprig3" => Some(Self::Sprig3),
            _ => None,
        }
    }

    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it with a reference"
    )]
    fn is_kudo(&self) -> bool {
        *self == Self::Kudo
    }
}

/// A named action of a package.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct TaskSpec {
    /// Name that steps use.
    pub name: String,
    /// `Apply`, `Delete`, `Toggle`, `Pipe`, `KudoOperator` or `Dummy`, in exactly this spelling.
    pub kind: String,
    /// Fields of the kind.
    pub spec: TaskFields,
}

/// The union of all kinds' fields; those that a kind has no use for are ignored (kudo-spec 1.4).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TaskFields {
    /// Templates that Apply, Delete and Toggle work on.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "null_is_empty"
    )]
    pub resources: Vec<String>,
    /// Dummy: end with an error.
    #[serde(skip_serializing_if = "is_false")]
    pub want_err: bool,
    /// Dummy: the error is fatal.
    #[serde(skip_serializing_if = "is_false")]
    pub fatal: bool,
    /// Dummy: the task is done.
    #[serde(skip_serializing_if = "is_false")]
    pub done: bool,
    /// Pipe: template of the pod that makes the files.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pod: String,
    /// Pipe: what to take from the pod.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "null_is_empty"
    )]
    pub pipe: Vec<PipeSpec>,
    /// Toggle: the parameter that decides.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub parameter: String,
    /// `KudoOperator`: the package of the child.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub package: String,
    /// `KudoOperator`: name of the child instance.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub instance_name: String,
    /// `KudoOperator`: application version of the child.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub app_version: String,
    /// `KudoOperator`: package version of the child.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub operator_version: String,
    /// `KudoOperator`: template of the child's parameters.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub parameter_file: String,
}

/// One file that a Pipe task takes from its pod.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PipeSpec {
    /// Path of a file that becomes one entry.
    pub file: String,
    /// Path of a file whose `NAME=value` lines become entries.
    pub env_file: String,
    /// `Secret` or `ConfigMap`.
    pub kind: String,
    /// Name under which templates find the artifact in `.Pipes`.
    pub key: String,
}

/// A plan: phases and how they follow each other.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct PlanSpec {
    /// `serial`, or anything else for parallel (kudo-spec 1.5).
    pub strategy: String,
    /// Phases in listed order.
    #[serde(deserialize_with = "null_is_empty")]
    pub phases: Vec<PhaseSpec>,
    /// How long the plan may take, as in `10m`; empty means for ever. KUDO ignores it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub timeout: String,
    /// How often a task of the plan is tried again after an error that may pass; without it, for ever.
    /// KUDO ignores it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
}

/// A phase: steps and how they follow each other.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct PhaseSpec {
    /// Name, unique in its plan.
    pub name: String,
    /// `serial`, or anything else for parallel (kudo-spec 1.5).
    pub strategy: String,
    /// Steps in listed order.
    #[serde(deserialize_with = "null_is_empty")]
    pub steps: Vec<StepSpec>,
    /// How long the phase may take, as in `10m`; empty means for ever. KUDO ignores it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub timeout: String,
    /// How often a task of the phase is tried again after an error that may pass; without it, for ever.
    /// KUDO ignores it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
}

/// A step: the tasks that are done together.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct StepSpec {
    /// Name, unique in its phase.
    pub name: String,
    /// Names of tasks in the order in which they start.
    #[serde(deserialize_with = "null_is_empty")]
    pub tasks: Vec<String>,
    /// How long the step may take, as in `10m`; empty means for ever. KUDO ignores it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub timeout: String,
    /// How often a task of the step is tried again after an error that may pass; without it, for ever.
    /// KUDO ignores it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
}

/// A parameter as the cluster stores it: values are always text (kudo-spec 1.8).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ParameterSpec {
    /// Name in `.Params`.
    pub name: String,
    /// Name for people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub display_name: String,
    /// What it does.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Whether it needs a value; absent means false here, true in packages.
    pub required: bool,
    /// Whether it can never change.
    pub immutable: bool,
    /// Value when the instance gives none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Plan that a change starts.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub trigger: String,
    /// Type as written; see [`ParameterSpec::parameter_type`].
    #[serde(rename = "value-type", skip_serializing_if = "String::is_empty")]
    pub value_type: String,
    /// The only values allowed; an empty list allows none.
    #[serde(rename = "enum", skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Vec<String>>,
}

/// How the text of a parameter is read (kudo-spec 1.8, 1.9).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ParameterType {
    /// Plain text, not checked: also what an unknown or missing type means.
    Text,
    /// Plain text by declaration.
    String,
    /// A 64-bit signed integer in base 10.
    Integer,
    /// What Go's `ParseFloat` reads.
    Number,
    /// What Go's `ParseBool` reads.
    Boolean,
    /// A YAML list.
    Array,
    /// A YAML map.
    Map,
}

impl ParameterSpec {
    /// Returns how the text of this parameter is read.
    pub fn parameter_type(&self) -> ParameterType {
        ParameterType::of(&self.value_type)
    }

    /// Returns whether the name looks like that of a secret, so that its value must not be shown.
    pub fn looks_secret(&self) -> bool {
        looks_secret(&self.name)
    }
}

impl ParameterType {
    /// Returns the type that a package means by `written`.
    pub fn of(written: &str) -> Self {
        match written {
            "string" => Self::String,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "array" => Self::Array,
            "map" => Self::Map,
            _ => Self::Text,
        }
    }
}

/// Returns whether a parameter or variable of this name is likely to hold a secret.
pub fn looks_secret(name: &str) -> bool {
    const MARKS: [&str; 9] = [
        "PASSWORD",
        "PASSWD",
        "PASSPHRASE",
        "SECRET",
        "TOKEN",
        "CREDENTIAL",
        "PRIVATE",
        "APIKEY",
        "ACCESSKEY",
    ];
    let letters: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_uppercase();
    MARKS.iter().any(|mark| letters.contains(mark))
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
pub(super) fn is_false(value: &bool) -> bool {
    !value
}

/// Reads `null` as the empty value: KUDO's own writer leaves null where a list was not given.
fn null_is_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_that_kudo_always_writes_are_written() {
        let plan = PlanSpec::default();
        let step = StepSpec {
            name: "s".to_owned(),
            ..StepSpec::default()
        };

        assert_eq!(
            serde_json::to_string(&plan).unwrap(),
            r#"{"strategy":"","phases":[]}"#
        );
        assert_eq!(
            serde_json::to_string(&step).unwrap(),
            r#"{"name":"s","tasks":[]}"#
        );
    }

    #[test]
    fn functions_are_written_only_where_a_package_asks_for_more() {
        let mut spec = OperatorVersionSpec::default();
        let kudo = serde_json::to_value(&spec).unwrap();

        spec.template_functions = TemplateFunctions::Sprig3;
        let sprig3 = serde_json::to_value(&spec).unwrap();

        assert_eq!(kudo.get("templateFunctions"), None);
        assert_eq!(sprig3["templateFunctions"], "sprig3");
        assert_eq!(
            serde_json::from_value::<OperatorVersionSpec>(sprig3).unwrap(),
            spec
        );
    }

    #[test]
    fn null_lists_of_go_kudo_are_read_as_empty() {
        let plan: PlanSpec =
            serde_json::from_str(r#"{"strategy":"serial","phases":null}"#).unwrap();

        assert!(plan.phases.is_empty());
    }

    #[test]
    fn names_of_secrets_are_recognised_in_any_spelling() {
        for name in [
            "MYSQL_ROOT_PASSWORD",
            "sstPassword",
            "API_KEY",
            "auth-token",
        ] {
            assert!(looks_secret(name), "{name}");
        }
        for name in ["NODE_COUNT", "PASS_THROUGH", "KEYSPACE"] {
            assert!(!looks_secret(name), "{name}");
        }
    }
}
