//! What is left when all is done, in a form that is equal for runs that led to the same.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kudo_sandbox::store::{Change, Selector, Store};
use serde_json::Value;

/// Kinds that are not part of the result: they say who did it, or tell of it.
const NOISE: [&str; 5] = ["events", "leases", "nodes", "endpoints", "endpointslices"];

/// The end of a run.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct End {
    /// All objects, less times and versions, with uids and random names said by what they are of.
    pub(crate) objects: Vec<String>,
    /// How often each object was created.
    pub(crate) created: BTreeMap<String, usize>,
    /// How many values each Secret has had.
    pub(crate) secret_values: BTreeMap<String, usize>,
    /// The events that tell of plans, and how often each was written.
    pub(crate) finished: BTreeMap<String, usize>,
}

impl End {
    pub(crate) fn of(store: &Store) -> Self {
        let history = store.feed(0).unwrap().ready().unwrap();
        Self {
            objects: objects(store),
            created: created(&history),
            secret_values: secret_values(&history),
            finished: finished(&history),
        }
    }

    /// Returns what `other` has otherwise, for people.
    pub(crate) fn difference(&self, other: &Self) -> String {
        let mut said = Vec::new();
        let (ours, theirs): (BTreeSet<_>, BTreeSet<_>) = (
            self.objects.iter().collect(),
            other.objects.iter().collect(),
        );
        said.extend(ours.difference(&theirs).map(|one| format!("- {one}")));
        said.extend(theirs.difference(&ours).map(|one| format!("+ {one}")));
        for (what, ours, theirs) in [
            ("created", &self.created, &other.created),
            ("values", &self.secret_values, &other.secret_values),
            ("events", &self.finished, &other.finished),
        ] {
            let keys: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
            for key in keys {
                let (before, after) = (ours.get(key), theirs.get(key));
                if before != after {
                    said.push(format!("{what}: {key}: {before:?} became {after:?}"));
                }
            }
        }
        said.join("\n")
    }
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn objects(store: &Store) -> Vec<String> {
    let mut found = Vec::new();
    for resource in store.used_resources() {
        if NOISE.contains(&resource.name()) {
            continue;
        }
        let listing = store.list(&resource, None, &Selector::everything());
        for object in listing.items {
            found.push((resource.to_string(), (*object).clone()));
        }
    }
    let aliases = aliases(&found);
    let lines: Vec<String> = found
        .into_iter()
        .map(|(resource, mut object)| {
            strip(&mut object);
            let line = format!("{resource} {object}");
            aliases
                .iter()
                .fold(line, |line, (from, to)| line.replace(from, to))
        })
        .collect();
    number(lines)
}

/// Returns what stands for each word that is made up anew in every run; longer words first.
fn aliases(objects: &[(String, Value)]) -> Vec<(String, String)> {
    let mut aliases = Vec::new();
    for (resource, object) in objects {
        let name = text(object, "/metadata/name");
        let generated = text(object, "/metadata/generateName");
        let called = if generated.is_empty() {
            name.to_owned()
        } else {
            aliases.push((name.to_owned(), format!("{generated}*")));
            format!("{generated}*")
        };
        let uid = text(object, "/metadata/uid");
        aliases.push((uid.to_owned(), format!("<uid of {resource} {called}>")));
        let revision = object.get("revision").cloned().or_else(|| {
            let annotations = object.pointer("/metadata/annotations")?;
            annotations
                .get("deployment.kubernetes.io/revision")
                .cloned()
        });
        let hash = ["pod-template-hash", "controller.kubernetes.io/hash"]
            .iter()
            .map(|label| {
                text(
                    object,
                    &format!("/metadata/labels/{}", label.replace('/', "~1")),
                )
            })
            .find(|hash| !hash.is_empty());
        if let (Some(hash), Some(revision)) = (hash, revision) {
            let owner = text(object, "/metadata/ownerReferences/0/name");
            aliases.push((hash.to_owned(), format!("<hash {revision} of {owner}>")));
        }
        if resource == "secrets" {
            let data = object["data"].as_object().into_iter().flatten();
            for (key, value) in data {
                aliases.push((
                    value.as_str().unwrap_or_default().to_owned(),
                    format!("<{key} of secret {name}>"),
                ));
            }
        }
    }
    aliases.retain(|(from, _)| from.len() > 4);
    aliases.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
    aliases
}

/// Takes out what differs between runs that led to the same.
fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for key in [
                "resourceVersion",
                "time",
                "podIP",
                "podIPs",
                "hostIP",
                "hostIPs",
                "nodeName",
                "clusterIP",
                "clusterIPs",
                "containerID",
                "volumeName",
            ] {
                map.remove(key);
            }
            // That a change was refused before it was accepted is remembered; a stale read can do so.
            map.remove("k:{\"type\":\"Admitted\"}");
            if map.contains_key("kudo.dev/dependencies-hash") {
                map.insert("kudo.dev/dependencies-hash".to_owned(), "<hash>".into());
            }
            map.values_mut().for_each(strip);
            // The server sorts them by time.
            if let Some(Value::Array(managers)) = map.get_mut("managedFields") {
                managers.sort_by_cached_key(ToString::to_string);
            }
        }
        Value::Array(list) => {
            list.retain(|one| one["type"] != "Admitted" || one["status"] != "True");
            list.iter_mut().for_each(strip);
        }
        Value::String(text) if text.parse::<Timestamp>().is_ok() => "<time>".clone_into(text),
        _ => {}
    }
}

/// Gives every other uid, such as those of executions, a number in order of appearance.
fn number(mut lines: Vec<String>) -> Vec<String> {
    // In an order that does not depend on them.
    lines.sort_by_cached_key(|line| with_uids(line, |_| String::new()));
    let mut known: Vec<String> = Vec::new();
    let mut numbered = |uid: &str| {
        let index = known.iter().position(|known| known == uid);
        let index = index.unwrap_or_else(|| {
            known.push(uid.to_owned());
            known.len() - 1
        });
        format!("<uid {index}>")
    };
    let lines = lines.iter().map(|line| with_uids(line, &mut numbered));
    lines.collect()
}

/// Returns `line` with each uid replaced.
fn with_uids(line: &str, mut replaced: impl FnMut(&str) -> String) -> String {
    let (mut rest, mut out) = (line, String::new());
    loop {
        let mut starts = rest.char_indices().map(|(at, _)| at);
        let Some(at) = starts.find(|at| is_uid(&rest[*at..])) else {
            return out + rest;
        };
        out += &rest[..at];
        out += &replaced(&rest[at..at + 36]);
        rest = &rest[at + 36..];
    }
}

fn is_uid(text: &str) -> bool {
    let Some(text) = text.get(..36) else {
        return false;
    };
    text.char_indices().all(|(at, letter)| match at {
        8 | 13 | 18 | 23 => letter == '-',
        _ => letter.is_ascii_hexdigit(),
    })
}

fn called(change: &Change, object: &Value) -> String {
    let generated = text(object, "/metadata/generateName");
    let owner = text(object, "/metadata/ownerReferences/0/name");
    let name = match (change.resource.name(), generated) {
        ("replicasets" | "controllerrevisions", _) => format!("of {owner}"),
        ("pods", generated) if !generated.is_empty() => {
            let labels = &object["metadata"]["labels"];
            format!("of {}", labels["app"].as_str().unwrap_or(owner))
        }
        (_, "") => change.name.clone(),
        (_, generated) => format!("{generated}*"),
    };
    format!("{} {}/{name}", change.resource, change.namespace)
}

fn created(history: &[std::sync::Arc<Change>]) -> BTreeMap<String, usize> {
    let mut created = BTreeMap::new();
    for change in history {
        if let (None, Some(object)) = (&change.before, &change.after)
            && !NOISE.contains(&change.resource.name())
        {
            *created.entry(called(change, object)).or_default() += 1;
        }
    }
    created
}

fn secret_values(history: &[std::sync::Arc<Change>]) -> BTreeMap<String, usize> {
    let mut values: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for change in history {
        if change.resource.name() == "secrets"
            && let Some(object) = &change.after
            && !change.name.ends_with("-kudo-seed")
        {
            values
                .entry(change.name.clone())
                .or_default()
                .insert(object["data"].to_string());
        }
    }
    values
        .into_iter()
        .map(|(name, values)| (name, values.len()))
        .collect()
}

fn finished(history: &[std::sync::Arc<Change>]) -> BTreeMap<String, usize> {
    let mut told = BTreeMap::new();
    for change in history {
        if let (None, Some(event)) = (&change.before, &change.after)
            && change.resource.name() == "events"
            && text(event, "/reason") == "PlanFinished"
        {
            *told.entry(text(event, "/message").to_owned()).or_default() += 1;
        }
    }
    told
}
