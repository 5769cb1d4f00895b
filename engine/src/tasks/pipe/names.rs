//! Names of the pods and objects of Pipe tasks (kudo-spec 3.9, A.6).
//!
//! A name is put together from what it stands for, with everything but letters and digits left out, so
//! two of them can come out alike. Such a plan is refused before it begins: one object would silently
//! take the place of the other.

use std::collections::BTreeMap;

use crate::{
    api::{PipeSpec, PlanSpec, TaskSpec},
    plan::Position,
};

/// Last part of a pod's name.
const POD: &str = "pipepod";
/// Names of Kubernetes objects end here.
const LONGEST: usize = 253;

/// A plan whose pipes cannot be told apart.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PipesError {
    /// Two files have the same key.
    #[error("duplicated pipe key {0}")]
    DuplicateKey(String),
    /// Two objects would have the same name.
    #[error(
        "{first} and {second} would both be named `{name}`: only letters and digits count, and their \
         case does not"
    )]
    SameName {
        /// The one that is named first.
        first: String,
        /// The other one.
        second: String,
        /// Their name.
        name: String,
    },
    /// An object would have a name that Kubernetes refuses.
    #[error(
        "{what} would be named `{name}`, which Kubernetes refuses: plan, phase, step, task and key need \
         a letter or a digit each, and {LONGEST} characters in all are too many"
    )]
    NoName {
        /// What has no name.
        what: String,
        /// The name that was tried.
        name: String,
    },
}

/// Returns what templates see as `.Pipes` while `plan`, whose name is `plan_name`, runs on `instance`:
/// keys, and the names of the objects that their files become.
///
/// # Errors
///
/// When two files have the same key, or two objects the same name.
pub fn of_plan(
    instance: &str,
    plan_name: &str,
    plan: &PlanSpec,
    tasks: &[TaskSpec],
) -> Result<BTreeMap<String, String>, PipesError> {
    let mut pipes = BTreeMap::new();
    let mut taken = BTreeMap::new();
    for (position, task) in pipe_tasks(plan_name, plan, tasks) {
        let pod = pod(instance, &position);
        take(&mut taken, "Pod", &pod, format!("the pod of {position}"))?;
        for PipeSpec { key, kind, .. } in &task.spec.pipe {
            let name = artifact(instance, &position, key);
            if pipes.insert(key.clone(), name.clone()).is_some() {
                return Err(PipesError::DuplicateKey(key.clone()));
            }
            let what = format!("the {kind} `{key}` of {position}");
            take(&mut taken, kind, &name, what)?;
        }
    }
    Ok(pipes)
}

fn pipe_tasks<'a>(
    plan_name: &str,
    plan: &'a PlanSpec,
    tasks: &'a [TaskSpec],
) -> impl Iterator<Item = (Position, &'a TaskSpec)> {
    let steps = plan
        .phases
        .iter()
        .flat_map(|phase| phase.steps.iter().map(move |step| (phase, step)));
    let positions = steps.flat_map(move |(phase, step)| {
        let plan = plan_name.to_owned();
        step.tasks.iter().map(move |task| Position {
            plan: plan.clone(),
            phase: phase.name.clone(),
            step: step.name.clone(),
            task: task.clone(),
        })
    });
    positions.filter_map(|position| {
        let task = tasks.iter().find(|task| task.name == position.task)?;
        (task.kind == "Pipe").then_some((position, task))
    })
}

/// Notes that `what` has this name among the objects of its kind.
fn take<'a>(
    taken: &mut BTreeMap<(&'a str, String), String>,
    kind: &'a str,
    name: &str,
    what: String,
) -> Result<(), PipesError> {
    let name = name.to_owned();
    if name.len() > LONGEST || name.split('.').any(str::is_empty) {
        return Err(PipesError::NoName { what, name });
    }
    match taken.insert((kind, name.clone()), what.clone()) {
        None => Ok(()),
        Some(first) => Err(PipesError::SameName {
            first,
            second: what,
            name,
        }),
    }
}

/// Returns the name of the pod of a Pipe task.
pub fn pod(instance: &str, position: &Position) -> String {
    join(instance, position, POD)
}

/// Returns the name of the object that the file with this key becomes.
pub fn artifact(instance: &str, position: &Position, key: &str) -> String {
    join(instance, position, key)
}

fn join(instance: &str, position: &Position, last: &str) -> String {
    let Position {
        plan,
        phase,
        step,
        task,
    } = position;
    [instance, plan, phase, step, task, last]
        .map(sanitised)
        .join(".")
}

fn sanitised(part: &str) -> String {
    let lower = part.chars().flat_map(char::to_lowercase);
    lower.filter(char::is_ascii_alphanumeric).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{PhaseSpec, StepSpec, TaskFields};

    fn plan(tasks: &[&str]) -> PlanSpec {
        let step = StepSpec {
            name: "stepOne".to_owned(),
            tasks: tasks.iter().map(|task| (*task).to_owned()).collect(),
            ..StepSpec::default()
        };
        let phase = PhaseSpec {
            name: "phase".to_owned(),
            steps: vec![step],
            ..PhaseSpec::default()
        };
        PlanSpec {
            phases: vec![phase],
            ..PlanSpec::default()
        }
    }

    fn pipe(name: &str, keys: &[(&str, &str)]) -> TaskSpec {
        let files = keys.iter().map(|(key, kind)| PipeSpec {
            file: "/tmp/x".to_owned(),
            key: (*key).to_owned(),
            kind: (*kind).to_owned(),
            ..PipeSpec::default()
        });
        TaskSpec {
            name: name.to_owned(),
            kind: "Pipe".to_owned(),
            spec: TaskFields {
                pipe: files.collect(),
                ..TaskFields::default()
            },
        }
    }

    fn pipes(tasks: &[TaskSpec]) -> Result<BTreeMap<String, String>, String> {
        let names: Vec<&str> = tasks.iter().map(|task| task.name.as_str()).collect();
        of_plan("first-operator-instance", "deploy", &plan(&names), tasks)
            .map_err(|error| error.to_string())
    }

    // kudo-spec A.6
    #[test]
    fn names_are_kudos() {
        let position = Position {
            plan: "deploy".to_owned(),
            phase: "phase".to_owned(),
            step: "stepOne".to_owned(),
            task: "task-one".to_owned(),
        };

        let found = pipes(&[pipe("task-one", &[("Foo", "Secret")])]).unwrap();

        assert_eq!(
            found,
            BTreeMap::from([(
                "Foo".to_owned(),
                "firstoperatorinstance.deploy.phase.stepone.taskone.foo".to_owned()
            )])
        );
        assert_eq!(
            pod("first-operator-instance", &position),
            "firstoperatorinstance.deploy.phase.stepone.taskone.pipepod"
        );
    }

    // kudo-spec A.6
    #[test]
    fn a_key_is_there_once_in_a_plan() {
        let tasks = [
            pipe("a", &[("Foo", "Secret")]),
            pipe("b", &[("Foo", "Secret")]),
        ];

        assert_eq!(pipes(&tasks).unwrap_err(), "duplicated pipe key Foo");
    }

    #[test]
    fn two_objects_of_a_kind_never_get_the_same_name() {
        let keys = [pipe("a", &[("foo", "Secret"), ("Foo", "Secret")])];
        let kinds = [pipe("a", &[("foo", "Secret"), ("Foo", "ConfigMap")])];
        let pods = [
            pipe("a-1", &[("x", "Secret")]),
            pipe("a1", &[("y", "Secret")]),
        ];

        assert_eq!(
            pipes(&keys).unwrap_err(),
            "the Secret `foo` of deploy.phase.stepOne.a and the Secret `Foo` of \
             deploy.phase.stepOne.a would both be named \
             `firstoperatorinstance.deploy.phase.stepone.a.foo`: only letters and digits count, and \
             their case does not"
        );
        assert_eq!(pipes(&kinds).unwrap().len(), 2);
        assert!(pipes(&pods).unwrap_err().contains(".a1.pipepod"));
    }

    #[test]
    fn a_key_without_letters_and_a_long_name_are_refused() {
        let long = "x".repeat(300);
        for key in ["_", long.as_str()] {
            let error = pipes(&[pipe("a", &[(key, "Secret")])]).unwrap_err();
            assert!(error.contains("Kubernetes refuses"), "{error}");
        }
    }
}
