//! `install`

use std::future::Future;

use kube::ResourceExt as _;
use kudo_engine::{api::names::PLAN_DEPLOY, operations};

use crate::{
    cli::Install, connection::Connection, exit::ExitStatus, packages::Sources, settings::Settings,
    ui::Ui,
};

/// Installs a package, and drives its deploy plan unless told not to.
pub(super) async fn install<C>(
    args: Install,
    connect: impl FnOnce() -> C,
    settings: &Settings,
    ui: &Ui,
) -> anyhow::Result<ExitStatus>
where
    C: Future<Output = anyhow::Result<Connection>>,
{
    let given = super::values::given(&args.values)?;
    let sources = Sources::new(&args.source, settings, ui);
    // Only a package that can be installed is worth connecting for.
    let (connection, root) = if args.in_cluster {
        let connection = connect().await?;
        let root = super::upgrade::in_cluster(&args.package, &args.source, &connection).await?;
        (connection, root)
    } else {
        let root = sources.package(&args.package).await?.found()?;
        (connect().await?, root)
    };
    let package = root.package.clone();
    let (root, needed) = Box::pin(sources.dependencies(root, &connection)).await?;
    let release = root.release();
    let release = release.named(&connection.namespace, args.instance.as_deref(), given);
    let cluster = &connection.cluster;
    let installed = operations::install(cluster, &release, &needed, args.skip_instance).await;
    let installed = installed.map_err(|error| match &package {
        Some(package) => super::template::placed(error.into(), package),
        None => error.into(),
    })?;
    if !installed.definitions.is_empty() {
        ui.note(&format!(
            "Installed KUDO's definitions into the cluster: {}.",
            installed.definitions.join(", ")
        ));
    }
    ui.print(&super::upgrade::lines(&installed.objects))?;
    if args.skip_instance {
        return Ok(ExitStatus::Done);
    }
    let name = release.instance.name_any();
    if installed.is_driven_by_kudo {
        ui.note("KUDO's own manager runs the plan in this cluster.");
    }
    if args.wait.returns_at_once() {
        ui.note(&format!(
            "Plan deploy is scheduled; run it with: kudo-rs plan wait --instance {name}"
        ));
        return Ok(ExitStatus::Done);
    }
    let (_, status) =
        super::drive::drive(&connection, &name, Some(PLAN_DEPLOY), args.wait.timeout, ui).await?;
    if status == ExitStatus::Done {
        let version = &release.operator_version.spec;
        ui.note(&format!(
            "Installed {} {} as {name} in {}.",
            release.operator.name_any(),
            version.version,
            connection.namespace
        ));
    }
    Ok(status)
}
