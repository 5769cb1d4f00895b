//! `uninstall`

use std::time::Duration;

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use kube::{Api, ResourceExt as _, api::ListParams};
use kudo_engine::{
    api::{Instance, ObjectKey, names::LABEL_INSTANCE},
    cluster::read,
    driver::Outcome,
    operations::{Leaving, OperationError, descendants, uninstall as ask_for_deletion},
};

use crate::{
    cli::Uninstall,
    connection::Connection,
    exit::ExitStatus,
    ui::{Ui, progress::told},
};

const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Deletes an instance: its cleanup plan runs first, then everything it owns goes.
pub(super) async fn uninstall(
    args: Uninstall,
    connection: &Connection,
    ui: &Ui,
) -> anyhow::Result<ExitStatus> {
    let name = super::instance::chosen(&args.instance, connection).await?;
    let (cluster, namespace) = (&connection.cluster, &connection.namespace);
    let children = descendants(cluster, namespace, &name).await?;
    let owned = super::instance::read(connection, &name).await?;
    let end = gone(&owned, &args, connection, ui).await?;
    if end != ExitStatus::Done || args.wait.returns_at_once() {
        return Ok(end);
    }
    for child in children {
        // Children without a cleanup plan have gone with their parent.
        let instances: Api<Instance> = Api::namespaced(cluster.client().clone(), namespace);
        let Some(owned) = read(&instances, &child).await? else {
            continue;
        };
        let end = gone(&owned, &args, connection, ui).await?;
        if end != ExitStatus::Done {
            return Ok(end);
        }
    }
    Ok(ExitStatus::Done)
}

/// Deletes one instance, drives its cleanup plan, and waits until it is gone.
async fn gone(
    owned: &Instance,
    args: &Uninstall,
    connection: &Connection,
    ui: &Ui,
) -> anyhow::Result<ExitStatus> {
    let name = &owned.name_any();
    let limit = args.wait.timeout.unwrap_or(Duration::MAX);
    let Ok(asked) = tokio::time::timeout(limit, ask(args, connection, name, ui)).await else {
        return Ok(still_there(name, ui));
    };
    let needs_cleanup = match asked {
        Ok(needs_cleanup) => needs_cleanup,
        // Somebody else, or the garbage collector, was faster.
        Err(OperationError::NoInstance { .. }) => false,
        Err(error) => return Err(error.into()),
    };
    if args.wait.returns_at_once() {
        ui.print(&format!(
            "instance.kudo.dev/v1beta1/{name} is being deleted\n"
        ))?;
        return Ok(ExitStatus::Done);
    }
    if needs_cleanup {
        let driven = super::drive::drive(connection, name, None, args.wait.timeout, ui).await?;
        match driven {
            (Some(Outcome::Failed { .. }), status) => {
                ui.say(&format!(
                    "hint: delete it without its cleanup plan: kudo-rs uninstall --instance {name} \
                     --skip-cleanup"
                ));
                return Ok(status);
            }
            (None, status) => return Ok(status),
            (Some(_), _) => {}
        }
    }
    ui.note(&format!(
        "Waiting until everything that {name} owns is gone."
    ));
    let Ok(gone) = tokio::time::timeout(limit, until_gone(connection, name)).await else {
        return Ok(still_there(name, ui));
    };
    gone?;
    tell_of(owned, connection, ui).await;
    ui.print(&format!("instance.kudo.dev/v1beta1/{name} deleted\n"))?;
    Ok(ExitStatus::Done)
}

async fn ask(
    args: &Uninstall,
    connection: &Connection,
    name: &str,
    ui: &Ui,
) -> Result<bool, OperationError> {
    let leaving = Leaving {
        skips_cleanup: args.skip_cleanup,
        is_hasty: args.wait.returns_at_once(),
    };
    let report = |removal| {
        if let Some(told) = told(&removal) {
            ui.note(&told);
        }
    };
    let (cluster, namespace) = (&connection.cluster, &connection.namespace);
    ask_for_deletion(cluster, namespace, name, leaving, &report).await
}

fn still_there(name: &str, ui: &Ui) -> ExitStatus {
    ui.say(&format!(
        "error: {name} is still there; what it owns has not gone in time"
    ));
    ExitStatus::TimedOut
}

async fn until_gone(connection: &Connection, name: &str) -> anyhow::Result<()> {
    let client = connection.cluster.client().clone();
    let instances: Api<Instance> = Api::namespaced(client, &connection.namespace);
    loop {
        match read(&instances, name).await {
            Ok(None) => return Ok(()),
            Err(error) if !error.is_transient() => return Err(error.into()),
            _ => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

/// Says what went with the instance, and what is left of it: volumes are nobody's to delete but the
/// user's. Only what was looked at is told; an instance that is gone is not worth an error.
async fn tell_of(owned: &Instance, connection: &Connection, ui: &Ui) {
    let status = owned.status.as_ref();
    let inventory = status.and_then(|status| status.inventory.as_ref());
    let objects = inventory.map_or_else(Vec::new, |inventory| inventory.objects());
    for object in objects.into_iter().filter(|one| !one.is_cluster_scoped()) {
        match is_there(object, connection).await {
            Some(false) => ui.note(&format!("{object} was deleted.")),
            Some(true) => ui.note(&format!("{object} is still there.")),
            None => {}
        }
    }
    let volumes = volumes(owned, connection).await;
    if volumes.is_empty() {
        return;
    }
    for volume in &volumes {
        ui.note(&format!(
            "PersistentVolumeClaim `{volume}` is left: it holds data."
        ));
    }
    ui.note(&format!(
        "hint: delete the data too with: kubectl delete pvc --namespace {} --selector {LABEL_INSTANCE}={}",
        connection.namespace,
        owned.name_any()
    ));
}

async fn is_there(object: &ObjectKey, connection: &Connection) -> Option<bool> {
    let cluster = &connection.cluster;
    let kind = cluster
        .kind(&object.api_version, &object.kind)
        .await
        .ok()??;
    let found = cluster.get(&kind, &object.namespace, &object.name).await;
    Some(found.ok()?.is_some())
}

/// Returns the claims that carry the instance's label.
async fn volumes(owned: &Instance, connection: &Connection) -> Vec<String> {
    let client = connection.cluster.client().clone();
    let claims: Api<PersistentVolumeClaim> = Api::namespaced(client, &connection.namespace);
    let of_instance =
        ListParams::default().labels(&format!("{LABEL_INSTANCE}={}", owned.name_any()));
    match claims.list(&of_instance).await {
        Ok(list) => list.iter().map(kube::ResourceExt::name_any).collect(),
        Err(error) => {
            tracing::debug!(%error, "the volumes cannot be listed");
            Vec::new()
        }
    }
}
