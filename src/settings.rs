//! What the environment says; nothing else in the program reads it.

use std::{env, ffi::OsString, path::PathBuf};

use etcetera::BaseStrategy as _;

/// What the program takes from its environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// `$KUBECONFIG`.
    pub kubeconfig: Option<OsString>,
    /// `~/.kube/config`, when it is there.
    pub home_kubeconfig: Option<PathBuf>,
    /// Folder of KUDO's settings: `$KUDO_HOME`, else `~/.kudo`.
    pub kudo_home: Option<PathBuf>,
    /// Whether this process runs in a pod.
    pub is_in_cluster: bool,
    /// `$HOSTNAME`: in a pod, its name.
    pub host: Option<String>,
    /// Folder of the sandbox: `$KUDO_RS_SANDBOX`, else `kudo-rs/sandbox` in the user's data folder.
    pub sandbox: Option<PathBuf>,
    /// `$KUDO_RS_LOG`: what the log shows, as in `kudo_engine=debug`.
    pub log: Option<String>,
    /// Image of the container that keeps the files of Pipe tasks: `$KUDO_RS_PIPE_IMAGE`.
    pub pipe_image: Option<String>,
    /// How long a pretended pod takes until it is ready, in milliseconds: `$KUDO_RS_SANDBOX_POD_MS`.
    pub sandbox_pod_ms: Option<String>,
    /// Name of the user: `$USER`, else `$LOGNAME`.
    pub user: Option<String>,
}

impl Settings {
    /// Reads the environment.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the environment"
    )]
    pub(crate) fn from_environment() -> Self {
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        let dirs = etcetera::choose_base_strategy().ok();
        let home = dirs
            .as_ref()
            .map(|dirs| dirs.home_dir().join(".kube/config"));
        let kudo_home = dirs.as_ref().map(|dirs| dirs.home_dir().join(".kudo"));
        Self {
            kudo_home: set("KUDO_HOME").map(PathBuf::from).or(kudo_home),
            kubeconfig: set("KUBECONFIG"),
            home_kubeconfig: home.filter(|path| path.exists()),
            is_in_cluster: set("KUBERNETES_SERVICE_HOST").is_some(),
            host: env::var("HOSTNAME").ok().filter(|host| !host.is_empty()),
            sandbox: set("KUDO_RS_SANDBOX")
                .map(PathBuf::from)
                .or_else(|| dirs.map(|dirs| dirs.data_dir().join("kudo-rs/sandbox"))),
            log: env::var("KUDO_RS_LOG").ok(),
            pipe_image: env::var("KUDO_RS_PIPE_IMAGE")
                .ok()
                .filter(|image| !image.is_empty()),
            sandbox_pod_ms: env::var("KUDO_RS_SANDBOX_POD_MS").ok(),
            user: env::var("USER").or_else(|_| env::var("LOGNAME")).ok(),
        }
    }

    /// Returns how the history of an instance names whoever typed `command`.
    pub(crate) fn requester(&self, command: &str) -> String {
        match self.user.as_deref() {
            None | Some("") => format!("kudo-rs {command}"),
            Some(user) => format!("kudo-rs {command} by {user}"),
        }
    }
}

/// Returns a variable of the environment by name, for what users write as `$NAME`.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the environment"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}
