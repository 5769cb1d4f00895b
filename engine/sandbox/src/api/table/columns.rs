//! Columns of the built-in kinds (`pkg/printers/internalversion`).

use super::{Column, custom};
use crate::api::catalog::Served;

/// Group, plural and columns. A column ends in `+` when only `-o wide` shows it, in `#` when it is
/// an integer, in `?` when it is a boolean.
const COLUMNS: &[(&str, &str, &str)] = &[
    ("", "configmaps", "Name|Data|Age"),
    ("", "endpoints", "Name|Endpoints|Age"),
    (
        "",
        "events",
        "Last Seen|Type|Reason|Object|Subobject+|Source+|Message|First Seen+|Count+|Name+",
    ),
    ("", "namespaces", "Name|Status|Age"),
    (
        "",
        "nodes",
        "Name|Status|Roles|Age|Version|Internal-IP+|External-IP+|OS-Image+|Kernel-Version+|\
         Container-Runtime+",
    ),
    (
        "",
        "persistentvolumeclaims",
        "Name|Status|Volume|Capacity|Access Modes|StorageClass|VolumeAttributesClass|Age|\
         VolumeMode+",
    ),
    (
        "",
        "persistentvolumes",
        "Name|Capacity|Access Modes|Reclaim Policy|Status|Claim|StorageClass|\
         VolumeAttributesClass|Reason|Age|VolumeMode+",
    ),
    (
        "",
        "pods",
        "Name|Ready|Status|Restarts|Age|IP+|Node+|Nominated Node+|Readiness Gates+",
    ),
    ("", "secrets", "Name|Type|Data|Age"),
    ("", "serviceaccounts", "Name|Secrets|Age"),
    (
        "",
        "services",
        "Name|Type|Cluster-IP|External-IP|Port(s)|Age|Selector+",
    ),
    (
        "apps",
        "daemonsets",
        "Name|Desired#|Current#|Ready#|Up-to-date#|Available#|Node Selector|Age|Containers+|\
         Images+|Selector+",
    ),
    (
        "apps",
        "deployments",
        "Name|Ready|Up-to-date|Available|Age|Containers+|Images+|Selector+",
    ),
    (
        "apps",
        "replicasets",
        "Name|Desired#|Current#|Ready#|Age|Containers+|Images+|Selector+",
    ),
    ("apps", "statefulsets", "Name|Ready|Age|Containers+|Images+"),
    (
        "batch",
        "cronjobs",
        "Name|Schedule|Timezone|Suspend?|Active#|Last Schedule|Age|Containers+|Images+|Selector+",
    ),
    (
        "batch",
        "jobs",
        "Name|Status|Completions|Duration|Age|Containers+|Images+|Selector+",
    ),
    ("coordination.k8s.io", "leases", "Name|Holder|Age"),
    (
        "networking.k8s.io",
        "ingresses",
        "Name|Class|Hosts|Address|Ports|Age",
    ),
    (
        "policy",
        "poddisruptionbudgets",
        "Name|Min Available|Max Unavailable|Allowed Disruptions#|Age",
    ),
    (
        "storage.k8s.io",
        "storageclasses",
        "Name|Provisioner|ReclaimPolicy|VolumeBindingMode|AllowVolumeExpansion|Age",
    ),
];

/// The columns of a kind. Kinds without columns of their own show when they were made.
pub(super) fn of(served: &Served) -> Vec<Column> {
    if let Some(definition) = &served.custom {
        return custom::columns(definition);
    }
    let (group, plural) = (served.storage.group(), served.storage.name());
    let known = COLUMNS.iter().find(|(g, p, _)| (*g, *p) == (group, plural));
    match known {
        Some((_, _, columns)) => columns.split('|').map(column).collect(),
        None => vec![
            Column::new("Name", "string", 0),
            Column::new("Created At", "date", 0),
        ],
    }
}

fn column(written: &str) -> Column {
    let name = written.trim_end_matches(['+', '#', '?']);
    let kind = match written.chars().last() {
        Some('#') => "integer",
        Some('?') => "boolean",
        _ => "string",
    };
    Column::new(name, kind, i64::from(written.ends_with('+')))
}
