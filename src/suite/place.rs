//! Where a suite runs: a sandbox of its own, or a cluster; with what its commands need.

use std::{
    ffi::OsString,
    fs,
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, symlink},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use kudo_engine::cluster::Cluster;

use crate::{
    cli::Global,
    connection,
    sandbox::{Home, Own},
    settings::Settings,
    ui::Ui,
};

const KUBECTL: &str = "\
#!/bin/sh
# Stands in for kubectl, which is not installed: what KUDO adds to it works.
if [ \"$1\" = kudo ]; then shift; exec kubectl-kudo \"$@\"; fi
echo 'kubectl is not installed; of its commands only `kubectl kudo` works here' >&2
exit 127
";

/// What is asked of a place.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<'a> {
    /// What answers `kubectl kudo`; else this program.
    pub kudo: Option<&'a Path>,
    /// The folder in which the suite was started: its `bin` is in `$PATH`, as kuttl has it.
    pub folder: &'a Path,
}

/// A cluster with what commands need to use it.
pub(crate) struct Place {
    /// The cluster.
    pub cluster: Cluster,
    /// The kubeconfig for commands; none in a pod.
    pub kubeconfig: Option<PathBuf>,
    /// `$PATH` for commands.
    pub path: OsString,
    /// Whether it goes when the suite has ended.
    pub is_sandbox: bool,
    _own: Option<Own>,
    _folder: Folder,
}

impl Place {
    /// Returns a fresh sandbox, or the cluster that the flags name. What only the environment names is
    /// not taken: suites make and delete much.
    pub(crate) async fn prepare(
        global: &Global,
        settings: &Settings,
        wanted: &Wanted<'_>,
        ui: &Ui,
    ) -> anyhow::Result<Self> {
        let folder = Folder::new()?;
        let path = path(&folder, wanted)?;
        if global.kubeconfig.is_some() || global.context.is_some() {
            let connection = connection::connect(global, settings, "kudo-rs test", ui).await?;
            let kubeconfig = connection::kubeconfig(global, settings)?;
            let kubeconfig = kubeconfig.map(|config| {
                folder.private("kubeconfig", &Ui::data(crate::cli::Format::Yaml, &config)?)
            });
            return Ok(Self {
                cluster: connection.cluster,
                kubeconfig: kubeconfig.transpose()?,
                path,
                is_sandbox: false,
                _own: None,
                _folder: folder,
            });
        }
        let options = connection::sandbox_options(settings)?;
        let own = Home::new(folder.0.join("sandbox"), options)
            .own_in_memory()
            .await?;
        let kubeconfig = own.server().kubeconfig();
        let kubeconfig = Ui::data(crate::cli::Format::Yaml, &kubeconfig)?;
        Ok(Self {
            cluster: connection::cluster(own.client()),
            kubeconfig: Some(folder.private("kubeconfig", &kubeconfig)?),
            path,
            is_sandbox: true,
            _own: Some(own),
            _folder: folder,
        })
    }
}

/// Makes the folder of programs for suites, and returns `$PATH` with it.
fn path(folder: &Folder, wanted: &Wanted<'_>) -> anyhow::Result<OsString> {
    let own = std::env::current_exe().context("finding this program")?;
    let kudo = match wanted.kudo {
        Some(kudo) => fs::canonicalize(kudo)
            .with_context(|| format!("the program {} for --kudo", kudo.display()))?,
        None => own.clone(),
    };
    let programs = folder.0.join("bin");
    fs::create_dir(&programs).context("making the folder of programs")?;
    let given = crate::settings::variable("PATH").unwrap_or_default();
    let has_kubectl = std::env::split_paths(&given).any(|folder| folder.join("kubectl").is_file());
    if !has_kubectl {
        folder.program("bin/kubectl", KUBECTL)?;
    }
    symlink(kudo, programs.join("kubectl-kudo")).context("linking kubectl-kudo")?;
    symlink(own, programs.join("kudo-rs")).context("linking kudo-rs")?;
    let folders = [programs, wanted.folder.join("bin")];
    let folders = folders.into_iter().chain(std::env::split_paths(&given));
    std::env::join_paths(folders).context("making PATH")
}

/// A folder that goes with the run.
struct Folder(PathBuf);

impl Folder {
    fn new() -> anyhow::Result<Self> {
        let id = kudo_engine::clock::Ids::uid(&kudo_engine::clock::RandomIds);
        let path = std::env::temp_dir().join(format!("kudo-rs-test-{id}"));
        let made = fs::DirBuilder::new().mode(0o700).create(&path);
        made.with_context(|| format!("making the folder {}", path.display()))?;
        Ok(Self(path))
    }

    fn private(&self, name: &str, text: &str) -> anyhow::Result<PathBuf> {
        self.write(name, text, 0o600)
    }

    fn program(&self, name: &str, text: &str) -> anyhow::Result<PathBuf> {
        self.write(name, text, 0o700)
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> anyhow::Result<PathBuf> {
        let path = self.0.join(name);
        let broken = || format!("writing {}", path.display());
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true).mode(mode);
        let mut file = options.open(&path).with_context(broken)?;
        file.write_all(text.as_bytes()).with_context(broken)?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::debug!(%error, folder = %self.0.display(), "the folder of the run stays");
        }
    }
}
