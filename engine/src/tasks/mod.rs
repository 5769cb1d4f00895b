//! What tasks do to a cluster: an effect first, then waiting until it holds.
//!
//! | module | task |
//! |---|---|
//! | [`apply`] | Apply, and Toggle when it is on |
//! | [`delete`] | Delete, and Toggle when it is off |
//! | [`kudo_operator`] | `KudoOperator`: a child instance, and its plan |
//! | [`child`] | what has to happen to a child, as a plain function |
//! | [`pipe`] | Pipe |
//! | [`wait`] | waiting for health, and for objects to be gone |

mod apply;
mod child;
mod delete;
pub(crate) mod kudo_operator;
pub mod pipe;
mod wait;

use std::{collections::BTreeMap, sync::Mutex};

use serde_json::Value as Json;

use crate::{
    cluster::{Cluster, pods::Pods},
    driver::Driver,
    error::{TaskError, event},
    package::Wanted,
    parameters::{ParameterValue, parse_bool},
    plan::{Position, journal::Journal},
    render::Renderer,
    subject::Subject,
    task::Task,
};

pub use wait::Wait;

/// Does the tasks of one execution.
#[derive(Debug)]
pub struct Worker {
    /// Where the objects are.
    pub cluster: Cluster,
    /// Whom they belong to.
    pub subject: Subject,
    /// The execution that asks.
    pub execution_uid: String,
    /// Turns templates into objects.
    pub renderer: Renderer,
    /// What templates see as `.Params`.
    pub parameters: BTreeMap<String, ParameterValue>,
    /// `ConfigMaps` and Secrets that this execution has applied, as the server answered them.
    pub applied: Mutex<Vec<Json>>,
    /// The instance's pods, to say why something is not ready.
    pub pods: Pods,
    /// What the steps have touched so far.
    pub journal: Journal,
    /// Drives the plans of child instances.
    pub driver: Driver,
    /// Where the operator versions of child instances are.
    pub version_namespace: String,
    /// Image of the container that keeps the files of a Pipe task until they are copied.
    pub pipe_image: String,
}

/// What a task asks for, in the order in which it was found out.
#[derive(Debug)]
pub struct Started {
    /// What has to hold before the task is done.
    pub wait: Wait,
    /// What people should know, as event reason and text.
    pub warnings: Vec<String>,
}

impl Worker {
    /// Brings about what `task` is there for; nothing is waited for yet.
    ///
    /// It can be called again after an error: what was done already is found done.
    pub async fn start(&self, task: &Task, position: &Position) -> Result<Started, TaskError> {
        match task {
            Task::Apply { resources } => self.apply(resources, position).await,
            Task::Delete { resources } => self.delete(resources, position).await,
            Task::Toggle {
                parameter,
                resources,
            } => {
                if self.is_on(parameter)? {
                    self.apply(resources, position).await
                } else {
                    self.delete(resources, position).await
                }
            }
            Task::Dummy {
                want_err,
                fatal,
                done,
            } => dummy(*want_err, *fatal, *done),
            Task::Pipe { pod, pipes } => self.pipe(pod, pipes, position),
            Task::KudoOperator {
                package,
                operator_version,
                app_version,
                instance_name,
                parameter_file,
            } => {
                let wanted = Wanted {
                    package: package.clone(),
                    operator_version: operator_version.clone(),
                    app_version: app_version.clone(),
                };
                self.kudo_operator(&wanted, instance_name, parameter_file, position)
                    .await
            }
        }
    }

    // kudo-spec 3.7
    fn is_on(&self, parameter: &str) -> Result<bool, TaskError> {
        let fatal = |cause: String| Err(TaskError::fatal(event::TOGGLE, cause));
        match self.parameters.get(parameter) {
            None => fatal(format!("no value for parameter {parameter} found")),
            Some(ParameterValue::Text(text)) => match parse_bool(text) {
                Some(is_on) => Ok(is_on),
                None => fatal(format!(
                    "could not parse value of parameter {parameter}: strconv.ParseBool: parsing \
                     \"{text}\": invalid syntax"
                )),
            },
            Some(ParameterValue::List(_) | ParameterValue::Map(_)) => {
                fatal(format!("value of parameter {parameter} isn't a string"))
            }
        }
    }
}

// kudo-spec 3.8
fn dummy(want_err: bool, fatal: bool, done: bool) -> Result<Started, TaskError> {
    if want_err {
        let cause = "dummy error".to_owned();
        return Err(if fatal {
            TaskError::Fatal {
                event: event::DUMMY,
                cause,
            }
        } else {
            TaskError::Transient {
                cause,
                retry_after: None,
            }
        });
    }
    let wait = if done { Wait::Nothing } else { Wait::Forever };
    Ok(Started {
        wait,
        warnings: Vec::new(),
    })
}
