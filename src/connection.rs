//! Which cluster a command speaks to (design decision 9).

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use kube::{
    Client, Config,
    config::{KubeConfigOptions, Kubeconfig},
};
use kudo_engine::{
    clock::{RandomIds, SystemClock},
    cluster::Cluster,
};
use kudo_sandbox::Options;

use crate::{cli::Global, sandbox::Home, settings::Settings, ui::Ui};

/// A cluster and the namespace in use.
#[derive(Debug)]
pub(crate) struct Connection {
    /// The cluster.
    pub cluster: Cluster,
    /// The namespace: the flag's, else the context's.
    pub namespace: String,
    /// The image for the pods of Pipe tasks: the flag's, else the environment's; else the engine knows
    /// one.
    pub pipe_image: Option<String>,
}

/// Connects to the cluster that the flags and the environment name, or to the sandbox when they name
/// none; what is asked for there carries the name of `requester`. A kubeconfig that is named but broken is an error, never a reason to use the sandbox.
pub(crate) async fn connect(
    global: &Global,
    settings: &Settings,
    requester: &str,
    ui: &Ui,
) -> anyhow::Result<Connection> {
    let pipe_image = global.pipe_image.clone().or(settings.pipe_image.clone());
    let connection = |client: Client, namespace: String| Connection {
        cluster: cluster(client).on_behalf_of(requester),
        namespace,
        pipe_image,
    };
    if global.sandbox || !names_a_cluster(global, settings) {
        let home = sandbox_home(settings)?;
        ui.note(&format!(
            "Using the sandbox in {}: pods are pretended.",
            home.folder().display()
        ));
        let namespace = global
            .namespace
            .clone()
            .unwrap_or_else(|| "default".to_owned());
        let client = home.client(&namespace).await?;
        return Ok(connection(client, namespace));
    }
    let mut config = config(global, settings).await?;
    // The engine does that itself, for the sandbox too, and within its limits of time.
    config.default_retry = false;
    let namespace = global
        .namespace
        .clone()
        .unwrap_or_else(|| config.default_namespace.clone());
    let url = config.cluster_url.to_string();
    let client = Client::try_from(config)
        .with_context(|| format!("the cluster at {url} cannot be spoken to"))?;
    Ok(connection(client, namespace))
}

/// Returns the sandbox of the settings.
pub(crate) fn sandbox_home(settings: &Settings) -> anyhow::Result<Home> {
    let folder = settings
        .sandbox
        .clone()
        .context("there is no home folder for the sandbox's state; name one in KUDO_RS_SANDBOX")?;
    Ok(Home::new(folder, sandbox_options(settings)?))
}

/// Returns how the settings want sandboxes started.
pub(crate) fn sandbox_options(settings: &Settings) -> anyhow::Result<Options> {
    let mut options = Options::default();
    if let Some(text) = &settings.sandbox_pod_ms {
        let milliseconds = text.parse().with_context(|| {
            format!("KUDO_RS_SANDBOX_POD_MS must be a number of milliseconds, got `{text}`")
        })?;
        options.pod_ready_after = std::time::Duration::from_millis(milliseconds);
    }
    Ok(options)
}

/// Returns the cluster that `client` reaches.
pub(crate) fn cluster(client: Client) -> Cluster {
    Cluster::new(client, Arc::new(SystemClock), Arc::new(RandomIds))
}

/// Returns the kubeconfig that the flags and the environment name, its context chosen; none in a pod.
pub(crate) fn kubeconfig(
    global: &Global,
    settings: &Settings,
) -> anyhow::Result<Option<Kubeconfig>> {
    let mut found = match (&global.kubeconfig, &settings.kubeconfig) {
        (Some(path), _) => read(path)?,
        (None, Some(list)) => merged(list)?.0,
        (None, None) => match &settings.home_kubeconfig {
            Some(path) => read(path)?,
            None => return Ok(None),
        },
    };
    if global.context.is_some() {
        found.current_context.clone_from(&global.context);
    }
    Ok(Some(found))
}

fn read(path: &Path) -> anyhow::Result<Kubeconfig> {
    Kubeconfig::read_from(path)
        .with_context(|| format!("the kubeconfig {} cannot be used", path.display()))
}

fn names_a_cluster(global: &Global, settings: &Settings) -> bool {
    global.kubeconfig.is_some()
        || global.context.is_some()
        || settings.kubeconfig.is_some()
        || settings.home_kubeconfig.is_some()
        || settings.is_in_cluster
}

async fn config(global: &Global, settings: &Settings) -> anyhow::Result<Config> {
    let options = KubeConfigOptions {
        context: global.context.clone(),
        ..Default::default()
    };
    if let Some(path) = &global.kubeconfig {
        return from_file(path, &options).await;
    }
    if let Some(list) = &settings.kubeconfig {
        return from_list(list, &options).await;
    }
    match &settings.home_kubeconfig {
        Some(path) => from_file(path, &options).await,
        None if global.context.is_some() => {
            anyhow::bail!("--context needs a kubeconfig, and there is none; name one in KUBECONFIG")
        }
        None => Config::incluster().context("reading the service account of this pod"),
    }
}

async fn from_file(path: &Path, options: &KubeConfigOptions) -> anyhow::Result<Config> {
    let kubeconfig = read(path)?;
    Config::from_custom_kubeconfig(kubeconfig, options)
        .await
        .with_context(|| format!("the kubeconfig {} cannot be used", path.display()))
}

async fn from_list(list: &std::ffi::OsStr, options: &KubeConfigOptions) -> anyhow::Result<Config> {
    let (merged, names) = merged(list)?;
    Config::from_custom_kubeconfig(merged, options)
        .await
        .with_context(|| format!("the kubeconfig {names} cannot be used"))
}

/// `$KUBECONFIG` is a list of files that are merged, as in kubectl; missing ones are skipped. Returns
/// the names of the files too.
fn merged(list: &std::ffi::OsStr) -> anyhow::Result<(Kubeconfig, String)> {
    let paths: Vec<_> = std::env::split_paths(list)
        .filter(|path| path.exists())
        .collect();
    if paths.is_empty() {
        anyhow::bail!(
            "the kubeconfig {} named in KUBECONFIG does not exist; unset KUBECONFIG to use the \
             sandbox",
            list.display()
        );
    }
    let mut merged = Kubeconfig::default();
    for path in &paths {
        let one = read(path)?;
        merged = merged
            .merge(one)
            .with_context(|| format!("the kubeconfig {} cannot be used", path.display()))?;
    }
    let names: Vec<String> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    Ok((merged, names.join(", ")))
}
