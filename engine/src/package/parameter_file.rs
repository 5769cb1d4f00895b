//! `params.yaml`: what users can set (kudo-spec 1.3).

use kudo_yaml::{Node, Span, Value};

use crate::api::ParameterSpec;
use crate::api::operator_version::ParameterType;

use super::diagnostic::{Diagnostic, Document, PackageError};
use super::fields::Fields;
use super::manifest::{check_api_version, each};
use super::source::RawDocument;
use super::value;

const PREFIX: &str = "failed to unmarshal parameters file: params.yaml: ";

/// What `params.yaml` says.
#[derive(Clone, Debug)]
pub struct ParameterFile {
    /// Groups in written order; they never reach the cluster.
    pub groups: Vec<Group>,
    /// Parameters in written order.
    pub parameters: Vec<PackageParameter>,
    /// The file, for messages that point into it.
    pub document: Document,
}

/// A heading under which tools show parameters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Group {
    /// Name that parameters use.
    pub name: String,
    /// Name for people.
    pub display_name: String,
    /// What its parameters are about.
    pub description: String,
    /// Place among the groups; smaller comes first.
    pub prio: i64,
    /// Where it is written.
    pub span: Span,
}

/// A parameter as a package writes it.
#[derive(Clone, Debug)]
pub struct PackageParameter {
    /// Name in `.Params`.
    pub name: String,
    /// Name for people.
    pub display_name: String,
    /// What it does.
    pub description: String,
    /// What to think of when setting it.
    pub hint: String,
    /// The default as text; none when there is none.
    pub default: Option<String>,
    /// The default as written, null when there is none.
    pub raw_default: Value,
    /// Whether it needs a value: true unless the package says otherwise.
    pub required: bool,
    /// Whether it can never change.
    pub immutable: bool,
    /// Plan that a change starts, may be empty.
    pub trigger: String,
    /// Type as written, may be empty.
    pub value_type: String,
    /// The only values allowed, as text; an empty list allows none.
    pub allowed: Option<Vec<String>>,
    /// The only values allowed, as written.
    pub raw_allowed: Vec<Value>,
    /// Name of a group, may be empty.
    pub group: String,
    /// Whether tools may hide it from beginners.
    pub advanced: bool,
    /// Where it is written.
    pub span: Span,
    /// Where its default is written.
    pub default_span: Option<Span>,
}

impl ParameterFile {
    pub(super) fn read(raw: RawDocument) -> Result<Self, PackageError> {
        let prefixed = |diagnostic: Diagnostic| {
            let message = format!("{PREFIX}{}", diagnostic.message);
            PackageError::from(Diagnostic {
                message,
                ..diagnostic
            })
        };
        let document = raw.parse(PREFIX)?;
        let file = Self::of(&document).map_err(prefixed)?;
        check_api_version(&document).map_err(prefixed)?;
        Ok(file)
    }

    fn of(document: &Document) -> Result<Self, Diagnostic> {
        let fields = Fields::root(document)?;
        Ok(Self {
            groups: each(&fields.list("groups")?, group)?,
            parameters: fields
                .list("parameters")?
                .iter()
                .map(|fields| parameter(document, fields))
                .collect::<Result<_, _>>()?,
            document: document.clone(),
        })
    }

    /// Returns the parameter `name`.
    pub fn get(&self, name: &str) -> Option<&PackageParameter> {
        self.parameters
            .iter()
            .find(|parameter| parameter.name == name)
    }
}

impl PackageParameter {
    /// Returns how the text of this parameter is read.
    pub fn parameter_type(&self) -> ParameterType {
        ParameterType::of(&self.value_type)
    }

    /// Returns what the cluster stores of this parameter (kudo-spec 1.3, 2.3).
    pub fn spec(&self) -> ParameterSpec {
        ParameterSpec {
            name: self.name.clone(),
            display_name: self.display_name.clone(),
            description: self.description.clone(),
            required: self.required,
            immutable: self.immutable,
            default: self.default.clone(),
            trigger: self.trigger.clone(),
            value_type: self.value_type.clone(),
            allowed: self.allowed.clone(),
        }
    }
}

fn group(fields: &Fields<'_>) -> Result<Group, Diagnostic> {
    Ok(Group {
        name: fields.text("name")?,
        display_name: fields.text("displayName")?,
        description: fields.text("description")?,
        prio: fields.integer("prio")?.unwrap_or(0),
        span: fields.node().span(),
    })
}

fn parameter(document: &Document, fields: &Fields<'_>) -> Result<PackageParameter, Diagnostic> {
    let value_type = fields.text("type")?;
    let kind = ParameterType::of(&value_type);
    let default = fields.value("default");
    let raw_default = default.map_or(Ok(Value::Null), |node| generic(document, node))?;
    let has_enum = fields.value("enum").is_some();
    let raw_allowed: Vec<Value> = fields
        .items("enum")?
        .iter()
        .map(|node| generic(document, node))
        .collect::<Result<_, _>>()?;
    let allowed = raw_allowed
        .iter()
        .map(|value| value::wrap(value, kind).unwrap_or_default());
    Ok(PackageParameter {
        name: fields.text("name")?,
        display_name: fields.text("displayName")?,
        description: fields.text("description")?,
        hint: fields.text("hint")?,
        default: value::wrap(&raw_default, kind),
        required: fields.flag("required")?.unwrap_or(true),
        immutable: fields.flag("immutable")?.unwrap_or(false),
        trigger: fields.text("trigger")?,
        allowed: has_enum.then(|| allowed.collect()),
        group: fields.text("group")?,
        advanced: fields.flag("advanced")?.unwrap_or(false),
        span: fields.node().span(),
        default_span: default.map(Node::span),
        value_type,
        raw_default,
        raw_allowed,
    })
}

/// A value without a declared type, as Go's JSON decoding leaves it: all numbers are floats.
fn generic(document: &Document, node: &Node) -> Result<Value, Diagnostic> {
    value::generic(&node.resolve()).map_err(|message| document.diagnostic(node.span(), message))
}
