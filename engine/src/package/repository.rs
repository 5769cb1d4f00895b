//! Repositories of packages: which there are, and what their indexes list (kudo-spec 7.10).
//!
//! Only texts and values: reading files and asking servers is for others.

use std::{cmp::Ordering, collections::BTreeMap};

use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use super::semver::newest_first;

/// Name of the file that lists what a repository has.
pub const INDEX_FILE: &str = "index.yaml";
/// The only form of an index.
const INDEX_VERSION: &str = "v1";
/// The repository that KUDO knows by itself.
const COMMUNITY: (&str, &str) = (
    "community",
    "https://kudo-repository.storage.googleapis.com/v1",
);

/// What is wrong with a repository, or what it does not have; the texts are KUDO's where it had one.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RepositoryError {
    /// The text is not what it should be.
    #[error("{0}")]
    Unreadable(String),
    /// An index says nothing of its form.
    #[error("no API version defined")]
    NoApiVersion,
    /// A package of an index has no version.
    #[error("package {0} is missing an operator version")]
    NoOperatorVersion(String),
    /// There is no package of this name.
    #[error("no operator found for: {0}")]
    NoOperator(String),
    /// There is the package, but not in this version.
    #[error("no operator version found for {0}")]
    NoVersion(String),
    /// Every package that fits was withdrawn.
    #[error("{0} was removed from the repository")]
    Removed(String),
    /// There is no repository of this name.
    #[error("unable to find repository for {0}")]
    NoRepository(String),
    /// A repository of this name is there already.
    #[error("repository name ({0}) already exists, please specify a different name")]
    Exists(String),
    /// There is no repository of this name to remove.
    #[error("no repo named \"{0}\" found")]
    NotThere(String),
    /// A file is not the one that the index speaks of.
    #[error(
        "the file is not the one in the index: its SHA-256 is {found}, the index says {wanted}"
    )]
    OtherContent {
        /// What the index says.
        wanted: String,
        /// What the file has.
        found: String,
    },
}

/// The repositories that a user knows, as in `repositories.yaml`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Repositories {
    /// Name of the one that is asked when none is named.
    pub context: String,
    /// Form of the file.
    pub repo_version: String,
    /// All of them.
    pub repositories: Vec<Repository>,
}

/// Name and place of a repository.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Repository {
    /// Name that users give it.
    pub name: String,
    /// Address, or path, of the folder with the index.
    pub url: String,
}

impl Default for Repositories {
    fn default() -> Self {
        let (name, url) = COMMUNITY;
        Self {
            context: name.to_owned(),
            repo_version: "v1".to_owned(),
            repositories: vec![Repository {
                name: name.to_owned(),
                url: url.to_owned(),
            }],
        }
    }
}

impl Repositories {
    /// Reads `repositories.yaml`.
    ///
    /// # Errors
    ///
    /// When the text is no such file.
    pub fn parse(text: &str) -> Result<Self, RepositoryError> {
        parsed(text)
    }

    /// Returns the text of `repositories.yaml`.
    pub fn to_yaml(&self) -> String {
        yaml(self)
    }

    /// Returns the repository of this name, or the one in use.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn find(&self, name: Option<&str>) -> Result<&Repository, RepositoryError> {
        let name = name.unwrap_or(&self.context);
        let mut all = self.repositories.iter();
        all.find(|one| one.name == name)
            .ok_or_else(|| RepositoryError::NoRepository(name.to_owned()))
    }

    /// Adds a repository.
    ///
    /// # Errors
    ///
    /// When the name is taken.
    pub fn add(&mut self, name: &str, url: &str) -> Result<(), RepositoryError> {
        if self.find(Some(name)).is_ok() {
            return Err(RepositoryError::Exists(name.to_owned()));
        }
        self.repositories.push(Repository {
            name: name.to_owned(),
            url: url.to_owned(),
        });
        Ok(())
    }

    /// Removes a repository; when it was the one in use, another takes its place. KUDO went on to name
    /// the one that is gone.
    ///
    /// # Errors
    ///
    /// When there is none of this name.
    pub fn remove(&mut self, name: &str) -> Result<(), RepositoryError> {
        let before = self.repositories.len();
        self.repositories.retain(|one| one.name != name);
        if self.repositories.len() == before {
            return Err(RepositoryError::NotThere(name.to_owned()));
        }
        if self.context == name {
            let first = self.repositories.first();
            self.context = first.map(|one| one.name.clone()).unwrap_or_default();
        }
        Ok(())
    }

    /// Uses the repository of this name from now on.
    ///
    /// # Errors
    ///
    /// When there is none of this name.
    pub fn choose(&mut self, name: &str) -> Result<(), RepositoryError> {
        self.context = self.find(Some(name))?.name.clone();
        Ok(())
    }
}

/// What a repository has, as in `index.yaml`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Index {
    /// Form of the file.
    #[serde(deserialize_with = "text")]
    pub api_version: String,
    /// Packages by name, newest first.
    pub entries: BTreeMap<String, Vec<Entry>>,
    /// When it was made.
    #[serde(deserialize_with = "text", skip_serializing_if = "String::is_empty")]
    pub generated: String,
}

/// A package of an index.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Entry {
    /// Version of the software.
    #[serde(deserialize_with = "text", skip_serializing_if = "String::is_empty")]
    pub app_version: String,
    /// What it does.
    #[serde(deserialize_with = "text", skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// SHA-256 of the archive.
    #[serde(deserialize_with = "text", skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// Who keeps it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub maintainers: Vec<crate::api::Maintainer>,
    /// Name of the operator.
    #[serde(deserialize_with = "text")]
    pub name: String,
    /// Version of the package.
    #[serde(deserialize_with = "text")]
    pub operator_version: String,
    /// Whether it was withdrawn.
    #[serde(skip_serializing_if = "is_false")]
    pub removed: bool,
    /// Where the archive is; any of them will do.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

impl Index {
    /// Reads `index.yaml`.
    ///
    /// # Errors
    ///
    /// When the text is no index.
    pub fn parse(text: &str) -> Result<Self, RepositoryError> {
        let mut index: Self = parsed(text)?;
        if index.api_version.is_empty() {
            return Err(RepositoryError::NoApiVersion);
        }
        for (name, entries) in &mut index.entries {
            if entries
                .iter()
                .any(|entry| entry.operator_version.is_empty())
            {
                return Err(RepositoryError::NoOperatorVersion(name.clone()));
            }
            entries.sort_by(newest_entry_first);
        }
        Ok(index)
    }

    /// Returns the text of `index.yaml`.
    pub fn to_yaml(&self) -> String {
        yaml(self)
    }

    /// Returns the newest package of this name whose versions are those that are given; empty ones fit
    /// any.
    ///
    /// # Errors
    ///
    /// When there is none, or only one that was withdrawn.
    pub fn find(
        &self,
        name: &str,
        operator_version: &str,
        app_version: &str,
    ) -> Result<&Entry, RepositoryError> {
        let entries = self.entries.get(name);
        let entries = entries.ok_or_else(|| RepositoryError::NoOperator(name.to_owned()))?;
        let fits = |wanted: &str, has: &str| wanted.is_empty() || wanted == has;
        let mut fitting = entries
            .iter()
            .filter(|entry| {
                fits(operator_version, &entry.operator_version)
                    && fits(app_version, &entry.app_version)
            })
            .peekable();
        let versions = [name, app_version, operator_version];
        let versions = versions.into_iter().filter(|part| !part.is_empty());
        let wanted = versions.collect::<Vec<_>>().join("-");
        if fitting.peek().is_none() {
            return Err(RepositoryError::NoVersion(wanted));
        }
        fitting
            .find(|entry| !entry.removed)
            .ok_or(RepositoryError::Removed(wanted))
    }

    /// Adds a package unless one of the same versions is there; returns whether it was added.
    pub fn add(&mut self, entry: Entry) -> bool {
        INDEX_VERSION.clone_into(&mut self.api_version);
        let entries = self.entries.entry(entry.name.clone()).or_default();
        let is_same = |one: &Entry| {
            (&one.app_version, &one.operator_version)
                == (&entry.app_version, &entry.operator_version)
        };
        if entries.iter().any(is_same) {
            return false;
        }
        entries.push(entry);
        entries.sort_by(newest_entry_first);
        true
    }
}

impl Entry {
    /// Checks that `bytes` are the archive of this entry; an entry without digest vouches for nothing.
    ///
    /// # Errors
    ///
    /// When they are another.
    pub fn check(&self, bytes: &[u8]) -> Result<(), RepositoryError> {
        let found = digest(bytes);
        if self.digest.is_empty() || self.digest.eq_ignore_ascii_case(&found) {
            return Ok(());
        }
        let wanted = self.digest.clone();
        Err(RepositoryError::OtherContent { wanted, found })
    }
}

/// Returns the SHA-256 of `bytes` in hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        let digits = [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16));
        text.extend(digits.into_iter().flatten());
    }
    text
}

fn newest_entry_first(one: &Entry, two: &Entry) -> Ordering {
    let versions = |entry: &Entry| (entry.app_version.clone(), entry.operator_version.clone());
    newest_first(&versions(one), &versions(two))
}

fn parsed<T: DeserializeOwned>(text: &str) -> Result<T, RepositoryError> {
    let unreadable = |cause: String| RepositoryError::Unreadable(cause);
    let value = kudo_yaml::load(text).and_then(|value| kudo_yaml::to_json(&value));
    let value = value.map_err(|error| unreadable(error.to_string()))?;
    if !value.is_object() {
        return Err(unreadable("it must be a map".to_owned()));
    }
    serde_json::from_value(value).map_err(|error| unreadable(error.to_string()))
}

fn yaml(value: &impl Serialize) -> String {
    let json = serde_json::to_value(value).expect("plain structures can be written as JSON");
    kudo_yaml::emit(&kudo_yaml::from_json(&json))
}

/// Versions are often written without quotes (kudo-spec 1.6).
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: &str = "\
apiVersion: v1
entries:
  zookeeper:
  - {name: zookeeper, operatorVersion: 0.1.0, appVersion: 3.4.10, urls: ['http://localhost/old.tgz']}
  - {name: zookeeper, operatorVersion: 0.2.0, appVersion: 3.4.14, urls: ['http://localhost/new.tgz']}
  - {name: zookeeper, operatorVersion: 0.3.0, appVersion: 3.5.0, removed: true}
  plain:
  - {name: plain, operatorVersion: 1.0}
";

    #[test]
    fn the_newest_that_fits_is_found() {
        let index = Index::parse(INDEX).unwrap();
        let version = |operator, app| {
            let found = index.find("zookeeper", operator, app);
            found
                .map(|entry| entry.operator_version.clone())
                .map_err(|error| error.to_string())
        };

        assert_eq!(version("", ""), Ok("0.2.0".to_owned()));
        assert_eq!(version("0.1.0", ""), Ok("0.1.0".to_owned()));
        assert_eq!(version("", "3.4.10"), Ok("0.1.0".to_owned()));
        assert_eq!(
            version("9", ""),
            Err("no operator version found for zookeeper-9".to_owned())
        );
        assert_eq!(
            version("0.3.0", ""),
            Err("zookeeper-0.3.0 was removed from the repository".to_owned())
        );
        assert_eq!(
            index.find("kafka", "", "").unwrap_err().to_string(),
            "no operator found for: kafka"
        );
    }

    // kudo-spec 7.10
    #[test]
    fn an_index_needs_its_form_and_versions() {
        assert_eq!(
            Index::parse("entries: {}").unwrap_err().to_string(),
            "no API version defined"
        );
        let text = "apiVersion: v1\nentries: {a: [{name: a}]}";
        assert_eq!(
            Index::parse(text).unwrap_err().to_string(),
            "package a is missing an operator version"
        );
        for text in ["", "- a", "{", "apiVersion: v1\nentries: 3"] {
            assert!(Index::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_file_with_another_digest_is_refused() {
        let entry = Entry {
            // The SHA-256 of nothing, from FIPS 180-4's examples.
            digest: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
            ..Entry::default()
        };

        assert_eq!(entry.check(b""), Ok(()));
        assert!(entry.check(b"x").is_err());
    }

    #[test]
    fn the_repository_in_use_is_never_one_that_is_gone() {
        let mut all = Repositories::default();
        all.add("mine", "/srv/packages").unwrap();
        all.choose("mine").unwrap();

        assert!(all.add("mine", "x").is_err());
        assert!(all.choose("other").is_err());
        all.remove("mine").unwrap();

        assert_eq!(all.find(None).unwrap().name, "community");
        assert_eq!(Repositories::parse(&all.to_yaml()), Ok(all));
    }

    #[test]
    fn an_entry_of_the_same_versions_is_added_once() {
        let mut index = Index::parse(INDEX).unwrap();
        let entry = index.entries["zookeeper"][1].clone();

        assert!(!index.add(entry.clone()));
        let newer = Entry {
            app_version: "4.0.0".to_owned(),
            ..entry
        };
        assert!(index.add(newer));

        assert_eq!(index.entries["zookeeper"][0].app_version, "4.0.0");
        assert_eq!(Index::parse(&index.to_yaml()), Ok(index));
    }
}
