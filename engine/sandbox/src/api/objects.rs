//! Making an object ready to be stored: its kind checked, unknown fields dropped, defaults filled
//! in, admitted, validated and its managers noted.

use std::sync::Arc;

use kudo_schema::{Reset, Writer};
use serde_json::Value;

use super::catalog::Served;
use super::request::{Call, FieldValidation};
use super::{Api, body, convert, typing};
use crate::admission;
use crate::clock;
use crate::refusal::{Cause, Refusal};
use crate::store::{Part, object, resources};

/// A write on its way: what the request says besides the object.
#[derive(Debug)]
pub(super) struct Write<'a> {
    pub(super) api: &'a Api,
    pub(super) served: &'a Served,
    pub(super) namespace: &'a str,
    pub(super) manager: String,
    pub(super) subresource: &'a str,
    pub(super) validation: FieldValidation,
    pub(super) dry_run: bool,
    pub(super) warnings: Vec<String>,
}

impl<'a> Write<'a> {
    pub(super) fn new(
        api: &'a Api,
        served: &'a Served,
        namespace: &'a str,
        call: &Call,
        options: &str,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            api,
            served,
            namespace,
            manager: call.manager(),
            subresource: "",
            validation: call.field_validation(options)?,
            dry_run: call.dry_run(options)?,
            warnings: Vec::new(),
        })
    }

    /// Which part of the object this write changes.
    pub(super) fn part(&self) -> Part {
        match self.subresource {
            "status" => Part::Status,
            _ if self.served.info.has_subresource("status") => Part::Main,
            _ => Part::Whole,
        }
    }

    /// Reads the body and checks its kind and namespace.
    pub(super) fn decoded(&mut self, call: &Call) -> Result<Value, Refusal> {
        let mut object = body::object(self.served, call)?;
        self.check_kind(&mut object)?;
        self.known_fields(&mut object)?;
        self.check_namespace(&mut object)?;
        Ok(object)
    }

    fn check_kind(&self, object: &mut Value) -> Result<(), Refusal> {
        let kind = &self.served.info.kind;
        let api_version = self.served.api_version();
        let Some(members) = object.as_object_mut() else {
            return Err(Refusal::bad_request(format!(
                "the object provided is unrecognized (must be of type {kind}): couldn't get \
                 version/kind; json parse error: json: cannot unmarshal {} into Go value of type \
                 struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \
                 \"json:\\\"kind,omitempty\\\"\" }} ({})",
                go_type(object),
                body::shown(object.to_string().as_bytes())
            )));
        };
        let word = |key: &str| {
            members
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let (sent_kind, sent_version) = (word("kind"), word("apiVersion"));
        if self.served.custom.is_some() {
            self.check_custom_kind(&sent_kind, &sent_version, object)?;
        } else if !sent_kind.is_empty() && &sent_kind != kind
            || !sent_version.is_empty() && sent_version != api_version
        {
            return Err(self.wrong_kind(&sent_kind, &sent_version));
        }
        let members = object::as_members(object);
        members.insert("apiVersion".to_owned(), api_version.into());
        members.insert("kind".to_owned(), kind.clone().into());
        Ok(())
    }

    fn check_custom_kind(
        &self,
        sent_kind: &str,
        sent_version: &str,
        object: &Value,
    ) -> Result<(), Refusal> {
        let kind = &self.served.info.kind;
        let api_version = self.served.api_version();
        for (what, sent) in [("Kind", sent_kind), ("apiVersion", sent_version)] {
            if sent.is_empty() {
                let message = format!("Object '{what}' is missing in '{object}'");
                return Err(Refusal::bad_request(format!(
                    "the object provided is unrecognized (must be of type {kind}): {message} ({})",
                    body::shown(object.to_string().as_bytes())
                )));
            }
        }
        if sent_version != api_version {
            return Err(Refusal::bad_request(format!(
                "the API version in the data ({sent_version}) does not match the expected API \
                 version ({api_version})"
            )));
        }
        if sent_kind != kind {
            let message = format!("Invalid value: \"{sent_kind}\": must be {kind}");
            let field = "kind".to_owned();
            let cause = Cause {
                reason: "FieldValueInvalid",
                field,
                message,
            };
            let group = &self.served.info.group;
            return Err(Refusal::invalid(
                group,
                sent_kind,
                object::name(object),
                &[cause],
            ));
        }
        Ok(())
    }

    fn wrong_kind(&self, sent_kind: &str, sent_version: &str) -> Refusal {
        let kind = &self.served.info.kind;
        let head = format!(
            "{sent_kind} in version \"{}\" cannot be handled as a {kind}: ",
            { sent_version.rsplit('/').next().unwrap_or_default() }
        );
        let known = kudo_schema::Discovery::built_in()
            .resources()
            .any(|info| info.kind == sent_kind && info.api_version() == sent_version);
        if !known {
            return Refusal::bad_request(format!(
                "{head}no kind \"{sent_kind}\" is registered for version \"{sent_version}\" in \
                 scheme \"pkg/runtime/scheme.go:111\""
            ));
        }
        let package = match self.served.info.group.split('.').next().unwrap_or_default() {
            "" => "core",
            "rbac" => "rbac",
            package => package,
        };
        let version = sent_version.rsplit('/').next().unwrap_or_default();
        Refusal::bad_request(format!(
            "{head}converting ({version}.{sent_kind}) to ({package}.{kind}): unknown conversion"
        ))
    }

    /// Drops what the schema does not know, and says so as the client wishes.
    pub(super) fn known_fields(&mut self, object: &mut Value) -> Result<(), Refusal> {
        let schema = self.served.schema();
        let pruned = kudo_schema::prune(schema, object);
        let unknown: Vec<String> = pruned
            .iter()
            .map(|field| format!("unknown field \"{}\"", field.path))
            .collect();
        match self.validation {
            FieldValidation::Strict if !unknown.is_empty() => {
                let kind = &self.served.info.kind;
                let version = &self.served.info.version;
                let why = format!("strict decoding error: {}", unknown.join(", "));
                return Err(Refusal::bad_request(format!(
                    "{kind} in version \"{version}\" cannot be handled as a {kind}: {why}"
                )));
            }
            FieldValidation::Strict | FieldValidation::Ignore => {}
            FieldValidation::Warn => self.warnings.extend(unknown),
        }
        self.typed(object)
    }

    /// Refuses values of the wrong type, which Go cannot read into its structs.
    fn typed(&self, object: &Value) -> Result<(), Refusal> {
        if self.served.custom.is_some() {
            return Ok(());
        }
        let kudo_schema::Resource { kind, version, .. } = &self.served.info;
        match typing::decode_error(self.served, object) {
            None => Ok(()),
            Some(why) => Err(Refusal::bad_request(format!(
                "{kind} in version \"{version}\" cannot be handled as a {kind}: {why}"
            ))),
        }
    }

    fn check_namespace(&self, object: &mut Value) -> Result<(), Refusal> {
        let metadata = object::metadata_mut(object);
        if !self.served.info.namespaced {
            metadata.remove("namespace");
            return Ok(());
        }
        let sent = metadata
            .get("namespace")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !sent.is_empty() && sent != self.namespace {
            return Err(Refusal::bad_request(
                "the namespace of the provided object does not match the namespace sent on the \
                 request",
            ));
        }
        metadata.insert("namespace".to_owned(), self.namespace.into());
        Ok(())
    }

    /// Fills in the defaults of the kind, which count as written by the client.
    fn defaulted(&self, old: Option<&Value>, object: &mut Value) {
        typing::complete(self.served, object);
        admission::complete_early(self.served, self.subresource, old, object);
    }

    /// Lets admission add what it adds; nobody owns that.
    fn admitted(&self, old: Option<&Value>, object: &mut Value) -> Result<(), Refusal> {
        admission::complete(self.api, self.served, old, object)
    }

    /// Refuses what breaks the rules of its kind.
    pub(super) fn validated(&self, old: Option<&Value>, object: &Value) -> Result<(), Refusal> {
        let causes = admission::causes(self.served, self.subresource, old, object);
        if causes.is_empty() {
            return Ok(());
        }
        Err(self.served.invalid(object::name(object), &causes))
    }

    /// Notes who wrote which fields.
    pub(super) fn managed(&self, old: Option<&Value>, object: &mut Value) {
        let now = clock::seconds(self.api.store.clock().now());
        let api_version = self.served.api_version();
        let writer = self.writer(&api_version, &now);
        let managed =
            kudo_schema::managed_fields_after_update(self.served.schema(), old, object, &writer);
        let empty = managed.as_array().is_none_or(Vec::is_empty);
        let managed = if empty { Value::Null } else { managed };
        object::set(object::metadata_mut(object), "managedFields", managed);
    }

    /// The writer of this request, for field ownership.
    pub(super) fn writer<'b>(&'b self, api_version: &'b str, now: &'b str) -> Writer<'b> {
        let kudo_schema::Resource { group, kind, .. } = &self.served.info;
        let has_status = self.served.info.has_subresource("status");
        let reset = match self.served.custom {
            Some(_) => Reset::custom(self.subresource, has_status),
            None => Reset::built_in(group, kind, self.subresource, has_status),
        };
        Writer {
            manager: &self.manager,
            api_version,
            subresource: self.subresource,
            now,
            reset,
        }
    }

    /// Stores a new object that a client wrote.
    pub(super) fn create(&self, mut object: Value) -> Result<Arc<Value>, Refusal> {
        object::metadata_mut(&mut object).remove("uid");
        self.defaulted(None, &mut object);
        self.managed(None, &mut object);
        self.create_owned(object)
    }

    /// Stores a new object whose fields have their owners already.
    pub(super) fn create_owned(&self, mut object: Value) -> Result<Arc<Value>, Refusal> {
        object::metadata_mut(&mut object).remove("uid");
        self.defaulted(None, &mut object);
        if self.part() == Part::Main {
            admission::first_status(self.served, &mut object);
        }
        let is_named = !object::name(&object).is_empty();
        if !is_named && object::text(&object, "/metadata/generateName").is_empty() {
            let cause = Cause::required("metadata.name", "name or generateName is required");
            return Err(self.served.invalid("", &[cause]));
        }
        self.admitted(None, &mut object)?;
        self.validated(None, &object)?;
        convert::to_storage(self.served, &mut object);
        let stored = self
            .api
            .store
            .create_with(&self.served.storage, object, self.dry_run);
        let stored = stored.map_err(|refusal| self.renamed(refusal))?;
        self.written(stored)
    }

    /// Replaces `old`, both in the version of the request.
    pub(super) fn replace(&self, old: &Value, mut object: Value) -> Result<Arc<Value>, Refusal> {
        self.defaulted(Some(old), &mut object);
        self.protect(old, &mut object);
        self.managed(Some(old), &mut object);
        self.replace_owned(old, object)
    }

    /// Replaces `old` by an object whose fields have their owners already.
    pub(super) fn replace_owned(
        &self,
        old: &Value,
        mut object: Value,
    ) -> Result<Arc<Value>, Refusal> {
        self.defaulted(Some(old), &mut object);
        if self.subresource.is_empty() {
            self.admitted(Some(old), &mut object)?;
        }
        self.validated(Some(old), &object)?;
        self.store_replaced(old, object)
    }

    /// Takes over from `old` what this write cannot change, so that ownership and validation see
    /// what will be stored.
    fn protect(&self, old: &Value, object: &mut Value) {
        let keep = |object: &mut Value, key: &str| {
            object::set(
                object::as_members(object),
                key,
                old.get(key).cloned().unwrap_or_default(),
            );
        };
        match self.part() {
            Part::Main => keep(object, "status"),
            Part::Status => {
                let mut kept = old.clone();
                let status = object.get("status").cloned().unwrap_or_default();
                object::set(object::as_members(&mut kept), "status", status);
                for key in ["resourceVersion", "uid", "managedFields"] {
                    let sent = object.pointer(&format!("/metadata/{key}")).cloned();
                    if let Some(sent) = sent {
                        object::metadata_mut(&mut kept).insert(key.to_owned(), sent);
                    }
                }
                *object = kept;
            }
            Part::Whole => {}
        }
        let metadata = object::metadata_mut(object);
        for key in [
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "generateName",
            "generation",
        ] {
            let kept = old.pointer(&format!("/metadata/{key}")).cloned();
            object::set(metadata, key, kept.unwrap_or_default());
        }
    }

    fn store_replaced(&self, old: &Value, mut object: Value) -> Result<Arc<Value>, Refusal> {
        keep_times(old, &mut object);
        convert::to_storage(self.served, &mut object);
        let part = match self.part() {
            Part::Main | Part::Whole => Part::Whole,
            Part::Status => Part::Status,
        };
        let stored = self
            .api
            .store
            .update_with(&self.served.storage, object, part, self.dry_run);
        let stored = stored.map_err(|refusal| self.renamed(refusal))?;
        self.written(stored)
    }

    fn written(&self, stored: Arc<Value>) -> Result<Arc<Value>, Refusal> {
        if self.dry_run {
            return Ok(stored);
        }
        if self.served.storage == resources::CRDS {
            self.api.definition_written(&stored)?;
        }
        if self.served.storage == resources::NAMESPACES && !object::is_terminating(&stored) {
            crate::namespaces::furnish(&self.api.store, object::name(&stored))?;
        }
        Ok(stored)
    }

    /// Messages name the resource of the request, not that of the storage.
    fn renamed(&self, refusal: Refusal) -> Refusal {
        let (storage, asked) = (
            self.served.storage.to_string(),
            self.served.resource().to_string(),
        );
        if storage == asked {
            return refusal;
        }
        let message = refusal.message.replacen(&storage, &asked, 1);
        Refusal { message, ..refusal }
    }
}

/// Returns the object of a name in the version of the request.
pub(super) fn current(
    api: &Api,
    served: &Served,
    namespace: &str,
    name: &str,
) -> Result<Arc<Value>, Refusal> {
    let found = api.store.find(&served.storage, namespace, name);
    let stored = found.ok_or_else(|| Refusal::not_found(&served.resource(), name))?;
    Ok(convert::from_storage(served, stored))
}

/// A write that changes nothing but the times of managers changes nothing: the old times stay.
fn keep_times(old: &Value, object: &mut Value) {
    let pointer = "/metadata/managedFields";
    let (Some(before), Some(after)) = (old.pointer(pointer), object.pointer(pointer)) else {
        return;
    };
    let timeless = |managed: &Value| {
        let mut managed = managed.clone();
        for entry in managed.as_array_mut().into_iter().flatten() {
            object::as_members(entry).remove("time");
        }
        managed
    };
    let mut without = object.clone();
    object::metadata_mut(&mut without).remove("managedFields");
    let mut old_without = old.clone();
    let old_metadata = object::metadata_mut(&mut old_without);
    old_metadata.remove("managedFields");
    let version = old_metadata
        .get("resourceVersion")
        .cloned()
        .unwrap_or_default();
    object::metadata_mut(&mut without).insert("resourceVersion".to_owned(), version);
    if without == old_without && timeless(before) == timeless(after) {
        let before = before.clone();
        object::metadata_mut(object).insert("managedFields".to_owned(), before);
    }
}

pub(super) fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
