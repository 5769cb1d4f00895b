//! `repo ...`

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use kudo_engine::{
    clock::{Clock as _, SystemClock},
    package::{
        Package,
        repository::{Entry, INDEX_FILE, Index, Repositories, Repository, digest},
    },
};

use crate::{
    cli::{Repo as Command, RepoIndex, Source},
    exit::ExitStatus,
    packages::{Sources, index},
    settings::Settings,
    ui::{Ui, table::table},
};

/// Where packages are that lie in a folder and nowhere else yet.
const LOCAL: &str = "http://localhost/";

/// Lists and changes the repositories of the user, or makes an index.
pub(super) async fn repo(
    args: Command,
    settings: &Settings,
    ui: &Ui,
) -> anyhow::Result<ExitStatus> {
    let source = Source::default();
    let mut known = Known::read(&Sources::new(&source, settings, ui))?;
    match args {
        Command::Add {
            name,
            url,
            skip_check,
        } => {
            add(known, &name, &url, skip_check, ui).await?;
        }
        Command::Remove { names } => {
            for name in names {
                known.all.remove(&name)?;
                ui.print(&format!(
                    "\"{name}\" has been removed from your repositories\n"
                ))?;
            }
            known.write()?;
        }
        Command::List => {
            ui.print(&listed(&known.all))?;
        }
        Command::Context { name } => {
            known.all.choose(&name)?;
            known.write()?;
        }
        Command::Index(args) => {
            make_index(&args, &known.all, ui).await?;
        }
    }
    Ok(ExitStatus::Done)
}

/// The repositories of the user, and the file that lists them.
struct Known {
    all: Repositories,
    file: Option<PathBuf>,
}

impl Known {
    fn read(sources: &Sources<'_>) -> anyhow::Result<Self> {
        Ok(Self {
            all: sources.repositories()?,
            file: sources.repositories_file(),
        })
    }

    fn write(&self) -> anyhow::Result<()> {
        let file = self.file.as_ref();
        let file = file.context("there is no home folder; name one with --home")?;
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        }
        replace(file, &self.all.to_yaml())
    }
}

/// Writes a file beside the old one first, so that there is always a whole one.
fn replace(file: &Path, text: &str) -> anyhow::Result<()> {
    let writing = || format!("writing {}", file.display());
    let mut fresh = file.as_os_str().to_owned();
    fresh.push(".new");
    fs::write(&fresh, text).with_context(writing)?;
    fs::rename(&fresh, file).with_context(writing)
}

async fn add(
    mut known: Known,
    name: &str,
    url: &str,
    skip_check: bool,
    ui: &Ui,
) -> anyhow::Result<()> {
    known.all.add(name, url)?;
    if !skip_check {
        let repository = Repository {
            name: name.to_owned(),
            url: url.to_owned(),
        };
        index(&repository).await.with_context(|| {
            format!(
                "looks like \"{url}\" is not a valid operator repository or cannot be reached; \
                 --skip-check adds it all the same"
            )
        })?;
    }
    known.write()?;
    ui.print(&format!("\"{name}\" has been added to your repositories\n"))?;
    Ok(())
}

fn listed(all: &Repositories) -> String {
    if all.repositories.is_empty() {
        return "no repositories to show\n".to_owned();
    }
    let rows = all.repositories.iter().map(|one| {
        let mark = if one.name == all.context { "*" } else { "" };
        vec![format!("{mark}{}", one.name), one.url.clone()]
    });
    table(&["name", "url"], rows)
}

async fn make_index(args: &RepoIndex, known: &Repositories, ui: &Ui) -> anyhow::Result<()> {
    let file = args.folder.join(INDEX_FILE);
    if file.exists() && !args.overwrite {
        bail!(
            "target file \"{}\" already exists; --overwrite replaces it",
            file.display()
        );
    }
    let base = match (&args.url, &args.url_repo) {
        (Some(url), _) => url.clone(),
        (None, Some(name)) => known.find(Some(name))?.url.clone(),
        (None, None) => LOCAL.to_owned(),
    };
    let mut made = scanned(&args.folder, base.trim_end_matches('/'), ui)?;
    if made.entries.is_empty() {
        bail!("no packages discovered");
    }
    let merged = match (&args.merge, &args.merge_repo) {
        (Some(url), _) => Some(Repository {
            name: "merge".to_owned(),
            url: url.trim_end_matches(INDEX_FILE).to_owned(),
        }),
        (None, Some(name)) => Some(known.find(Some(name))?.clone()),
        (None, None) => None,
    };
    if let Some(repository) = merged {
        let entries = index(&repository).await?.entries;
        for entry in entries.into_values().flatten() {
            made.add(entry);
        }
    }
    made.generated = SystemClock.now().to_string();
    replace(&file, &made.to_yaml())?;
    let shown = std::path::absolute(&file).unwrap_or(file);
    ui.print(&format!("index {} created.\n", shown.display()))?;
    Ok(())
}

/// Returns the index of the archives in a folder; what is no package is named and left out.
fn scanned(folder: &Path, base: &str, ui: &Ui) -> anyhow::Result<Index> {
    let reading = || format!("reading {}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(reading)? {
        let path = entry.with_context(reading)?.path();
        if path.extension().is_some_and(|extension| extension == "tgz") {
            files.push(path);
        }
    }
    files.sort();
    let mut made = Index::default();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let package = match Package::read(&file) {
            Ok(package) => package,
            Err(error) => {
                ui.say(&format!("WARNING: operator: {name} is invalid: {error}"));
                continue;
            }
        };
        let bytes = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
        let manifest = package.manifest;
        let entry = Entry {
            app_version: manifest.app_version,
            description: manifest.description,
            digest: digest(&bytes),
            maintainers: manifest.maintainers,
            name: manifest.name,
            operator_version: manifest.operator_version,
            removed: false,
            urls: vec![format!("{base}/{name}")],
        };
        if !made.add(entry) {
            ui.say(&format!(
                "WARNING: {name} is left out: another file has the same package in the same versions"
            ));
        }
    }
    Ok(made)
}
