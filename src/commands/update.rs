//! `update`

use anyhow::bail;
use kudo_engine::operations::{Asked, Edit, change};

use crate::{
    cli::{Update, Waiting},
    connection::Connection,
    exit::ExitStatus,
    ui::Ui,
};

/// Changes parameters and drives the plan that they trigger.
pub(super) async fn update(
    args: Update,
    connection: &Connection,
    ui: &Ui,
) -> anyhow::Result<ExitStatus> {
    let given = super::values::given(&args.values)?;
    if given.is_empty() {
        bail!("there is nothing to change: give parameters with -p NAME=VALUE or -P FILE");
    }
    let name = super::instance::chosen(&args.instance, connection).await?;
    let edit = Edit::Parameters(given);
    ask(&name, &edit, &args.wait, connection, ui).await
}

/// Writes `edit` and drives the plan that it starts.
pub(super) async fn ask(
    name: &str,
    edit: &Edit,
    wait: &Waiting,
    connection: &Connection,
    ui: &Ui,
) -> anyhow::Result<ExitStatus> {
    let asked = change(&connection.cluster, &connection.namespace, name, edit).await?;
    let Asked::Scheduled {
        plan,
        is_driven_by_kudo,
    } = asked
    else {
        ui.print(&format!("Instance {name} is so already; no plan runs.\n"))?;
        return Ok(ExitStatus::Done);
    };
    ui.print(&match edit {
        Edit::Parameters(_) => format!("Instance {name} was updated.\n"),
        Edit::Run(_) => {
            format!(
                "Triggered {plan} plan for {}/{name} instance.\n",
                connection.namespace
            )
        }
    })?;
    carry_out(name, &plan, is_driven_by_kudo, wait, connection, ui).await
}

/// Drives a plan that was scheduled, unless told not to.
pub(super) async fn carry_out(
    name: &str,
    plan: &str,
    is_driven_by_kudo: bool,
    wait: &Waiting,
    connection: &Connection,
    ui: &Ui,
) -> anyhow::Result<ExitStatus> {
    if is_driven_by_kudo {
        ui.note("KUDO's own manager runs the plan in this cluster.");
    }
    if wait.returns_at_once() {
        ui.note(&format!(
            "Plan {plan} is scheduled; run it with: kudo-rs plan wait --instance {name}"
        ));
        return Ok(ExitStatus::Done);
    }
    let (_, status) = super::drive::drive(connection, name, Some(plan), wait.timeout, ui).await?;
    Ok(status)
}
