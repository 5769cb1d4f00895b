//! A suite, its cases and their steps, as values.

use std::{path::PathBuf, time::Duration};

use serde_json::Value;

/// A folder of cases, with what is said about all of them.
#[derive(Debug)]
pub(crate) struct Suite {
    /// What the suite file says, or the defaults.
    pub settings: Settings,
    /// The cases by name.
    pub cases: Vec<Case>,
    /// What is in the files and not followed.
    pub notes: Vec<String>,
}

/// What holds for all cases of a suite.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// How long a step's asserts may take to come true.
    pub timeout: Duration,
    /// How many cases run at the same time.
    pub parallel: usize,
    /// Whether what cases made stays.
    pub skip_delete: bool,
    /// The namespace of all cases; else each has its own.
    pub namespace: Option<String>,
    /// What is applied before the first case.
    pub manifests: Vec<Object>,
    /// What is run before the first case.
    pub commands: Vec<Command>,
    /// Where the commands run.
    pub folder: PathBuf,
}

/// A folder of numbered files.
#[derive(Debug)]
pub(crate) struct Case {
    /// Name of the folder.
    pub name: String,
    /// The folder, where its commands run.
    pub folder: PathBuf,
    /// Its steps in order.
    pub steps: Vec<Step>,
}

/// What files of the same number say.
#[derive(Debug, Default)]
pub(crate) struct Step {
    /// The number.
    pub number: u64,
    /// What files call it.
    pub name: String,
    /// What is deleted first.
    pub delete: Vec<Reference>,
    /// What is run then.
    pub commands: Vec<Command>,
    /// What is applied then.
    pub apply: Vec<Object>,
    /// What must be there in the end.
    pub asserts: Vec<Object>,
    /// Commands that must succeed in the end.
    pub assert_commands: Vec<Command>,
    /// What must not be there in the end.
    pub errors: Vec<Object>,
    /// How long the end may take to come, where it is not as long as in other steps.
    pub timeout: Option<Duration>,
}

impl Step {
    /// Returns number and name as files write them.
    pub(crate) fn title(&self) -> String {
        if self.name.is_empty() {
            format!("{:02}", self.number)
        } else {
            format!("{:02}-{}", self.number, self.name)
        }
    }
}

/// An object of a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object {
    /// Where it is written, as in `00-assert.yaml:3`.
    pub place: String,
    /// What is written.
    pub value: Value,
}

impl Object {
    /// Returns the kind.
    pub(crate) fn kind(&self) -> &str {
        self.value["kind"].as_str().unwrap_or_default()
    }

    /// Returns the name; none where any object of the kind is meant.
    pub(crate) fn name(&self) -> Option<&str> {
        self.value["metadata"]["name"].as_str()
    }

    /// Returns kind and name for people.
    pub(crate) fn title(&self) -> String {
        match self.name() {
            Some(name) => format!("{} {name}", self.kind()),
            None => format!("any {}", self.kind()),
        }
    }
}

/// Objects that are to be deleted.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reference {
    /// Where it is written.
    pub place: String,
    /// `apiVersion`.
    pub api_version: String,
    /// `kind`.
    pub kind: String,
    /// The one of this name; else all that have the labels.
    pub name: Option<String>,
    /// The namespace; else that of the case.
    pub namespace: Option<String>,
    /// Labels that they have.
    pub labels: Vec<(String, String)>,
}

/// A command of a step or suite.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Command {
    /// Where it is written.
    pub place: String,
    /// What is run.
    pub line: Line,
    /// Whether `--namespace` is added.
    pub is_namespaced: bool,
    /// Whether its failure is none of the step's.
    pub ignores_failure: bool,
    /// Whether it runs on beside the suite.
    pub is_background: bool,
    /// How long it may take; `None` is for ever, an absent limit is the suite's.
    pub limit: Limit,
}

/// How a command is written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Line {
    /// Words, run as they are.
    Words(String),
    /// A script for `sh`.
    Script(String),
}

impl Default for Line {
    fn default() -> Self {
        Self::Words(String::new())
    }
}

/// How long a command may take.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Limit {
    /// As long as the suite says.
    #[default]
    OfSuite,
    /// This long.
    Of(Duration),
    /// As long as it takes.
    None,
}
