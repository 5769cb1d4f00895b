//! Workloads.

use serde_json::{Value, json};

use super::{items, object, pod_template, set, set_all, text};

fn template(workload: &mut Value) {
    pod_template(object(workload, "/spec/template"));
}

pub(super) fn deployment(deployment: &mut Value) {
    template(deployment);
    let Some(spec) = object(deployment, "/spec") else {
        return;
    };
    set_all(
        spec,
        &[
            ("replicas", json!(1)),
            ("revisionHistoryLimit", json!(10)),
            ("progressDeadlineSeconds", json!(600)),
        ],
    );
    set(spec, &["strategy", "type"], json!("RollingUpdate"));
    if text(spec, "/strategy/type") == "RollingUpdate" {
        set(
            spec,
            &["strategy", "rollingUpdate", "maxUnavailable"],
            json!("25%"),
        );
        set(
            spec,
            &["strategy", "rollingUpdate", "maxSurge"],
            json!("25%"),
        );
    }
}

pub(super) fn stateful_set(set_: &mut Value) {
    template(set_);

    let Some(spec) = object(set_, "/spec") else {
        return;
    };
    set_all(
        spec,
        &[
            ("replicas", json!(1)),
            ("revisionHistoryLimit", json!(10)),
            ("podManagementPolicy", json!("OrderedReady")),
        ],
    );
    set(spec, &["updateStrategy", "type"], json!("RollingUpdate"));
    if text(spec, "/updateStrategy/type") == "RollingUpdate" {
        set(
            spec,
            &["updateStrategy", "rollingUpdate", "partition"],
            json!(0),
        );
    }
    set(
        spec,
        &["persistentVolumeClaimRetentionPolicy", "whenDeleted"],
        json!("Retain"),
    );
    set(
        spec,
        &["persistentVolumeClaimRetentionPolicy", "whenScaled"],
        json!("Retain"),
    );
    for claim in items(spec, "volumeClaimTemplates") {
        set_all(
            claim,
            &[
                ("apiVersion", json!("v1")),
                ("kind", json!("PersistentVolumeClaim")),
            ],
        );
        super::cluster::volume_claim(claim);
    }
}

pub(super) fn daemon_set(set_: &mut Value) {
    template(set_);
    let Some(spec) = object(set_, "/spec") else {
        return;
    };
    set(spec, &["revisionHistoryLimit"], json!(10));
    set(spec, &["updateStrategy", "type"], json!("RollingUpdate"));
    if text(spec, "/updateStrategy/type") == "RollingUpdate" {
        set(
            spec,
            &["updateStrategy", "rollingUpdate", "maxUnavailable"],
            json!(1),
        );
        set(
            spec,
            &["updateStrategy", "rollingUpdate", "maxSurge"],
            json!(0),
        );
    }
}

pub(super) fn replica_set(set_: &mut Value) {
    template(set_);
    if let Some(spec) = object(set_, "/spec") {
        set(spec, &["replicas"], json!(1));
    }
}

/// A replication controller takes selector and labels from its template.
pub(super) fn replication_controller(controller: &mut Value) {
    replica_set(controller);
    let Some(labels) = controller
        .pointer("/spec/template/metadata/labels")
        .cloned()
    else {
        return;
    };
    set(controller, &["spec", "selector"], labels.clone());
    set(controller, &["metadata", "labels"], labels);
}

pub(super) fn job(job: &mut Value) {
    template(job);
    let labels = job.pointer("/spec/template/metadata/labels").cloned();
    let Some(spec) = object(job, "/spec") else {
        return;
    };
    if spec["completions"].is_null() && spec["parallelism"].is_null() {
        set(spec, &["completions"], json!(1));
    }
    if let Some(policy) = object(spec, "/podFailurePolicy") {
        for condition in items(policy, "rules").flat_map(|rule| items(rule, "onPodConditions")) {
            if text(condition, "/status").is_empty() {
                condition["status"] = json!("True");
            }
        }
    }
    let limit = if spec["backoffLimitPerIndex"].is_null() {
        6
    } else {
        i32::MAX
    };
    let failed = !spec["podFailurePolicy"].is_null();
    let replacement = if failed {
        "Failed"
    } else {
        "TerminatingOrFailed"
    };
    if let Some(spec) = spec.as_object_mut() {
        spec.retain(|_, field| !field.is_null());
    }
    set_all(
        spec,
        &[
            ("parallelism", json!(1)),
            ("backoffLimit", json!(limit)),
            ("completionMode", json!("NonIndexed")),
            ("suspend", json!(false)),
            ("podReplacementPolicy", json!(replacement)),
            ("manualSelector", json!(false)),
        ],
    );
    if let Some(labels) = labels {
        set(job, &["metadata", "labels"], labels);
    }
}

pub(super) fn cron_job(job: &mut Value) {
    pod_template(object(job, "/spec/jobTemplate/spec/template"));
    let Some(spec) = object(job, "/spec") else {
        return;
    };
    set_all(
        spec,
        &[
            ("concurrencyPolicy", json!("Allow")),
            ("suspend", json!(false)),
            ("successfulJobsHistoryLimit", json!(3)),
            ("failedJobsHistoryLimit", json!(1)),
        ],
    );
}

pub(super) fn autoscaler(autoscaler: &mut Value) {
    if let Some(spec) = object(autoscaler, "/spec") {
        set(spec, &["minReplicas"], json!(1));
        let cpu =
            json!({"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}});
        if spec["metrics"].as_array().is_none_or(Vec::is_empty) {
            spec["metrics"] = json!([{"type": "Resource", "resource": cpu}]);
        }
    }
}
