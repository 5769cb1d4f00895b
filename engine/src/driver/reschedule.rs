//! What happens to the instance while its plan runs: a change that restarts the plan, one that is
//! refused, its deletion.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use serde::Deserialize as _;
use serde_json::Value;

use crate::{
    api::{Instance, OperatorVersion, instance::Admitted},
    cluster::{
        kinds,
        watch::{Target, Verdict},
    },
};

use super::{
    Drive, DriveError, Driver,
    admit::{Admission, missing_version},
    conditions,
};

const PAUSE: Duration = Duration::from_secs(2);

/// The instance as it was judged last while the plan ran.
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<Option<Instance>>);

impl Driver {
    /// Returns the operator version that is in force; for an instance that is being deleted, the one
    /// that its spec names will do when that is gone.
    pub(super) async fn version_in_force(
        &self,
        instance: &Instance,
        accepted: &Admitted,
    ) -> Result<OperatorVersion, DriveError> {
        let reference = &accepted.operator_version;
        if let Some(version) = self.version(instance, reference).await? {
            return Ok(version);
        }
        let written = &instance.spec.operator_version;
        if instance.metadata.deletion_timestamp.is_some()
            && written != reference
            && let Some(version) = self.version(instance, written).await?
        {
            return Ok(version);
        }
        let mut named = instance.clone();
        named.spec.operator_version = reference.clone();
        let (namespace, name) = named.operator_version_key();
        let refusal = missing_version(instance, name);
        match self.report(instance.clone(), &refusal).await {
            Ok(_) | Err(DriveError::NoInstance { .. }) => {}
            Err(error) => return Err(error),
        }
        Err(DriveError::NoOperatorVersion {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }
}

impl Drive<'_> {
    /// Returns when the instance no longer asks for this execution: an accepted change starts the plan
    /// anew, it is paused or cancelled, or the instance is being deleted. A refused change is reported, and the plan goes on.
    pub(super) async fn until_rescheduled(&self) {
        let was_deleted = self.instance.metadata.deletion_timestamp.is_some();
        let mut known = self.instance.clone();
        loop {
            let Some(changed) = self.next_change(&known).await else {
                return;
            };
            let asked = &changed.spec.plan_execution;
            let is_held = asked.paused || asked.cancelled;
            if is_held || changed.metadata.deletion_timestamp.is_some() != was_deleted {
                return;
            }
            match Box::pin(self.driver.admit(changed)).await {
                Ok(Admission::Go(accepted)) if self.is_the_same(&accepted.instance) => {
                    self.remember(&accepted.instance);
                    known = accepted.instance;
                }
                Ok(_) | Err(DriveError::NoInstance { .. }) => return,
                Err(error) => {
                    tracing::debug!(%error, "a change could not be judged yet");
                    self.cluster().clock().sleep(PAUSE).await;
                }
            }
        }
    }

    fn is_the_same(&self, instance: &Instance) -> bool {
        let (ours, theirs) = (
            &self.instance.spec.plan_execution,
            &instance.spec.plan_execution,
        );
        (&ours.plan_name, &ours.uid) == (&theirs.plan_name, &theirs.uid)
    }

    /// Watches until the instance asks for something else than `known` does; `None` when it is gone.
    async fn next_change(&self, known: &Instance) -> Option<Instance> {
        let target = Target {
            kind: kinds::namespaced("kudo.dev", "v1beta1", "Instance", "instances"),
            namespace: self.subject.namespace.clone(),
            name: self.subject.name.clone(),
        };
        let mut changed = None;
        let observer = |state: Option<&Value>| {
            changed = state.and_then(|state| Instance::deserialize(state).ok());
            match &changed {
                Some(changed) if asks_the_same(changed, known) => Verdict::Watch,
                _ => Verdict::Enough,
            }
        };
        let version = known.metadata.resource_version.clone().unwrap_or_default();
        self.cluster().observe(&target, &version, observer).await;
        changed
    }

    fn remember(&self, instance: &Instance) {
        let mut judged = self
            .refusal
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *judged = Some(instance.clone());
    }

    /// Puts what was found out about the spec meanwhile into the conditions of the plan's end; returns the
    /// generation of the spec that was judged last.
    pub(super) fn keep_refusal(&self, known: &mut Vec<Condition>) -> Option<i64> {
        let judged = self
            .refusal
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(judged) = judged.as_ref() else {
            return self.instance.metadata.generation;
        };
        let conditions = judged.status.as_ref().map(|status| &status.conditions);
        let admitted = conditions.and_then(|all| conditions::find(all, conditions::ADMITTED));
        if let Some(admitted) = admitted {
            known.retain(|one| one.type_ != conditions::ADMITTED);
            known.push(admitted.clone());
        }
        judged.metadata.generation
    }
}

fn asks_the_same(one: &Instance, other: &Instance) -> bool {
    let asks = |instance: &Instance| {
        let execution = &instance.spec.plan_execution;
        (
            instance.metadata.deletion_timestamp.is_some(),
            execution.plan_name.clone(),
            execution.uid.clone(),
            execution.paused,
            execution.cancelled,
        )
    };
    asks(one) == asks(other)
        && one.spec.parameters == other.spec.parameters
        && one.spec.operator_version == other.spec.operator_version
}
