//! Which instance a command is about.

use anyhow::bail;
use kube::{Api, api::ListParams};
use kudo_engine::{
    api::Instance,
    cluster::{self, ClusterError},
};

use crate::{cli::InstanceArg, connection::Connection};

/// Returns the name that was given, or that of the only instance in the namespace.
pub(super) async fn chosen(arg: &InstanceArg, connection: &Connection) -> anyhow::Result<String> {
    if let Some(name) = &arg.instance {
        return Ok(name.clone());
    }
    let namespace = &connection.namespace;
    let names: Vec<String> = list(connection)
        .await?
        .iter()
        .map(kube::ResourceExt::name_any)
        .collect();
    match names.as_slice() {
        [one] => Ok(one.clone()),
        [] => bail!("there is no instance in namespace `{namespace}`"),
        several => bail!(
            "there are several instances in namespace `{namespace}`; choose one with --instance: {}",
            several.join(", ")
        ),
    }
}

/// Returns the instances of the namespace; none where KUDO's kinds are not known.
pub(super) async fn list(connection: &Connection) -> anyhow::Result<Vec<Instance>> {
    let client = connection.cluster.client().clone();
    let instances: Api<Instance> = Api::namespaced(client, &connection.namespace);
    match instances
        .list(&ListParams::default())
        .await
        .map_err(ClusterError::from)
    {
        Ok(list) => Ok(list.items),
        Err(error) if error.is_not_found() => Ok(Vec::new()),
        Err(error) => Err(error.into()),
    }
}

/// Returns an instance by name.
pub(super) async fn read(connection: &Connection, name: &str) -> anyhow::Result<Instance> {
    let client = connection.cluster.client().clone();
    let instances: Api<Instance> = Api::namespaced(client, &connection.namespace);
    match cluster::read(&instances, name).await? {
        Some(instance) => Ok(instance),
        None => Err(kudo_engine::operations::OperationError::NoInstance {
            namespace: connection.namespace.clone(),
            name: name.to_owned(),
        }
        .into()),
    }
}
