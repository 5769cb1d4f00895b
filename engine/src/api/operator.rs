//! `Operator`: name, links and maintainers of a package (kudo-spec 2.2).

use kube::CustomResource;
use serde::{Deserialize, Serialize};

/// What an `Operator` object says of the package.
#[derive(CustomResource, Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[kube(
    group = "kudo.dev",
    version = "v1beta1",
    kind = "Operator",
    namespaced,
    schema = "disabled"
)]
#[serde(rename_all = "camelCase", default)]
pub struct OperatorSpec {
    /// What the operator does.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The oldest KUDO that the package says it needs; kept, never enforced.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kudo_version: String,
    /// The oldest Kubernetes that the package runs on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kubernetes_version: String,
    /// Who keeps the package.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub maintainers: Vec<Maintainer>,
    /// Where to read more.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// Template of the namespace that `install --create-namespace` makes.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace_manifest: String,
}

/// A person or team who keeps a package.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub struct Maintainer {
    /// Name of the person or team.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Address to write to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
}
