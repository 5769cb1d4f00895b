//! `manager`

use std::{future::Future, sync::Arc};

use kudo_engine::manager::{Manager, Notice, Tell};

use crate::{
    cli::ManagerArgs, connection::Connection, exit::ExitStatus, settings::Settings, ui::Ui,
};

/// Drives whatever instances need until the process is told to end.
pub(super) async fn manager(
    args: &ManagerArgs,
    namespace: Option<String>,
    connect: impl Future<Output = anyhow::Result<Connection>>,
    settings: &Settings,
    ui: &Ui,
) -> anyhow::Result<ExitStatus> {
    let Connection {
        cluster,
        pipe_image,
        ..
    } = connect.await?;
    let place = settings
        .host
        .clone()
        .unwrap_or_else(|| "this machine".to_owned());
    let holder = format!("kudo-rs manager on {place} ({})", cluster.ids().uid());
    let (out, clock) = (ui.clone(), cluster.clock().clone());
    let tell: Tell = Arc::new(move |notice: Notice| {
        let line = format!("{:.0} {notice}", clock.now()).replace('\n', " ");
        if notice.is_warning {
            out.say(&line);
        } else {
            out.note(&line);
        }
    });
    let say = |text: &str| {
        tell(Notice {
            instance: None,
            is_warning: false,
            text: text.to_owned(),
        });
    };
    say(&format!("{holder} starts"));
    if cluster.has_kudo_webhook().await {
        say("KUDO's own manager is installed in this cluster; its instances are left to it");
    }
    let mut manager = Manager::new(
        cluster,
        holder,
        namespace,
        args.at_once.into(),
        tell.clone(),
    );
    if let Some(image) = pipe_image {
        manager = manager.with_pipe_image(image);
    }
    manager.run(super::drive::interrupted()).await;
    say("ended; plans that were running go on with the next manager or `kudo-rs plan resume`");
    Ok(ExitStatus::Done)
}
