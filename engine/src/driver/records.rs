//! What the driver writes into the instance: status first, then the spec that hands the plan back.
//!
//! All writes are merge patches of what is meant, so fields of other writers, known or not, stay.

use std::{collections::BTreeMap, time::Duration};

use k8s_openapi::{
    ByteString, api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::OwnerReference,
};
use kube::{
    Api, ResourceExt as _,
    api::{DeleteParams, ObjectMeta, Patch, PatchParams, PostParams},
};
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
    plan::execution::Failure,
    render::{Seed, uses_randomness},
};

use super::{Drive, DriveError, WRITE_PAUSE, conditions};

/// A merge patch that must not be lost.
enum Write {
    /// Of the instance.
    Spec(Value),
    /// Of its status.
    Status(Value),
}

impl Drive<'_> {
    /// Writes all plans' statuses and the conditions of a beginning plan.
    pub(super) async fn write_beginning(
        &mut self,
        plan: &str,
        statuses: BTreeMap<String, PlanStatus>,
    ) -> Result<(), DriveError> {
        let now = self.cluster().clock().now();
        let generation = self.instance.metadata.generation;
        let mut known = self.instance.status.clone().unwrap_or_default().conditions;
        conditions::begin(&mut known, plan, generation, now);
        let inventory = self.widened_inventory(plan).await;
        self.patch_status(&json!({
            "admitted": history::admitted_patch(&self.instance),
            "history": history::begun(&self.instance, &self.version, now),
            "inventory": inventory,
            "observedGeneration": generation,
            "lastPlan": LastPlan { name: plan.to_owned(), status: ExecutionStatus::InProgress },
            "planStatus": statuses
                .iter()
                .map(|(name, status)| (name.clone(), patch_of(status)))
                .collect::<serde_json::Map<_, _>>(),
            "conditions": known,
        }))
        .await?;
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
        self.patch_status(&json!({"conditions": known})).await
    }

    /// Writes each later state of a running plan, at most one in a while; never returns.
    pub(super) async fn write_progress(&self, mut progress: watch::Receiver<PlanStatus>) {
        let mut pause = WRITE_PAUSE;
        loop {
            if progress.changed().await.is_err() {
                return std::future::pending().await;
            }
            self.cluster().clock().sleep(pause).await;
            let status = progress.borrow_and_update().clone();
            pause = match self
                .send_status(&json!({"planStatus": {&status.name: patch_of(&status)}}))
                .await
            {
                Ok(_) => WRITE_PAUSE,
                Err(error) => {
                    tracing::warn!(%error, "the status could not be written");
                    progress.mark_changed();
                    (pause * 2).min(Duration::from_secs(10))
                }
            };
        }
    }

    /// Writes how a plan ended, then takes it off the instance.
    pub(super) async fn write_end(
        &mut self,
        ended: &PlanStatus,
        failure: Option<&Failure>,
    ) -> Result<(), DriveError> {
        let now = self.cluster().clock().now();
        let mut known = self.instance.status.clone().unwrap_or_default().conditions;
        let generation = self.instance.metadata.generation;
        conditions::end(&mut known, failure, generation, now);
        // A plan that could not even begin has no entry yet.
        let past = history::begun(&self.instance, &self.version, now);
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
        self.instance = self.insist(&Write::Status(status)).await?;
        let is_gone_for_good =
            ended.name == PLAN_CLEANUP && self.instance.metadata.deletion_timestamp.is_some();
        if is_gone_for_good {
            // A failed cleanup keeps the finalizer: a person decides what happens then.
            return if failure.is_none() {
                self.let_go().await
            } else {
                Ok(())
            };
        }
        let cleared = json!({"spec": {"planExecution": nothing_scheduled()}});
        self.instance = self.insist(&Write::Spec(cleared)).await?;
        Ok(())
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
        match self.insist(&Write::Spec(patch)).await {
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
        let known = read(&api, &name).await?;
        let of_this_execution = |secret: &Secret| {
            secret
                .data
                .as_ref()
                .and_then(|data| Seed::from_bytes(&data.get(uid)?.0))
        };
        if let Some(seed) = known.as_ref().and_then(of_this_execution) {
            return Ok(seed);
        }
        let ids = self.cluster().ids();
        let seed = Seed::new([&ids.uid(), &ids.uid()], self.cluster().clock().now());
        let data = BTreeMap::from([(uid.clone(), ByteString(seed.to_bytes()))]);
        let written = match known {
            // Only the running execution's seed is of use.
            Some(old) => {
                let secret = Secret {
                    data: Some(data),
                    ..old
                };
                api.replace(&name, &PostParams::default(), &secret).await
            }
            None => {
                api.create(&PostParams::default(), &self.seed_secret(name, data))
                    .await
            }
        };
        written.map_err(ClusterError::from)?;
        Ok(seed)
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
        self.instance = self.send(patch).await?;
        Ok(())
    }

    async fn patch_status(&mut self, status: &Value) -> Result<(), DriveError> {
        self.instance = self.send_status(status).await?;
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
        let params = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let name = self.instance.name_any();
        let patch = Patch::Merge(json!({"status": status}));
        Ok(self.api.patch_status(&name, &params, &patch).await?)
    }

    /// Repeats a write that ends a plan while its errors may pass: its outcome must not be lost.
    async fn insist(&self, write: &Write) -> Result<Instance, DriveError> {
        let mut pause = Duration::from_millis(500);
        loop {
            let written = match write {
                Write::Spec(patch) => self.send(patch).await,
                Write::Status(status) => self.send_status(status).await,
            };
            match written {
                Ok(instance) => return Ok(instance),
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
