//! The same requests to the sandbox and to a real API server: status codes and bodies must agree.
//!
//! `data/requests.jsonl` is the list of requests, `data/answers-1.36.jsonl` what a real
//! kube-apiserver 1.36 answered. With `KUDO_RS_TEST_KUBECONFIG` the requests also go to that
//! cluster; with `KUDO_RS_TEST_RECORD=1` its answers replace the recorded ones.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests, which the lints' own exceptions do not see"
)]

mod differential_support;

use std::collections::BTreeMap;
use std::path::PathBuf;

use differential_support::{Answer, Runner, difference, requests};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kudo_sandbox::{Options, Sandbox};

#[expect(
    clippy::disallowed_methods,
    reason = "tests are pointed at a cluster by the environment"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn recording() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/answers-1.36.jsonl")
}

fn recorded() -> BTreeMap<String, Answer> {
    let text = std::fs::read_to_string(recording()).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str::<Answer>(line).unwrap())
        .map(|answer| (answer.step.clone(), answer))
        .collect()
}

async fn on_the_sandbox() -> Vec<Answer> {
    let sandbox = Sandbox::in_memory(Options::default());
    Runner::new(sandbox.client("default"))
        .all(&requests())
        .await
}

fn compare(expected: &BTreeMap<String, Answer>, actual: &[Answer]) {
    let mut differences = Vec::new();
    for answer in actual {
        let Some(expected) = expected.get(&answer.step) else {
            differences.push(format!(
                "{}: no answer of a real server is known",
                answer.step
            ));
            continue;
        };
        differences.extend(difference(expected, answer));
    }
    let summary = format!("{} of {} requests differ", differences.len(), actual.len());
    assert!(
        differences.is_empty(),
        "{summary}\n{}",
        differences.join("\n")
    );
    println!(
        "{} requests answered as the real server answers them",
        actual.len()
    );
}

#[tokio::test]
async fn the_sandbox_answers_as_the_recorded_server_did() {
    let actual = on_the_sandbox().await;

    compare(&recorded(), &actual);
}

#[tokio::test]
async fn the_sandbox_answers_as_a_running_server_does() {
    let Some(path) = environment("KUDO_RS_TEST_KUBECONFIG") else {
        println!("skipped: KUDO_RS_TEST_KUBECONFIG names no cluster to compare with");
        return;
    };
    let kubeconfig = Kubeconfig::read_from(path).unwrap();
    let options = KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .unwrap();
    let client = kube::Client::try_from(config).unwrap();
    let expected = Runner::new(client).all(&requests()).await;
    if environment("KUDO_RS_TEST_RECORD").is_some() {
        let lines: Vec<String> = expected
            .iter()
            .map(|answer| serde_json::to_string(answer).unwrap())
            .collect();
        std::fs::write(recording(), format!("{}\n", lines.join("\n"))).unwrap();
    }

    let actual = on_the_sandbox().await;

    let expected = expected
        .into_iter()
        .map(|answer| (answer.step.clone(), answer))
        .collect();
    compare(&expected, &actual);
}
