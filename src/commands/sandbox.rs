//! `sandbox ...`

use anyhow::{Context as _, bail};
use kube::{Api, api::ListParams};
use kudo_engine::api::Instance;
use serde_json::json;

use crate::{
    cli::{Format, Sandbox},
    connection::sandbox_home,
    exit::ExitStatus,
    settings::Settings,
    ui::Ui,
};

/// Serves, shows or empties the sandbox.
pub(super) async fn sandbox(
    args: Sandbox,
    settings: &Settings,
    ui: &Ui,
) -> anyhow::Result<ExitStatus> {
    let home = sandbox_home(settings)?;
    match args {
        Sandbox::Serve { port } => {
            let own = home.own(port).await?;
            ui.say(&format!(
                "Serving the sandbox in {} at {}; pods are pretended. Ctrl-C ends it.",
                home.folder().display(),
                own.server().url
            ));
            ui.say(
                "Use it with: kudo-rs sandbox kubeconfig > FILE; export KUBECONFIG=FILE; kubectl get all",
            );
            tokio::signal::ctrl_c()
                .await
                .context("waiting for Ctrl-C")?;
            Ok(ExitStatus::Done)
        }
        Sandbox::Kubeconfig => {
            let Some(server) = home.server().await else {
                bail!("the sandbox is not served; run `kudo-rs sandbox serve` first");
            };
            ui.print(&Ui::data(Format::Yaml, &server.kubeconfig())?)?;
            Ok(ExitStatus::Done)
        }
        Sandbox::Status { output } => {
            let server = home.server().await;
            let instances: Api<Instance> = Api::all(home.client("default").await?);
            let found = instances.list(&ListParams::default()).await;
            let count = found.map_or(0, |list| list.items.len());
            let url = server.map(|server| server.url);
            let text = match output.output {
                Some(format) => Ui::data(
                    format,
                    &json!({
                        "folder": home.folder(), "url": url, "instances": count,
                    }),
                )?,
                None => format!(
                    "Folder:     {}\nServed at:  {}\nInstances:  {count}\n",
                    home.folder().display(),
                    url.as_deref().unwrap_or("not served"),
                ),
            };
            ui.print(&text)?;
            Ok(ExitStatus::Done)
        }
        Sandbox::Reset => {
            if let Some(server) = home.server().await {
                bail!("process {} uses the sandbox; end it first", server.pid);
            }
            home.reset()?;
            ui.say(&format!(
                "The sandbox in {} is empty.",
                home.folder().display()
            ));
            Ok(ExitStatus::Done)
        }
    }
}
