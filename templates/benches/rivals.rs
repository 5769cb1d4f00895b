//! Parses and renders the templates of known operators, beside the crate gtmpl where that can do them.
//!
//! For Go on the same templates see `oracle report` (examples/oracle).

#[path = "../tests/support/case.rs"]
mod case;
#[path = "../tests/support/file.rs"]
mod file;
#[path = "../tests/support/package.rs"]
mod package;
#[path = "../tests/support/rival.rs"]
mod rival;

use std::fs;
use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};

use case::Case;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use kudo_templates::{Environment, Functions};
use rival::{rival, rival_data};

/// Operators whose templates are measured.
const OPERATORS: &[&str] = &["kafka/operator/", "cassandra/operator/", "spark/operator/"];

/// Returns the templates that render, from the corpus if it is there.
fn cases() -> Vec<Case> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = option_env!("KUDO_RS_SHARED").map_or_else(beside, PathBuf::from);
    let text = fs::read_to_string(shared.join("corpus/gotemplate-upstream.jsonl"));
    let text = text.unwrap_or_else(|_| include_str!("../tests/data/gotemplate-own.jsonl").into());
    let all = file::cases(&text)
        .into_iter()
        .filter(|case| case.answer.error.is_none());
    let known = |case: &Case| {
        case.group == "kudo-numbers"
            || OPERATORS
                .iter()
                .any(|of| case.name.starts_with(of) && !case.name.ends_with("#flip"))
    };
    let galera = Path::new(env!("CARGO_MANIFEST_DIR")).join("../operators/galera/operator");
    let galera = package::cases(&galera).expect("the repository has the package");
    all.filter(known).chain(galera).collect()
}

fn parse(criterion: &mut Criterion) {
    let functions = Functions::kudo();
    let mut group = criterion.benchmark_group("parse");
    for case in cases() {
        group.throughput(Throughput::Bytes(case.template.len() as u64));
        group.bench_function(BenchmarkId::new("kudo-rs", &case.name), |bencher| {
            bencher.iter(|| black_box(case.parse(&functions)));
        });
        if rival(&case).is_some() {
            group.bench_function(BenchmarkId::new("gtmpl", &case.name), |bencher| {
                bencher.iter(|| black_box(rival(&case)));
            });
        }
    }
}

fn render(criterion: &mut Criterion) {
    let functions = Functions::kudo();
    let environment = Environment::default();
    let mut group = criterion.benchmark_group("render");
    for case in cases() {
        let (Ok(template), Ok(data)) = (case.parse(&functions), case.dot()) else {
            continue;
        };
        let ours = template.render(&data, &environment).ok();
        group.bench_function(BenchmarkId::new("kudo-rs", &case.name), |bencher| {
            bencher.iter(|| black_box(template.render(&data, &environment)));
        });
        group.bench_function(
            BenchmarkId::new("kudo-rs to a writer", &case.name),
            |bencher| {
                bencher
                    .iter(|| black_box(template.render_to(&mut io::sink(), &data, &environment)));
            },
        );
        let Some(template) = rival(&case) else {
            continue;
        };
        let context = gtmpl::Context::from(rival_data(case.data.as_ref()));
        let theirs = template.render(&context).map(String::into_bytes).ok();
        if theirs != ours {
            continue;
        }
        group.bench_function(BenchmarkId::new("gtmpl", &case.name), |bencher| {
            bencher.iter(|| black_box(template.render(&context).ok()));
        });
    }
}

criterion_group!(benches, parse, render);
criterion_main!(benches);
