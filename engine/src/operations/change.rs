//! Change: parameters, or a plan started by hand, checked by the decision table.

use std::{collections::BTreeMap, time::Duration};

use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::Value;

use crate::{
    admission::{
        Change, Decision, Schedule, admitted_execution, decide, merge_patch,
        pending::{accepted, as_accepted, begun},
    },
    api::{
        Instance, Operator, OperatorSpec, OperatorVersion, PlanExecution,
        instance::ExecutionStatus, names::FIELD_MANAGER,
    },
    cluster::{Cluster, ClusterError, read},
    offline,
    package::Release,
};

use super::{OperationError, unknown_parameter};

/// How often a change is written again when nothing was heard of it.
const MOST_TRIES: u32 = 5;
/// The pause before that, longer each time.
const PAUSE: Duration = Duration::from_secs(1);

/// How often an instance is looked at whose plan is about to be taken off.
const MOST_LOOKS: u32 = 12;
/// The pause before it is looked at again.
const LOOK_AGAIN_IN: Duration = Duration::from_millis(250);

/// What is asked of an instance.
#[derive(Clone, Debug)]
pub enum Edit {
    /// These parameters get these values; an empty list changes nothing.
    Parameters(BTreeMap<String, String>),
    /// This plan runs.
    Run(String),
}

/// What came of asking.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Asked {
    /// The instance is so already; no plan runs.
    Unchanged,
    /// This plan is scheduled.
    Scheduled {
        /// Name of the plan.
        plan: String,
        /// Whether KUDO's own manager drives it.
        is_driven_by_kudo: bool,
    },
}

/// Writes `edit` into the instance, together with the plan that it starts.
///
/// # Errors
///
/// When the instance does not exist or the rules forbid the change: then nothing was written.
pub async fn change(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    edit: &Edit,
) -> Result<Asked, OperationError> {
    let instances: Api<Instance> = Api::namespaced(cluster.client().clone(), namespace);
    let uid = cluster.ids().uid();
    let mut tries = 0;
    loop {
        let old = at_rest(cluster, &instances, namespace, name).await?;
        if let Some(plan) = plan_of(&old, &uid) {
            // It was written, only the answer was lost.
            return Ok(Asked::Scheduled {
                plan,
                is_driven_by_kudo: false,
            });
        }
        let version = operator_version(cluster, &old).await?;
        let written = written(cluster, &old, &version, edit, &uid).await?;
        let Some(Written { patch, runs }) = written else {
            return Ok(Asked::Unchanged);
        };
        let params = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..Default::default()
        };
        let stored = match instances.patch(name, &params, &Patch::Merge(&patch)).await {
            Ok(stored) => stored,
            // Somebody else changed it since it was read: decide again on what it is now.
            Err(kube::Error::Api(status)) if status.code == 409 => continue,
            Err(error) => {
                let error = ClusterError::from(error);
                if !error.is_passing() || tries == MOST_TRIES {
                    return Err(error.into());
                }
                tries += 1;
                cluster.clock().sleep(PAUSE * tries).await;
                continue;
            }
        };
        if !runs {
            return Ok(Asked::Unchanged);
        }
        let asked = &patch["spec"]["planExecution"]["uid"];
        let is_driven_by_kudo = *asked != stored.spec.plan_execution.uid.as_str();
        let plan = stored.spec.plan_execution.plan_name;
        return Ok(Asked::Scheduled {
            plan,
            is_driven_by_kudo,
        });
    }
}

/// Reads an instance that is to be changed. While its plan has ended and is about to be taken off it is
/// read again: the change would be refused for a plan that its author has seen complete.
pub(super) async fn at_rest(
    cluster: &Cluster,
    instances: &Api<Instance>,
    namespace: &str,
    name: &str,
) -> Result<Instance, OperationError> {
    let mut found = read(instances, name).await?;
    for _ in 0..MOST_LOOKS {
        if !found.as_ref().is_some_and(is_ending) {
            break;
        }
        cluster.clock().sleep(LOOK_AGAIN_IN).await;
        found = read(instances, name).await?;
    }
    found.ok_or_else(|| OperationError::NoInstance {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    })
}

/// Whether the status tells of the end of the plan that is scheduled; one that is to be tried again is
/// not at its end.
fn is_ending(instance: &Instance) -> bool {
    let scheduled = &instance.spec.plan_execution;
    let ended = instance.plan_status(&scheduled.plan_name);
    scheduled.is_scheduled()
        && scheduled.status != Some(ExecutionStatus::Pending)
        && ended.is_some_and(|plan| plan.uid == scheduled.uid && plan.status.is_terminal())
}

/// Returns the plan that runs or ran under this uid.
fn plan_of(instance: &Instance, uid: &str) -> Option<String> {
    let scheduled = &instance.spec.plan_execution;
    if scheduled.uid == uid {
        return Some(scheduled.plan_name.clone());
    }
    let statuses = instance.status.iter().flat_map(|one| &one.plan_status);
    let (plan, _) = statuses.into_iter().find(|(_, one)| one.uid == uid)?;
    Some(plan.clone())
}

pub(super) async fn operator_version(
    cluster: &Cluster,
    instance: &Instance,
) -> Result<OperatorVersion, OperationError> {
    let (namespace, name) = instance.operator_version_key();
    let versions: Api<OperatorVersion> = Api::namespaced(cluster.client().clone(), namespace);
    let found = read(&versions, name).await?;
    found.ok_or_else(|| OperationError::NoOperatorVersion {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    })
}

/// The merge patch of a change.
struct Written {
    patch: Value,
    /// Whether it starts a plan.
    runs: bool,
}

/// Returns the merge patch that makes `edit` true, or `None` when it is true already.
async fn written(
    cluster: &Cluster,
    old: &Instance,
    version: &OperatorVersion,
    edit: &Edit,
    uid: &str,
) -> Result<Option<Written>, OperationError> {
    let before = in_force(old);
    let mut new = old.clone();
    match edit {
        Edit::Parameters(values) => {
            let known = version.spec.parameters.iter().map(|one| one.name.as_str());
            unknown_parameter(values.keys(), &known.collect::<Vec<_>>())?;
            new.spec.parameters.extend(values.clone());
        }
        Edit::Run(plan) => {
            new.spec.plan_execution = PlanExecution {
                plan_name: plan.clone(),
                uid: uid.to_owned(),
                ..PlanExecution::default()
            };
        }
    }
    let decision = decision(cluster, &before, &new, version).await?;
    let Schedule::Run(plan_name) = decision.schedule.clone() else {
        // What was refused before may be put right without anything to run.
        let is_stored = decision.parameters == old.spec.parameters;
        let patch = merge_patch(old, old, &decision, None);
        return Ok((!is_stored).then_some(Written { patch, runs: false }));
    };
    new.spec.parameters.clone_from(&decision.parameters);
    let release = Release {
        operator: Operator::new("", OperatorSpec::default()),
        operator_version: version.clone(),
        instance: new,
    };
    offline::check(&release, &plan_name)?;
    // KUDO's webhook schedules by itself, and refuses a change that names the plan too.
    let is_ours = matches!(edit, Edit::Run(_)) || !cluster.has_kudo_webhook().await;
    let execution = admitted_execution(&plan_name, uid.to_owned(), cluster.requester());
    let execution = is_ours.then_some(&execution);
    let patch = merge_patch(old, &release.instance, &decision, execution);
    Ok(Some(Written { patch, runs: true }))
}

/// Returns the instance as it was decided on last: what somebody wrote since then is decided on
/// together with the edit.
pub(super) fn in_force(old: &Instance) -> Instance {
    let scheduled = &old.spec.plan_execution;
    let is_marked = scheduled.status.is_some_and(ExecutionStatus::is_running);
    match accepted(old) {
        // It was decided on by whoever scheduled it, and nobody has begun with it yet.
        Some(_) if is_marked && begun(old).uid != scheduled.uid => old.clone(),
        Some(accepted) => as_accepted(old, &accepted),
        None => old.clone(),
    }
}

async fn decision(
    cluster: &Cluster,
    before: &Instance,
    new: &Instance,
    version: &OperatorVersion,
) -> Result<Decision, OperationError> {
    let is_upgrade = before.spec.operator_version != new.spec.operator_version;
    let old_version = if is_upgrade {
        operator_version(cluster, before).await.ok()
    } else {
        Some(version.clone())
    };
    Ok(decide(Change::Update {
        old: before,
        new,
        old_operator_version: old_version.as_ref(),
        operator_version: version,
    })?)
}
