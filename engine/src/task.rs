//! Tasks of a package as a closed set, built and checked from their written form (kudo-spec 3.1).

use crate::api::{PipeSpec, TaskFields, TaskSpec};

/// What a task does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Task {
    /// Applies objects and waits until they are healthy.
    Apply {
        /// Templates in the order in which their objects are applied.
        resources: Vec<String>,
    },
    /// Deletes objects and waits until they are gone.
    Delete {
        /// Templates in the order in which their objects are deleted.
        resources: Vec<String>,
    },
    /// Applies or deletes objects, as a parameter says.
    Toggle {
        /// Name of the parameter whose value is read as a boolean.
        parameter: String,
        /// Templates of the objects.
        resources: Vec<String>,
    },
    /// Runs a pod and keeps files that it made.
    Pipe {
        /// Template of the pod.
        pod: String,
        /// The files to keep.
        pipes: Vec<Pipe>,
    },
    /// Installs another package as a child and waits for it.
    KudoOperator {
        /// The child's package.
        package: String,
        /// The child's package version.
        operator_version: String,
        /// The child's application version, may be empty.
        app_version: String,
        /// Name of the child instance; empty for the default one.
        instance_name: String,
        /// Template of the child's parameters, may be empty.
        parameter_file: String,
    },
    /// Does nothing, and ends as it is told.
    Dummy {
        /// End with an error.
        want_err: bool,
        /// The error is fatal.
        fatal: bool,
        /// Be done; otherwise it is never done.
        done: bool,
    },
}

/// A file that a Pipe task keeps.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pipe {
    /// Where the file is in the pod.
    pub source: PipeSource,
    /// What it becomes.
    pub kind: PipeKind,
    /// Its name in `.Pipes`.
    pub key: String,
}

/// How a file of a Pipe task is read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PipeSource {
    /// The whole file is one entry, named by the file.
    File(String),
    /// Each `NAME=value` line is an entry.
    EnvFile(String),
}

/// The kind of object that a Pipe task makes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PipeKind {
    /// A `Secret`.
    Secret,
    /// A `ConfigMap`.
    ConfigMap,
}

/// A task that cannot be built from its written form; the text is KUDO's.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TaskBuildError {
    /// The kind is none of KUDO's.
    #[error("unknown task kind {0}")]
    UnknownKind(String),
    /// The fields do not fit the kind.
    #[error("task validation error: {0}")]
    Invalid(String),
}

impl Task {
    /// Builds the task that `written` describes.
    ///
    /// # Errors
    ///
    /// With KUDO's text when the kind is unknown or a field it needs is missing or wrong.
    pub fn build(written: &TaskSpec) -> Result<Self, TaskBuildError> {
        let name = &written.name;
        let fields = written.spec.clone();
        match written.kind.as_str() {
            "Apply" => {
                let resources = not_empty(fields.resources, &format!("apply task '{name}'"))?;
                Ok(Self::Apply { resources })
            }
            "Delete" => {
                let resources = not_empty(fields.resources, &format!("delete task '{name}'"))?;
                Ok(Self::Delete { resources })
            }
            "Toggle" => toggle(fields),
            "Pipe" => pipe(fields),
            "KudoOperator" => kudo_operator(name, fields),
            "Dummy" => Ok(Self::Dummy {
                want_err: fields.want_err,
                fatal: fields.fatal,
                done: fields.done,
            }),
            other => Err(TaskBuildError::UnknownKind(other.to_owned())),
        }
    }
}

impl Task {
    /// Returns the templates that the task renders, in listed order; a task that deletes renders for
    /// the names alone.
    pub fn templates(&self) -> Vec<String> {
        match self {
            Self::Apply { resources }
            | Self::Delete { resources }
            | Self::Toggle { resources, .. } => resources.clone(),
            Self::Pipe { pod, .. } => vec![pod.clone()],
            Self::KudoOperator { parameter_file, .. } if !parameter_file.is_empty() => {
                vec![parameter_file.clone()]
            }
            Self::KudoOperator { .. } | Self::Dummy { .. } => Vec::new(),
        }
    }
}

/// Returns the name of the child instance that a `KudoOperator` task of `parent` makes
/// (kudo-spec 3.10).
pub fn child_name(parent: &str, instance_name: &str, package: &str) -> String {
    match instance_name {
        "" => format!("{parent}-{package}"),
        name => name.to_owned(),
    }
}

fn not_empty(resources: Vec<String>, who: &str) -> Result<Vec<String>, TaskBuildError> {
    if resources.is_empty() {
        return Err(TaskBuildError::Invalid(format!(
            "{who} has an empty resource list. if that's what you need, use a Dummy task instead"
        )));
    }
    Ok(resources)
}

fn toggle(fields: TaskFields) -> Result<Task, TaskBuildError> {
    let resources = not_empty(fields.resources, "toggle task")?;
    if fields.parameter.is_empty() {
        return Err(TaskBuildError::Invalid(
            "Missing parameter to evaluate the Toggle Task".to_owned(),
        ));
    }
    Ok(Task::Toggle {
        parameter: fields.parameter,
        resources,
    })
}

fn pipe(fields: TaskFields) -> Result<Task, TaskBuildError> {
    if fields.pipe.is_empty() {
        return Err(TaskBuildError::Invalid(
            "pipe task has an empty pipe files list".to_owned(),
        ));
    }
    let pipes = fields
        .pipe
        .into_iter()
        .map(pipe_file)
        .collect::<Result<_, _>>()?;
    Ok(Task::Pipe {
        pod: fields.pod,
        pipes,
    })
}

fn pipe_file(written: PipeSpec) -> Result<Pipe, TaskBuildError> {
    let invalid = |text: String| Err(TaskBuildError::Invalid(format!("pipe task {text}")));
    let source = match (written.file.is_empty(), written.env_file.is_empty()) {
        (false, true) => PipeSource::File(written.file),
        (true, false) => PipeSource::EnvFile(written.env_file),
        (true, true) | (false, false) => {
            return invalid(format!(
                "must have either 'file' or 'envFile' field set but not both: key `{}`",
                written.key
            ));
        }
    };
    let kind = match written.kind.as_str() {
        "Secret" => PipeKind::Secret,
        "ConfigMap" => PipeKind::ConfigMap,
        other => {
            return invalid(format!(
                "invalid pipe kind (must be Secret or ConfigMap): {other}"
            ));
        }
    };
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if written.key.is_empty() || !written.key.chars().all(is_key) {
        return invalid(format!(
            "invalid pipe key (only letters, numbers and _ and - are allowed): {}",
            written.key
        ));
    }
    Ok(Pipe {
        source,
        kind,
        key: written.key,
    })
}

fn kudo_operator(name: &str, fields: TaskFields) -> Result<Task, TaskBuildError> {
    let lacks = |what: &str| {
        Err(TaskBuildError::Invalid(format!(
            "kudo operator task '{name}' has an empty {what}"
        )))
    };
    if fields.package.is_empty() {
        return lacks("package name");
    }
    if fields.operator_version.is_empty() {
        return lacks("operatorVersion");
    }
    Ok(Task::KudoOperator {
        package: fields.package,
        operator_version: fields.operator_version,
        app_version: fields.app_version,
        instance_name: fields.instance_name,
        parameter_file: fields.parameter_file,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(kind: &str, fields: TaskFields) -> Result<Task, String> {
        let written = TaskSpec {
            name: "t".to_owned(),
            kind: kind.to_owned(),
            spec: fields,
        };
        Task::build(&written).map_err(|error| error.to_string())
    }

    #[test]
    fn apply_and_delete_need_resources() {
        for kind in ["Apply", "Delete"] {
            let who = kind.to_lowercase();
            assert_eq!(
                build(kind, TaskFields::default()).unwrap_err(),
                format!(
                    "task validation error: {who} task 't' has an empty resource list. if that's \
                     what you need, use a Dummy task instead"
                )
            );
        }
    }

    #[test]
    fn kinds_are_matched_by_exact_case() {
        assert_eq!(
            build("apply", TaskFields::default()).unwrap_err(),
            "unknown task kind apply"
        );
    }

    #[test]
    fn a_pipe_file_is_either_a_file_or_an_env_file() {
        let both = PipeSpec {
            file: "/a".to_owned(),
            env_file: "/b".to_owned(),
            kind: "Secret".to_owned(),
            key: "k".to_owned(),
        };
        let fields = TaskFields {
            pipe: vec![both],
            ..TaskFields::default()
        };

        let error = build("Pipe", fields).unwrap_err();

        assert!(error.contains("must have either 'file' or 'envFile' field set but not both"));
    }
}
