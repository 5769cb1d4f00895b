//! The state file: one redb database that holds every object.
//!
//! A commit is in the operating system's hands before the request is answered, so it survives a
//! killed process; it is not forced to the platter one by one (that would cost milliseconds a
//! request). A power cut can lose the last seconds, which a sandbox can afford. What it must not
//! do is go unnoticed: the file's checksums are verified when it is opened.

use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::ops::Bound;
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{
    BackendError, Builder, Database, DatabaseError, ReadableDatabase as _, ReadableTable as _,
    StorageBackend, StorageError, TableDefinition,
};
use serde_json::Value;
use thiserror::Error;

use super::Change;
use crate::refusal::Refusal;

const OBJECTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("objects");
const FACTS: TableDefinition<'_, &str, u64> = TableDefinition::new("facts");
const REVISION: &str = "revision";
const FORMAT: &str = "format";
/// Raised when the file can no longer be read by an older program.
const FORMAT_NUMBER: u64 = 1;

/// Why a state file cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("the sandbox state {} is in use by another process", path.display())]
    Locked {
        /// The state file.
        path: PathBuf,
    },
    /// It is not what this program wrote.
    #[error(
        "the sandbox state {} is damaged ({why}); hint: run `kudo-rs sandbox reset`",
        path.display()
    )]
    Corrupt {
        /// The state file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A newer program wrote it.
    #[error(
        "the sandbox state {} has format {found}, this program reads {FORMAT_NUMBER}; \
         hint: use the newer kudo-rs, or run `kudo-rs sandbox reset`",
        path.display()
    )]
    TooNew {
        /// The state file.
        path: PathBuf,
        /// The format it has.
        found: u64,
    },
    /// It could be read and not written.
    #[error("{refusal}")]
    Unwritable {
        /// The state file.
        path: PathBuf,
        /// What was refused.
        refusal: Refusal,
    },
    /// The operating system refused.
    #[error("the sandbox state {}: {source}", path.display())]
    Io {
        /// The state file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// An open state file.
pub(super) struct Disk {
    path: PathBuf,
    /// Gone after a failed write, until a later write opens it again.
    database: Option<Database>,
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disk")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// What a state file held: the revision, and every object with its key.
pub(super) struct Loaded {
    pub(super) revision: u64,
    pub(super) objects: Vec<(String, Value)>,
}

impl Disk {
    /// Opens or makes the file at `path` and reads all of it.
    pub(super) fn open(path: &Path) -> Result<(Self, Loaded), OpenError> {
        let database = open_database(path)?;
        let loaded = load(path, &database)?;
        Ok((
            Self {
                path: path.to_owned(),
                database: Some(database),
            },
            loaded,
        ))
    }

    /// Writes the changes and the revision they lead to, all or nothing.
    pub(super) fn write(&mut self, revision: u64, changes: &[Change]) -> Result<(), Refusal> {
        // A database that failed once refuses everything after; a fresh one may find that the
        // disk has room again.
        if self.database.is_none() {
            self.database = Some(open_database(&self.path).map_err(|error| self.refusal(&error))?);
        }
        let Some(database) = &self.database else {
            return Ok(());
        };
        if let Err(error) = write(database, revision, changes) {
            self.database = None;
            return Err(self.refusal(&error));
        }
        Ok(())
    }

    fn refusal(&self, error: &dyn fmt::Display) -> Refusal {
        let why = error.to_string();
        let full = why.contains("No space left") || why.contains("os error 28");
        let message = format!(
            "the sandbox state {} could not be written and nothing was changed: {why}",
            self.path.display()
        );
        if full {
            return Refusal::new(507, "InsufficientStorage", message);
        }
        Refusal::new(500, "InternalError", message)
    }
}

fn open_database(path: &Path) -> Result<Database, OpenError> {
    let io = |source| OpenError::Io {
        path: path.to_owned(),
        source,
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(io)?;
    }
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(io)?;
    let translated = |error| translated(path, error);
    let file = FileBackend::new(file).map_err(translated)?;
    Builder::new()
        .set_cache_size(16 << 20)
        .set_check_integrity_on_open(true)
        .create_with_backend(Unforced(file))
        .map_err(translated)
}

fn translated(path: &Path, error: DatabaseError) -> OpenError {
    let path = path.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => {
            OpenError::Locked { path }
        }
        DatabaseError::Storage(StorageError::Io(source))
            if source.kind() != io::ErrorKind::InvalidData
                && source.kind() != io::ErrorKind::UnexpectedEof =>
        {
            OpenError::Io { path, source }
        }
        other => OpenError::Corrupt {
            path,
            why: other.to_string(),
        },
    }
}

fn load(path: &Path, database: &Database) -> Result<Loaded, OpenError> {
    let corrupt = |why: String| OpenError::Corrupt {
        path: path.to_owned(),
        why,
    };
    let Some((format, revision, objects)) =
        read(database).map_err(|why| corrupt(why.to_string()))?
    else {
        return Ok(Loaded {
            revision: 0,
            objects: Vec::new(),
        });
    };
    if format > FORMAT_NUMBER {
        return Err(OpenError::TooNew {
            path: path.to_owned(),
            found: format,
        });
    }
    let objects = objects
        .into_iter()
        .map(|(key, bytes)| match serde_json::from_slice(&bytes) {
            Ok(value) => Ok((key, value)),
            Err(error) => Err(corrupt(format!("object {key}: {error}"))),
        })
        .collect::<Result<_, _>>()?;
    Ok(Loaded { revision, objects })
}

type Raw = (u64, u64, Vec<(String, Vec<u8>)>);

/// Reads format, revision and objects; `None` when the file is new.
fn read(database: &Database) -> Result<Option<Raw>, redb::Error> {
    let transaction = database.begin_read()?;
    let facts = match transaction.open_table(FACTS) {
        Ok(facts) => facts,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let fact = |key| Ok::<_, redb::Error>(facts.get(key)?.map_or(0, |fact| fact.value()));
    let (format, revision) = (fact(FORMAT)?, fact(REVISION)?);
    let mut objects = Vec::new();
    for entry in transaction.open_table(OBJECTS)?.iter()? {
        let (key, value) = entry?;
        objects.push((key.value().to_owned(), value.value().to_vec()));
    }
    Ok(Some((format, revision, objects)))
}

fn write(database: &Database, revision: u64, changes: &[Change]) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    {
        let mut facts = transaction.open_table(FACTS)?;
        facts.insert(FORMAT, FORMAT_NUMBER)?;
        facts.insert(REVISION, revision)?;
        let mut objects = transaction.open_table(OBJECTS)?;
        for change in changes {
            let key = change.key();
            match &change.after {
                Some(object) => {
                    let bytes = object.to_string();
                    objects.insert(key.as_str(), bytes.as_bytes())?;
                }
                None => {
                    objects.remove(key.as_str())?;
                }
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

/// A file whose writes reach the operating system and are not waited for further.
#[derive(Debug)]
struct Unforced(FileBackend);

impl StorageBackend for Unforced {
    fn len(&self) -> Result<u64, io::Error> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), io::Error> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> Result<(), io::Error> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> Result<(), io::Error> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> Result<(), io::Error> {
        self.0.write(offset, data)
    }

    fn close(&self) -> Result<(), io::Error> {
        let synced = self.0.sync_data();
        self.0.close().and(synced)
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.0.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.query_lock_range(start, end)
    }
}
