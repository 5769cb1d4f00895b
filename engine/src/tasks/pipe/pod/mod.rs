//! The pod of a Pipe task: what its template may be, and what is made of it (kudo-spec 3.9).

use kudo_schema::{Schemas, decode_problem};
use kudo_yaml::Value as Yaml;
use serde_json::{Map, Value, json};

use crate::{
    api::names::ANNOTATION_PIPE_POD,
    enhance::add_strings,
    error::{TaskError, event},
    task::{Pipe, PipeSource},
};

/// The container that keeps the files until they are copied.
pub(super) const WAITER: &str = "waiter";
/// It ends at once when it is told to: a process 1 that does not say so is killed after half a minute.
const WAIT: &str = "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done";

/// A pod as a template gives it.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) pod: Value,
    /// Whether there is more in the template, which KUDO ignored too.
    pub(super) has_more: bool,
}

/// Reads the first document of a rendered template as a pod.
pub(super) fn read(template: &str, text: &str) -> Result<Template, TaskError> {
    let fatal = |cause: String| {
        TaskError::fatal(
            event::UNMARSHAL,
            format!("the pod of template {template} cannot be read: {cause}"),
        )
    };
    let mut documents = Vec::new();
    for chunk in text.split("\n---") {
        let document = kudo_yaml::load(chunk).map_err(|error| fatal(error.to_string()))?;
        if document != Yaml::Null {
            documents.push(document);
        }
    }
    let Some(first) = documents.first() else {
        return Err(fatal("the template renders nothing".to_owned()));
    };
    let mut pod = kudo_yaml::to_json(first).map_err(|error| fatal(error.to_string()))?;
    let Some(fields) = pod.as_object_mut() else {
        return Err(fatal("it is no map".to_owned()));
    };
    for (key, value) in [("apiVersion", "v1"), ("kind", "Pod")] {
        match fields.entry(key).or_insert(Value::Null) {
            found @ Value::Null => *found = json!(value),
            found if *found == value => {}
            found => return Err(fatal(format!("its {key} is {found}, not {value}"))),
        }
    }
    fields.remove("status");
    if let Some(problem) = Schemas::built_in()
        .kind_of(&pod)
        .and_then(|schema| decode_problem(schema, &pod))
    {
        return Err(fatal(problem));
    }
    Ok(Template {
        pod,
        has_more: documents.len() > 1,
    })
}

/// Checks what kudo-spec 3.9 asks of the template, and returns the mount that the files are below.
pub(super) fn check(pod: &Value, pipes: &[Pipe]) -> Result<Value, TaskError> {
    constraints(pod, pipes)
        .map_err(|cause| TaskError::fatal(event::VALIDATION, format!("pipe pod {cause}")))
}

fn constraints(pod: &Value, pipes: &[Pipe]) -> Result<Value, String> {
    let spec = &pod["spec"];
    if !list(spec, "containers").is_empty() {
        return Err("must have no containers: its files are made by an init container".to_owned());
    }
    let [init] = list(spec, "initContainers") else {
        let number = list(spec, "initContainers").len();
        return Err(format!(
            "must have exactly one init container, and has {number}"
        ));
    };
    let restart = text(spec, "restartPolicy");
    if !["", "OnFailure"].contains(&restart) {
        return Err(format!(
            "must have the restartPolicy OnFailure or none, got `{restart}`"
        ));
    }
    if text(init, "restartPolicy") == "Always" {
        return Err(
            "must have an init container that ends, not one that is restarted \
                    always"
                .to_owned(),
        );
    }
    let volumes = list(spec, "volumes").iter();
    let shared: Vec<&Value> = volumes
        .filter(|volume| volume["emptyDir"].is_object())
        .collect();
    let [shared] = shared.as_slice() else {
        let number = shared.len();
        return Err(format!(
            "must have exactly one emptyDir volume, and has {number}"
        ));
    };
    let volume = text(shared, "name");
    let mounts = list(init, "volumeMounts").iter();
    let Some(mount) = mounts.into_iter().find(|mount| mount["name"] == volume) else {
        return Err(format!(
            "must mount its emptyDir volume `{volume}` in its init container"
        ));
    };
    for pipe in pipes {
        check_path(text(mount, "mountPath"), path_of(pipe))?;
    }
    Ok(mount.clone())
}

/// KUDO refused hidden files at the top of the volume by accident, and let pass names that no key of a
/// Secret may have.
fn check_path(mount_path: &str, path: &str) -> Result<(), String> {
    let Some(below) = below(mount_path, path) else {
        return Err(format!(
            "must mount its emptyDir volume above `{path}`, not at `{mount_path}`"
        ));
    };
    let name = below.rsplit('/').next().unwrap_or_default();
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if !name.chars().all(is_key) || name.starts_with("..") || name == "." || name.len() > 253 {
        return Err(format!(
            "has the file `{path}`, whose name cannot be a key: only letters, digits, `-`, `.` and `_` \
             are allowed"
        ));
    }
    Ok(())
}

/// Returns where a pipe's file is in the pod.
pub(super) fn path_of(pipe: &Pipe) -> &str {
    match &pipe.source {
        PipeSource::File(path) | PipeSource::EnvFile(path) => path,
    }
}

/// Returns `path` from the root on, without `.`, `..`, and doubled or trailing slashes.
pub(super) fn cleaned(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Returns the part of `path` that is below `folder`; `None` when it is elsewhere, or the folder itself.
fn below(folder: &str, path: &str) -> Option<String> {
    let (folder, path) = (cleaned(folder), cleaned(path));
    let rest = path.strip_prefix(folder.trim_end_matches('/'))?;
    let rest = rest.strip_prefix('/')?;
    (!rest.is_empty()).then(|| rest.to_owned())
}

/// Returns the pod that runs: the template's, under `name`, with a container that waits beside the files.
pub(super) fn generated(template: &Value, name: &str, mount: &Value, image: &str) -> Value {
    let mut pod = template.clone();
    add_strings(
        &mut pod,
        &["metadata", "annotations"],
        &[(ANNOTATION_PIPE_POD, "true")],
    );
    pod["metadata"]["name"] = json!(name);
    if let Some(metadata) = pod["metadata"].as_object_mut() {
        metadata.remove("generateName");
    }
    pod["spec"]["restartPolicy"] = json!("OnFailure");
    let mut shared = Map::new();
    for key in ["name", "mountPath", "subPath"] {
        if let Some(value) = mount.get(key) {
            shared.insert(key.to_owned(), value.clone());
        }
    }
    shared.insert("readOnly".to_owned(), json!(true));
    pod["spec"]["containers"] = json!([{
        "name": WAITER,
        "image": image,
        // Any build of the image can wait; a cluster without a registry has what it has.
        "imagePullPolicy": "IfNotPresent",
        "command": ["/bin/sh", "-c"],
        "args": [WAIT],
        "volumeMounts": [shared],
        "securityContext": security(&template["spec"]),
    }]);
    pod
}

/// Returns the security context of the waiter: the user of the init container, so that it can read what
/// that wrote, and no more rights than a pod under the restricted Pod Security Standard may have when
/// that user is not root.
fn security(spec: &Value) -> Value {
    let init = &spec["initContainers"][0]["securityContext"];
    let of_pod = &spec["securityContext"];
    let effective = |key: &str| {
        let own = init.get(key).filter(|value| !value.is_null());
        own.or_else(|| of_pod.get(key).filter(|value| !value.is_null()))
    };
    let mut waiter = Map::new();
    for key in ["runAsUser", "runAsGroup", "seLinuxOptions"] {
        if let Some(value) = effective(key) {
            waiter.insert(key.to_owned(), value.clone());
        }
    }
    waiter.insert("allowPrivilegeEscalation".to_owned(), json!(false));
    let user = effective("runAsUser").and_then(Value::as_i64);
    let is_not_root = effective("runAsNonRoot") == Some(&json!(true));
    if is_not_root || user.is_some_and(|user| user != 0) {
        waiter.insert("runAsNonRoot".to_owned(), json!(true));
        // The init container's user may come from its image; the waiter's image may name none.
        waiter.entry("runAsUser").or_insert(json!(NOBODY));
        waiter.insert("capabilities".to_owned(), json!({"drop": ["ALL"]}));
        let seccomp = effective("seccompProfile").cloned();
        let seccomp = seccomp.unwrap_or_else(|| json!({"type": "RuntimeDefault"}));
        waiter.insert("seccompProfile".to_owned(), seccomp);
    }
    Value::Object(waiter)
}

/// The user that owns nothing.
const NOBODY: i64 = 65_534;

fn list<'a>(object: &'a Value, key: &str) -> &'a [Value] {
    object[key].as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests;
