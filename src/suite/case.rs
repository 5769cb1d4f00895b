//! Running one case: step after step, until one does not come true.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    command::Environment,
    model::{Case, Object, Step},
    objects::{Handle, Look, Objects},
};

/// The pause between two looks grows up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A case in its namespace.
#[derive(Debug)]
pub(crate) struct Run {
    /// The objects as the case sees them.
    pub objects: Objects,
    /// What its commands find around them.
    pub environment: Environment,
    /// How long a step may take to come true.
    pub timeout: Duration,
    /// What was created on the way.
    pub created: Vec<Handle>,
}

/// How a case ended.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// Name of the case.
    pub case: String,
    /// Its namespace.
    pub namespace: String,
    /// How long it took.
    pub time: Duration,
    /// Its steps that ended well.
    pub steps: usize,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// What could not be cleaned up.
    pub left: Option<String>,
}

/// Why a case failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// The step.
    pub step: String,
    /// What did not come true, one text each.
    pub causes: Vec<String>,
}

/// Returns the failure of a case that could not begin.
pub(crate) fn failure_before(step: &str, error: &anyhow::Error) -> Failure {
    Failure {
        step: step.to_owned(),
        causes: vec![format!("{error:#}")],
    }
}

/// Runs the steps of a case in order; returns how many ended well, and why the next did not.
pub(crate) async fn run_case(case: &Case, run: &mut Run) -> (usize, Option<Failure>) {
    for (done, step) in case.steps.iter().enumerate() {
        let causes = run.step(step).await;
        if !causes.is_empty() {
            let step = step.title();
            return (done, Some(Failure { step, causes }));
        }
    }
    (case.steps.len(), None)
}

impl Run {
    /// Runs a step; returns what did not come true.
    async fn step(&mut self, step: &Step) -> Vec<String> {
        let timeout = step.timeout.unwrap_or(self.timeout);
        for reference in &step.delete {
            if let Err(error) = self.objects.delete(reference, timeout).await {
                return vec![format!("{}: deleting: {error:#}", reference.place)];
            }
        }
        let mut causes = Vec::new();
        if let Err(cause) = self.environment.run_all(&step.commands, None).await {
            causes.push(cause);
        }
        for object in &step.apply {
            match self.objects.apply(object).await {
                Ok(created) => self.created.extend(created),
                Err(error) => causes.push(format!(
                    "{}: applying {}: {error:#}",
                    object.place,
                    object.title()
                )),
            }
        }
        if causes.is_empty() {
            causes = self.until_true(step, timeout).await;
        }
        causes
    }

    async fn until_true(&self, step: &Step, timeout: Duration) -> Vec<String> {
        let end = Instant::now() + timeout;
        let mut pause = Duration::from_millis(50);
        loop {
            let causes = self.unmet(step, timeout).await;
            if causes.is_empty() || Instant::now() >= end {
                return causes;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Returns what a step wants and is not so now.
    async fn unmet(&self, step: &Step, timeout: Duration) -> Vec<String> {
        let mut causes = Vec::new();
        for wanted in &step.asserts {
            match self.objects.look(wanted).await {
                Ok(Look::Matches) => {}
                Ok(Look::Differs(how)) => causes.push(late(wanted, timeout, &how)),
                Err(error) => causes.push(late(wanted, timeout, &format!("{error:#}"))),
            }
        }
        if let Err(cause) = self.environment.run_all(&step.assert_commands, None).await {
            causes.push(cause);
        }
        for unwanted in &step.errors {
            let place = &unwanted.place;
            match self.objects.look_absent(unwanted).await {
                Ok(None) => {}
                Ok(Some(name)) => causes.push(format!(
                    "{place}: {} {name} is there, and must not be",
                    unwanted.kind()
                )),
                Err(error) => causes.push(format!("{place}: {error:#}")),
            }
        }
        causes
    }
}

fn late(wanted: &Object, timeout: Duration, how: &str) -> String {
    format!(
        "{}: {} is not so after {} s:\n{how}",
        wanted.place,
        wanted.title(),
        timeout.as_secs()
    )
}
