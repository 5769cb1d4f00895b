//! Whether the packages that a plan needs are installed (kudo-spec 3.11).
//!
//! Operator versions may have been written by anybody, so the driver looks by itself, in the cluster
//! alone: there the tasks name exact versions.

use futures::FutureExt as _;
use kube::{
    ResourceExt as _,
    api::{ListParams, Patch, PatchParams},
};
use serde_json::json;

use crate::{
    api::{Instance, Operator, OperatorSpec, names::ANNOTATION_EXECUTION_UID},
    cluster::{ClusterError, installed::NotInstalled},
    package::{Dependencies, Found},
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
        let all = self.api.list(&ListParams::default()).await;
        let all = all.map_err(ClusterError::from)?;
        let is_ours = |child: &&Instance| {
            let mut owners = child.owner_references().iter();
            let asked_by = child.annotations().get(ANNOTATION_EXECUTION_UID);
            asked_by.is_some_and(|uid| uid == execution)
                && owners.any(|owner| owner.uid == self.subject.uid)
        };
        let forgotten = json!({"metadata": {"annotations": {ANNOTATION_EXECUTION_UID: null}}});
        for child in all.iter().filter(is_ours) {
            let patched = self
                .api
                .patch(
                    child.object_name(),
                    &PatchParams::default(),
                    &Patch::Merge(&forgotten),
                )
                .await;
            patched.map_err(ClusterError::from)?;
        }
        Ok(())
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
