//! One compiled `OpenAPI` v3 schema object: what the algorithms ask of it, without the JSON around it.

use std::collections::BTreeMap;

use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

/// Schemas nested deeper than this in one document are read as "anything".
const MAX_NESTING: usize = 64;

/// The prefix of a `$ref` inside an `OpenAPI` v3 document.
const REF_PREFIX: &str = "#/components/schemas/";

/// How the items of a list belong together (`x-kubernetes-list-type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListType {
    /// The list is one value; it is replaced as a whole.
    Atomic,
    /// Items are scalars and unique.
    Set,
    /// Items are objects told apart by `x-kubernetes-list-map-keys`.
    Map,
}

/// The JSON type a schema asks for (`type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// `array`
    Array,
    /// `boolean`
    Boolean,
    /// `integer`
    Integer,
    /// `number`
    Number,
    /// `object`
    Object,
    /// `string`
    String,
}

impl Type {
    /// Returns the word of the `type` field.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Array => "array",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Object => "object",
            Self::String => "string",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        match name {
            "array" => Some(Self::Array),
            "boolean" => Some(Self::Boolean),
            "integer" => Some(Self::Integer),
            "number" => Some(Self::Number),
            "object" => Some(Self::Object),
            "string" => Some(Self::String),
            _ => None,
        }
    }
}

/// What a schema says about fields that `properties` does not name (`additionalProperties`).
#[derive(Debug, Default)]
pub(crate) enum Additional {
    /// The keyword is absent.
    #[default]
    Absent,
    /// `additionalProperties: false`
    Forbidden,
    /// `additionalProperties: true`
    Anything,
    /// A schema for every value.
    Schema(Box<Node>),
}

/// A `pattern`, compiled when first needed.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub text: String,
    regex: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// A compiled pattern takes no more memory than this.
    const SIZE_LIMIT: usize = 1 << 20;

    fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            regex: OnceLock::new(),
        }
    }

    /// Tells whether the text matches; `None` when the pattern is none.
    pub(crate) fn matches(&self, text: &str) -> Option<bool> {
        let compile = || {
            RegexBuilder::new(&self.text)
                .size_limit(Self::SIZE_LIMIT)
                .build()
                .ok()
        };
        self.regex
            .get_or_init(compile)
            .as_ref()
            .map(|regex| regex.is_match(text))
    }
}

/// Value validations (`minimum`, `pattern`, `enum`, `allOf`, ...); most schemas have none.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    pub exclusive_minimum: bool,
    pub exclusive_maximum: bool,
    pub multiple_of: Option<f64>,
    pub min_length: Option<u64>,
    pub max_length: Option<u64>,
    pub pattern: Option<Pattern>,
    pub min_items: Option<u64>,
    pub max_items: Option<u64>,
    pub unique_items: bool,
    pub min_properties: Option<u64>,
    pub max_properties: Option<u64>,
    pub enumeration: Option<Vec<Value>>,
    pub all_of: Vec<Node>,
    pub any_of: Vec<Node>,
    pub one_of: Vec<Node>,
    pub not: Option<Box<Node>>,
}

/// A compiled schema object.
#[derive(Debug, Default)]
pub(crate) struct Node {
    pub reference: Option<String>,
    pub type_: Option<Type>,
    pub format: Option<String>,
    pub properties: BTreeMap<String, Self>,
    pub required: Vec<String>,
    pub items: Option<Box<Self>>,
    pub additional: Additional,
    pub default: Option<Value>,
    pub nullable: bool,
    pub list_type: Option<ListType>,
    pub list_map_keys: Vec<String>,
    pub atomic_map: Option<bool>,
    pub preserve_unknown_fields: bool,
    pub embedded_resource: bool,
    pub int_or_string: bool,
    pub patch_strategy: Option<String>,
    pub patch_merge_key: Option<String>,
    pub rules: Option<Box<Rules>>,
}

impl Node {
    /// Compiles the JSON of a schema; words it does not know are left out.
    pub(crate) fn compile(schema: &Value) -> Self {
        compile(schema, MAX_NESTING)
    }
}

fn compile(schema: &Value, nesting: usize) -> Node {
    let (Some(fields), Some(nesting)) = (schema.as_object(), nesting.checked_sub(1)) else {
        return Node {
            preserve_unknown_fields: true,
            ..Node::default()
        };
    };
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let flag = |name: &str| fields.get(name).and_then(Value::as_bool).unwrap_or(false);
    let texts = |name: &str| strings(fields.get(name));
    let mut rules = rules(fields, nesting);
    let reference = reference(fields, &mut rules);
    Node {
        reference,
        type_: fields
            .get("type")
            .and_then(Value::as_str)
            .and_then(Type::from_name),
        format: text("format"),
        properties: properties(fields, nesting),
        required: texts("required"),
        items: fields
            .get("items")
            .map(|items| Box::new(compile(items, nesting))),
        additional: additional(fields, nesting),
        default: fields.get("default").cloned(),
        nullable: flag("nullable"),
        list_type: match fields.get("x-kubernetes-list-type").and_then(Value::as_str) {
            Some("map") => Some(ListType::Map),
            Some("set") => Some(ListType::Set),
            Some("atomic") => Some(ListType::Atomic),
            _ => None,
        },
        list_map_keys: texts("x-kubernetes-list-map-keys"),
        atomic_map: match fields.get("x-kubernetes-map-type").and_then(Value::as_str) {
            Some("atomic") => Some(true),
            Some("granular") => Some(false),
            _ => None,
        },
        preserve_unknown_fields: flag("x-kubernetes-preserve-unknown-fields"),
        embedded_resource: flag("x-kubernetes-embedded-resource"),
        int_or_string: flag("x-kubernetes-int-or-string")
            || fields.get("format").and_then(Value::as_str) == Some("int-or-string"),
        patch_strategy: text("x-kubernetes-patch-strategy"),
        patch_merge_key: text("x-kubernetes-patch-merge-key"),
        rules: rules.map(Box::new),
    }
}

/// A reference stands alone, or alone in `allOf` when something is said beside it.
fn reference(fields: &Map<String, Value>, rules: &mut Option<Rules>) -> Option<String> {
    if let Some(target) = fields.get("$ref").and_then(Value::as_str) {
        return Some(target.strip_prefix(REF_PREFIX).unwrap_or(target).to_owned());
    }
    let all_of = &mut rules.as_mut()?.all_of;
    let [only] = all_of.as_mut_slice() else {
        return None;
    };
    let target = only.reference.take()?;
    all_of.clear();
    Some(target)
}

fn properties(fields: &Map<String, Value>, nesting: usize) -> BTreeMap<String, Node> {
    let Some(properties) = fields.get("properties").and_then(Value::as_object) else {
        return BTreeMap::new();
    };
    properties
        .iter()
        .map(|(name, schema)| (name.clone(), compile(schema, nesting)))
        .collect()
}

fn additional(fields: &Map<String, Value>, nesting: usize) -> Additional {
    match fields.get("additionalProperties") {
        None => Additional::Absent,
        Some(Value::Bool(false)) => Additional::Forbidden,
        Some(Value::Bool(true)) => Additional::Anything,
        Some(schema) => Additional::Schema(Box::new(compile(schema, nesting))),
    }
}

fn rules(fields: &Map<String, Value>, nesting: usize) -> Option<Rules> {
    const WORDS: [&str; 18] = [
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "enum",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
    ];
    if !WORDS.iter().any(|word| fields.contains_key(*word)) {
        return None;
    }
    let number = |name: &str| fields.get(name).and_then(Value::as_f64);
    let count = |name: &str| fields.get(name).and_then(Value::as_u64);
    let flag = |name: &str| fields.get(name).and_then(Value::as_bool).unwrap_or(false);
    let nodes = |name: &str| -> Vec<Node> {
        let list = fields.get(name).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .map(|schema| compile(schema, nesting))
            .collect()
    };
    Some(Rules {
        minimum: number("minimum"),
        maximum: number("maximum"),
        exclusive_minimum: flag("exclusiveMinimum"),
        exclusive_maximum: flag("exclusiveMaximum"),
        multiple_of: number("multipleOf"),
        min_length: count("minLength"),
        max_length: count("maxLength"),
        pattern: fields
            .get("pattern")
            .and_then(Value::as_str)
            .map(Pattern::new),
        min_items: count("minItems"),
        max_items: count("maxItems"),
        unique_items: flag("uniqueItems"),
        min_properties: count("minProperties"),
        max_properties: count("maxProperties"),
        enumeration: fields.get("enum").and_then(Value::as_array).cloned(),
        all_of: nodes("allOf"),
        any_of: nodes("anyOf"),
        one_of: nodes("oneOf"),
        not: fields
            .get("not")
            .map(|schema| Box::new(compile(schema, nesting))),
    })
}

fn strings(list: Option<&Value>) -> Vec<String> {
    let list = list.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}
