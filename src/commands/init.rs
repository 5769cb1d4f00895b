//! `init`

use std::future::Future;

use kudo_engine::api::crds;

use crate::{cli::Init, connection::Connection, exit::ExitStatus, ui::Ui};

/// Installs KUDO's definitions, or prints them.
pub(super) async fn init<C>(
    args: &Init,
    connect: impl FnOnce() -> C,
    ui: &Ui,
) -> anyhow::Result<ExitStatus>
where
    C: Future<Output = anyhow::Result<Connection>>,
{
    if let Some(format) = args.output.output {
        for definition in crds::definitions() {
            ui.print(&format!("---\n{}", Ui::data(format, &definition)?))?;
        }
    }
    if args.dry_run {
        for definition in crds::definitions() {
            let name = definition["metadata"]["name"].as_str().unwrap_or_default();
            ui.note(&format!("Would install definition {name}."));
        }
        return Ok(ExitStatus::Done);
    }
    let connection = connect().await?;
    for name in connection.cluster.install_definitions().await? {
        ui.note(&format!("Installed definition {name}."));
    }
    Ok(ExitStatus::Done)
}
