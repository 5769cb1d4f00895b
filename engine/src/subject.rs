//! Whom an execution works for: the instance and the version of the package it runs.

use serde_json::{Value, json};

use crate::api::{API_VERSION, Instance, OperatorVersion};

/// The names that templates, labels and owner references are made of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subject {
    /// Name of the instance.
    pub name: String,
    /// Namespace of the instance and of everything it owns.
    pub namespace: String,
    /// Uid of the instance.
    pub uid: String,
    /// Name of the operator.
    pub operator_name: String,
    /// Version of the package.
    pub operator_version: String,
    /// Version of the software that the package runs, may be empty.
    pub app_version: String,
}

impl Subject {
    /// Returns whom an execution of `instance` at `version` works for.
    pub fn of(instance: &Instance, version: &OperatorVersion) -> Self {
        Self {
            name: instance.object_name().to_owned(),
            namespace: instance.namespace_or_default().to_owned(),
            uid: instance.metadata.uid.clone().unwrap_or_default(),
            operator_name: version.spec.operator.name.clone().unwrap_or_default(),
            operator_version: version.spec.version.clone(),
            app_version: version.spec.app_version.clone(),
        }
    }

    /// Returns the reference that makes the instance the controller of an object.
    pub fn owner_reference(&self) -> Value {
        json!({
            "apiVersion": API_VERSION,
            "kind": "Instance",
            "name": self.name,
            "uid": self.uid,
            "controller": true,
            "blockOwnerDeletion": true,
        })
    }

    /// Returns namespace and name as KUDO's texts show them.
    pub fn key(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}
