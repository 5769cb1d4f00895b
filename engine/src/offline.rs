//! What a package renders, without a cluster.

use std::collections::BTreeMap;

use crate::{
    api::TaskSpec,
    error::TaskError,
    package::{Release, Wanted},
    parameters::{self, ParameterError},
    plan::Position,
    render::{Renderer, Seed},
    subject::Subject,
    task::{Task, TaskBuildError},
    tasks::pipe::{self, names::PipesError},
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
    /// Whether it gives parameters of a child rather than objects.
    pub is_parameter_file: bool,
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
    /// The pipes of a plan cannot be told apart.
    #[error("could not make task pipes: {0}")]
    Pipes(#[from] PipesError),
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
    let mut found = Vec::new();
    each_task(release, part, |renderer, task, position| {
        for template in task.templates() {
            let text = renderer.text(&template, position)?;
            found.push(Rendering {
                position: position.clone(),
                template,
                text,
                is_parameter_file: matches!(task, Task::KudoOperator { .. }),
            });
        }
        Ok(())
    })?;
    Ok(found)
}

/// Checks that the plan which a change starts can be rendered, before anything is written.
///
/// # Errors
///
/// As [`rendered`], and when the pod of a Pipe task cannot be one.
pub fn check(release: &Release, plan: &str) -> Result<(), OfflineError> {
    let part = Part {
        plan: Some(plan.to_owned()),
        ..Part::default()
    };
    each_task(release, &part, |renderer, task, position| {
        if let Task::Pipe { pod, pipes } = task {
            return Ok(pipe::check(renderer, pod, pipes, position)?);
        }
        for template in task.templates() {
            renderer.text(&template, position)?;
        }
        Ok(())
    })
}

/// Shows `visit` each task of `part` with what renders its templates.
fn each_task(
    release: &Release,
    part: &Part,
    mut visit: impl FnMut(&Renderer, &Task, &Position) -> Result<(), OfflineError>,
) -> Result<(), OfflineError> {
    let version = &release.operator_version;
    let given = &release.instance.spec.parameters;
    for parameter in &version.spec.parameters {
        parameters::check(parameter, given.get(&parameter.name).map(String::as_str))?;
    }
    let values = parameters::template_values(&version.spec.parameters, given)?;
    let subject = Subject::of(&release.instance, version);
    let renderer = Renderer::new(
        subject.clone(),
        version.spec.templates.clone(),
        version.spec.template_functions,
        values,
        Seed::unused(),
    );
    let tasks = &version.spec.tasks;
    let mut renderers = BTreeMap::new();
    for position in positions(release, part)? {
        if !renderers.contains_key(&position.plan) {
            let plan = &version.spec.plans[&position.plan];
            let pipes = pipe::names::of_plan(&subject.name, &position.plan, plan, tasks)?;
            let renderer = renderer.clone().with_pipes(pipes);
            renderers.insert(position.plan.clone(), renderer);
        }
        let written = tasks.iter().find(|task| task.name == position.task);
        let written = written.ok_or_else(|| OfflineError::NoTask(position.task.clone()))?;
        visit(&renderers[&position.plan], &built(written)?, &position)?;
    }
    Ok(())
}

/// Builds a task; the version of a child may be open until its package is found.
fn built(written: &TaskSpec) -> Result<Task, TaskBuildError> {
    let mut written = written.clone();
    if written.kind == "KudoOperator" && written.spec.operator_version.is_empty() {
        "any".clone_into(&mut written.spec.operator_version);
    }
    Task::build(&written)
}

/// A child instance that a plan makes.
#[derive(Clone, Debug)]
pub struct Child {
    /// Its package.
    pub package: Wanted,
    /// The name that its task gives it; empty for the default one.
    pub instance_name: String,
    /// What the task's parameter file gives.
    pub parameters: BTreeMap<String, String>,
}

/// Returns the children that `plan` makes.
///
/// # Errors
///
/// As [`check`], and when a parameter file is not a map of values.
pub fn children(release: &Release, plan: &str) -> Result<Vec<Child>, OfflineError> {
    let part = Part {
        plan: Some(plan.to_owned()),
        ..Part::default()
    };
    let mut children = Vec::new();
    each_task(release, &part, |renderer, task, position| {
        if let Task::KudoOperator {
            package,
            operator_version,
            app_version,
            instance_name,
            parameter_file,
        } = task
        {
            children.push(Child {
                package: Wanted {
                    package: package.clone(),
                    operator_version: operator_version.clone(),
                    app_version: app_version.clone(),
                },
                instance_name: instance_name.clone(),
                parameters: renderer.child_parameters(parameter_file, position)?,
            });
        }
        Ok(())
    })?;
    Ok(children)
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
