//! Which step touched which object: what a restart must know before the object is touched again.
//!
//! A restarted engine does a step again whose end was not written yet. That changes nothing, unless
//! a later step has changed the same objects meanwhile: then the old state would come back, and a Job
//! that was taken away would run again. So the end of a step is written before another one touches
//! what it touched. Steps that share nothing wait for nothing.

use std::{collections::BTreeMap, sync::Mutex};

use serde_json::Value;

use super::{Position, progress::Progress};

/// A step of a phase.
type Step = (String, String);

/// What the steps of one execution have touched so far.
#[derive(Debug)]
pub struct Journal {
    progress: Progress,
    touched: Mutex<Touched>,
}

#[derive(Debug, Default)]
struct Touched {
    objects: BTreeMap<String, Step>,
    /// The steps whose effect does not last, so that doing them again would repeat it.
    unrepeatable: Vec<Step>,
}

impl Journal {
    /// Returns an empty journal of the execution that `progress` is of.
    pub fn new(progress: Progress) -> Self {
        Self {
            progress,
            touched: Mutex::default(),
        }
    }

    /// Notes that a step is about to touch `objects`; waits until what a restart must know of earlier
    /// steps is written.
    pub async fn touch(&self, position: &Position, objects: &[&Value]) {
        let step = (position.phase.clone(), position.step.clone());
        let mut others = {
            let mut touched = self
                .touched
                .lock()
                .expect("nothing panics while it holds the journal");
            let mut others = touched.unrepeatable.clone();
            for object in objects {
                others.extend(touched.objects.insert(key(object), step.clone()));
            }
            if objects.iter().any(|object| vanishes(object)) {
                touched.unrepeatable.push(step.clone());
            }
            others
        };
        others.retain(|other| *other != step);
        for (phase, name) in &others {
            self.progress.until_step_is_stored(phase, name).await;
        }
    }
}

/// Versions of a kind are one object.
fn key(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let api_version = text(&object["apiVersion"]);
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    format!(
        "{group}/{}/{}",
        text(&object["kind"]),
        text(&object["metadata"]["name"])
    )
}

/// Whether the object goes away by itself when it has done its work.
fn vanishes(object: &Value) -> bool {
    object["kind"] == "Job" && object["spec"]["ttlSecondsAfterFinished"].is_number()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::FutureExt as _;
    use serde_json::json;

    use super::*;
    use crate::{
        api::instance::{ExecutionStatus, PhaseStatus, PlanStatus, StepStatus},
        clock::SystemClock,
    };

    fn progress() -> Progress {
        let step = |name: &str| StepStatus {
            name: name.to_owned(),
            ..StepStatus::default()
        };
        let status = PlanStatus {
            phases: vec![PhaseStatus {
                name: "p".to_owned(),
                steps: vec![step("a"), step("b")],
                ..PhaseStatus::default()
            }],
            ..PlanStatus::default()
        };
        let progress = Progress::new(status.clone(), Arc::new(SystemClock));
        progress.set_stored(status);
        progress
    }

    fn at(step: &str) -> Position {
        Position {
            plan: "deploy".to_owned(),
            phase: "p".to_owned(),
            step: step.to_owned(),
            task: "t".to_owned(),
        }
    }

    fn job(name: &str) -> Value {
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}})
    }

    #[test]
    fn a_step_waits_until_the_one_that_touched_the_same_is_written() {
        let progress = progress();
        let journal = Journal::new(progress.clone());
        let job = job("j");
        assert!(journal.touch(&at("a"), &[&job]).now_or_never().is_some());
        progress.set_step("p", "a", ExecutionStatus::Complete, "");

        let (position, objects) = (at("b"), [&job]);
        let mut touch = journal.touch(&position, &objects).boxed();

        assert!((&mut touch).now_or_never().is_none());
        progress.set_stored(progress.now());
        assert!(touch.now_or_never().is_some());
    }

    #[test]
    fn steps_that_share_nothing_do_not_wait() {
        let progress = progress();
        let journal = Journal::new(progress.clone());
        journal
            .touch(&at("a"), &[&job("j")])
            .now_or_never()
            .unwrap();
        progress.set_step("p", "a", ExecutionStatus::Complete, "");

        let touched = journal.touch(&at("b"), &[&job("k")]).now_or_never();

        assert!(touched.is_some());
    }

    #[test]
    fn nothing_follows_a_job_that_vanishes_until_its_step_is_written() {
        let progress = progress();
        let journal = Journal::new(progress.clone());
        let mut vanishing = job("j");
        vanishing["spec"] = json!({"ttlSecondsAfterFinished": 0});
        journal
            .touch(&at("a"), &[&vanishing])
            .now_or_never()
            .unwrap();
        progress.set_step("p", "a", ExecutionStatus::Complete, "");

        assert!(
            journal
                .touch(&at("b"), &[&job("k")])
                .now_or_never()
                .is_none()
        );
    }
}
