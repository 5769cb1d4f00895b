//! `install`

use std::{future::Future, path::Path};

use kube::ResourceExt as _;
use kudo_engine::{operations, package::Package};

use crate::{cli::Install, connection::Connection, exit::ExitStatus, ui::Ui};

/// Installs a package, and drives its deploy plan unless told not to.
pub(super) async fn install<C>(
    args: Install,
    connect: impl FnOnce() -> C,
    ui: &Ui,
) -> anyhow::Result<ExitStatus>
where
    C: Future<Output = anyhow::Result<Connection>>,
{
    let package = Package::read(Path::new(&args.package))?;
    let release = package.release()?;
    let given = super::values::given(&args.values)?;
    // Only a package that can be installed is worth connecting for.
    let connection = connect().await?;
    let release = release.named(&connection.namespace, args.instance.as_deref(), given);
    let installed = operations::install(&connection.cluster, &release, args.skip_instance).await;
    let installed = installed.map_err(|error| super::template::placed(error.into(), &package))?;
    if !installed.definitions.is_empty() {
        ui.note(&format!(
            "Installed KUDO's definitions into the cluster: {}.",
            installed.definitions.join(", ")
        ));
    }
    let line = |object: &operations::Object| {
        format!(
            "{} {}/{} {}\n",
            object.kind, object.namespace, object.name, object.what
        )
    };
    ui.print(&installed.objects.iter().map(line).collect::<String>())?;
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
    let (_, status) = super::drive::drive(&connection, &name, args.wait.timeout, ui).await?;
    if status == ExitStatus::Done {
        let manifest = &package.manifest;
        ui.note(&format!(
            "Installed {} {} as {name} in {}.",
            manifest.name, manifest.operator_version, connection.namespace
        ));
    }
    Ok(status)
}
