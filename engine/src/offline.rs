//! What a package renders, without a cluster.

use std::collections::BTreeMap;

use crate::{
    api::TaskSpec,
    error::TaskError,
    package::Release,
    parameters::{self, ParameterError},
    plan::Position,
    render::{Renderer, Seed},
    subject::Subject,
    task::{Task, TaskBuildError},
};

/// Which part of a package is rendered; `None` means all of it.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// Only this plan.
    pub plan: Option<String>,
    /// Only phases of this name.
    pub phase: Option<String>,
    /// Only steps of this name.
    pub step: Option<String>,
}

/// A template as one task renders it.
#[derive(Clone, Debug)]
pub struct Rendering {
    /// The task.
    pub position: Position,
    /// The template.
    pub template: String,
    /// What it gives.
    pub text: String,
}

/// Why a package cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// There is no such plan, phase or step.
    #[error("the package has no {what} `{name}`")]
    Unknown {
        /// `plan`, `phase` or `step`.
        what: &'static str,
        /// The name that was asked for.
        name: String,
    },
    /// A step names a task that does not exist.
    #[error("task `{0}` is not defined")]
    NoTask(String),
    /// A task is not complete.
    #[error(transparent)]
    Task(#[from] TaskBuildError),
    /// A value does not fit its parameter.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// A template cannot be rendered.
    #[error(transparent)]
    Render(#[from] TaskError),
}

/// Returns what `part` of a release renders, in the order of its plans, phases, steps and tasks.
///
/// # Errors
///
/// When the part does not exist, a value is missing or wrong, or a template fails.
pub fn rendered(release: &Release, part: &Part) -> Result<Vec<Rendering>, OfflineError> {
    let version = &release.operator_version;
    let given = &release.instance.spec.parameters;
    for parameter in &version.spec.parameters {
        parameters::check(parameter, given.get(&parameter.name).map(String::as_str))?;
    }
    let values = parameters::template_values(&version.spec.parameters, given)?;
    let subject = Subject::of(&release.instance, version);
    let renderer = Renderer::new(
        subject,
        version.spec.templates.clone(),
        version.spec.template_functions,
        values,
        Seed::unused(),
    );
    let mut found = Vec::new();
    for position in positions(release, part)? {
        let written = version
            .spec
            .tasks
            .iter()
            .find(|task| task.name == position.task);
        let written = written.ok_or_else(|| OfflineError::NoTask(position.task.clone()))?;
        for template in Task::build(written)?.templates() {
            let text = renderer.text(&template, &position)?;
            found.push(Rendering {
                position: position.clone(),
                template,
                text,
            });
        }
    }
    Ok(found)
}

/// Checks that the plan which a change starts can be rendered, before anything is written.
///
/// A plan with Pipe tasks is left to its run: what its templates name in `.Pipes` is made on the way.
///
/// # Errors
///
/// As [`rendered`].
pub fn check(release: &Release, plan: &str) -> Result<(), OfflineError> {
    let part = Part {
        plan: Some(plan.to_owned()),
        ..Part::default()
    };
    let tasks: Vec<String> = positions(release, &part)?
        .into_iter()
        .map(|position| position.task)
        .collect();
    let is_pipe = |task: &TaskSpec| task.kind == "Pipe" && tasks.contains(&task.name);
    if release.operator_version.spec.tasks.iter().any(is_pipe) {
        return Ok(());
    }
    rendered(release, &part).map(drop)
}

fn positions(release: &Release, part: &Part) -> Result<Vec<Position>, OfflineError> {
    let plans = &release.operator_version.spec.plans;
    let is = |wanted: &Option<String>, name: &str| wanted.as_ref().is_none_or(|one| one == name);
    let mut positions = Vec::new();
    let mut seen: BTreeMap<&'static str, bool> = BTreeMap::new();
    for (plan, spec) in plans.iter().filter(|(name, _)| is(&part.plan, name)) {
        seen.insert("plan", true);
        for phase in spec
            .phases
            .iter()
            .filter(|phase| is(&part.phase, &phase.name))
        {
            seen.insert("phase", true);
            for step in phase.steps.iter().filter(|step| is(&part.step, &step.name)) {
                seen.insert("step", true);
                positions.extend(step.tasks.iter().map(|task| Position {
                    plan: plan.clone(),
                    phase: phase.name.clone(),
                    step: step.name.clone(),
                    task: task.clone(),
                }));
            }
        }
    }
    for (what, wanted) in [
        ("plan", &part.plan),
        ("phase", &part.phase),
        ("step", &part.step),
    ] {
        if let Some(name) = wanted
            && !seen.contains_key(what)
        {
            return Err(OfflineError::Unknown {
                what,
                name: name.clone(),
            });
        }
    }
    Ok(positions)
}
