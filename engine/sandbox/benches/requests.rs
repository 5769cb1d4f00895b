//! What a request costs in process: get, a list of 100, and an apply.

use criterion::{Criterion, criterion_group, criterion_main};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kudo_sandbox::{Options, Sandbox};
use serde_json::json;

fn requests(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().expect("the machine has threads");
    let (maps, _sandbox) = runtime.block_on(async {
        let sandbox = Sandbox::in_memory(Options::default());
        let maps: Api<ConfigMap> = Api::default_namespaced(sandbox.client("default"));
        for index in 0..100 {
            let map = json!({"metadata": {"name": format!("m{index}")}, "data": {"k": "v"}});
            let map = serde_json::from_value(map).expect("it is a ConfigMap");
            maps.create(&PostParams::default(), &map)
                .await
                .expect("it is created");
        }
        (maps, sandbox)
    });
    criterion.bench_function("get", |bencher| {
        bencher.iter(|| runtime.block_on(maps.get("m1")).expect("it is there"));
    });
    criterion.bench_function("list 100", |bencher| {
        let all = ListParams::default();
        bencher.iter(|| runtime.block_on(maps.list(&all)).expect("they are there"));
    });
    criterion.bench_function("apply", |bencher| {
        let parameters = PatchParams::apply("bench").force();
        let mut count = 0_u64;
        bencher.iter(|| {
            count += 1;
            let config = json!({"apiVersion": "v1", "kind": "ConfigMap",
                                "metadata": {"name": "m1"}, "data": {"count": count.to_string()}});
            let patch = Patch::Apply(config);
            runtime
                .block_on(maps.patch("m1", &parameters, &patch))
                .expect("it is applied")
        });
    });
}

criterion_group!(benches, requests);
criterion_main!(benches);
