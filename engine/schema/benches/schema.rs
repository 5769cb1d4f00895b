//! How long the everyday questions take: lookup, prune, apply, patches.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use kudo_schema::{
    Reset, Schema, Schemas, Writer, json_merge_patch, normalize, prune, server_side_apply,
};
use serde_json::{Value, json};

fn stateful_set(image: &str) -> Value {
    let environment: Vec<Value> = (0..20)
        .map(|at| json!({"name": format!("VARIABLE_{at}"), "value": "value"}))
        .collect();
    json!({"apiVersion": "apps/v1", "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": "default", "labels": {"app": "db"}},
        "spec": {"serviceName": "db", "replicas": 3, "selector": {"matchLabels": {"app": "db"}},
            "template": {"metadata": {"labels": {"app": "db"}}, "spec": {
                "containers": [{"name": "db", "image": image, "env": environment,
                    "ports": [{"containerPort": 3306, "name": "sql"}, {"containerPort": 4567}],
                    "readinessProbe": {"exec": {"command": ["check"]}},
                    "volumeMounts": [{"name": "data", "mountPath": "/data"}]}],
                "volumes": [{"name": "config", "configMap": {"name": "config"}}]}},
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}}}}]}})
}

fn schema() -> Schema<'static> {
    Schemas::built_in()
        .kind("apps", "v1", "StatefulSet")
        .expect("a built-in kind")
}

fn writer() -> Writer<'static> {
    Writer {
        manager: "kudo-rs",
        api_version: "apps/v1",
        subresource: "",
        now: "2026-01-02T03:04:05Z",
        reset: Reset::built_in("apps", "StatefulSet", "", true),
    }
}

fn benches(criterion: &mut Criterion) {
    criterion.bench_function("lookup of a kind", |bench| {
        bench.iter(|| Schemas::built_in().kind("apps", "v1", black_box("StatefulSet")));
    });
    criterion.bench_function("prune of a StatefulSet", |bench| {
        bench.iter_batched_ref(
            || stateful_set("db:1"),
            |object| prune(schema(), object),
            criterion::BatchSize::SmallInput,
        );
    });
    criterion.bench_function("normalize a StatefulSet", |bench| {
        bench.iter_batched_ref(
            || stateful_set("db:1"),
            |object| normalize(schema(), object),
            criterion::BatchSize::SmallInput,
        );
    });
    let live = server_side_apply(schema(), None, &stateful_set("db:1"), true, &writer())
        .expect("it fits the schema")
        .object;
    for (name, config) in [
        ("same", stateful_set("db:1")),
        ("with another image", stateful_set("db:2")),
    ] {
        criterion.bench_function(&format!("apply of a StatefulSet, {name}"), |bench| {
            bench.iter(|| server_side_apply(schema(), Some(&live), &config, true, &writer()));
        });
    }
    let patch = json!({"spec": {"replicas": 5, "template": {"metadata": {"labels": {"a": null}}}}});
    criterion.bench_function("merge patch", |bench| {
        bench.iter_batched_ref(
            || live.clone(),
            |object| json_merge_patch(object, &patch),
            criterion::BatchSize::SmallInput,
        );
    });
    criterion.bench_function("merge patch (json-patch crate)", |bench| {
        bench.iter_batched_ref(
            || live.clone(),
            |object| json_patch::merge(object, &patch),
            criterion::BatchSize::SmallInput,
        );
    });
}

criterion_group!(schema_benches, benches);
criterion_main!(schema_benches);
