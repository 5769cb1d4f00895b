//! Uninstall: the deletion of an instance is asked for; its `cleanup` plan and the garbage collector
//! do the rest.

use futures::FutureExt as _;
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams},
};
use serde_json::json;

use crate::{
    admission::finalizers,
    api::{Instance, names::FINALIZER_CLEANUP},
    cluster::{Cluster, ClusterError, read},
};

use super::OperationError;

/// Asks for the deletion of an instance; returns whether a `cleanup` plan has to run first.
///
/// # Errors
///
/// When there is no such instance.
pub async fn uninstall(
    cluster: &Cluster,
    namespace: &str,
    name: &str,
    skip_cleanup: bool,
) -> Result<bool, OperationError> {
    let instances: Api<Instance> = Api::namespaced(cluster.client().clone(), namespace);
    let found = read(&instances, name).await?;
    let instance = found.ok_or_else(|| OperationError::NoInstance {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    })?;
    let mut needs_cleanup = instance
        .metadata
        .finalizers
        .iter()
        .flatten()
        .any(|one| one == FINALIZER_CLEANUP);
    // Deleting in the foreground would take the objects away while the plan still works with them.
    let params = if needs_cleanup {
        DeleteParams::background()
    } else {
        DeleteParams::foreground()
    };
    let delete = || deleted(&instances, name, &params).boxed();
    cluster.unconditionally(delete).await?;
    if needs_cleanup && skip_cleanup {
        let again = instances.delete(name, &DeleteParams::foreground()).await;
        drop(again.map_err(ClusterError::from)?);
        let patch = json!({"metadata": {"finalizers": finalizers_left(&instances, name).await?}});
        let patched = instances
            .patch(name, &PatchParams::default(), &Patch::Merge(&patch))
            .await;
        match patched.map_err(ClusterError::from) {
            Err(error) if !error.is_not_found() => return Err(error.into()),
            _ => needs_cleanup = false,
        }
    }
    Ok(needs_cleanup)
}

/// Asks for deletion; what is gone need not be asked for.
async fn deleted(
    instances: &Api<Instance>,
    name: &str,
    params: &DeleteParams,
) -> Result<(), ClusterError> {
    match instances.delete(name, params).await.map_err(ClusterError::from) {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}

async fn finalizers_left(
    instances: &Api<Instance>,
    name: &str,
) -> Result<Vec<String>, ClusterError> {
    let instance = read(instances, name).await?;
    Ok(instance
        .map(|instance| finalizers(&instance, false))
        .unwrap_or_default())
}
