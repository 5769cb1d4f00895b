//! Whether the packages that a plan needs are installed (kudo-spec 3.11).
//!
//! Operator versions may have been written by anybody, so the driver looks by itself, in the cluster
//! alone: there the tasks name exact versions.

use futures::{FutureExt as _, TryFutureExt as _};
use kube::{
    ResourceExt as _,
    api::{ListParams, Patch, PatchParams},
};
use serde_json::{Value, json};

use crate::{
    api::{Instance, Operator, OperatorSpec, names::ANNOTATION_EXECUTION_UID},
    cluster::{ClusterError, installed::NotInstalled},
    package::{Dependencies, Found},
    tasks::kudo_operator::as_requester,
};

use super::{Drive, DriveError};

impl Drive<'_> {
    /// Returns what is wrong with the packages that `plan` needs. Those of a child are looked at by its
    /// parent, before anything is done.
    pub(super) async fn missing_dependency(
        &self,
        plan: &str,
    ) -> Result<Option<String>, DriveError> {
        let look = || self.missing_now(plan).boxed();
        Ok(self.cluster().looked_for(look, Option::is_none).await?)
    }

    async fn missing_now(&self, plan: &str) -> Result<Option<String>, ClusterError> {
        let owners = self.instance.metadata.owner_references.iter().flatten();
        let is_child = owners.into_iter().any(|owner| owner.kind == "Instance");
        if is_child || !self.has_child_tasks(plan) {
            return Ok(None);
        }
        let (namespace, _) = self.instance.operator_version_key();
        let mut all = Dependencies::of(Found {
            // Only what the tasks name is looked for.
            operator: Operator::new("", OperatorSpec::default()),
            operator_version: self.version.clone(),
            package: None,
        });
        while let Some((wanted, _)) = all.wanted() {
            let problem = match self.cluster().installed_exactly(namespace, &wanted).await {
                Ok(found) => all.found(found).err(),
                Err(NotInstalled::Cluster(error)) => return Err(error),
                Err(missing) => Some(all.unresolved(missing.to_string())),
            };
            if let Some(problem) = problem {
                return Ok(Some(problem.to_string()));
            }
        }
        Ok(None)
    }

    /// Lets a retry try the children again that failed under `execution`: without that, they fail it as
    /// they did before.
    pub(super) async fn forget_failed_children(
        &self,
        plan: &str,
        execution: &str,
    ) -> Result<(), DriveError> {
        if !self.has_child_tasks(plan) {
            return Ok(());
        }
        let forgotten = json!({"metadata": {"annotations": {ANNOTATION_EXECUTION_UID: null}}});
        for child in self.children(execution).await? {
            self.patch_child(&child, &forgotten).await?;
        }
        Ok(())
    }

    /// Cancels what `execution` has the children run, and waits until it has ended: nobody would go on
    /// with it, and nobody would drive it to its end.
    pub(super) async fn cancel_children(
        &self,
        plan: &str,
        execution: &str,
    ) -> Result<(), DriveError> {
        if !self.has_child_tasks(plan) {
            return Ok(());
        }
        let cancelled = json!({"spec": {"planExecution": {"cancelled": true}}});
        let requester = as_requester(&self.subject.name);
        for child in self.children(execution).await? {
            let asked = &child.spec.plan_execution;
            if !asked.is_scheduled() || asked.requested_by != requester {
                continue;
            }
            if !asked.cancelled {
                self.patch_child(&child, &cancelled).await?;
            }
            let (namespace, name) = (&self.subject.namespace, child.object_name());
            match Box::pin(self.driver.drive(namespace, name, &|_| {})).await {
                Ok(_) | Err(DriveError::NoInstance { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Returns the children that `execution` made or changed.
    async fn children(&self, execution: &str) -> Result<Vec<Instance>, DriveError> {
        let list = || {
            let params = ListParams::default();
            let list = async move { self.api.list(&params).await };
            list.map_err(ClusterError::from).boxed()
        };
        let mut children = self.cluster().persistently(list).await?.items;
        children.retain(|child| {
            let mut owners = child.owner_references().iter();
            let asked_by = child.annotations().get(ANNOTATION_EXECUTION_UID);
            asked_by.is_some_and(|uid| uid == execution)
                && owners.any(|owner| owner.uid == self.subject.uid)
        });
        Ok(children)
    }

    async fn patch_child(&self, child: &Instance, patch: &Value) -> Result<(), DriveError> {
        let name = child.object_name();
        let params = PatchParams::default();
        let patch = Patch::Merge(patch);
        let send = || {
            let sent = self.api.patch(name, &params, &patch);
            sent.map_ok(drop).map_err(ClusterError::from).boxed()
        };
        Ok(self.cluster().unconditionally(send).await?)
    }

    fn has_child_tasks(&self, plan: &str) -> bool {
        let spec = &self.version.spec;
        let steps = spec.plans.get(plan).into_iter();
        let steps = steps.flat_map(|plan| plan.phases.iter().flat_map(|phase| &phase.steps));
        let mut names = steps.flat_map(|step| &step.tasks);
        names.any(|name| {
            let task = spec.tasks.iter().find(|task| task.name == *name);
            task.is_some_and(|task| task.kind == "KudoOperator")
        })
    }
}
