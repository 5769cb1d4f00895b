//! A set of named schemas, and the view that resolves references between them.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use serde_json::Value;

use crate::node::{Additional, ListType, Node, Rules, Type};

/// Component schemas of a Kubernetes 1.36 API server, one schema a line.
const BUILT_IN: &str = include_str!("../data/kubernetes-1.36.json");

/// References that lead to references end after so many steps.
const MAX_REFERENCES: usize = 16;

/// The schema's name of the metadata of every object.
pub(crate) const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
pub(crate) const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const RAW_EXTENSION: &str = "io.k8s.apimachinery.pkg.runtime.RawExtension";

/// A kind by group, version and kind; the core group is the empty string.
pub type GroupVersionKind = (String, String, String);

/// Named schemas: those of Kubernetes itself, or those a cluster serves at `/openapi/v3`.
#[derive(Debug, Default)]
pub struct Schemas {
    entries: BTreeMap<String, Entry>,
    kinds: BTreeMap<GroupVersionKind, String>,
}

/// A schema that is read when it is first asked for.
#[derive(Debug)]
struct Entry {
    text: &'static str,
    node: OnceLock<Node>,
}

impl Entry {
    fn node(&self) -> &Node {
        self.node
            .get_or_init(|| Node::compile(&serde_json::from_str(self.text).unwrap_or(Value::Null)))
    }
}

static BUILT_IN_SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| Schemas::from_lines(BUILT_IN));

impl Schemas {
    /// Returns the schemas of Kubernetes 1.36; a schema is parsed when first asked for.
    pub fn built_in() -> &'static Self {
        &BUILT_IN_SCHEMAS
    }

    /// Takes the schemas of one `/openapi/v3` document or several (`components.schemas`).
    pub fn from_openapi<'a>(documents: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut schemas = Self::default();
        for document in documents {
            let components = document
                .pointer("/components/schemas")
                .and_then(Value::as_object);
            for (name, schema) in components.into_iter().flatten() {
                schemas.add(name, schema);
            }
        }
        schemas
    }

    /// Adds one named schema, with the kinds it lists in `x-kubernetes-group-version-kind`.
    pub fn add(&mut self, name: &str, schema: &Value) {
        self.add_kinds(name, schema.get("x-kubernetes-group-version-kind"));
        let node = OnceLock::from(Node::compile(schema));
        self.entries
            .insert(name.to_owned(), Entry { text: "", node });
    }

    /// Returns the schema of a kind; the core group is the empty string.
    pub fn kind(&self, group: &str, version: &str, kind: &str) -> Option<Schema<'_>> {
        let key = (group.to_owned(), version.to_owned(), kind.to_owned());
        self.named(self.kinds.get(&key)?)
    }

    /// Returns the schema of the kind that `apiVersion` and `kind` of an object name.
    pub fn kind_of(&self, object: &Value) -> Option<Schema<'_>> {
        let api_version = object.get("apiVersion")?.as_str()?;
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        self.kind(group, version, object.get("kind")?.as_str()?)
    }

    /// Returns the schema of this name, such as `io.k8s.api.apps.v1.Deployment`.
    pub fn named(&self, name: &str) -> Option<Schema<'_>> {
        let node = self.entries.get(name)?.node();
        Some(Schema::new(self, node))
    }

    /// Lists the kinds in order, each with the name of its schema.
    pub fn kinds(&self) -> impl Iterator<Item = (&GroupVersionKind, &str)> {
        self.kinds.iter().map(|(kind, name)| (kind, name.as_str()))
    }

    /// Lists the names of all schemas in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Returns the JSON text of a built-in schema as an API server serves it, without descriptions.
    pub fn text(&self, name: &str) -> Option<&'static str> {
        self.entries
            .get(name)
            .map(|entry| entry.text)
            .filter(|text| !text.is_empty())
    }

    fn from_lines(text: &'static str) -> Self {
        const MARK: &str = "\"x-kubernetes-group-version-kind\":";
        let mut schemas = Self::default();
        for line in text.lines() {
            let Some((name, schema)) = line.strip_prefix('"').and_then(|l| l.split_once("\":"))
            else {
                continue;
            };
            let schema = schema.strip_suffix(',').unwrap_or(schema);
            if let Some(at) = schema.rfind(MARK) {
                let list = &schema[at + MARK.len()..];
                let mut values = serde_json::Deserializer::from_str(list).into_iter::<Value>();
                schemas.add_kinds(name, values.next().and_then(Result::ok).as_ref());
            }
            schemas.entries.insert(
                name.to_owned(),
                Entry {
                    text: schema,
                    node: OnceLock::new(),
                },
            );
        }
        schemas
    }

    fn add_kinds(&mut self, name: &str, kinds: Option<&Value>) {
        let kinds = kinds.and_then(Value::as_array);
        // The options of requests are of every group; their kind is no kind of object.
        let Some(kinds) = kinds.filter(|kinds| kinds.len() == 1) else {
            return;
        };
        for kind in kinds {
            let word = |field| {
                kind.get(field)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned()
            };
            self.kinds.insert(
                (word("group"), word("version"), word("kind")),
                name.to_owned(),
            );
        }
    }
}

/// A schema that owns itself: the `openAPIV3Schema` of a CRD version.
///
/// References (there is only `metadata`) lead into the built-in schemas.
#[derive(Debug)]
pub struct CrdSchema {
    node: Node,
}

impl CrdSchema {
    /// Compiles `spec.versions[].schema.openAPIV3Schema`; `apiVersion`, `kind` and `metadata` are added.
    pub fn new(open_api_v3_schema: &Value) -> Self {
        let mut node = Node::compile(open_api_v3_schema);
        node.type_ = Some(Type::Object);
        make_resource(&mut node);
        add_embedded(&mut node, 0);
        Self { node }
    }

    /// Stands for a CRD without schema, where every field is kept.
    pub fn anything() -> Self {
        Self::new(&serde_json::json!({"x-kubernetes-preserve-unknown-fields": true}))
    }

    /// Returns the view the algorithms work with.
    pub fn schema(&self) -> Schema<'_> {
        Schema {
            custom: true,
            ..Schema::new(Schemas::built_in(), &self.node)
        }
    }
}

fn make_resource(node: &mut Node) {
    for name in ["apiVersion", "kind"] {
        let text = Node {
            type_: Some(Type::String),
            ..Node::default()
        };
        node.properties.insert(name.to_owned(), text);
    }
    let metadata = node.properties.entry("metadata".to_owned()).or_default();
    metadata.reference = Some(OBJECT_META.to_owned());
    metadata.type_ = Some(Type::Object);
}

/// Embedded resources have the three fields too, whether their schema says so or not.
fn add_embedded(node: &mut Node, depth: usize) {
    if depth > 0 && node.embedded_resource {
        make_resource(node);
    }
    for child in node.properties.values_mut() {
        add_embedded(child, depth + 1);
    }
    if let Some(items) = &mut node.items {
        add_embedded(items, depth + 1);
    }
    if let Additional::Schema(values) = &mut node.additional {
        add_embedded(values, depth + 1);
    }
}

/// A view of one schema; references are followed, and what stands beside a reference comes first.
#[derive(Debug, Clone, Copy)]
pub struct Schema<'a> {
    schemas: &'a Schemas,
    outer: &'a Node,
    node: &'a Node,
    atomic: bool,
    custom: bool,
}

static ANYTHING: LazyLock<Node> = LazyLock::new(|| Node {
    preserve_unknown_fields: true,
    ..Node::default()
});

impl<'a> Schema<'a> {
    fn new(schemas: &'a Schemas, outer: &'a Node) -> Self {
        let mut node = outer;
        let mut atomic = false;
        for _ in 0..MAX_REFERENCES {
            let Some(name) = &node.reference else { break };
            if name == RAW_EXTENSION {
                (node, atomic) = (&ANYTHING, true);
                break;
            }
            let Some(entry) = schemas.entries.get(name) else {
                node = &ANYTHING;
                break;
            };
            node = entry.node();
        }
        Self {
            schemas,
            outer,
            node,
            atomic,
            custom: false,
        }
    }

    fn anything(self) -> Self {
        Self {
            schemas: self.schemas,
            outer: &ANYTHING,
            node: &ANYTHING,
            atomic: false,
            custom: self.custom,
        }
    }

    fn child(self, node: &'a Node) -> Self {
        // What a custom resource refers to is of Kubernetes' own types.
        let custom = self.custom && node.reference.is_none();
        Self {
            custom,
            ..Self::new(self.schemas, node)
        }
    }

    /// Tells whether the schema is of a custom resource, whose objects are kept as they are sent.
    pub fn is_custom(self) -> bool {
        self.custom
    }

    /// Returns the schema of a field that `properties` names.
    pub fn property(self, name: &str) -> Option<Self> {
        self.node.properties.get(name).map(|node| self.child(node))
    }

    /// Lists the named fields in order.
    pub fn properties(self) -> impl Iterator<Item = (&'a str, Self)> {
        self.node
            .properties
            .iter()
            .map(move |(name, node)| (name.as_str(), self.child(node)))
    }

    /// Returns the schema of the fields that `properties` does not name, if such fields may exist.
    pub fn additional(self) -> Option<Self> {
        match &self.node.additional {
            Additional::Schema(node) => Some(self.child(node)),
            Additional::Anything => Some(self.anything()),
            Additional::Forbidden => None,
            Additional::Absent => self.is_free_form().then(|| self.anything()),
        }
    }

    /// Tells whether `additionalProperties` says a word.
    pub(crate) fn declares_additional(self) -> bool {
        !matches!(self.node.additional, Additional::Absent)
    }

    /// Returns the schema of a field: named, additional or of an object that takes anything.
    pub fn field(self, name: &str) -> Option<Self> {
        self.property(name).or_else(|| self.additional())
    }

    /// Returns the schema of a list's items.
    #[must_use]
    pub fn items(self) -> Self {
        self.node
            .items
            .as_ref()
            .map_or_else(|| self.anything(), |items| self.child(items))
    }

    /// Returns the name of the schema a reference leads to.
    pub(crate) fn reference(self) -> Option<&'a str> {
        self.outer.reference.as_deref()
    }

    /// Returns the JSON type, where one is asked for.
    pub fn type_(self) -> Option<Type> {
        self.node.type_
    }

    /// Returns `format`, such as `int32` or `date-time`.
    pub fn format(self) -> Option<&'a str> {
        self.node.format.as_deref()
    }

    /// Lists the fields that must be there.
    pub fn required(self) -> &'a [String] {
        &self.node.required
    }

    /// Returns `default`; what stands beside a reference comes first.
    pub fn default(self) -> Option<&'a Value> {
        self.outer.default.as_ref().or(self.node.default.as_ref())
    }

    /// Tells whether the value may be null (`nullable`).
    pub fn is_nullable(self) -> bool {
        self.outer.nullable || self.node.nullable
    }

    /// Tells whether fields nobody names are kept (`x-kubernetes-preserve-unknown-fields`).
    pub fn preserves_unknown_fields(self) -> bool {
        self.outer.preserve_unknown_fields || self.node.preserve_unknown_fields
    }

    /// Tells whether the value is a whole Kubernetes object (`x-kubernetes-embedded-resource`).
    pub fn is_embedded_resource(self) -> bool {
        self.outer.embedded_resource || self.node.embedded_resource
    }

    /// Tells whether the value is an integer or a string (`x-kubernetes-int-or-string`).
    pub fn is_int_or_string(self) -> bool {
        self.outer.int_or_string || self.node.int_or_string
    }

    /// Returns how a list merges; a patch strategy speaks where no list type does.
    pub fn list_type(self) -> ListType {
        if let Some(list_type) = self.outer.list_type.or(self.node.list_type) {
            return list_type;
        }
        match (self.patch_merges(), self.patch_merge_key()) {
            (true, Some(_)) => ListType::Map,
            (true, None) => ListType::Set,
            (false, _) => ListType::Atomic,
        }
    }

    /// Returns the fields that tell the items of a keyed list apart.
    pub fn list_map_keys(self) -> Vec<&'a str> {
        let node = if self.outer.list_map_keys.is_empty() {
            self.node
        } else {
            self.outer
        };
        if node.list_map_keys.is_empty() {
            return self.patch_merge_key().into_iter().collect();
        }
        node.list_map_keys.iter().map(String::as_str).collect()
    }

    /// Tells whether an object is owned and replaced as a whole (`x-kubernetes-map-type: atomic`).
    pub fn is_atomic_map(self) -> bool {
        self.atomic
            || self
                .outer
                .atomic_map
                .or(self.node.atomic_map)
                .unwrap_or(false)
    }

    /// Tells whether a strategic merge patch merges this list (`merge` in the patch strategy).
    pub fn patch_merges(self) -> bool {
        self.patch_strategy().split(',').any(|word| word == "merge")
    }

    /// Tells whether a strategic merge patch may list the keys to keep (`retainKeys`).
    pub fn patch_retains_keys(self) -> bool {
        self.patch_strategy()
            .split(',')
            .any(|word| word == "retainKeys")
    }

    /// Returns the words of `x-kubernetes-patch-strategy`, separated by commas.
    pub fn patch_strategy(self) -> &'a str {
        self.outer
            .patch_strategy
            .as_deref()
            .or(self.node.patch_strategy.as_deref())
            .unwrap_or("")
    }

    /// Returns `x-kubernetes-patch-merge-key`.
    pub fn patch_merge_key(self) -> Option<&'a str> {
        self.outer
            .patch_merge_key
            .as_deref()
            .or(self.node.patch_merge_key.as_deref())
    }

    /// Tells whether nothing is known about the value: every shape of value is kept as it is.
    pub fn is_anything(self) -> bool {
        self.node.type_.is_none()
            && self.node.properties.is_empty()
            && self.node.items.is_none()
            && !self.is_int_or_string()
            && self
                .node
                .rules
                .as_ref()
                .is_none_or(|rules| rules.one_of.is_empty())
    }

    /// Tells whether the value is a scalar whatever it holds.
    pub fn is_scalar(self) -> bool {
        match self.node.type_ {
            Some(Type::Object | Type::Array) => false,
            Some(Type::Boolean | Type::Integer | Type::Number | Type::String) => true,
            None => {
                self.is_int_or_string() || !self.is_anything() && self.node.properties.is_empty()
            }
        }
    }

    /// Returns the rules on values beside the one that the reference leads to.
    pub(crate) fn rules(self) -> impl Iterator<Item = &'a Rules> {
        let outer = (!std::ptr::eq(self.outer, self.node)).then_some(self.outer);
        outer
            .into_iter()
            .chain([self.node])
            .filter_map(|node| node.rules.as_deref())
    }

    /// Returns a schema inside `allOf` and its siblings.
    pub(crate) fn inner(self, node: &'a Node) -> Self {
        self.child(node)
    }

    /// An object without a word about its fields takes any field.
    fn is_free_form(self) -> bool {
        self.preserves_unknown_fields() || self.node.properties.is_empty()
    }
}
