//! The files of a pretend container, made of the volumes it mounts.

use serde_json::Value;

use crate::base64;
use crate::store::{Store, object, resources};

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    File(Vec<u8>),
    Folder(Vec<String>),
}

/// Looks a path up.
pub(super) fn at(store: &Store, pod: &Value, container: &Value, path: &str) -> Option<Entry> {
    let path = normal(path);
    let mount = object::list(container, "/volumeMounts")
        .iter()
        .filter(|mount| within(&path, &normal(object::text(mount, "/mountPath"))).is_some())
        .max_by_key(|mount| object::text(mount, "/mountPath").len());
    let Some(mount) = mount else {
        return own(pod, &path);
    };
    let inner = within(&path, &normal(object::text(mount, "/mountPath")))?;
    let sub_path = object::text(mount, "/subPath");
    let inner = match (sub_path, inner.as_str()) {
        ("", inner) => inner.to_owned(),
        (sub_path, "") => sub_path.to_owned(),
        (sub_path, inner) => format!("{sub_path}/{inner}"),
    };
    volume(store, pod, object::text(mount, "/name"), &inner)
}

/// A path without doubled or trailing slashes.
fn normal(path: &str) -> String {
    let parts: Vec<&str> = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    format!("/{}", parts.join("/"))
}

/// The rest of a path below a folder.
fn within(path: &str, folder: &str) -> Option<String> {
    let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/').to_owned())
}

fn own(pod: &Value, path: &str) -> Option<Entry> {
    match path {
        "/" | "/tmp" | "/etc" => Some(Entry::Folder(Vec::new())),
        "/etc/hostname" => Some(Entry::File(format!("{}\n", object::name(pod)).into_bytes())),
        _ => None,
    }
}

fn volume(store: &Store, pod: &Value, name: &str, inner: &str) -> Option<Entry> {
    let volume = object::list(pod, "/spec/volumes")
        .iter()
        .find(|volume| object::text(volume, "/name") == name)?;
    let namespace = object::namespace(pod);
    let keys = if let Some(map) = volume.get("configMap") {
        let found = store.find(
            &resources::CONFIG_MAPS,
            namespace,
            object::text(map, "/name"),
        )?;
        content(&found, map, |text| text.as_bytes().to_vec())
    } else if let Some(secret) = volume.get("secret") {
        let name = object::text(secret, "/secretName");
        let found = store.find(&resources::SECRETS, namespace, name)?;
        content(&found, secret, base64::decode)
    } else {
        return Some(pretended(inner));
    };
    if inner.is_empty() {
        return Some(Entry::Folder(
            keys.into_iter().map(|(name, _)| name).collect(),
        ));
    }
    keys.into_iter()
        .find(|(name, _)| name == inner)
        .map(|(_, bytes)| Entry::File(bytes))
}

/// The keys of a map by the file names its volume gives them.
fn content(map: &Value, source: &Value, read: impl Fn(&str) -> Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let items = object::list(source, "/items");
    let data = map.get("data").and_then(Value::as_object);
    data.into_iter()
        .flatten()
        .filter_map(|(key, value)| {
            let named = items.iter().find(|item| object::text(item, "/key") == key);
            let name = match named {
                Some(item) => object::text(item, "/path").to_owned(),
                None if items.is_empty() => key.clone(),
                None => return None,
            };
            Some((name, read(value.as_str().unwrap_or_default())))
        })
        .collect()
}

/// Volumes that software would have written hold whatever is asked for.
fn pretended(inner: &str) -> Entry {
    match inner {
        "" => Entry::Folder(Vec::new()),
        inner => Entry::File(
            format!("pretended content of {inner} in the kudo-rs sandbox\n").into_bytes(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_compared_part_by_part() {
        assert_eq!(within("/data/a", "/data").as_deref(), Some("a"));
        assert_eq!(within("/database", "/data"), None);
        assert_eq!(within("/a", "/").as_deref(), Some("a"));
        assert_eq!(normal("//a/./b/"), "/a/b");
    }
}
