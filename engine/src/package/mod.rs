//! KUDO packages: a folder or an archive with `operator.yaml`, `params.yaml` and templates.
//!
//! | module | what it is for |
//! |---|---|
//! | [`dependencies`] | the other packages that a package needs (kudo-spec 3.11) |
//! | [`diagnostic`] | what is wrong with a package, and where |
//! | `source`, `archive` | the files of a package, from a folder or a `.tgz` |
//! | `fields` | reading structures from YAML with Go's leniency (kudo-spec 1.6) |
//! | [`manifest`] | `operator.yaml` |
//! | [`parameter_file`] | `params.yaml` |
//! | [`value`] | values as text: defaults, `-p` and `-P` (kudo-spec 1.8, A.1) |
//! | [`repository`] | where packages are kept (kudo-spec 7.10) |
//! | [`release`] | the three objects that a package becomes (kudo-spec 1.7) |
//! | [`semver`] | versions as packages write them |
//! | [`suggest`] | "did you mean" |
//! | [`verify`](mod@verify) | the rules of `package verify` (kudo-spec 1.11) |

mod archive;
pub mod dependencies;
pub mod diagnostic;
mod fields;
pub mod manifest;
pub mod parameter_file;
pub mod release;
pub mod repository;
pub mod semver;
mod source;
pub mod suggest;
pub mod value;
pub mod verify;

use std::collections::BTreeMap;
use std::path::Path;

pub use dependencies::{Dependencies, DependencyError, Found, Wanted};
pub use diagnostic::{Diagnostic, Document, PackageError};
pub use manifest::OperatorManifest;
pub use parameter_file::{Group, PackageParameter, ParameterFile};
pub use release::{Release, ReleaseError};
pub use source::Origin;
pub use verify::{Check, Verification, verify};

#[cfg(test)]
mod tests;

use source::Files;

use crate::expand::function_hint;

/// The only API version of package files.
pub const PACKAGE_API_VERSION: &str = "kudo.dev/v1beta1";

/// A package, read but not yet checked.
#[derive(Clone, Debug)]
pub struct Package {
    /// What `operator.yaml` says.
    pub manifest: OperatorManifest,
    /// What `params.yaml` says.
    pub parameters: ParameterFile,
    /// Texts of the templates, by the name that tasks use.
    pub templates: BTreeMap<String, String>,
    /// Where the package comes from.
    pub origin: Origin,
    /// What was left out while reading, a line for each.
    pub notes: Vec<String>,
    template_files: BTreeMap<String, String>,
}

impl Package {
    /// Reads the package at `path`: a folder, a folder whose `operator` sub-folder is the package, or
    /// a `.tgz`.
    ///
    /// # Errors
    ///
    /// When there is no package, a file cannot be read, or a file is not what KUDO can read.
    pub fn read(path: &Path) -> Result<Self, PackageError> {
        let (origin, files) = source::read(path)?;
        Self::from_files(origin, &files)
    }

    /// Reads the package in a `.tgz`; `name` is what messages call it.
    ///
    /// # Errors
    ///
    /// When it is no archive, exceeds the limits, or is not what KUDO can read.
    pub fn read_archive(name: &str, bytes: &[u8]) -> Result<Self, PackageError> {
        let (origin, files) = source::read_archive(name, bytes)?;
        Self::from_files(origin, &files)
    }

    /// Packs the folder of the package: every file of it, with neither times nor owners, so that the
    /// same files give the same archive. Links are left out, as they are when an archive is read.
    ///
    /// # Errors
    ///
    /// When the package is no folder, a file cannot be read, or the archive would be refused by
    /// [`Package::read_archive`].
    pub fn pack(&self) -> Result<Vec<u8>, PackageError> {
        let Origin::Folder(folder) = &self.origin else {
            return Err(Diagnostic::of_package("it is packed already").into());
        };
        let bytes = archive::pack(folder).map_err(|error| {
            Diagnostic::of_package(format!("{} cannot be packed: {error}", folder.display()))
        })?;
        Self::read_archive("the archive", &bytes)?;
        Ok(bytes)
    }

    /// Reads the package that a `KudoOperator` task names by a relative path (kudo-spec 3.11).
    ///
    /// Of an archive the path stays within the archive.
    ///
    /// # Errors
    ///
    /// As [`Package::read`].
    pub fn read_child(&self, reference: &str) -> Result<Self, PackageError> {
        let (origin, files) = source::read_child(&self.origin, reference)?;
        Self::from_files(origin, &files)
    }

    /// Returns the file that holds the template `name`, as messages show it.
    pub fn template_file(&self, name: &str) -> String {
        let relative = self.template_files.get(name).map_or(name, String::as_str);
        self.origin.file(relative)
    }

    /// Adds advice to a finding that says that a template calls an unknown function.
    #[must_use]
    pub fn with_function_hint(&self, finding: Diagnostic) -> Diagnostic {
        match function_hint(&finding.message, self.manifest.template_functions) {
            Some(hint) => finding.with_hint(hint),
            None => finding,
        }
    }

    pub(in crate::package) fn from_files(
        origin: Origin,
        files: &Files,
    ) -> Result<Self, PackageError> {
        let manifest = OperatorManifest::read(origin.document(files, "operator.yaml")?)?;
        let parameters = ParameterFile::read(origin.document(files, "params.yaml")?)?;
        let (mut templates, mut template_files) = (BTreeMap::new(), BTreeMap::new());
        for (path, text) in files.templates(&origin)? {
            let name = source::template_name(path).to_owned();
            template_files.insert(name.clone(), path.to_owned());
            templates.insert(name, text);
        }
        let notes = files.notes.clone();
        Ok(Self {
            manifest,
            parameters,
            templates,
            origin,
            notes,
            template_files,
        })
    }
}
