//! Uninstall: the deletion of an instance is asked for; its `cleanup` plan and the garbage collector
//! do the rest.

use std::collections::BTreeSet;

use futures::FutureExt as _;
use kube::{
    Api, ResourceExt as _,
    api::{DeleteParams, ListParams, Patch, PatchParams},
};
use serde_json::json;

use crate::{
    admission::finalizers,
    api::{Instance, Inventory, OperatorVersion, OperatorVersionSpec, names::FINALIZER_CLEANUP},
    cluster::{Cluster, ClusterError, read},
    driver::{self, Removal, prune::remove_cluster_objects},
    subject::Subject,
};

use super::OperationError;

/// How an instance is to go.
#[derive(Clone, Copy, Debug, Default)]
pub struct Leaving {
    /// Its `cleanup` plan does not run.
    pub skips_cleanup: bool,
    /// Nothing is waited for.
    pub is_hasty: bool,
}

/// Asks for the deletion of an instance; returns whether a `cleanup` plan has to run first.
///
/// Without one, the objects that the package has in the cluster as a whole are deleted here, once what
/// the instance owns is gone: that may need them. `report` hears what became of each. With one, the
/// driver does so.
///
/// # Errors
///
/// When there is no such instance.
pub async fn uninstall(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    leaving: Leaving,
    report: &(dyn Fn(Removal) + Sync),
) -> Result<bool, OperationError> {
    let instances: Api<Instance> = Api::namespaced(cluster.client().clone(), namespace);
    let found = read(&instances, name).await?;
    let instance = found.ok_or_else(|| OperationError::NoInstance {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    })?;
    if has_finalizer(&instance) && !leaving.skips_cleanup {
        // Deleting in the foreground would take the objects away while the plan still works with
        // them.
        let params = DeleteParams::background();
        let delete = || delete(&instances, name, &params).boxed();
        cluster.unconditionally(delete).await?;
        return Ok(true);
    }
    let status = instance.status.clone().unwrap_or_default();
    let inventory = status.inventory.unwrap_or_default();
    let must_stay = inventory
        .objects()
        .iter()
        .any(|one| one.is_cluster_scoped());
    if must_stay && !has_finalizer(&instance) {
        // The instance knows what is left to do: whatever interrupts this, it must be there still.
        keep(&instances, name, true).await?;
    }
    let params = DeleteParams::foreground();
    let delete = || delete(&instances, name, &params).boxed();
    cluster.unconditionally(delete).await?;
    leave(cluster, &instances, &instance, &inventory, leaving, report).await?;
    Ok(false)
}

/// Returns the names of the instances that go with this one, parents before children: those that
/// belong to it and to nobody else.
///
/// The garbage collector deletes them after their parent, but a `cleanup` plan of theirs has to be
/// driven.
///
/// # Errors
///
/// When a request fails.
pub async fn descendants(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
) -> Result<Vec<String>, OperationError> {
    let instances: Api<Instance> = Api::namespaced(cluster.client().clone(), namespace);
    let all = instances.list(&ListParams::default()).await;
    let all = all.map_err(ClusterError::from)?.items;
    let Some(root) = all.iter().find(|one| one.object_name() == name) else {
        return Ok(Vec::new());
    };
    let below = driver::descendants(root, &all);
    let going: BTreeSet<_> = below.iter().chain([&root]).map(|one| one.uid()).collect();
    let goes = |instance: &&Instance| {
        let mut owners = instance.owner_references().iter();
        owners.all(|owner| going.contains(&Some(owner.uid.clone())))
    };
    let names = below.into_iter().filter(goes);
    Ok(names.map(|one| one.object_name().to_owned()).collect())
}

/// Deletes what does not go with the instance, then lets the instance go.
async fn leave(
    cluster: &Cluster,
    instances: &Api<Instance>,
    instance: &Instance,
    inventory: &Inventory,
    leaving: Leaving,
    report: &(dyn Fn(Removal) + Sync),
) -> Result<(), OperationError> {
    let none = OperatorVersion::new("", OperatorVersionSpec::default());
    let subject = Subject::of(instance, &none);
    let waits = !leaving.is_hasty;
    remove_cluster_objects(cluster, &subject, inventory, waits, report).await?;
    keep(instances, instance.object_name(), false).await?;
    Ok(())
}

fn has_finalizer(instance: &Instance) -> bool {
    let mut finalizers = instance.metadata.finalizers.iter().flatten();
    finalizers.any(|one| one == FINALIZER_CLEANUP)
}

async fn delete(
    instances: &Api<Instance>,
    name: &str,
    params: &DeleteParams,
) -> Result<(), ClusterError> {
    match instances.delete(name, params).await.map(drop) {
        Ok(()) => Ok(()),
        Err(error) => match ClusterError::from(error) {
            error if error.is_not_found() => Ok(()),
            error => Err(error),
        },
    }
}

/// Sets or removes the finalizer, and nothing that somebody else does to the others meanwhile.
async fn keep(instances: &Api<Instance>, name: &str, keeps: bool) -> Result<(), ClusterError> {
    while let Some(instance) = read(instances, name).await? {
        if has_finalizer(&instance) == keeps {
            return Ok(());
        }
        let patch = json!({"metadata": {
            "resourceVersion": instance.metadata.resource_version,
            "finalizers": finalizers(&instance, keeps),
        }});
        let params = PatchParams::default();
        let patched = instances.patch(name, &params, &Patch::Merge(&patch)).await;
        match patched.map(drop).map_err(ClusterError::from) {
            Err(error) if error.is_conflict() => {}
            Err(error) if !error.is_not_found() => return Err(error),
            _ => return Ok(()),
        }
    }
    Ok(())
}
