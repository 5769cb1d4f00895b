//! Reading `.tgz` packages, which anybody can have made (kudo-spec 1.10).

use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};

use super::diagnostic::Diagnostic;
use super::source::{Files, MAX_FILE_SIZE, MAX_FILES, matters};

/// How a gzip file begins.
pub(super) const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// The most that an archive may unpack to, what is skipped included.
const MAX_UNPACKED: u64 = 64 * 1024 * 1024;

/// Returns the files that matter, by their path from the root of the archive.
pub(super) fn read(bytes: &[u8]) -> Result<Files, Diagnostic> {
    let unpacked = Limited {
        inner: MultiGzDecoder::new(bytes),
        left: MAX_UNPACKED,
    };
    let mut archive = tar::Archive::new(unpacked);
    let mut files = Files::default();
    let entries = archive.entries().map_err(|error| broken(&error))?;
    for (number, entry) in entries.enumerate() {
        if number >= MAX_FILES {
            let message = format!("the archive has more than {MAX_FILES} members");
            return Err(Diagnostic::of_package(message));
        }
        read_entry(entry.map_err(|error| broken(&error))?, &mut files)?;
    }
    Ok(files)
}

/// Packs all files below `folder`, in the order of their paths.
pub(super) fn pack(folder: &Path) -> io::Result<Vec<u8>> {
    let mut paths = Vec::new();
    gather(folder, &mut paths)?;
    paths.sort();
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for path in paths {
        let bytes = fs::read(&path)?;
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        let member = path.strip_prefix(folder).unwrap_or(&path);
        archive.append_data(&mut header, member, bytes.as_slice())?;
    }
    archive.into_inner()?.finish()
}

fn gather(folder: &Path, paths: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            gather(&entry.path(), paths)?;
        } else if kind.is_file() {
            paths.push(entry.path());
        }
        if paths.len() > MAX_FILES {
            let message = format!("it has more than {MAX_FILES} files");
            return Err(io::Error::other(message));
        }
    }
    Ok(())
}

fn read_entry<R: Read>(entry: tar::Entry<'_, R>, files: &mut Files) -> Result<(), Diagnostic> {
    let path = member_path(&entry)?;
    let kind = entry.header().entry_type();
    if kind.is_dir() {
        files.notes.push(format!(
            "Tar file contained directory. Did not expect this: {path}"
        ));
        return Ok(());
    }
    // Links and devices are never followed: what they point at is not part of the package.
    if !matches!(kind, tar::EntryType::Regular | tar::EntryType::Continuous) {
        files.notes.push(format!(
            "the archive member {path} is no regular file and was skipped"
        ));
        return Ok(());
    }
    if !matters(&path) {
        return Ok(());
    }
    let mut bytes = Vec::new();
    entry
        .take(MAX_FILE_SIZE + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| broken(&error))?;
    if bytes.len() as u64 > MAX_FILE_SIZE {
        let message = format!("{path} is larger than the limit of {MAX_FILE_SIZE} bytes");
        return Err(Diagnostic::of_package(message));
    }
    files.keep(path, bytes)
}

/// Returns the path of a member from the root; `./x`, `/x` and `x` are the same.
fn member_path<R: Read>(entry: &tar::Entry<'_, R>) -> Result<String, Diagnostic> {
    let path = entry.path().map_err(|error| broken(&error))?;
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::CurDir | Component::RootDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                let message = format!("the archive member {} leaves the package", path.display());
                return Err(Diagnostic::of_package(message));
            }
        }
    }
    Ok(parts.join("/"))
}

fn broken(error: &io::Error) -> Diagnostic {
    Diagnostic::of_package(format!("the archive cannot be read: {error}"))
}

/// A reader that fails where an archive unpacks to more than anybody needs.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            io::Error::other(format!("it unpacks to more than {MAX_UNPACKED} bytes"))
        })?;
        Ok(count)
    }
}
