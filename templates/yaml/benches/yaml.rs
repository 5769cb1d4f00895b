//! Reading and writing a manifest, beside `serde_yaml`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};

const ENTRY: &str = "- apiVersion: v1
  kind: Service
  metadata:
    name: galera-hs
    labels: {app: galera, kudo.dev/instance: \"galera-instance\"}
  spec:
    # without an address of its own
    clusterIP: None
    publishNotReadyAddresses: true
    ports:
    - name: mysql
      port: 3306
    - name: sst
      port: 4444
    selector:
      app: galera
  script: |
    #!/bin/sh
    exec mysqld --wsrep-new-cluster
";

fn reading(criterion: &mut Criterion) {
    let text = ENTRY.repeat(100);
    let mut group = criterion.benchmark_group("read 100 services");
    group.bench_function("kudo-yaml", |bencher| {
        bencher.iter(|| kudo_yaml::load(black_box(&text)).expect("it is valid"));
    });
    group.bench_function("serde_yaml", |bencher| {
        bencher.iter(|| {
            serde_yaml::from_str::<serde_yaml::Value>(black_box(&text)).expect("it is valid")
        });
    });
    group.finish();
}

fn writing(criterion: &mut Criterion) {
    let text = ENTRY.repeat(100);
    let ours = kudo_yaml::load(&text).expect("it is valid");
    let rival: serde_yaml::Value = serde_yaml::from_str(&text).expect("it is valid");
    let mut group = criterion.benchmark_group("write 100 services");
    group.bench_function("kudo-yaml", |bencher| {
        bencher.iter(|| kudo_yaml::emit(black_box(&ours)));
    });
    group.bench_function("serde_yaml", |bencher| {
        bencher.iter(|| serde_yaml::to_string(black_box(&rival)).expect("it is a value"));
    });
    group.finish();
}

criterion_group!(benches, reading, writing);
criterion_main!(benches);
