//! The files of a package, wherever they come from (kudo-spec 1.1, 1.10).
//!
//! Only files that can matter are read, within limits: a package lies in a repository with all
//! sorts of other things around it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::archive;
use super::diagnostic::{Diagnostic, Document, PackageError};

/// The most files of a package that are read.
pub(super) const MAX_FILES: usize = 10_000;
/// The largest file of a package that is read.
pub(super) const MAX_FILE_SIZE: u64 = 4 * 1024 * 1024;
/// The most that all files of a package hold together.
pub(super) const MAX_TOTAL_SIZE: u64 = 32 * 1024 * 1024;
/// How deep folders of templates may nest.
const MAX_FOLDER_DEPTH: usize = 32;

const TEMPLATES: &str = "templates";

/// Where a package comes from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A folder: the one with `operator.yaml` in it.
    Folder(PathBuf),
    /// An archive, with the folder in it that is the package; empty for its root.
    Archive {
        /// The archive as messages name it.
        name: String,
        /// The folder of the package within the archive.
        folder: String,
        /// What the archive holds.
        contents: Arc<Contents>,
    },
}

/// What of an archive is kept in memory.
#[derive(Clone, Debug)]
pub struct Contents(pub(super) Files);

impl Origin {
    /// Returns a file of the package as messages show it.
    pub fn file(&self, relative: &str) -> String {
        match self {
            Self::Folder(folder) => folder.join(relative).display().to_string(),
            Self::Archive { name, folder, .. } if folder.is_empty() => format!("{name}:{relative}"),
            Self::Archive { name, folder, .. } => format!("{name}:{folder}/{relative}"),
        }
    }

    /// Returns a file as a document that is not parsed yet.
    pub(super) fn document(&self, files: &Files, name: &str) -> Result<RawDocument, PackageError> {
        let Some(bytes) = files.by_path.get(name) else {
            return Err(self.missing(name).into());
        };
        let file = self.file(name);
        let text = text(&file, bytes)?;
        Ok(RawDocument { file, text })
    }

    fn missing(&self, name: &str) -> Diagnostic {
        let place = match self {
            Self::Folder(folder) => absolute(folder).display().to_string(),
            Self::Archive { name, folder, .. } if folder.is_empty() => name.clone(),
            Self::Archive { name, folder, .. } => format!("{name}:{folder}"),
        };
        Diagnostic::of_package(format!("operator package missing {name} in {place}"))
    }
}

/// A file of a package as text.
pub(super) struct RawDocument {
    pub(super) file: String,
    pub(super) text: String,
}

impl RawDocument {
    /// Parses the file; `prefix` goes before what is wrong with it.
    pub(super) fn parse(self, prefix: &str) -> Result<Document, PackageError> {
        Document::parse(self.file, self.text).map_err(|diagnostic| {
            let message = format!("{prefix}{}", diagnostic.message);
            Diagnostic {
                message,
                ..diagnostic
            }
            .into()
        })
    }
}

/// Files by their path from the root of the package, with `/` between folders.
#[derive(Clone, Debug, Default)]
pub(super) struct Files {
    pub(super) by_path: BTreeMap<String, Vec<u8>>,
    pub(super) notes: Vec<String>,
    size: u64,
}

impl Files {
    /// Returns path and text of each template.
    pub(super) fn templates(&self, origin: &Origin) -> Result<Vec<(&str, String)>, PackageError> {
        let templates = self.by_path.iter().filter(|(path, _)| is_template(path));
        templates
            .map(|(path, bytes)| Ok((path.as_str(), text(&origin.file(path), bytes)?)))
            .collect()
    }

    /// Keeps a file, unless the package has become too large by it.
    pub(super) fn keep(&mut self, path: String, bytes: Vec<u8>) -> Result<(), Diagnostic> {
        self.size += bytes.len() as u64;
        self.by_path.insert(path, bytes);
        if self.by_path.len() > MAX_FILES {
            let message = format!("a package may have no more than {MAX_FILES} files");
            return Err(Diagnostic::of_package(message));
        }
        if self.size > MAX_TOTAL_SIZE {
            let message =
                format!("the files of a package may hold no more than {MAX_TOTAL_SIZE} bytes");
            return Err(Diagnostic::of_package(message));
        }
        Ok(())
    }

    /// Returns the files below `folder`, by their path from there.
    fn below(&self, folder: &str) -> Self {
        let mut below = Self::default();
        for (path, bytes) in &self.by_path {
            let relative = match folder {
                "" => Some(path.as_str()),
                folder => path
                    .strip_prefix(folder)
                    .and_then(|rest| rest.strip_prefix('/')),
            };
            if let Some(relative) = relative {
                below.by_path.insert(relative.to_owned(), bytes.clone());
            }
        }
        below
    }
}

/// Tells whether a file can belong to a package or to a child package next to it.
pub(super) fn matters(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.contains(".yaml") || is_archive(name)
}

fn is_archive(path: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|extension| extension == "tgz")
}

/// kudo-spec 1.1: the folder begins with `templates` and the name has `.yaml` in it somewhere.
fn is_template(path: &str) -> bool {
    path.rsplit_once('/')
        .is_some_and(|(folder, name)| folder.starts_with(TEMPLATES) && name.contains(".yaml"))
}

/// kudo-spec 1.1: a template's name is what follows the last `templates/` of its path.
pub(super) fn template_name(path: &str) -> &str {
    path.rsplit_once("templates/")
        .map_or(path, |(_, name)| name)
}

/// Reads the files of the package at `path`.
pub(super) fn read(path: &Path) -> Result<(Origin, Files), PackageError> {
    if path.as_os_str().is_empty() {
        return Err(Diagnostic::of_package("path must be specified").into());
    }
    let metadata = fs::metadata(path).map_err(|error| stat_error(path, &error))?;
    if metadata.is_dir() {
        return read_folder(path);
    }
    let bytes = read_limited(path, MAX_TOTAL_SIZE)?;
    let name = path.display().to_string();
    if !bytes.starts_with(&archive::GZIP_MAGIC) {
        let message = format!("{name} is neither a package directory nor a .tgz archive");
        return Err(Diagnostic::of_file(name, message).into());
    }
    read_archive(&name, &bytes)
}

/// Reads the files of a package in a `.tgz`.
pub(super) fn read_archive(name: &str, bytes: &[u8]) -> Result<(Origin, Files), PackageError> {
    let contents = archive::read(bytes).map_err(|diagnostic| Diagnostic {
        file: name.to_owned(),
        ..diagnostic
    })?;
    let has = |path: &str| contents.by_path.contains_key(path);
    let folder = if !has("operator.yaml") && has("operator/operator.yaml") {
        "operator"
    } else {
        ""
    };
    Ok(in_archive(
        name.to_owned(),
        folder.to_owned(),
        Arc::new(Contents(contents)),
    ))
}

fn in_archive(name: String, folder: String, contents: Arc<Contents>) -> (Origin, Files) {
    let mut files = contents.0.below(&folder);
    files.notes.clone_from(&contents.0.notes);
    (
        Origin::Archive {
            name,
            folder,
            contents,
        },
        files,
    )
}

/// Reads the package that a task of the package at `parent` names by a relative path.
pub(super) fn read_child(
    parent: &Origin,
    reference: &str,
) -> Result<(Origin, Files), PackageError> {
    match parent {
        Origin::Folder(folder) => read(&folder.join(reference)),
        Origin::Archive {
            name,
            folder,
            contents,
        } => {
            // kudo-spec 3.11: relative to the parent's folder; the root of the archive cannot be left.
            let path = collapsed(&format!("{folder}/{reference}"));
            match contents.0.by_path.get(&path) {
                Some(bytes) if is_archive(&path) => read_archive(&format!("{name}:{path}"), bytes),
                _ => Ok(in_archive(name.clone(), path, Arc::clone(contents))),
            }
        }
    }
}

/// Takes `.` and `..` out of a path; `..` stops at the root.
fn collapsed(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn read_folder(path: &Path) -> Result<(Origin, Files), PackageError> {
    let nested = path.join("operator");
    let has_nested = nested.join("operator.yaml").is_file();
    let is_nested = !path.join("operator.yaml").is_file() && has_nested;
    let root = if is_nested {
        nested
    } else {
        path.to_path_buf()
    };
    let mut walk = Walk {
        root: root.clone(),
        files: Files::default(),
    };
    for name in ["operator.yaml", "params.yaml"] {
        walk.file(name)?;
    }
    for folder in Walk::names(&root)?
        .into_iter()
        .filter(|name| name.starts_with(TEMPLATES))
    {
        if root.join(&folder).is_dir() {
            walk.folder(&folder, 0)?;
        }
    }
    Ok((Origin::Folder(root), walk.files))
}

struct Walk {
    root: PathBuf,
    files: Files,
}

impl Walk {
    fn folder(&mut self, relative: &str, depth: usize) -> Result<(), PackageError> {
        if depth > MAX_FOLDER_DEPTH {
            let message = format!("folders of templates nest deeper than {MAX_FOLDER_DEPTH}");
            return Err(Diagnostic::of_file(self.show(relative), message).into());
        }
        for name in Self::names(&self.root.join(relative))? {
            let path = format!("{relative}/{name}");
            let full = self.root.join(&path);
            let kind = fs::symlink_metadata(&full).map_err(|error| stat_error(&full, &error))?;
            if kind.is_dir() {
                self.folder(&path, depth + 1)?;
            } else if is_template(&path) {
                self.file(&path)?;
            }
        }
        Ok(())
    }

    /// Reads a file if it is there.
    fn file(&mut self, relative: &str) -> Result<(), PackageError> {
        let path = self.root.join(relative);
        if !path.is_file() {
            return Ok(());
        }
        self.refuse_outside(&path)?;
        let bytes = read_limited(&path, MAX_FILE_SIZE)?;
        self.files.keep(relative.to_owned(), bytes)?;
        Ok(())
    }

    /// A link must not bring a file of the machine into the cluster.
    fn refuse_outside(&self, path: &Path) -> Result<(), PackageError> {
        let real = |path: &Path| fs::canonicalize(path).map_err(|error| stat_error(path, &error));
        if real(path)?.starts_with(real(&self.root)?) {
            return Ok(());
        }
        let file = path.display().to_string();
        let message = format!("{file} is a link to a file outside of the package");
        Err(Diagnostic::of_file(file, message).into())
    }

    fn names(folder: &Path) -> Result<Vec<String>, PackageError> {
        let failed = |error: &io::Error| stat_error(folder, error);
        let mut names = Vec::new();
        for entry in fs::read_dir(folder).map_err(|error| failed(&error))? {
            let name = entry.map_err(|error| failed(&error))?.file_name();
            names.push(name.to_string_lossy().into_owned());
            if names.len() > MAX_FILES {
                let message = format!("a folder may have no more than {MAX_FILES} files");
                return Err(Diagnostic::of_file(folder.display().to_string(), message).into());
            }
        }
        names.sort();
        Ok(names)
    }

    fn show(&self, relative: &str) -> String {
        self.root.join(relative).display().to_string()
    }
}

fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, PackageError> {
    use io::Read;
    let open = |error: io::Error| {
        let file = path.display().to_string();
        let message = format!("open {file}: {}", go_words(&error));
        Diagnostic::of_file(file, message)
    };
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(open)?;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(open)?;
    if bytes.len() as u64 > limit {
        let file = path.display().to_string();
        let message = format!("{file} is larger than the limit of {limit} bytes");
        return Err(Diagnostic::of_file(file, message).into());
    }
    Ok(bytes)
}

fn text(file: &str, bytes: &[u8]) -> Result<String, PackageError> {
    let text = String::from_utf8(bytes.to_vec());
    text.map_err(|_| Diagnostic::of_file(file, format!("{file} is not UTF-8 text")).into())
}

fn stat_error(path: &Path, error: &io::Error) -> PackageError {
    let file = path.display().to_string();
    let message = format!("stat {file}: {}", go_words(error));
    Diagnostic::of_file(file, message).into()
}

/// The system's error in Go's spelling, without Rust's error number.
pub(super) fn go_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::NotADirectory => "not a directory".to_owned(),
        io::ErrorKind::IsADirectory => "is a directory".to_owned(),
        _ => error.to_string(),
    }
}

fn absolute(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let parts = absolute
        .components()
        .filter(|part| !matches!(part, Component::CurDir));
    parts.collect()
}
