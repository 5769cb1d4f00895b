//! `uninstall`

use std::time::Duration;

use kube::Api;
use kudo_engine::{
    api::Instance, cluster::read, driver::Outcome, operations::uninstall as ask_for_deletion,
};

use crate::{cli::Uninstall, connection::Connection, exit::ExitStatus, ui::Ui};

const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Deletes an instance: its cleanup plan runs first, then everything it owns goes.
pub(super) async fn uninstall(
    args: Uninstall,
    connection: &Connection,
    ui: &Ui,
) -> anyhow::Result<ExitStatus> {
    let name = super::instance::chosen(&args.instance, connection).await?;
    let (cluster, namespace) = (&connection.cluster, &connection.namespace);
    let needs_cleanup = ask_for_deletion(cluster, namespace, &name, args.skip_cleanup).await?;
    if args.wait.no_wait {
        ui.print(&format!(
            "instance.kudo.dev/v1beta1/{name} is being deleted\n"
        ))?;
        return Ok(ExitStatus::Done);
    }
    if needs_cleanup {
        let driven = super::drive::drive(connection, &name, None, args.wait.timeout, ui).await?;
        match driven {
            (Some(Outcome::Failed { .. }), status) => {
                ui.say(
                    "hint: delete it without its cleanup plan: kudo-rs uninstall --skip-cleanup",
                );
                return Ok(status);
            }
            (None, status) => return Ok(status),
            (Some(_), _) => {}
        }
    }
    ui.note(&format!(
        "Waiting until everything that {name} owns is gone."
    ));
    let gone = until_gone(connection, &name);
    let limit = args.wait.timeout.unwrap_or(Duration::MAX);
    if let Ok(gone) = tokio::time::timeout(limit, gone).await {
        gone?;
    } else {
        ui.say(&format!(
            "error: {name} is still there; what it owns has not gone in time"
        ));
        return Ok(ExitStatus::TimedOut);
    }
    ui.print(&format!("instance.kudo.dev/v1beta1/{name} deleted\n"))?;
    Ok(ExitStatus::Done)
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
