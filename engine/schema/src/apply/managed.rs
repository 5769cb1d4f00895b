//! `metadata.managedFields`.

use serde_json::{Value, json};

use crate::fields::{FieldSet, FieldsError};

/// How a manager came to own fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// By server-side apply.
    Apply,
    /// By create, update or any other patch.
    Update,
}

impl Operation {
    /// Returns the word of the `operation` field.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// One entry: a manager and its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedEntry {
    /// The manager's name.
    pub manager: String,
    /// How it writes.
    pub operation: Operation,
    /// The version its fields are of.
    pub api_version: String,
    /// When its fields last changed, in RFC 3339.
    pub time: Option<String>,
    /// The subresource it writes through; empty for the object itself.
    pub subresource: String,
    /// Its fields.
    pub fields: FieldSet,
}

impl ManagedEntry {
    /// Tells whether two entries are of one manager: appliers whatever their version, others by version.
    pub(crate) fn same_manager(&self, other: &Self) -> bool {
        self.manager == other.manager
            && self.operation == other.operation
            && self.subresource == other.subresource
            && (self.operation == Operation::Apply || self.api_version == other.api_version)
    }
}

/// All entries of an object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ManagedFields(pub Vec<ManagedEntry>);

impl ManagedFields {
    /// Reads `metadata.managedFields` of an object.
    pub fn of_object(object: &Value) -> Result<Self, FieldsError> {
        Self::from_value(
            object
                .pointer("/metadata/managedFields")
                .unwrap_or(&Value::Null),
        )
    }

    /// Reads the list; entries of one manager are joined.
    pub fn from_value(list: &Value) -> Result<Self, FieldsError> {
        let mut managed = Self::default();
        for entry in list.as_array().into_iter().flatten() {
            managed.add(read_entry(entry)?);
        }
        Ok(managed)
    }

    /// Returns the list in the API server's order: appliers first, then by time and name.
    pub fn to_value(&self) -> Value {
        let mut entries: Vec<&ManagedEntry> = self.0.iter().collect();
        entries.sort_by(|a, b| order(a).cmp(&order(b)));
        entries.into_iter().map(write_entry).collect()
    }

    pub(crate) fn position(&self, of: &ManagedEntry) -> Option<usize> {
        self.0.iter().position(|entry| entry.same_manager(of))
    }

    pub(crate) fn add(&mut self, entry: ManagedEntry) {
        match self.position(&entry) {
            Some(at) => {
                let fields = self.0[at].fields.union(&entry.fields);
                self.0[at] = ManagedEntry { fields, ..entry };
            }
            None => self.0.push(entry),
        }
    }

    /// Tells whether the same managers own the same fields, whenever they got them.
    pub(crate) fn same_owners(&self, other: &Self) -> bool {
        let is_in = |entry: &ManagedEntry| {
            other.position(entry).is_some_and(|at| {
                let known = &other.0[at];
                known.fields == entry.fields && known.api_version == entry.api_version
            })
        };
        self.0.len() == other.0.len() && self.0.iter().all(is_in)
    }

    /// Updaters beyond ten are joined to the oldest of their version, as the API server does to
    /// keep objects small.
    pub(crate) fn cap_updaters(&mut self) {
        const MAX_UPDATERS: usize = 10;
        const ANCIENT: &str = "ancient-changes";
        loop {
            let updaters = self.0.iter().filter(|e| e.operation == Operation::Update);
            if updaters.count() <= MAX_UPDATERS {
                return;
            }
            let mut oldest: Vec<usize> = (0..self.0.len())
                .filter(|at| self.0[*at].operation == Operation::Update)
                .collect();
            oldest.sort_by_key(|at| {
                let entry = &self.0[*at];
                (
                    entry.manager != ANCIENT,
                    entry.time.clone(),
                    entry.manager.clone(),
                )
            });
            let before = self.0.len();
            let Some(at) = oldest.into_iter().find(|at| self.0[*at].manager != ANCIENT) else {
                return;
            };
            let mut entry = self.0.remove(at);
            ANCIENT.clone_into(&mut entry.manager);
            entry.subresource = String::new();
            self.add(entry);
            // A bucket of its own makes room for the next one only.
            if self.0.len() == before && self.0.iter().all(|e| e.manager == ANCIENT) {
                return;
            }
        }
    }
}

fn order(entry: &ManagedEntry) -> (Operation, &str, &str, &str, &str) {
    let ManagedEntry {
        manager,
        operation,
        api_version,
        time,
        subresource,
        fields: _,
    } = entry;
    (
        *operation,
        time.as_deref().unwrap_or(""),
        manager,
        api_version,
        subresource,
    )
}

fn read_entry(entry: &Value) -> Result<ManagedEntry, FieldsError> {
    let text = |name: &str| {
        entry
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let operation = match text("operation").as_str() {
        "Apply" => Operation::Apply,
        "Update" => Operation::Update,
        other => return Err(FieldsError::BadOperation(other.to_owned())),
    };
    if text("fieldsType") != "FieldsV1" {
        return Err(FieldsError::BadType(text("fieldsType")));
    }
    Ok(ManagedEntry {
        manager: text("manager"),
        operation,
        api_version: text("apiVersion"),
        time: entry.get("time").and_then(Value::as_str).map(str::to_owned),
        subresource: text("subresource"),
        fields: match entry.get("fieldsV1") {
            Some(fields) => FieldSet::from_value(fields)?,
            None => FieldSet::default(),
        },
    })
}

fn write_entry(entry: &ManagedEntry) -> Value {
    let ManagedEntry {
        manager,
        operation,
        api_version,
        time,
        subresource,
        fields,
    } = entry;
    let mut written = json!({"manager": manager, "operation": operation.name(),
        "apiVersion": api_version, "fieldsType": "FieldsV1", "fieldsV1": fields.to_value()});
    if let Some(time) = time {
        written["time"] = json!(time);
    }
    if !subresource.is_empty() {
        written["subresource"] = json!(subresource);
    }
    written
}
