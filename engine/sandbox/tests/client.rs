//! The sandbox as the engine sees it: through `kube::Client`, in process and served.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which the lint's own exception does not see"
)]

use std::sync::Arc;
use std::time::Duration;

use futures::{AsyncBufReadExt as _, StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::{AttachParams, DeleteParams, Patch, PatchParams, PostParams};
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client};
use kudo_sandbox::clock::{Clock as _, SystemClock};
use kudo_sandbox::ids::SeededIds;
use kudo_sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;

fn quick() -> Options {
    Options {
        ids: Arc::new(SeededIds::new(1)),
        pod_ready_after: Duration::ZERO,
        ..Options::default()
    }
}

fn map(name: &str) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"name": name}, "data": {"k": "v"}})).unwrap()
}

#[tokio::test]
async fn a_watcher_sees_what_was_there_and_what_comes() {
    let sandbox = Sandbox::in_memory(quick());
    let maps: Api<ConfigMap> = Api::default_namespaced(sandbox.client("default"));
    maps.create(&PostParams::default(), &map("first"))
        .await
        .unwrap();

    for config in [
        watcher::Config::default(),
        watcher::Config::default().streaming_lists(),
    ] {
        let seen = watcher(maps.clone(), config).applied_objects();
        let mut seen = std::pin::pin!(seen);
        let first = seen.next().await.unwrap().unwrap();
        assert_eq!(first.metadata.name.as_deref(), Some("first"));

        maps.create(&PostParams::default(), &map("second"))
            .await
            .unwrap();
        let second = seen.next().await.unwrap().unwrap();
        assert_eq!(second.metadata.name.as_deref(), Some("second"));
        maps.delete("second", &DeleteParams::default())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn an_apply_takes_over_only_what_it_is_forced_to() {
    let sandbox = Sandbox::in_memory(quick());
    let maps: Api<ConfigMap> = Api::default_namespaced(sandbox.client("default"));
    let apply = |manager: &str| PatchParams::apply(manager);
    let config = |value: &str| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"},
               "data": {"k": value}})
    };
    maps.patch("a", &apply("one"), &Patch::Apply(config("1")))
        .await
        .unwrap();

    let refused = maps
        .patch("a", &apply("two"), &Patch::Apply(config("2")))
        .await
        .unwrap_err();
    let forced = maps
        .patch("a", &apply("two").force(), &Patch::Apply(config("2")))
        .await
        .unwrap();

    assert!(matches!(refused, kube::Error::Api(status) if status.code == 409));
    assert_eq!(forced.data.unwrap()["k"], "2");
}

/// Waits until a pod is ready.
async fn ready(pods: &Api<Pod>, name: &str) {
    let is_ready = kube::runtime::conditions::is_pod_running();
    kube::runtime::wait::await_condition(pods.clone(), name, is_ready)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_command_in_a_pod_prints_and_exits() {
    let sandbox = Sandbox::in_memory(quick());
    let pods: Api<Pod> = Api::default_namespaced(sandbox.client("default"));
    let pod = json!({"metadata": {"name": "p"},
                     "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let pod: Pod = serde_json::from_value(pod).unwrap();
    pods.create(&PostParams::default(), &pod).await.unwrap();
    ready(&pods, "p").await;

    let command = ["sh", "-c", "echo hello; exit 3"];
    let parameters = AttachParams::default().stderr(false);
    let mut attached = pods.exec("p", command, &parameters).await.unwrap();
    let mut printed = String::new();
    attached
        .stdout()
        .unwrap()
        .read_to_string(&mut printed)
        .await
        .unwrap();
    let status = attached.take_status().unwrap().await.unwrap();

    assert_eq!(printed, "hello\n");
    assert_eq!(status.reason.as_deref(), Some("NonZeroExitCode"));
    assert_eq!(
        status.details.unwrap().causes.unwrap()[0]
            .message
            .as_deref(),
        Some("3")
    );
    assert!(
        pods.logs("p", &kube::api::LogParams::default())
            .await
            .unwrap()
            .contains("pretended")
    );
}

#[tokio::test]
async fn a_served_sandbox_answers_on_its_port_and_ends_with_its_watches() {
    let sandbox = Sandbox::in_memory(quick());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn({
        let sandbox = sandbox.clone();
        async move {
            sandbox
                .serve(listener, async {
                    stopped.await.unwrap();
                })
                .await
        }
    });
    let uri = format!("http://{address}").parse().unwrap();
    let client = Client::try_from(kube::Config::new(uri)).unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(client, "default");
    maps.create(&PostParams::default(), &map("served"))
        .await
        .unwrap();
    let _watch = maps
        .watch(&kube::api::WatchParams::default(), "0")
        .await
        .unwrap();

    stop.send(()).unwrap();

    let ended = tokio::time::timeout(Duration::from_secs(10), server).await;
    ended
        .expect("the server ends although a watch is open")
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn state_outlives_the_sandbox_that_wrote_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.redb");
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced",
                 "names": {"plural": "things", "kind": "Thing"},
                 "versions": [{"name": "v1", "served": true, "storage": true,
                               "schema": {"openAPIV3Schema": {"type": "object"}}}]},
    });
    let post = |client: Client, path: &'static str, body: Value| async move {
        let body = body.to_string().into_bytes();
        let request = http::Request::post(path).header("content-type", "application/json");
        client
            .request::<Value>(request.body(body).unwrap())
            .await
            .unwrap()
    };
    let sandbox = Sandbox::open(&path, quick()).unwrap();
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    post(sandbox.client("default"), definitions, definition).await;
    let thing = json!({"apiVersion": "example.com/v1", "kind": "Thing",
                       "metadata": {"name": "kept"}});
    let things = "/apis/example.com/v1/namespaces/default/things";
    let written = post(sandbox.client("default"), things, thing).await;
    assert!(matches!(
        Sandbox::open(&path, quick()),
        Err(kudo_sandbox::OpenError::Locked { .. })
    ));
    drop(sandbox);
    // The tasks of a sandbox end at their next await, and only then is the file free.
    let deadline = SystemClock.now().as_second() + 10;
    let again = loop {
        match Sandbox::open(&path, quick()) {
            Ok(sandbox) => break sandbox,
            Err(error) => assert!(SystemClock.now().as_second() < deadline, "{error}"),
        }
        tokio::task::yield_now().await;
    };

    let path = format!("{things}/kept");
    let request = http::Request::get(path).body(Vec::new()).unwrap();
    let read: Value = again.client("default").request(request).await.unwrap();

    assert_eq!(read, written);
}

#[tokio::test]
async fn a_log_can_be_followed_until_the_pod_ends() {
    let sandbox = Sandbox::in_memory(quick());
    let pods: Api<Pod> = Api::default_namespaced(sandbox.client("default"));
    let pod = json!({"metadata": {"name": "p"},
                     "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let pod: Pod = serde_json::from_value(pod).unwrap();
    pods.create(&PostParams::default(), &pod).await.unwrap();
    ready(&pods, "p").await;
    let parameters = kube::api::LogParams {
        follow: true,
        ..kube::api::LogParams::default()
    };
    let log = pods.log_stream("p", &parameters).await.unwrap();

    let gone = DeleteParams {
        grace_period_seconds: Some(0),
        ..DeleteParams::default()
    };
    pods.delete("p", &gone).await.unwrap();

    let lines: Vec<String> = log.lines().try_collect().await.unwrap();
    assert_eq!(lines.len(), 1);
}
