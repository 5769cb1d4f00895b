//! What the driver writes into the instance: status first, then the spec that hands the plan back.
//!
//! All writes are merge patches of what is meant, so fields of other writers, known or not, stay.

use std::{collections::BTreeMap, time::Duration};

use futures::{FutureExt as _, future::BoxFuture};
use k8s_openapi::{
    ByteString, api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::OwnerReference,
};
use kube::{
    Api, ResourceExt as _,
    api::{DeleteParams, ObjectMeta, Patch, PatchParams, PostParams},
};
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    admission,
    api::{
        API_VERSION, Instance,
        instance::{ExecutionStatus, LastPlan, PlanExecution, PlanStatus},
        names::{FIELD_MANAGER, PLAN_CLEANUP},
    },
    cluster::{ClusterError, read},
    history,
    plan::{execution::Failure, progress::Progress},
    render::{Seed, uses_randomness},
};

use super::{
    Drive, DriveError, FIRST_WRITE_PAUSE, Report, WRITE_PAUSE, admit::admitted_patch, conditions,
};

impl Drive<'_> {
    /// Returns the instance with the part of its spec that the plan runs with.
    pub(super) fn in_force(&self) -> Instance {
        let mut instance = self.instance.clone();
        instance.spec.operator_version = self.accepted.operator_version.clone();
        instance.spec.parameters = self.accepted.parameters.clone();
        instance
    }

    /// Returns the name of the operator version that the plan runs with.
    pub(super) fn version_name(&self) -> &str {
        self.version.metadata.name.as_deref().unwrap_or_default()
    }

    /// Writes all plans' statuses and the conditions of a beginning plan.
    pub(super) async fn write_beginning(
        &mut self,
        plan: &str,
        statuses: BTreeMap<String, PlanStatus>,
    ) -> Result<(), DriveError> {
        let now = self.cluster().clock().now();
        let generation = self.instance.metadata.generation;
        let mut known = self.instance.status.clone().unwrap_or_default().conditions;
        if !self.is_refused {
            conditions::accept(&mut known, generation, now);
        }
        conditions::begin(&mut known, plan, generation, now);
        let inventory = self.widened_inventory(plan).await;
        let status = json!({
            "history": history::begun(&self.in_force(), &self.version, now),
            "inventory": inventory,
            "observedGeneration": generation,
            "admitted": admitted_patch(&self.instance, &self.accepted),
            "lastPlan": LastPlan { name: plan.to_owned(), status: ExecutionStatus::InProgress },
            "planStatus": statuses
                .iter()
                .map(|(name, status)| (name.clone(), patch_of(status)))
                .collect::<serde_json::Map<_, _>>(),
            "conditions": known,
        });
        let version = self.instance.metadata.resource_version.clone();
        let patch = json!({"metadata": {"resourceVersion": version}, "status": status});
        let begin = || self.send_to_status(&patch).boxed();
        self.instance = self.cluster().persistently(begin).await?;
        let stored = self.instance.status.as_ref();
        if stored.is_none_or(|stored| stored.admitted.is_none() || stored.history.is_empty()) {
            (self.observe)(Report::OldDefinitions);
        }
        if self.instance.spec.plan_execution.status != Some(ExecutionStatus::InProgress) {
            let status = ExecutionStatus::InProgress;
            self.patch(&json!({"spec": {"planExecution": {"status": status}}}))
                .await?;
        }
        Ok(())
    }

    /// Writes down that the plan is paused, once.
    pub(super) async fn write_pause(&mut self, plan: &str) -> Result<(), DriveError> {
        let now = self.cluster().clock().now();
        let generation = self.instance.metadata.generation;
        let mut known = self.instance.status.clone().unwrap_or_default().conditions;
        if !conditions::pause(&mut known, plan, generation, now) {
            return Ok(());
        }
        let status = json!({"conditions": known});
        let write = || self.send_status(&status).boxed();
        self.instance = self.cluster().unconditionally(write).await?;
        Ok(())
    }

    /// Writes each later state of a running plan, at most one in a while, or at once when a step
    /// cannot go on before; returns when the sender of `ended` is gone and nothing is on its way.
    ///
    /// `changes` is older than the first of them, which comes about before this is polled.
    pub(super) async fn write_progress(
        &self,
        progress: &Progress,
        mut changes: watch::Receiver<PlanStatus>,
        mut ended: watch::Receiver<()>,
    ) {
        let clock = self.cluster().clock();
        let mut pause = FIRST_WRITE_PAUSE;
        loop {
            let due = async {
                if changes.changed().await.is_err() {
                    return std::future::pending().await;
                }
                tokio::select! {
                    () = clock.sleep(pause) => {}
                    () = progress.hastened(), if pause <= WRITE_PAUSE => {}
                }
            };
            tokio::select! {
                biased;
                _ = ended.changed() => return,
                () = due => {}
            }
            let status = changes.borrow_and_update().clone();
            pause = match self
                .send_status(&json!({"planStatus": {&status.name: patch_of(&status)}}))
                .await
            {
                Ok(_) => {
                    progress.set_stored(status);
                    WRITE_PAUSE
                }
                Err(error) => {
                    tracing::warn!(%error, "the status could not be written");
                    changes.mark_changed();
                    (pause * 2).min(Duration::from_secs(10))
                }
            };
        }
    }

    /// Writes how a plan ended.
    pub(super) async fn write_end(
        &mut self,
        ended: &PlanStatus,
        failure: Option<&Failure>,
    ) -> Result<(), DriveError> {
        let now = self.cluster().clock().now();
        let mut known = self.instance.status.clone().unwrap_or_default().conditions;
        let generation = self.keep_refusal(&mut known);
        let is_gone_for_good =
            ended.name == PLAN_CLEANUP && self.instance.metadata.deletion_timestamp.is_some();
        // Taking the plan off the instance below is a change of the spec that this status speaks of too.
        let generation = generation.map(|now| if is_gone_for_good { now } else { now + 1 });
        conditions::end(&mut known, failure, generation, now);
        // A plan that could not even begin has no entry yet.
        let past = history::begun(&self.in_force(), &self.version, now);
        let message = failure.map_or("", |failure| &failure.message);
        let mut status = json!({
            "history": history::ended(&past, ended, message, now),
            "observedGeneration": generation,
            "lastPlan": LastPlan { name: ended.name.clone(), status: ended.status },
            "planStatus": {&ended.name: patch_of(ended)},
            "conditions": known,
        });
        if let Some(inventory) = self.settled.take() {
            status["inventory"] = json!(inventory);
        }
        self.instance = self.insist(|| self.send_status(&status).boxed()).await?;
        Ok(())
    }

    /// Takes a plan whose end is written off the instance; returns whether it was still there, and
    /// not another one that was scheduled meanwhile.
    pub(super) async fn hand_back(&mut self, ended: &PlanStatus) -> Result<bool, DriveError> {
        let is_gone_for_good =
            ended.name == PLAN_CLEANUP && self.instance.metadata.deletion_timestamp.is_some();
        if is_gone_for_good {
            // A failed cleanup keeps the finalizer: a person decides what happens then.
            if ended.status == ExecutionStatus::Complete {
                self.let_go().await?;
            }
            return Ok(true);
        }
        let name = self.instance.name_any();
        loop {
            let cleared = json!({
                "metadata": {"resourceVersion": self.instance.metadata.resource_version},
                "spec": {"planExecution": nothing_scheduled()},
            });
            let clear = || self.send(&cleared).map(unless_changed).boxed();
            if let Some(instance) = self.insist(clear).await? {
                self.instance = instance;
                return Ok(true);
            }
            // Somebody changed it, or the answer to an earlier try was lost.
            let Some(found) = read(&self.api, &name).await? else {
                return Ok(true);
            };
            self.instance = found;
            let scheduled = &self.instance.spec.plan_execution;
            if scheduled.uid != ended.uid {
                return Ok(!scheduled.is_scheduled());
            }
        }
    }

    /// Removes the finalizer, so that the instance can go; in the foreground, so that it stays until
    /// everything it owns is gone.
    pub(super) async fn let_go(&self) -> Result<(), DriveError> {
        let again = self
            .api
            .delete(&self.instance.name_any(), &DeleteParams::foreground())
            .await;
        if let Err(error) = again {
            tracing::debug!(%error, "the objects of the instance go after it");
        }
        self.remove_cluster_objects().await?;
        let finalizers = admission::finalizers(&self.instance, false);
        let patch = json!({"metadata": {"finalizers": finalizers}});
        match self.insist(|| self.send(&patch).boxed()).await {
            Err(DriveError::Cluster(error)) if error.is_not_found() => Ok(()),
            other => other.map(drop),
        }
    }

    /// Schedules `plan` under a new uid.
    pub(super) async fn schedule(&mut self, plan: &str) -> Result<(), DriveError> {
        let execution = PlanExecution {
            plan_name: plan.to_owned(),
            uid: self.cluster().ids().uid(),
            status: Some(ExecutionStatus::InProgress),
            requested_by: self.cluster().requester().to_owned(),
            ..PlanExecution::default()
        };
        self.patch(&json!({"spec": {"planExecution": execution}}))
            .await
    }

    /// Returns the seed of this execution's random functions (design decision 6).
    ///
    /// It lives in a Secret of the instance, so that a retry or another driver renders the same
    /// passwords; a plan without random functions needs none.
    pub(super) async fn seed(&self, plan: &str) -> Result<Seed, DriveError> {
        let uid = &self.instance.spec.plan_execution.uid;
        if !uses_randomness(&self.version.spec, plan) {
            return Ok(Seed::unused());
        }
        let api: Api<Secret> =
            Api::namespaced(self.cluster().client().clone(), &self.subject.namespace);
        let name = format!("{}-kudo-seed", self.subject.name);
        let ids = self.cluster().ids();
        let fresh = Seed::new([&ids.uid(), &ids.uid()], self.cluster().clock().now());
        let data = BTreeMap::from([(uid.clone(), ByteString(fresh.to_bytes()))]);
        let fresh = self.seed_secret(name, data);
        loop {
            let known = || self.known_seed(&api, &fresh).boxed();
            let secret = self.cluster().persistently(known).await?;
            if let Some(seed) = secret.and_then(|secret| seed_in(&secret, uid)) {
                return Ok(seed);
            }
        }
    }

    /// Returns the seed's Secret, made by `fresh` unless it has the execution's seed; `None` when
    /// somebody else was faster.
    ///
    /// What counts is what the cluster has: a try of which nothing was heard may have been written.
    async fn known_seed(
        &self,
        api: &Api<Secret>,
        fresh: &Secret,
    ) -> Result<Option<Secret>, ClusterError> {
        let uid = &self.instance.spec.plan_execution.uid;
        let name = fresh.name_any();
        let written = match read(api, &name).await? {
            Some(known) if seed_in(&known, uid).is_some() => return Ok(Some(known)),
            // Only the running execution's seed is of use.
            Some(old) => {
                let secret = Secret {
                    data: fresh.data.clone(),
                    ..old
                };
                api.replace(&name, &PostParams::default(), &secret).await
            }
            None => api.create(&PostParams::default(), fresh).await,
        };
        unless_changed(written.map_err(ClusterError::from))
    }

    fn seed_secret(&self, name: String, data: BTreeMap<String, ByteString>) -> Secret {
        Secret {
            metadata: ObjectMeta {
                name: Some(name),
                namespace: Some(self.subject.namespace.clone()),
                owner_references: Some(vec![OwnerReference {
                    api_version: API_VERSION.to_owned(),
                    kind: "Instance".to_owned(),
                    name: self.subject.name.clone(),
                    uid: self.subject.uid.clone(),
                    controller: None,
                    block_owner_deletion: None,
                }]),
                ..ObjectMeta::default()
            },
            data: Some(data),
            ..Secret::default()
        }
    }

    async fn patch(&mut self, patch: &Value) -> Result<(), DriveError> {
        let send = || self.send(patch).boxed();
        self.instance = self.cluster().unconditionally(send).await?;
        Ok(())
    }

    async fn send(&self, patch: &Value) -> Result<Instance, ClusterError> {
        let name = self.instance.name_any();
        let params = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        Ok(self.api.patch(&name, &params, &Patch::Merge(patch)).await?)
    }

    async fn send_status(&self, status: &Value) -> Result<Instance, ClusterError> {
        self.send_to_status(&json!({"status": status})).await
    }

    async fn send_to_status(&self, patch: &Value) -> Result<Instance, ClusterError> {
        let params = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let name = self.instance.name_any();
        let patch = Patch::Merge(patch);
        Ok(self.api.patch_status(&name, &params, &patch).await?)
    }

    /// Repeats a write that ends a plan while its errors may pass: its outcome must not be lost.
    async fn insist<'a, T>(
        &self,
        write: impl Fn() -> BoxFuture<'a, Result<T, ClusterError>>,
    ) -> Result<T, DriveError> {
        let mut pause = Duration::from_millis(500);
        loop {
            match write().await {
                Ok(written) => return Ok(written),
                Err(error) if error.is_transient() && !error.is_not_found() => {
                    tracing::warn!(%error, "the end of the plan could not be written yet");
                    self.cluster().clock().sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(10));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn seed_in(secret: &Secret, execution: &str) -> Option<Seed> {
    Seed::from_bytes(&secret.data.as_ref()?.get(execution)?.0)
}

/// Returns `None` for a write that came too late: somebody else has changed the object.
fn unless_changed<T>(written: Result<T, ClusterError>) -> Result<Option<T>, ClusterError> {
    match written {
        Err(error) if error.is_conflict() => Ok(None),
        other => other.map(Some),
    }
}

/// Returns the merge patch that brings a plan's status about; a message that is gone must be named.
fn patch_of(status: &PlanStatus) -> Value {
    let mut patch = json!(status);
    if status.message.is_empty() {
        patch["message"] = Value::Null;
    }
    patch
}

/// Returns the merge patch that leaves no plan scheduled.
pub(super) fn nothing_scheduled() -> Value {
    json!({
        "planName": null, "uid": null, "status": null, "requestedBy": null,
        "paused": null, "cancelled": null,
    })
}

/// Returns the merge patch that makes `new` out of `old`: what is gone is null.
pub(super) fn merged<V: Serialize>(
    old: &BTreeMap<String, V>,
    new: &BTreeMap<String, V>,
) -> BTreeMap<String, Value> {
    let gone = old.keys().filter(|name| !new.contains_key(*name));
    let gone = gone.map(|name| (name.clone(), Value::Null));
    let kept = new.iter().map(|(name, value)| (name.clone(), json!(value)));
    gone.chain(kept).collect()
}
