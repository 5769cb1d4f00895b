//! Everything that runs no pods.

use serde_json::{Value, json};

use super::{items, object, set, set_all, text};

pub(super) fn service(service: &mut Value) {
    let Some(spec) = object(service, "/spec") else {
        return;
    };
    set_all(
        spec,
        &[
            ("sessionAffinity", json!("None")),
            ("type", json!("ClusterIP")),
        ],
    );
    match text(spec, "/sessionAffinity") {
        "ClientIP" => {
            set(
                spec,
                &["sessionAffinityConfig", "clientIP", "timeoutSeconds"],
                json!(10_800),
            );
        }
        "None" => {
            spec.as_object_mut()
                .map(|spec| spec.remove("sessionAffinityConfig"));
        }
        _ => {}
    }
    let kind = text(spec, "/type").to_owned();
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        set(spec, &["externalTrafficPolicy"], json!("Cluster"));
    }
    if kind != "ExternalName" {
        set(spec, &["internalTrafficPolicy"], json!("Cluster"));
    }
    if kind == "LoadBalancer" {
        set(spec, &["allocateLoadBalancerNodePorts"], json!(true));
    }
    for port in items(spec, "ports") {
        set(port, &["protocol"], json!("TCP"));
        let target = port["targetPort"].clone();
        if target.is_null() || target == json!("") || target == json!(0) {
            port["targetPort"] = port["port"].clone();
        }
    }
}

/// `stringData` is for writing only: it ends up in `data`.
pub(super) fn secret(secret: &mut Value) {
    set(secret, &["type"], json!("Opaque"));
    let plain = secret
        .as_object_mut()
        .and_then(|secret| secret.remove("stringData"));
    for (name, text) in plain
        .as_ref()
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let Some(text) = text.as_str() else { continue };
        set(secret, &["data", name], Value::Null);
        if let Some(data) = object(secret, "/data") {
            data[name] = json!(base64(text.as_bytes()));
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let index = (bits >> (18 - 6 * at) & 63) as usize;
            text.push(if at <= chunk.len() {
                char::from(ALPHABET[index])
            } else {
                '='
            });
        }
    }
    text
}

pub(super) fn namespace(namespace: &mut Value) {
    let name = text(namespace, "/metadata/name").to_owned();
    if !name.is_empty() {
        set(
            namespace,
            &["metadata", "labels", "kubernetes.io/metadata.name"],
            json!(name),
        );
    }
    set(namespace, &["spec", "finalizers"], json!(["kubernetes"]));
    set(namespace, &["status", "phase"], json!("Active"));
}

pub(super) fn volume_claim(claim: &mut Value) {
    set(claim, &["spec", "volumeMode"], json!("Filesystem"));
    set(claim, &["status", "phase"], json!("Pending"));
}

pub(super) fn persistent_volume(volume: &mut Value) {
    set(volume, &["status", "phase"], json!("Pending"));
    set(
        volume,
        &["spec", "persistentVolumeReclaimPolicy"],
        json!("Retain"),
    );
    set(volume, &["spec", "volumeMode"], json!("Filesystem"));
    if let Some(path) = object(volume, "/spec/hostPath") {
        set(path, &["type"], json!(""));
    }
}

pub(super) fn endpoints(endpoints: &mut Value) {
    for subset in items(endpoints, "subsets") {
        for port in items(subset, "ports") {
            set(port, &["protocol"], json!("TCP"));
        }
    }
}

pub(super) fn endpoint_slice(slice: &mut Value) {
    for port in items(slice, "ports") {
        set_all(port, &[("name", json!("")), ("protocol", json!("TCP"))]);
    }
}

/// Limits of containers: the default is the maximum, the default request the default or the minimum.
pub(super) fn limit_range(range: &mut Value) {
    let Some(spec) = object(range, "/spec") else {
        return;
    };
    for limit in items(spec, "limits").filter(|limit| limit["type"] == json!("Container")) {
        for (to, from) in [
            ("default", "max"),
            ("defaultRequest", "default"),
            ("defaultRequest", "min"),
        ] {
            let known = limit
                .get(from)
                .and_then(Value::as_object)
                .cloned()
                .unwrap_or_default();
            for (name, amount) in known {
                set(limit, &[to, &name], amount);
            }
        }
    }
}

pub(super) fn network_policy(policy: &mut Value) {
    let Some(spec) = object(policy, "/spec") else {
        return;
    };
    let has_egress = spec
        .get("egress")
        .and_then(Value::as_array)
        .is_some_and(|e| !e.is_empty());
    let types = if has_egress {
        json!(["Ingress", "Egress"])
    } else {
        json!(["Ingress"])
    };
    set(spec, &["policyTypes"], types);
    for list in ["ingress", "egress"] {
        for rule in items(spec, list) {
            for port in items(rule, "ports") {
                set(port, &["protocol"], json!("TCP"));
            }
        }
    }
}

pub(super) fn role_binding(binding: &mut Value) {
    const GROUP: &str = "rbac.authorization.k8s.io";
    if text(binding, "/roleRef/apiGroup").is_empty()
        && let Some(role) = object(binding, "/roleRef")
    {
        role["apiGroup"] = json!(GROUP);
    }
    for subject in items(binding, "subjects") {
        if matches!(text(subject, "/kind"), "User" | "Group") {
            set(subject, &["apiGroup"], json!(GROUP));
        }
    }
}

pub(super) fn storage_class(class: &mut Value) {
    set_all(
        class,
        &[
            ("reclaimPolicy", json!("Delete")),
            ("volumeBindingMode", json!("Immediate")),
        ],
    );
}

pub(super) fn webhooks(configuration: &mut Value, mutating: bool) {
    for webhook in items(configuration, "webhooks") {
        set_all(
            webhook,
            &[
                ("failurePolicy", json!("Fail")),
                ("matchPolicy", json!("Equivalent")),
                ("timeoutSeconds", json!(10)),
                ("namespaceSelector", json!({})),
                ("objectSelector", json!({})),
            ],
        );
        if mutating {
            set(webhook, &["reinvocationPolicy"], json!("Never"));
        }
        if let Some(service) = object(webhook, "/clientConfig/service") {
            set(service, &["port"], json!(443));
        }
        for rule in items(webhook, "rules") {
            set(rule, &["scope"], json!("*"));
        }
    }
}

pub(super) fn crd(crd: &mut Value) {
    let kind = text(crd, "/spec/names/kind").to_owned();
    set(crd, &["spec", "conversion", "strategy"], json!("None"));
    if !kind.is_empty() {
        set(
            crd,
            &["spec", "names", "singular"],
            json!(kind.to_lowercase()),
        );
        set(
            crd,
            &["spec", "names", "listKind"],
            json!(format!("{kind}List")),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::base64;

    /// The test vectors of RFC 4648, section 10.
    #[test]
    fn base64_of_the_rfc() {
        let cases = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, encoded) in cases {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }
}
