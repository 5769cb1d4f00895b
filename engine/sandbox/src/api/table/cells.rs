//! Cells of the built-in kinds (`pkg/printers/internalversion`).

use jiff::Timestamp;
use serde_json::Value;

use super::{age, since};
use crate::api::catalog::Served;
use crate::store::object::{list, name, text};

fn number(item: &Value, pointer: &str) -> i64 {
    item.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
}

fn or<'a>(text: &'a str, otherwise: &'a str) -> Value {
    if text.is_empty() {
        otherwise.into()
    } else {
        text.into()
    }
}

fn ratio(ready: i64, wanted: i64) -> Value {
    format!("{ready}/{wanted}").into()
}

fn members(item: &Value, pointer: &str) -> usize {
    item.pointer(pointer)
        .and_then(Value::as_object)
        .map_or(0, serde_json::Map::len)
}

/// Names and images of the containers of a template.
fn containers(item: &Value, spec: &str) -> [Value; 2] {
    let of = |key: &str| -> Value {
        let containers = list(item, &format!("{spec}/containers")).iter();
        containers
            .map(|container| text(container, key))
            .collect::<Vec<_>>()
            .join(",")
            .into()
    };
    [of("/name"), of("/image")]
}

fn labels(item: &Value, pointer: &str) -> Value {
    let labels = item.pointer(pointer).and_then(Value::as_object);
    let pairs: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    or(&pairs.join(","), "<none>")
}

/// The cells of one object of a built-in kind.
pub(super) fn of(served: &Served, item: &Value, now: Timestamp) -> Vec<Value> {
    let (named, aged) = (Value::from(name(item)), age(item, now));
    match (served.storage.group(), served.storage.name()) {
        ("", "pods") => pod(item, now),
        ("apps", kind) => workload(kind, item, named, aged),
        ("", "services") => service(item, named, aged),
        ("", "configmaps") => {
            let count = members(item, "/data") + members(item, "/binaryData");
            vec![named, count.into(), aged]
        }
        ("", "secrets") => {
            vec![
                named,
                text(item, "/type").into(),
                members(item, "/data").into(),
                aged,
            ]
        }
        ("", "serviceaccounts") => vec![named, list(item, "/secrets").len().into(), aged],
        ("batch", "jobs") => job(item, named, aged, now),
        ("batch", "cronjobs") => cron_job(item, named, aged, now),
        ("", "events") => event(item, now),
        ("", "namespaces") => vec![named, text(item, "/status/phase").into(), aged],
        ("", "nodes") => node(item, named, aged),
        ("", "persistentvolumeclaims") => claim(item, named, aged),
        ("", "persistentvolumes") => volume(item, named, aged),
        ("storage.k8s.io", "storageclasses") => class(item, aged),
        ("", "endpoints") => vec![named, endpoints(item), aged],
        ("policy", "poddisruptionbudgets") => vec![
            named,
            amount(item, "/spec/minAvailable"),
            amount(item, "/spec/maxUnavailable"),
            number(item, "/status/disruptionsAllowed").into(),
            aged,
        ],
        ("networking.k8s.io", "ingresses") => ingress(item, named, aged),
        ("coordination.k8s.io", "leases") => {
            vec![named, text(item, "/spec/holderIdentity").into(), aged]
        }
        _ => vec![named, text(item, "/metadata/creationTimestamp").into()],
    }
}

fn workload(kind: &str, item: &Value, named: Value, aged: Value) -> Vec<Value> {
    let count = |key: &str| Value::from(number(item, &format!("/status/{key}")));
    let ready = ratio(
        number(item, "/status/readyReplicas"),
        number(item, "/spec/replicas"),
    );
    let wanted = number(item, "/spec/replicas").into();
    let mut cells = match kind {
        "deployments" => {
            vec![
                named,
                ready,
                count("updatedReplicas"),
                count("availableReplicas"),
                aged,
            ]
        }
        "replicasets" => vec![
            named,
            wanted,
            count("replicas"),
            count("readyReplicas"),
            aged,
        ],
        "statefulsets" => vec![named, ready, aged],
        "daemonsets" => vec![
            named,
            count("desiredNumberScheduled"),
            count("currentNumberScheduled"),
            count("numberReady"),
            count("updatedNumberScheduled"),
            count("numberAvailable"),
            labels(item, "/spec/template/spec/nodeSelector"),
            aged,
        ],
        // Revisions of workloads.
        _ => return vec![named, text(item, "/metadata/creationTimestamp").into()],
    };
    cells.extend(containers(item, "/spec/template/spec"));
    if kind != "statefulsets" {
        cells.push(labels(item, "/spec/selector/matchLabels"));
    }
    cells
}

fn amount(item: &Value, pointer: &str) -> Value {
    match item.pointer(pointer) {
        Some(Value::String(text)) => text.as_str().into(),
        Some(Value::Number(number)) => number.to_string().into(),
        _ => "N/A".into(),
    }
}

fn pod(item: &Value, now: Timestamp) -> Vec<Value> {
    let statuses = list(item, "/status/containerStatuses");
    let ready = statuses
        .iter()
        .filter(|status| status.get("ready") == Some(&Value::Bool(true)));
    let (ready, wanted) = (ready.count(), list(item, "/spec/containers").len());
    let restarts: i64 = statuses
        .iter()
        .map(|status| number(status, "/restartCount"))
        .sum();
    let gates = list(item, "/spec/readinessGates").len();
    vec![
        name(item).into(),
        format!("{ready}/{wanted}").into(),
        pod_status(item).into(),
        restarts.to_string().into(),
        age(item, now),
        or(text(item, "/status/podIP"), "<none>"),
        or(text(item, "/spec/nodeName"), "<none>"),
        or(text(item, "/status/nominatedNodeName"), "<none>"),
        if gates == 0 {
            "<none>".into()
        } else {
            format!("0/{gates}").into()
        },
    ]
}

/// The word `kubectl get pods` shows: the worst thing known about the pod.
fn pod_status(item: &Value) -> String {
    let mut status = match text(item, "/status/reason") {
        "" => text(item, "/status/phase").to_owned(),
        reason => reason.to_owned(),
    };
    let initial = list(item, "/status/initContainerStatuses");
    let count = list(item, "/spec/initContainers").len();
    for (index, container) in initial.iter().enumerate() {
        if number(container, "/state/terminated/exitCode") == 0
            && container.pointer("/state/terminated").is_some()
        {
            continue;
        }
        status = match (
            text(container, "/state/terminated/reason"),
            text(container, "/state/waiting/reason"),
        ) {
            ("", "" | "PodInitializing") => format!("Init:{index}/{count}"),
            ("", reason) | (reason, _) => format!("Init:{reason}"),
        };
        break;
    }
    if !status.starts_with("Init:") {
        for container in list(item, "/status/containerStatuses").iter().rev() {
            let reason = match text(container, "/state/waiting/reason") {
                "" => text(container, "/state/terminated/reason"),
                reason => reason,
            };
            if !reason.is_empty() {
                reason.clone_into(&mut status);
            }
        }
    }
    let ended = ["Succeeded", "Failed"].contains(&text(item, "/status/phase"));
    if crate::store::object::is_terminating(item) && !ended {
        return "Terminating".to_owned();
    }
    status
}

fn service(item: &Value, named: Value, aged: Value) -> Vec<Value> {
    let ports: Vec<String> = list(item, "/spec/ports")
        .iter()
        .map(|port| {
            let (own, node) = (number(port, "/port"), number(port, "/nodePort"));
            let protocol = text(port, "/protocol");
            match node {
                0 => format!("{own}/{protocol}"),
                node => format!("{own}:{node}/{protocol}"),
            }
        })
        .collect();
    let kind = text(item, "/spec/type");
    let external = match kind {
        "LoadBalancer" => "<pending>",
        "ExternalName" => text(item, "/spec/externalName"),
        _ => "<none>",
    };
    vec![
        named,
        kind.into(),
        or(text(item, "/spec/clusterIP"), "<none>"),
        external.into(),
        or(&ports.join(","), "<none>"),
        aged,
        labels(item, "/spec/selector"),
    ]
}

fn has_condition(item: &Value, wanted: &str) -> bool {
    list(item, "/status/conditions")
        .iter()
        .any(|condition| text(condition, "/type") == wanted && text(condition, "/status") == "True")
}

fn job(item: &Value, named: Value, aged: Value, now: Timestamp) -> Vec<Value> {
    let status = if has_condition(item, "Complete") {
        "Complete"
    } else if has_condition(item, "Failed") {
        "Failed"
    } else if crate::store::object::is_terminating(item) {
        "Terminating"
    } else if has_condition(item, "Suspended") {
        "Suspended"
    } else {
        "Running"
    };
    let completions = item.pointer("/spec/completions").and_then(Value::as_i64);
    let succeeded = number(item, "/status/succeeded");
    let start = text(item, "/status/startTime");
    let end = text(item, "/status/completionTime").parse().unwrap_or(now);
    let duration = if start.is_empty() {
        "".into()
    } else {
        since(start, end)
    };
    let mut cells = vec![
        named,
        status.into(),
        ratio(succeeded, completions.unwrap_or(1)),
        duration,
        aged,
    ];
    cells.extend(containers(item, "/spec/template/spec"));
    cells.push(labels(item, "/spec/selector/matchLabels"));
    cells
}

fn cron_job(item: &Value, named: Value, aged: Value, now: Timestamp) -> Vec<Value> {
    let last = match text(item, "/status/lastScheduleTime") {
        "" => "<none>".into(),
        moment => since(moment, now),
    };
    let suspended = item
        .pointer("/spec/suspend")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    let mut cells = vec![
        named,
        text(item, "/spec/schedule").into(),
        or(text(item, "/spec/timeZone"), "<none>"),
        if suspended {
            "True".into()
        } else {
            "False".into()
        },
        list(item, "/status/active").len().into(),
        last,
        aged,
    ];
    cells.extend(containers(item, "/spec/jobTemplate/spec/template/spec"));
    cells.push("<none>".into());
    cells
}

fn event(item: &Value, now: Timestamp) -> Vec<Value> {
    let first = match text(item, "/firstTimestamp") {
        "" => text(item, "/eventTime"),
        first => first,
    };
    let last = match (
        text(item, "/series/lastObservedTime"),
        text(item, "/lastTimestamp"),
    ) {
        ("", "") => first,
        ("", last) | (last, _) => last,
    };
    let object = format!(
        "{}/{}",
        text(item, "/involvedObject/kind").to_lowercase(),
        text(item, "/involvedObject/name")
    );
    let source = match (text(item, "/source/component"), text(item, "/source/host")) {
        ("", _) => text(item, "/reportingComponent").to_owned(),
        (component, "") => component.to_owned(),
        (component, host) => format!("{component}, {host}"),
    };
    let count = number(item, "/series/count")
        .max(number(item, "/count"))
        .max(1);
    vec![
        since(last, now),
        text(item, "/type").into(),
        text(item, "/reason").into(),
        object.into(),
        text(item, "/involvedObject/fieldPath").into(),
        source.into(),
        text(item, "/message").trim().into(),
        since(first, now),
        count.into(),
        name(item).into(),
    ]
}

fn node(item: &Value, named: Value, aged: Value) -> Vec<Value> {
    let ready = if has_condition(item, "Ready") {
        "Ready"
    } else {
        "NotReady"
    };
    let cordoned = item.pointer("/spec/unschedulable") == Some(&Value::Bool(true));
    let status = if cordoned {
        format!("{ready},SchedulingDisabled")
    } else {
        ready.to_owned()
    };
    let labels = item.pointer("/metadata/labels").and_then(Value::as_object);
    let roles: Vec<&str> = labels
        .into_iter()
        .flatten()
        .filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/"))
        .collect();
    let address = |kind: &str| {
        let addresses = list(item, "/status/addresses").iter();
        let mut found = addresses.filter(|address| text(address, "/type") == kind);
        or(
            found.next().map_or("", |address| text(address, "/address")),
            "<none>",
        )
    };
    let fact = |key: &str| or(text(item, &format!("/status/nodeInfo/{key}")), "<unknown>");
    vec![
        named,
        status.into(),
        or(&roles.join(","), "<none>"),
        aged,
        text(item, "/status/nodeInfo/kubeletVersion").into(),
        address("InternalIP"),
        address("ExternalIP"),
        fact("osImage"),
        fact("kernelVersion"),
        fact("containerRuntimeVersion"),
    ]
}

fn modes(item: &Value, pointer: &str) -> Value {
    let short = list(item, pointer)
        .iter()
        .filter_map(Value::as_str)
        .map(|mode| match mode {
            "ReadWriteOnce" => "RWO",
            "ReadOnlyMany" => "ROX",
            "ReadWriteMany" => "RWX",
            "ReadWriteOncePod" => "RWOP",
            other => other,
        });
    short.collect::<Vec<_>>().join(",").into()
}

fn claim(item: &Value, named: Value, aged: Value) -> Vec<Value> {
    let terminating = crate::store::object::is_terminating(item);
    let phase = if terminating {
        "Terminating"
    } else {
        text(item, "/status/phase")
    };
    let bound = !text(item, "/spec/volumeName").is_empty();
    let capacity = if bound {
        text(item, "/status/capacity/storage")
    } else {
        ""
    };
    vec![
        named,
        phase.into(),
        text(item, "/spec/volumeName").into(),
        capacity.into(),
        if bound {
            modes(item, "/status/accessModes")
        } else {
            "".into()
        },
        text(item, "/spec/storageClassName").into(),
        or(
            text(item, "/status/currentVolumeAttributesClassName"),
            "<unset>",
        ),
        aged,
        or(text(item, "/spec/volumeMode"), "<unset>"),
    ]
}

fn volume(item: &Value, named: Value, aged: Value) -> Vec<Value> {
    let claim = match (
        text(item, "/spec/claimRef/namespace"),
        text(item, "/spec/claimRef/name"),
    ) {
        (_, "") => String::new(),
        (namespace, name) => format!("{namespace}/{name}"),
    };
    vec![
        named,
        text(item, "/spec/capacity/storage").into(),
        modes(item, "/spec/accessModes"),
        text(item, "/spec/persistentVolumeReclaimPolicy").into(),
        text(item, "/status/phase").into(),
        claim.into(),
        text(item, "/spec/storageClassName").into(),
        or(text(item, "/spec/volumeAttributesClassName"), "<unset>"),
        text(item, "/status/reason").into(),
        aged,
        or(text(item, "/spec/volumeMode"), "<unset>"),
    ]
}

fn class(item: &Value, aged: Value) -> Vec<Value> {
    let default = text(
        item,
        "/metadata/annotations/storageclass.kubernetes.io~1is-default-class",
    );
    let named = match default {
        "true" => format!("{} (default)", name(item)),
        _ => name(item).to_owned(),
    };
    let expands = item
        .get("allowVolumeExpansion")
        .and_then(Value::as_bool)
        .unwrap_or(false);
    vec![
        named.into(),
        text(item, "/provisioner").into(),
        or(text(item, "/reclaimPolicy"), "Delete"),
        or(text(item, "/volumeBindingMode"), "Immediate"),
        expands.into(),
        aged,
    ]
}

fn endpoints(item: &Value) -> Value {
    let addresses: Vec<String> = list(item, "/subsets")
        .iter()
        .flat_map(|subset| {
            let ports = list(subset, "/ports");
            list(subset, "/addresses").iter().flat_map(move |address| {
                let ip = text(address, "/ip").to_owned();
                ports
                    .iter()
                    .map(move |port| format!("{ip}:{}", number(port, "/port")))
            })
        })
        .collect();
    if addresses.len() > 3 {
        let more = addresses.len() - 3;
        return format!("{} + {more} more...", addresses[..3].join(",")).into();
    }
    or(&addresses.join(","), "<none>")
}

fn ingress(item: &Value, named: Value, aged: Value) -> Vec<Value> {
    let hosts: Vec<&str> = list(item, "/spec/rules")
        .iter()
        .map(|rule| text(rule, "/host"))
        .collect();
    let hosts: Vec<&str> = hosts.into_iter().filter(|host| !host.is_empty()).collect();
    let ports = if list(item, "/spec/tls").is_empty() {
        "80"
    } else {
        "80, 443"
    };
    vec![
        named,
        or(text(item, "/spec/ingressClassName"), "<none>"),
        or(&hosts.join(","), "*"),
        "".into(),
        ports.into(),
        aged,
    ]
}
