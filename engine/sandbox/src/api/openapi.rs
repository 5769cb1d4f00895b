//! `OpenAPI` v3: an index, and one document per group and version.
//!
//! The documents carry what kubectl reads: which kind a path is about, what it can be asked
//! (`apply` looks for `fieldValidation` on PATCH), and the schemas (`explain`).

use std::collections::{BTreeMap, BTreeSet};

use kudo_schema::Schemas;
use serde_json::{Value, json};

use super::catalog::{Catalog, Served};

const PREFIX: &str = "#/components/schemas/";

/// Returns the document under `/openapi/v3/...`, if there is one.
pub(super) fn document(catalog: &Catalog, path: &[&str]) -> Option<Value> {
    match path {
        [] => Some(index(catalog)),
        ["api", version] => group_version(catalog, "", version),
        ["apis", group, version] => group_version(catalog, group, version),
        _ => None,
    }
}

fn index(catalog: &Catalog) -> Value {
    let mut paths = BTreeMap::new();
    for (group, version) in catalog.group_versions() {
        let path = root(group, version).trim_start_matches('/').to_owned();
        // The hash makes clients read again what a changed definition makes different.
        let revision: String = catalog
            .definitions
            .iter()
            .map(|definition| crate::store::object::resource_version(definition))
            .collect::<Vec<_>>()
            .join("-");
        let url = format!("/openapi/v3/{path}?hash=S{revision}");
        paths.insert(path, json!({"serverRelativeURL": url}));
    }
    json!({"paths": paths})
}

fn root(group: &str, version: &str) -> String {
    match group {
        "" => format!("/api/{version}"),
        group => format!("/apis/{group}/{version}"),
    }
}

fn group_version(catalog: &Catalog, group: &str, version: &str) -> Option<Value> {
    let served = catalog.group_version(group, version);
    if served.is_empty() {
        return None;
    }
    let (mut paths, mut schemas) = (BTreeMap::new(), BTreeMap::new());
    for served in served {
        let name = schema_name(served);
        add_schemas(served, &name, &mut schemas);
        add_paths(served, &name, &mut paths);
    }
    Some(json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1.36.0"},
        "paths": paths, "components": {"schemas": schemas},
    }))
}

/// The component that describes a kind.
fn schema_name(served: &Served) -> String {
    let kudo_schema::Resource {
        group,
        version,
        kind,
        ..
    } = &served.info;
    if served.custom.is_none() {
        let known = Schemas::built_in()
            .kinds()
            .find(|((g, v, k), _)| g == group && v == version && k == kind);
        if let Some((_, name)) = known {
            return name.to_owned();
        }
    }
    let reversed: Vec<&str> = group.split('.').rev().collect();
    format!("{}.{version}.{kind}", reversed.join("."))
}

fn add_schemas(served: &Served, name: &str, schemas: &mut BTreeMap<String, Value>) {
    let mut wanted = match &served.custom {
        Some(custom) => {
            let schema = described(served, &custom.raw_schema);
            schemas.insert(name.to_owned(), schema);
            BTreeSet::from(["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta".to_owned()])
        }
        None => BTreeSet::from([name.to_owned()]),
    };
    wanted.insert("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions".to_owned());
    while let Some(name) = wanted.pop_first() {
        if schemas.contains_key(&name) {
            continue;
        }
        let Some(schema) = Schemas::built_in()
            .text(&name)
            .and_then(|text| serde_json::from_str::<Value>(text).ok())
        else {
            continue;
        };
        references(&schema, &mut wanted);
        schemas.insert(name, schema);
    }
}

/// A custom kind's schema with what every object has.
fn described(served: &Served, raw: &Value) -> Value {
    let kudo_schema::Resource {
        group,
        version,
        kind,
        ..
    } = &served.info;
    let mut schema = if raw.is_object() {
        raw.clone()
    } else {
        json!({})
    };
    schema["type"] = "object".into();
    let properties = crate::store::object::member_mut(&mut schema, "properties");
    properties
        .entry("apiVersion")
        .or_insert_with(|| json!({"type": "string"}));
    properties
        .entry("kind")
        .or_insert_with(|| json!({"type": "string"}));
    properties.insert(
        "metadata".to_owned(),
        json!({"allOf": [{"$ref":
            format!("{PREFIX}io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")}]}),
    );
    schema["x-kubernetes-group-version-kind"] =
        json!([{"group": group, "version": version, "kind": kind}]);
    schema
}

/// Collects the components a schema refers to.
fn references(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            for (key, value) in members {
                match value.as_str().and_then(|text| text.strip_prefix(PREFIX)) {
                    Some(name) if key == "$ref" => {
                        found.insert(name.to_owned());
                    }
                    _ => references(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn add_paths(served: &Served, name: &str, paths: &mut BTreeMap<String, Value>) {
    let info = &served.info;
    let root = root(&info.group, &info.version);
    let collection = if info.namespaced {
        format!("{root}/namespaces/{{namespace}}/{}", info.plural)
    } else {
        format!("{root}/{}", info.plural)
    };
    let reference = format!("{PREFIX}{name}");
    let kind = json!({"group": info.group, "version": info.version, "kind": info.kind});
    let operation = |action: &str, parameters: &[&str]| {
        let parameters: Vec<Value> = parameters
            .iter()
            .map(|name| json!({"name": name, "in": "query", "schema": {"type": "string"}}))
            .collect();
        let content = json!({"application/json": {"schema": {"$ref": reference}}});
        json!({"parameters": parameters, "x-kubernetes-action": action,
               "x-kubernetes-group-version-kind": kind,
               "responses": {"200": {"description": "OK", "content": content}}})
    };
    let writing = ["dryRun", "fieldManager", "fieldValidation"];
    let mut patch = operation("patch", &writing);
    let body = json!({"schema": {"type": "object"}});
    patch["requestBody"] = json!({"content": {
        "application/apply-patch+yaml": body, "application/json-patch+json": body,
        "application/merge-patch+json": body, "application/strategic-merge-patch+json": body,
    }});
    paths.insert(
        collection.clone(),
        json!({"get": operation("list", &["labelSelector", "fieldSelector", "limit", "watch"]),
               "post": operation("post", &writing)}),
    );
    paths.insert(
        format!("{collection}/{{name}}"),
        json!({"get": operation("get", &[]), "put": operation("put", &writing),
               "patch": patch, "delete": operation("delete", &["dryRun"])}),
    );
}
