//! `upgrade`

use kudo_engine::{
    operations::{self, Asked, Object, Upgraded},
    package::{Found, Wanted},
};

use crate::{
    cli::{Source, Upgrade},
    connection::Connection,
    exit::ExitStatus,
    packages::Sources,
    settings::Settings,
    ui::Ui,
};

/// Moves an instance to another version of its package, and drives the plan that this starts.
pub(super) async fn upgrade(
    args: Upgrade,
    connection: &Connection,
    settings: &Settings,
    ui: &Ui,
) -> anyhow::Result<ExitStatus> {
    let parameters = super::values::given(&args.values)?;
    let sources = Sources::new(&args.source, settings, ui);
    let root = if args.in_cluster {
        in_cluster(&args.package, &args.source, connection).await?
    } else {
        sources.package(&args.package).await?.found()?
    };
    let files = root.package.clone();
    let name = super::instance::chosen(&args.instance, connection).await?;
    let (package, needed) = Box::pin(sources.dependencies(root, connection)).await?;
    let to = package.name().to_owned();
    let asked = operations::Upgrade {
        package,
        needed,
        parameters,
        allow_downgrade: args.allow_downgrade,
        is_dry_run: args.dry_run,
    };
    let upgraded =
        operations::upgrade(&connection.cluster, &connection.namespace, &name, &asked).await;
    let Upgraded {
        objects,
        from,
        asked,
    } = upgraded.map_err(|error| match &files {
        Some(package) => super::template::placed(error.into(), package),
        None => error.into(),
    })?;
    let Asked::Scheduled {
        plan,
        is_driven_by_kudo,
    } = asked
    else {
        return Ok(ExitStatus::Done);
    };
    if args.dry_run {
        ui.print(&format!(
            "Instance {name} would go from {from} to {to} by plan {plan}; nothing was written.\n"
        ))?;
        return Ok(ExitStatus::Done);
    }
    ui.print(&lines(&objects))?;
    ui.print(&format!(
        "instance {}/{name} updated\n",
        connection.namespace
    ))?;
    let wait = &args.wait;
    super::update::carry_out(&name, &plan, is_driven_by_kudo, wait, connection, ui).await
}

/// Returns the package that the namespace has already.
pub(super) async fn in_cluster(
    name: &str,
    source: &Source,
    connection: &Connection,
) -> anyhow::Result<Found> {
    let wanted = Wanted {
        package: name.to_owned(),
        operator_version: source.operator_version.clone().unwrap_or_default(),
        app_version: source.app_version.clone().unwrap_or_default(),
    };
    let cluster = &connection.cluster;
    Ok(cluster
        .installed_newest(&connection.namespace, &wanted)
        .await?)
}

/// Returns a line for each object that was written.
pub(super) fn lines(objects: &[Object]) -> String {
    let line = |object: &Object| {
        format!(
            "{} {}/{} {}\n",
            object.kind, object.namespace, object.name, object.what
        )
    };
    objects.iter().map(line).collect()
}
