//! The objects that the tasks of an instance applied, and which of them nobody asks for any more.
//!
//! `status.inventory` is widened by what a plan will apply before it applies anything, and narrowed to
//! what it applied when it has ended well. So it may name an object that was never made, and never
//! misses one that was. What is obsolete is decided here; `driver::prune` looks at the live objects
//! before it deletes any.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    api::{
        Inventory, ObjectKey, OperatorVersionSpec,
        names::{PLAN_DEPLOY, PLAN_UPDATE, PLAN_UPGRADE},
        records::TaskObjects,
    },
    parameters::{ParameterValue, parse_bool},
    plan::Position,
    render::{Renderer, uses_randomness},
    task::Task,
};

/// How many objects are remembered; an object of the cluster holds about a megabyte at most.
const MOST_OBJECTS: usize = 1000;
/// How many operator versions are remembered of which no upgrade has ended well.
const MOST_VERSIONS: usize = 10;

/// What one run of a plan leaves in the cluster.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Effects {
    /// What each task applies; tasks that delete have an empty list.
    pub applied: BTreeMap<String, BTreeSet<ObjectKey>>,
    /// What is deleted and not applied again.
    pub deleted: BTreeSet<ObjectKey>,
}

/// An object as a template names it; where it lives is not known yet.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Named {
    /// Group and version.
    pub api_version: String,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
}

/// What a task does to the objects it names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Touched {
    /// Names of the phase and the step.
    pub step: (String, String),
    /// Name of the task.
    pub task: String,
    /// Whether it applies them; otherwise it deletes them.
    pub applies: bool,
    /// The objects.
    pub objects: BTreeSet<Named>,
}

/// What the end of a plan does to an inventory.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Settled {
    /// The inventory from now on.
    pub inventory: Inventory,
    /// The objects that nobody asks for any more, with the task that applied them.
    pub obsolete: Vec<(String, ObjectKey)>,
}

/// Returns what each task of `plan` touches, in the plan's order.
///
/// Names that hold a random value or the time are left out: they differ from run to run, so no later
/// version "no longer renders" them. A task that cannot be rendered touches nothing.
pub fn touched(
    spec: &OperatorVersionSpec,
    plan: &str,
    renderers: &[Renderer; 2],
    parameters: &BTreeMap<String, ParameterValue>,
) -> Vec<Touched> {
    let is_random = uses_randomness(spec, plan);
    let Some(plan_spec) = spec.plans.get(plan) else {
        return Vec::new();
    };
    let mut touched = Vec::new();
    for phase in &plan_spec.phases {
        for step in &phase.steps {
            for task in &step.tasks {
                let position = Position {
                    plan: plan.to_owned(),
                    phase: phase.name.clone(),
                    step: step.name.clone(),
                    task: task.clone(),
                };
                let Some((applies, resources)) = resources(spec, task, parameters) else {
                    continue;
                };
                let mut objects = names(&renderers[0], &resources, &position);
                if is_random {
                    let again = names(&renderers[1], &resources, &position);
                    objects.retain(|object| again.contains(object));
                }
                touched.push(Touched {
                    step: (phase.name.clone(), step.name.clone()),
                    task: task.clone(),
                    applies,
                    objects,
                });
            }
        }
    }
    touched
}

/// Returns whether a task applies or deletes, and what; `None` for tasks that do neither.
///
/// The objects of Pipe tasks and the children of `KudoOperator` tasks are not inventory: the former
/// hold results and the latter whole services.
fn resources(
    spec: &OperatorVersionSpec,
    task: &str,
    parameters: &BTreeMap<String, ParameterValue>,
) -> Option<(bool, Vec<String>)> {
    let written = spec.tasks.iter().find(|one| one.name == task)?;
    match Task::build(written).ok()? {
        Task::Apply { resources } => Some((true, resources)),
        Task::Delete { resources } => Some((false, resources)),
        Task::Toggle {
            parameter,
            resources,
        } => {
            let ParameterValue::Text(text) = parameters.get(&parameter)? else {
                return None;
            };
            let is_on = parse_bool(text)?;
            Some((is_on, resources))
        }
        Task::Pipe { .. } | Task::KudoOperator { .. } | Task::Dummy { .. } => None,
    }
}

fn names(renderer: &Renderer, resources: &[String], position: &Position) -> BTreeSet<Named> {
    let objects = renderer.objects(resources, position).unwrap_or_default();
    let named = objects.into_iter().filter_map(|rendered| {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Some(Named {
            api_version: text(&rendered.object["apiVersion"])?,
            kind: text(&rendered.object["kind"])?,
            name: text(&rendered.object["metadata"]["name"])?,
        })
    });
    named.collect()
}

impl Effects {
    /// Adds what a task does after all that was added before.
    pub fn add(&mut self, task: &str, applies: bool, objects: impl IntoIterator<Item = ObjectKey>) {
        self.applied.entry(task.to_owned()).or_default();
        for object in objects {
            if applies {
                self.deleted.remove(&object);
                self.applied
                    .entry(task.to_owned())
                    .or_default()
                    .insert(object);
            } else {
                let lists = self.applied.values_mut();
                lists.for_each(|list| list.retain(|one| !one.may_be(&object)));
                self.deleted.insert(object);
            }
        }
    }
}

impl Inventory {
    /// Returns the inventory as it has to be before a plan applies anything.
    #[must_use]
    pub fn before(&self, effects: &Effects, operator_version: &str) -> Self {
        let mut tasks = self.by_task();
        for (task, objects) in &effects.applied {
            tasks
                .entry(task.clone())
                .or_default()
                .extend(objects.clone());
        }
        let mut versions = self.operator_versions.clone();
        versions.retain(|one| one != operator_version);
        versions.push(operator_version.to_owned());
        let surplus = versions.len().saturating_sub(MOST_VERSIONS);
        Self::of(versions.split_off(surplus), tasks)
    }

    /// Returns what the good end of `plan` makes of the inventory.
    ///
    /// Objects become obsolete with the plan that brings an instance to another operator version, and
    /// only then. Those of the cluster as a whole are remembered until they are deleted: nothing else
    /// takes them away.
    pub fn after(
        &self,
        effects: &Effects,
        plan: &str,
        operator_version: &str,
        spec: &OperatorVersionSpec,
    ) -> Settled {
        let mut versions = self.operator_versions.iter();
        let is_other = versions.any(|one| one != operator_version);
        let is_upgrade = is_other && upgrade_plan(spec) == Some(plan);
        let is_pending = is_other && !is_upgrade;
        let mut obsolete = Vec::new();
        let mut tasks = BTreeMap::new();
        for (task, old) in self.by_task() {
            let is_known = spec.tasks.iter().any(|one| one.name == task);
            let now = effects.applied.get(&task);
            let kept = |object: &ObjectKey| match now {
                Some(_) => is_pending || (!is_upgrade && object.is_cluster_scoped()),
                None => is_known || !is_upgrade,
            };
            let (kept, left): (BTreeSet<_>, BTreeSet<_>) = old.into_iter().partition(kept);
            if is_upgrade {
                obsolete.extend(left.into_iter().map(|object| (task.clone(), object)));
            }
            tasks.insert(task, kept);
        }
        for (task, objects) in &effects.applied {
            let known: &mut BTreeSet<_> = tasks.entry(task.clone()).or_default();
            known.retain(|old| !objects.iter().any(|new| new.may_be(old)));
            known.extend(objects.clone());
        }
        for objects in tasks.values_mut() {
            objects.retain(|one| !effects.deleted.iter().any(|gone| gone.may_be(one)));
        }
        let is_wanted = |one: &ObjectKey| {
            let mut all = tasks.values().flatten().chain(&effects.deleted);
            all.any(|other| other.may_be(one))
        };
        obsolete.retain(|(_, object)| !is_wanted(object));
        let versions = if is_pending {
            self.operator_versions.clone()
        } else {
            vec![operator_version.to_owned()]
        };
        Settled {
            inventory: Self::of(versions, tasks),
            obsolete,
        }
    }

    /// Puts back an object that could not be deleted.
    pub fn put_back(&mut self, task: &str, object: ObjectKey) {
        match self.tasks.iter_mut().find(|one| one.name == task) {
            Some(known) => known.objects.push(object),
            None => self.tasks.push(TaskObjects {
                name: task.to_owned(),
                objects: vec![object],
            }),
        }
    }

    /// Returns every object once, in the order of the tasks.
    pub fn objects(&self) -> Vec<&ObjectKey> {
        let mut seen = BTreeSet::new();
        let all = self.tasks.iter().flat_map(|task| &task.objects);
        all.filter(|object| seen.insert(*object)).collect()
    }

    fn by_task(&self) -> BTreeMap<String, BTreeSet<ObjectKey>> {
        let tasks = self.tasks.iter();
        tasks
            .map(|task| (task.name.clone(), task.objects.iter().cloned().collect()))
            .collect()
    }

    fn of(operator_versions: Vec<String>, tasks: BTreeMap<String, BTreeSet<ObjectKey>>) -> Self {
        let mut left = MOST_OBJECTS;
        let tasks = tasks.into_iter().filter_map(|(name, objects)| {
            let objects: Vec<_> = objects.into_iter().take(left).collect();
            left -= objects.len();
            (!objects.is_empty()).then_some(TaskObjects { name, objects })
        });
        Self {
            operator_versions,
            tasks: tasks.collect(),
        }
    }
}

/// Returns the plan that an upgrade to this version runs (kudo-spec 6.5).
fn upgrade_plan(spec: &OperatorVersionSpec) -> Option<&'static str> {
    [PLAN_UPGRADE, PLAN_UPDATE, PLAN_DEPLOY]
        .into_iter()
        .find(|plan| spec.plans.contains_key(*plan))
}

#[cfg(test)]
mod tests;
