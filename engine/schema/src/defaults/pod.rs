//! Pods and everything made of them.

use serde_json::{Value, json};

use super::{items, object, set, set_all, text};

/// Pods themselves know more than templates: links to services, requests from limits, host ports.
pub(super) fn pod(pod: &mut Value) {
    set(pod, &["spec", "enableServiceLinks"], json!(true));
    let Some(spec) = object(pod, "/spec") else {
        return;
    };
    for list in ["containers", "initContainers"] {
        items(spec, list).for_each(requests_from_limits);
    }
    if spec["hostNetwork"] == json!(true) {
        for list in ["containers", "initContainers"] {
            items(spec, list).for_each(host_ports);
        }
    }
    pod_spec(Some(spec));
    set(pod, &["status", "phase"], json!("Pending"));
}

fn requests_from_limits(container: &mut Value) {
    let Some(limits) = container
        .pointer("/resources/limits")
        .and_then(Value::as_object)
    else {
        return;
    };
    for (name, limit) in limits.clone() {
        set(container, &["resources", "requests", &name], limit);
    }
}

fn host_ports(container: &mut Value) {
    for port in items(container, "ports") {
        let number = port["containerPort"].clone();
        set(port, &["hostPort"], number);
    }
}

pub(super) fn pod_template(template: Option<&mut Value>) {
    if let Some(template) = template.filter(|template| template.is_object()) {
        pod_spec(object(template, "/spec"));
    }
}

pub(super) fn pod_spec(spec: Option<&mut Value>) {
    let Some(spec) = spec else { return };
    set_all(
        spec,
        &[
            ("dnsPolicy", json!("ClusterFirst")),
            ("restartPolicy", json!("Always")),
            ("securityContext", json!({})),
            ("terminationGracePeriodSeconds", json!(30)),
            ("schedulerName", json!("default-scheduler")),
        ],
    );
    // The old name of the field is kept in step with the new one.
    let (new, old) = (
        text(spec, "/serviceAccountName"),
        text(spec, "/serviceAccount"),
    );
    let account = if new.is_empty() { old } else { new }.to_owned();
    if !account.is_empty() {
        spec["serviceAccountName"] = json!(account);
        spec["serviceAccount"] = json!(account);
    }
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        items(spec, list).for_each(container);
    }
    items(spec, "volumes").for_each(volume);
}

fn container(container: &mut Value) {
    let image = text(container, "/image");
    let policy = if is_latest(image) {
        "Always"
    } else {
        "IfNotPresent"
    };
    set_all(
        container,
        &[
            ("imagePullPolicy", json!(policy)),
            ("terminationMessagePath", json!("/dev/termination-log")),
            ("terminationMessagePolicy", json!("File")),
        ],
    );
    for port in items(container, "ports") {
        set(port, &["protocol"], json!("TCP"));
    }
    for variable in items(container, "env") {
        if let Some(field) = object(variable, "/valueFrom/fieldRef") {
            set(field, &["apiVersion"], json!("v1"));
        }
        if let Some(resource) = object(variable, "/valueFrom/resourceFieldRef") {
            set(resource, &["divisor"], json!("0"));
        }
        if let Some(file) = object(variable, "/valueFrom/fileKeyRef") {
            set(file, &["optional"], json!(false));
        }
    }
    for name in ["/livenessProbe", "/readinessProbe", "/startupProbe"] {
        if let Some(found) = object(container, name) {
            probe(found);
        }
    }
    for name in ["/lifecycle/postStart/httpGet", "/lifecycle/preStop/httpGet"] {
        if let Some(found) = object(container, name) {
            http_get(found);
        }
    }
}

/// An image without a tag is the latest; one with a digest never is.
fn is_latest(image: &str) -> bool {
    if image.contains('@') {
        return false;
    }
    let name = image.rsplit('/').next().unwrap_or(image);
    name.split_once(':').is_none_or(|(_, tag)| tag == "latest")
}

fn probe(probe: &mut Value) {
    set_all(
        probe,
        &[
            ("timeoutSeconds", json!(1)),
            ("periodSeconds", json!(10)),
            ("successThreshold", json!(1)),
            ("failureThreshold", json!(3)),
        ],
    );
    if let Some(found) = object(probe, "/httpGet") {
        http_get(found);
    }
    if let Some(grpc) = object(probe, "/grpc") {
        set(grpc, &["service"], json!(""));
    }
}

fn http_get(action: &mut Value) {
    set_all(action, &[("path", json!("/")), ("scheme", json!("HTTP"))]);
}

fn volume(volume: &mut Value) {
    let Some(fields) = volume.as_object_mut() else {
        return;
    };
    let has_source = fields
        .iter()
        .any(|(name, source)| name != "name" && !source.is_null());
    if !has_source {
        fields.insert("emptyDir".to_owned(), json!({}));
    }
    for source in ["/secret", "/configMap", "/downwardAPI", "/projected"] {
        if let Some(source) = object(volume, source) {
            set(source, &["defaultMode"], json!(0o644));
        }
    }
    if let Some(path) = object(volume, "/hostPath") {
        set(path, &["type"], json!(""));
    }
    if let Some(source) = object(volume, "/downwardAPI") {
        downward(source);
    }
    if let Some(source) = object(volume, "/projected") {
        for part in items(source, "sources") {
            if let Some(token) = object(part, "/serviceAccountToken") {
                set(token, &["expirationSeconds"], json!(3600));
            }
            if let Some(found) = object(part, "/downwardAPI") {
                downward(found);
            }
        }
    }
    if let Some(claim) = object(volume, "/ephemeral/volumeClaimTemplate/spec") {
        set(claim, &["volumeMode"], json!("Filesystem"));
    }
    if let Some(iscsi) = object(volume, "/iscsi") {
        set(iscsi, &["iscsiInterface"], json!("default"));
    }
}

fn downward(source: &mut Value) {
    for item in items(source, "items") {
        if let Some(field) = object(item, "/fieldRef") {
            set(field, &["apiVersion"], json!("v1"));
        }
        if let Some(resource) = object(item, "/resourceFieldRef") {
            set(resource, &["divisor"], json!("0"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_latest;

    #[test]
    fn latest_images() {
        assert!(is_latest("nginx") && is_latest("host:5000/nginx") && is_latest("nginx:latest"));
        assert!(!is_latest("nginx:1") && !is_latest("host:5000/a/b:1"));
        assert!(!is_latest("nginx@sha256:00") && !is_latest("nginx:latest@sha256:00"));
    }
}
