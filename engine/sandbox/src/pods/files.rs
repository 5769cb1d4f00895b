//! The files of a pretend container, made of the volumes it mounts.
//!
//! What software would have written is pretended: whatever is asked for in a volume is there and holds
//! one line, a comment that says so. The annotation `sandbox.kudo.dev/files` of the pod says otherwise:
//! a map in JSON or YAML from paths to what is there.
//!
//! ```yaml
//! sandbox.kudo.dev/files: |
//!   /data/env: "USER=root\n"     # a text is the content
//!   /data/large: 2000000         # a number is so many bytes
//!   /data/absent: null           # nothing is there
//! ```

use serde_json::Value;

use crate::base64;
use crate::store::{Store, object, resources};

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    File(Vec<u8>),
    Folder(Vec<String>),
}

/// The annotation that says what files hold.
const ANNOTATION: &str = "sandbox.kudo.dev/files";
/// Files are not pretended to be larger.
const LARGEST: u64 = 64 << 20;

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
    let name = object::text(mount, "/name");
    let is_written = is_written(pod, name);
    match annotated(pod, &path) {
        Some(Said::File(bytes)) if is_written => Some(Entry::File(bytes)),
        Some(Said::Absent) if is_written => None,
        _ => volume(store, pod, name, &inner),
    }
}

/// What a pod's annotation says of a path.
enum Said {
    /// There is no such file.
    Absent,
    /// It has these bytes.
    File(Vec<u8>),
}

/// Whether software could have written a volume: the content of maps and secrets is known.
fn is_written(pod: &Value, name: &str) -> bool {
    object::list(pod, "/spec/volumes")
        .iter()
        .find(|volume| object::text(volume, "/name") == name)
        .is_some_and(|volume| volume.get("configMap").is_none() && volume.get("secret").is_none())
}

/// What the pod's annotation says of a path; `None` when it says nothing that can be understood.
fn annotated(pod: &Value, path: &str) -> Option<Said> {
    let annotations = pod.pointer("/metadata/annotations")?;
    let files = kudo_yaml::load(annotations.get(ANNOTATION)?.as_str()?).ok()?;
    let files = kudo_yaml::to_json(&files).ok()?;
    let mut files = files.as_object()?.iter();
    let (_, content) = files.find(|(name, _)| normal(name) == path)?;
    match content {
        Value::Null => Some(Said::Absent),
        Value::String(text) => Some(Said::File(text.clone().into_bytes())),
        Value::Number(size) => {
            let size = usize::try_from(size.as_u64()?.min(LARGEST)).ok()?;
            Some(Said::File(vec![b'x'; size]))
        }
        Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
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

/// Volumes that software would have written hold whatever is asked for: a comment, so that the many
/// formats whose comments begin with `#` can be read.
fn pretended(inner: &str) -> Entry {
    match inner {
        "" => Entry::Folder(Vec::new()),
        inner => Entry::File(
            format!("# pretended content of {inner} in the kudo-rs sandbox\n").into_bytes(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn looked_up(annotation: &str, path: &str) -> Option<Entry> {
        let store = Store::in_memory(
            std::sync::Arc::new(crate::clock::SystemClock),
            std::sync::Arc::new(crate::ids::SeededIds::new(1)),
        );
        let container = json!({"volumeMounts": [{"name": "shared", "mountPath": "/data"}]});
        let pod = json!({
            "metadata": {"name": "p", "annotations": {ANNOTATION: annotation}},
            "spec": {"volumes": [{"name": "shared", "emptyDir": {}}]},
        });
        at(&store, &pod, &container, path)
    }

    #[test]
    fn an_annotation_says_what_files_hold() {
        let file = |text: &str| Some(Entry::File(text.as_bytes().to_vec()));
        let files = "/data/env: \"A=1\\n\"\n/data/large: 3\n/data/absent: null\n/etc/passwd: x\n";

        assert_eq!(looked_up(files, "/data//env"), file("A=1\n"));
        assert_eq!(looked_up(files, "/data/large"), file("xxx"));
        assert_eq!(looked_up(files, "/data/absent"), None);
        // Files outside of volumes are the image's.
        assert_eq!(looked_up(files, "/etc/passwd"), None);
        let pretended = file("# pretended content of other in the kudo-rs sandbox\n");
        assert_eq!(looked_up(files, "/data/other"), pretended);
        assert_eq!(looked_up("[", "/data/other"), pretended);
    }

    #[test]
    fn paths_are_compared_part_by_part() {
        assert_eq!(within("/data/a", "/data").as_deref(), Some("a"));
        assert_eq!(within("/database", "/data"), None);
        assert_eq!(within("/a", "/").as_deref(), Some("a"));
        assert_eq!(normal("//a/./b/"), "/a/b");
    }
}
