//! From templates to objects: values, rendering, splitting (kudo-spec 4.1 to 4.4).

use std::collections::{BTreeMap, BTreeSet};

use kudo_yaml::Value as Yaml;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    api::{OperatorVersionSpec, TemplateFunctions},
    error::{TaskError, event},
    expand::Source,
    parameters::ParameterValue,
    plan::Position,
    subject::Subject,
    task::Task,
};

/// Renders the templates of one execution.
#[derive(Clone, Debug)]
pub struct Renderer {
    subject: Subject,
    templates: BTreeMap<String, String>,
    functions: TemplateFunctions,
    parameters: BTreeMap<String, ParameterValue>,
    pipes: BTreeMap<String, String>,
    seed: Seed,
}

/// An object as a template gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// The object.
    pub object: Value,
    /// The template it comes from.
    pub template: String,
}

impl Renderer {
    /// Returns a renderer for `subject` with these templates, their functions and parameters.
    pub fn new(
        subject: Subject,
        templates: BTreeMap<String, String>,
        functions: TemplateFunctions,
        parameters: BTreeMap<String, ParameterValue>,
        seed: Seed,
    ) -> Self {
        Self {
            subject,
            templates,
            functions,
            parameters,
            pipes: BTreeMap::new(),
            seed,
        }
    }

    /// Returns the renderer with what templates see as `.Pipes`.
    #[must_use]
    pub fn with_pipes(self, pipes: BTreeMap<String, String>) -> Self {
        Self { pipes, ..self }
    }

    /// Returns the objects of `resources`, template by template in listed order and document by
    /// document; a template that is listed twice counts once (kudo-spec 3.3).
    pub fn objects(
        &self,
        resources: &[String],
        position: &Position,
    ) -> Result<Vec<Rendered>, TaskError> {
        let mut seen = BTreeSet::new();
        let mut objects = Vec::new();
        for template in resources.iter().filter(|name| seen.insert(name.as_str())) {
            let text = self.text(template, position)?;
            let documents = split(&text).map_err(|cause| {
                let cause = format!("parsing YAML from {template}: {cause}");
                TaskError::Fatal {
                    event: event::RENDERING,
                    cause,
                }
            })?;
            let of_template = |object| Rendered {
                object,
                template: template.clone(),
            };
            objects.extend(documents.into_iter().map(of_template));
        }
        Ok(objects)
    }

    /// Returns the text that a template gives at `position`.
    pub fn text(&self, template: &str, position: &Position) -> Result<String, TaskError> {
        let fatal = |cause: String| TaskError::Fatal {
            event: event::RENDERING,
            cause,
        };
        let Some(body) = self.templates.get(template) else {
            return Err(fatal(format!("error finding resource named {template}")));
        };
        Source::new(template, body, self.functions)
            .expand(&self.values(position), &self.seed)
            .map_err(|error| fatal(format!("error expanding template {template}: {error}")))
    }

    /// Returns the values that templates see (kudo-spec 4.2).
    fn values(&self, position: &Position) -> Values<'_> {
        Values {
            texts: [
                ("OperatorName", self.subject.operator_name.clone()),
                ("Name", self.subject.name.clone()),
                ("Namespace", self.subject.namespace.clone()),
                ("AppVersion", self.subject.app_version.clone()),
                ("OperatorVersion", self.subject.operator_version.clone()),
                ("PlanName", position.plan.clone()),
                ("PhaseName", position.phase.clone()),
                ("StepName", position.step.clone()),
            ],
            parameters: &self.parameters,
            pipes: &self.pipes,
        }
    }
}

/// What templates see as dot.
#[derive(Debug)]
pub(crate) struct Values<'a> {
    pub(crate) texts: [(&'static str, String); 8],
    pub(crate) parameters: &'a BTreeMap<String, ParameterValue>,
    pub(crate) pipes: &'a BTreeMap<String, String>,
}

/// Splits rendered text into objects (kudo-spec 4.4).
///
/// # Errors
///
/// When a part is not YAML, or not an object with a kind.
pub fn split(text: &str) -> Result<Vec<Value>, String> {
    let mut objects = Vec::new();
    for chunk in text.split("\n---") {
        let failed = |cause: String| format!("decoding chunk {chunk:?} failed: {cause}");
        let value = kudo_yaml::load(chunk).map_err(|error| failed(error.to_string()))?;
        if value == Yaml::Null {
            continue;
        }
        let object = kudo_yaml::to_json(&value).map_err(|error| failed(error.to_string()))?;
        for key in ["apiVersion", "kind"] {
            if object[key].as_str().is_none_or(str::is_empty) {
                return Err(failed(format!(
                    "it is not a Kubernetes object: it has no {key}"
                )));
            }
        }
        objects.push(object);
    }
    Ok(objects)
}

/// What random functions and the time of one execution are drawn from.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Seed {
    random: [u8; 32],
    /// Seconds since the epoch.
    now: i64,
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(..)")
    }
}

impl Seed {
    /// Returns a seed for templates that draw nothing.
    pub fn unused() -> Self {
        Self {
            random: [0; 32],
            now: 0,
        }
    }

    /// Returns a seed with the randomness of two random UUIDs and the time `now`.
    pub fn new(uids: [&str; 2], now: jiff::Timestamp) -> Self {
        let random = Sha256::new()
            .chain_update(uids[0])
            .chain_update(uids[1])
            .finalize()
            .into();
        Self {
            random,
            now: now.as_second(),
        }
    }

    /// Returns the seed of what [`Seed::to_bytes`] gave; `None` for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (random, now) = bytes.split_first_chunk()?;
        Some(Self {
            random: *random,
            now: i64::from_be_bytes(now.try_into().ok()?),
        })
    }

    /// Returns the bytes that are kept in a Secret.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.random[..], &self.now.to_be_bytes()].concat()
    }

    /// Returns what one template draws from, so that two templates do not draw the same.
    pub(crate) fn of(&self, template: &str) -> ([u8; 32], i64) {
        let digest = Sha256::new()
            .chain_update(self.random)
            .chain_update(template)
            .finalize();
        (digest.into(), self.now)
    }
}

/// Returns whether a template that `plan` uses calls a function that draws randomness or the time.
pub fn uses_randomness(version: &OperatorVersionSpec, plan: &str) -> bool {
    let Some(plan) = version.plans.get(plan) else {
        return false;
    };
    let steps = plan.phases.iter().flat_map(|phase| &phase.steps);
    let names: BTreeSet<&String> = steps.flat_map(|step| &step.tasks).collect();
    let tasks = version
        .tasks
        .iter()
        .filter(|task| names.contains(&task.name));
    let templates = tasks
        .filter_map(|task| Task::build(task).ok())
        .flat_map(|task| task.templates());
    let mut texts = templates.filter_map(|name| version.templates.get(&name));
    texts.any(|text| crate::expand::draws_randomness(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_survives_being_kept() {
        let seed = Seed::new(["a", "b"], jiff::Timestamp::from_second(7).unwrap());

        assert_eq!(Seed::from_bytes(&seed.to_bytes()), Some(seed));
        assert_eq!(Seed::from_bytes(b"short"), None);
    }

    // kudo-spec A.8
    #[test]
    fn documents_are_split_where_a_line_begins_with_three_dashes() {
        let inside = "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: |\n    ---\n    x\n";
        let two = format!("{inside}---\n{inside}");

        assert_eq!(split(inside).unwrap().len(), 1);
        assert_eq!(split(&two).unwrap().len(), 2);
        for empty in ["", "#comment", "\n\n", "---\n# nothing\n---\n"] {
            assert_eq!(split(empty), Ok(Vec::new()), "{empty:?}");
        }
        assert!(split("\"").is_err());
        assert!(split("a: b").unwrap_err().contains("it has no apiVersion"));
    }
}
