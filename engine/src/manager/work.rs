//! One piece of work on one instance.

use std::{collections::BTreeMap, sync::Mutex};

use kube::api::{Patch, PatchParams};
use serde_json::json;
use tokio::sync::watch;

use crate::{
    api::{
        Instance,
        instance::{ExecutionStatus, PlanStatus},
        names::FIELD_MANAGER,
    },
    cluster::ClusterError,
    driver::{DriveError, Fate, Outcome, Report, conditions_with_ready},
    readiness::Readiness,
};

use super::{Key, Manager, Notice, Tell};

/// What is worked on.
#[derive(Debug)]
pub(super) enum Work {
    /// What is scheduled on an instance is driven.
    Drive {
        key: Key,
        /// Whether it counts against the bound of drives.
        is_counted: bool,
    },
    /// The condition `Ready` is written.
    Readiness { key: Key },
}

/// How work ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// Nothing is left to do until something changes.
    Done,
    /// It has to be tried again.
    Failed(String),
}

impl Manager {
    pub(super) async fn drive(
        self,
        work: Work,
        instance: Instance,
        mut stopped: watch::Receiver<bool>,
    ) -> (Work, Ended) {
        let (namespace, name) = key_of(&instance);
        let story = Story::new(self.tell.clone(), (namespace.clone(), name.clone()));
        let observe = |report: Report| story.hear(&report);
        let outcome = tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => None,
            outcome = self.outcome(&instance, &observe) => Some(outcome),
        };
        let Some(outcome) = outcome else {
            self.driver.release(&namespace, &name).await;
            return (work, Ended::Done);
        };
        (work, story.end(outcome))
    }

    /// Drives an instance; `None` when KUDO's own manager looks after it.
    async fn outcome(
        &self,
        instance: &Instance,
        observe: &(dyn Fn(Report) + Sync),
    ) -> Result<Option<Outcome>, DriveError> {
        if self.driver.is_kudos(instance).await {
            return Ok(None);
        }
        let (namespace, name) = key_of(instance);
        let outcome = Box::pin(self.driver.drive(&namespace, &name, observe)).await?;
        Ok(Some(outcome))
    }

    /// Writes the condition `Ready`, unless the instance has changed since it was judged: then it is
    /// judged again.
    pub(super) async fn write_readiness(
        self,
        key: Key,
        instance: Instance,
        readiness: Readiness,
    ) -> (Work, Ended) {
        let (status, reason, message) = readiness.condition();
        let now = self.cluster.clock().now();
        let conditions = conditions_with_ready(&instance, status, reason, message, now);
        let patch = json!({
            "metadata": {"resourceVersion": instance.metadata.resource_version},
            "status": {"conditions": conditions},
        });
        let params = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let api = self.driver.instances(&key.0);
        let written = api
            .patch_status(&key.1, &params, &Patch::Merge(&patch))
            .await
            .map_err(ClusterError::from);
        let ended = match written {
            Ok(_) => {
                let why = if message.is_empty() {
                    String::new()
                } else {
                    format!(": {message}")
                };
                (self.tell)(Notice {
                    instance: Some(key.clone()),
                    is_warning: status != "True",
                    text: format!("Ready is {status}{why}"),
                });
                Ended::Done
            }
            // The change that came in between marks the instance again.
            Err(error) if error.is_conflict() || error.is_not_found() => Ended::Done,
            Err(error) => Ended::Failed(format!("its readiness could not be written: {error}")),
        };
        (Work::Readiness { key }, ended)
    }
}

fn key_of(instance: &Instance) -> Key {
    (
        instance.namespace_or_default().to_owned(),
        instance.object_name().to_owned(),
    )
}

/// What is told of one drive: each thing once.
struct Story {
    tell: Tell,
    key: Key,
    said: Mutex<BTreeMap<String, (ExecutionStatus, String)>>,
}

impl Story {
    fn new(tell: Tell, key: Key) -> Self {
        Self {
            tell,
            key,
            said: Mutex::default(),
        }
    }

    fn say(&self, is_warning: bool, text: String) {
        (self.tell)(Notice {
            instance: Some(self.key.clone()),
            is_warning,
            text,
        });
    }

    fn hear(&self, report: &Report) {
        match report {
            Report::DrivenBy(holder) => {
                let holder = if holder.is_empty() {
                    "somebody else"
                } else {
                    holder
                };
                self.say(false, format!("{holder} runs the plan; following it"));
            }
            Report::TakenOver(holder) => {
                self.say(
                    true,
                    format!("{holder} no longer answers; going on in its place"),
                );
            }
            Report::OldDefinitions => self.say(
                true,
                "the cluster's definitions of KUDO are older than this kudo-rs, so no history and no \
                 inventory are kept; `kudo-rs init` brings them up to date"
                    .to_owned(),
            ),
            Report::Progress(plan) => self.hear_plan(plan),
            Report::Removal(removal) => {
                let object = &removal.object;
                match &removal.fate {
                    Fate::Deleted => self.say(false, format!("{object} was deleted")),
                    Fate::Gone => {}
                    Fate::Left(why) => self.say(true, format!("{object} is left: {why}")),
                }
            }
        }
    }

    fn hear_plan(&self, plan: &PlanStatus) {
        if plan.status == ExecutionStatus::InProgress && self.is_news(&plan.name, plan.status, "") {
            self.say(false, format!("plan {} runs", plan.name));
        }
        for phase in &plan.phases {
            for step in &phase.steps {
                let place = format!("{}/{}/{}", plan.name, phase.name, step.name);
                // What a step waits for changes often; a plan that runs shows it.
                let (is_warning, message) = match step.status {
                    ExecutionStatus::Pending
                    | ExecutionStatus::NeverRun
                    | ExecutionStatus::InProgress => continue,
                    ExecutionStatus::Complete => (false, ""),
                    ExecutionStatus::Error | ExecutionStatus::FatalError => {
                        (true, step.message.as_str())
                    }
                };
                if self.is_news(&place, step.status, message) {
                    let space = if message.is_empty() { "" } else { " " };
                    self.say(
                        is_warning,
                        format!("step {place}: {}{space}{message}", step.status),
                    );
                }
            }
        }
    }

    fn is_news(&self, what: &str, status: ExecutionStatus, message: &str) -> bool {
        let mut said = self
            .said
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let news = (status, message.to_owned());
        said.insert(what.to_owned(), news.clone()) != Some(news)
    }

    fn end(&self, outcome: Result<Option<Outcome>, DriveError>) -> Ended {
        match outcome {
            Ok(None) => {
                self.say(
                    false,
                    "KUDO's own manager looks after it; left alone".to_owned(),
                );
            }
            Ok(Some(Outcome::Complete { plan })) => {
                self.say(false, format!("plan {plan} is complete"));
            }
            Ok(Some(Outcome::Failed { plan, message })) => {
                self.say(true, format!("plan {plan} failed: {message}"));
            }
            Ok(Some(Outcome::Paused { plan })) => {
                self.say(false, format!("plan {plan} is paused"));
            }
            Ok(Some(Outcome::Idle | Outcome::Gone)) | Err(DriveError::NoInstance { .. }) => {}
            // Both are told where people look, and looked at again when something has changed.
            Err(error @ (DriveError::Denied(_) | DriveError::NoOperatorVersion { .. })) => {
                self.say(true, error.to_string());
            }
            Err(error @ DriveError::Cluster(_)) => {
                return Ended::Failed(error.to_string());
            }
        }
        Ended::Done
    }
}
