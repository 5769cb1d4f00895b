//! Where packages come from: folders, archives, servers, repositories, the cluster (kudo-spec 7.2).

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use kudo_engine::{
    cluster::Cluster,
    package::{
        Dependencies, Found, Origin, Package, Wanted,
        repository::{INDEX_FILE, Index, Repositories, Repository},
    },
};

use crate::{
    cli::Source,
    connection::Connection,
    fetch::{MOST_BYTES, fetch, is_address},
    settings::Settings,
    ui::Ui,
};

/// Finds packages as the flags and the user's settings say.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    source: &'a Source,
    home: Option<PathBuf>,
    ui: &'a Ui,
}

impl<'a> Sources<'a> {
    pub(crate) fn new(source: &'a Source, settings: &Settings, ui: &'a Ui) -> Self {
        Self {
            source,
            home: settings.kudo_home.clone(),
            ui,
        }
    }

    /// Returns the package that a user names.
    pub(crate) async fn package(&self, name: &str) -> anyhow::Result<Package> {
        if is_address(name) {
            return archive(name).await;
        }
        let Source {
            repo,
            app_version,
            operator_version,
        } = self.source;
        let is_bare = !name.contains('/');
        let names_a_repository =
            repo.is_some() || app_version.is_some() || operator_version.is_some();
        let is_here = Path::new(name).exists();
        let is_archive = Path::new(name).extension().is_some_and(|one| one == "tgz");
        if !is_bare || is_archive || (is_here && !names_a_repository) {
            return Ok(Package::read(Path::new(name))?);
        }
        let wanted = Wanted {
            package: name.to_owned(),
            operator_version: operator_version.clone().unwrap_or_default(),
            app_version: app_version.clone().unwrap_or_default(),
        };
        self.offered(&wanted).await
    }

    /// Returns `root` with its tasks naming exactly what was found, and all that it needs.
    pub(crate) async fn dependencies(
        &self,
        root: Found,
        connection: &Connection,
    ) -> anyhow::Result<(Found, Vec<Found>)> {
        let mut all = Dependencies::of(root);
        while let Some((wanted, parent)) = all.wanted() {
            let parent = parent.package.clone();
            match self.child(&wanted, parent.as_ref(), connection).await {
                Ok(found) => all.found(found)?,
                Err(error) => return Err(all.unresolved(format!("{error:#}")).into()),
            }
        }
        Ok(all.into_parts())
    }

    /// A package in an archive names others in the archive, on servers and in repositories; never a file
    /// of this machine.
    async fn child(
        &self,
        wanted: &Wanted,
        parent: Option<&Package>,
        connection: &Connection,
    ) -> anyhow::Result<Found> {
        let (cluster, namespace) = (&connection.cluster, connection.namespace.as_str());
        let Some(parent) = parent else {
            return Ok(cluster.installed_exactly(namespace, wanted).await?);
        };
        let name = wanted.package.as_str();
        if is_address(name) {
            return Ok(archive(name).await?.found()?);
        }
        if name.contains('/') {
            if Path::new(name).is_absolute() && matches!(parent.origin, Origin::Archive { .. }) {
                bail!("a package in an archive cannot name the path {name}");
            }
            return Ok(parent.read_child(name)?.found()?);
        }
        match self.offered(wanted).await {
            Ok(package) => Ok(package.found()?),
            Err(error) => self.installed(wanted, cluster, namespace, error).await,
        }
    }

    /// What no repository has may be installed already.
    async fn installed(
        &self,
        wanted: &Wanted,
        cluster: &Cluster,
        namespace: &str,
        error: anyhow::Error,
    ) -> anyhow::Result<Found> {
        let Ok(found) = cluster.installed_newest(namespace, wanted).await else {
            return Err(error);
        };
        self.ui.note(&format!(
            "No repository has {}; {} is installed in {namespace} and taken.",
            wanted.package,
            found.name()
        ));
        Ok(found)
    }

    /// Returns what the repository in use has.
    async fn offered(&self, wanted: &Wanted) -> anyhow::Result<Package> {
        let repositories = self.repositories()?;
        let repository = repositories.find(self.source.repo.as_deref())?;
        let index = index(repository).await?;
        let entry = index.find(
            &wanted.package,
            &wanted.operator_version,
            &wanted.app_version,
        );
        let entry = entry.with_context(|| format!("getting {} in index file", wanted.package))?;
        let mut problem = anyhow!("the index names no file for {}", wanted.package);
        for url in &entry.urls {
            let place = resolved(&repository.url, url);
            let bytes = read(&place).await;
            let checked = bytes.and_then(|bytes| {
                entry.check(&bytes).with_context(|| place.clone())?;
                Ok(Package::read_archive(&place, &bytes)?)
            });
            match checked {
                Ok(package) => return Ok(package),
                Err(error) => problem = error,
            }
        }
        Err(problem)
    }

    /// Returns the repositories of the user; KUDO's own one when no file lists any.
    pub(crate) fn repositories(&self) -> anyhow::Result<Repositories> {
        let Some(path) = self.repositories_file() else {
            return Ok(Repositories::default());
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                Repositories::parse(&text).with_context(|| format!("reading {}", path.display()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Repositories::default())
            }
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }

    /// Returns the file that lists the user's repositories.
    pub(crate) fn repositories_file(&self) -> Option<PathBuf> {
        let home = self.home.as_ref()?;
        Some(home.join("repository/repositories.yaml"))
    }
}

/// Returns the index of a repository.
pub(crate) async fn index(repository: &Repository) -> anyhow::Result<Index> {
    let place = format!("{}/{INDEX_FILE}", repository.url.trim_end_matches('/'));
    let bytes = read(&place).await?;
    let text = String::from_utf8(bytes).with_context(|| format!("{place} is not UTF-8 text"))?;
    Index::parse(&text).with_context(|| format!("reading {place}"))
}

async fn archive(url: &str) -> anyhow::Result<Package> {
    Ok(Package::read_archive(url, &fetch(url).await?)?)
}

/// Returns the file at an address or a path.
async fn read(place: &str) -> anyhow::Result<Vec<u8>> {
    if is_address(place) {
        return fetch(place).await;
    }
    let path = place.strip_prefix("file://").unwrap_or(place);
    let reading = || format!("reading {path}");
    let size = tokio::fs::metadata(path).await.with_context(reading)?.len();
    if size > MOST_BYTES as u64 {
        bail!("{path} has more than {MOST_BYTES} bytes");
    }
    tokio::fs::read(path).await.with_context(reading)
}

/// Returns where a file of an index is: its own address, or its place beside the index. The index of a
/// server never leads to a file of this machine.
fn resolved(repository: &str, url: &str) -> String {
    let is_local = url.starts_with("file://") || Path::new(url).is_absolute();
    if is_address(url) || (is_local && !is_address(repository)) {
        return url.to_owned();
    }
    let url = url.trim_start_matches("file://").trim_start_matches('/');
    format!("{}/{url}", repository.trim_end_matches('/'))
}
