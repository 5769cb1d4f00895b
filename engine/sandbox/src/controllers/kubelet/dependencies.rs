//! What a pod needs before its containers can be created: `ConfigMap`s and Secrets, with the
//! words that a kubelet 1.36 has for their absence.

use serde_json::Value;

use super::super::kind::Kind;
use super::super::object;
use super::super::objects::Objects;

/// Every namespace gets this `ConfigMap` by itself; pods do not wait for it.
const ROOT_CERTIFICATES: &str = "kube-root-ca.crt";

/// Returns why a volume that some container mounts cannot be set up.
pub(super) fn missing_mount(pod: &Value, objects: &Objects) -> Option<String> {
    let containers = ["/spec/initContainers", "/spec/containers"]
        .into_iter()
        .flat_map(|pointer| object::list(pod, pointer));
    let mounted: Vec<&str> = containers
        .flat_map(|container| object::list(container, "/volumeMounts"))
        .map(|mount| object::text(mount, "/name"))
        .collect();
    object::list(pod, "/spec/volumes")
        .iter()
        // A kubelet does not set up volumes that no container mounts.
        .filter(|volume| mounted.contains(&object::text(volume, "/name")))
        .find_map(|volume| {
            let why = missing_source(pod, volume, objects)?;
            let name = object::text(volume, "/name");
            Some(format!(
                "MountVolume.SetUp failed for volume \"{name}\" : {why}"
            ))
        })
}

fn missing_source(pod: &Value, volume: &Value, objects: &Objects) -> Option<String> {
    let projected = object::list(volume, "/projected/sources").iter();
    std::iter::once(volume).chain(projected).find_map(|source| {
        let namespace = object::namespace(pod);
        if let Some(map) = source.get("configMap") {
            let name = object::text(map, "/name");
            return missing_files(Kind::ConfigMap, namespace, name, map, objects);
        }
        let secret = source.get("secret")?;
        let name = match object::text(secret, "/secretName") {
            "" => object::text(secret, "/name"),
            name => name,
        };
        missing_files(Kind::Secret, namespace, name, secret, objects)
    })
}

/// Checks an object and the keys that are to become files.
fn missing_files(
    kind: Kind,
    namespace: &str,
    name: &str,
    source: &Value,
    objects: &Objects,
) -> Option<String> {
    if object::flag(source, "/optional") {
        return None;
    }
    let Some(found) = objects.named(kind, namespace, name) else {
        let is_given = kind == Kind::ConfigMap && name == ROOT_CERTIFICATES;
        return (!is_given).then(|| not_found(kind, name));
    };
    let keys = object::list(source, "/items")
        .iter()
        .map(|item| object::text(item, "/key"));
    let missing = keys.into_iter().find(|key| !has_key(found, key))?;
    Some(match kind {
        Kind::Secret => format!("references non-existent secret key: {missing}"),
        _ => format!("configmap references non-existent config key: {missing}"),
    })
}

/// Returns why the environment of a container cannot be made.
pub(super) fn missing_environment(
    pod: &Value,
    container: &Value,
    objects: &Objects,
) -> Option<String> {
    let namespace = object::namespace(pod);
    let whole = object::list(container, "/envFrom").iter().find_map(|from| {
        let (kind, reference) = reference(from, "configMapRef", "secretRef")?;
        let name = object::text(reference, "/name");
        let optional = object::flag(reference, "/optional");
        let found = objects.named(kind, namespace, name).is_some();
        (!optional && !found).then(|| not_found(kind, name))
    });
    whole.or_else(|| {
        object::list(container, "/env").iter().find_map(|variable| {
            let from = variable.get("valueFrom")?;
            let (kind, reference) = reference(from, "configMapKeyRef", "secretKeyRef")?;
            missing_key(kind, namespace, reference, objects)
        })
    })
}

fn reference<'a>(from: &'a Value, map: &str, secret: &str) -> Option<(Kind, &'a Value)> {
    let map = from.get(map).map(|reference| (Kind::ConfigMap, reference));
    map.or_else(|| from.get(secret).map(|reference| (Kind::Secret, reference)))
}

fn missing_key(
    kind: Kind,
    namespace: &str,
    reference: &Value,
    objects: &Objects,
) -> Option<String> {
    if object::flag(reference, "/optional") {
        return None;
    }
    let (name, key) = (
        object::text(reference, "/name"),
        object::text(reference, "/key"),
    );
    let Some(found) = objects.named(kind, namespace, name) else {
        return Some(not_found(kind, name));
    };
    let kind = kind.name();
    (!has_key(found, key)).then(|| format!("couldn't find key {key} in {kind} {namespace}/{name}"))
}

fn not_found(kind: Kind, name: &str) -> String {
    format!("{} \"{name}\" not found", kind.name().to_lowercase())
}

fn has_key(object: &Value, key: &str) -> bool {
    ["/data", "/binaryData", "/stringData"]
        .iter()
        .any(|pointer| {
            object
                .pointer(pointer)
                .is_some_and(|data| data.get(key).is_some())
        })
}
