//! Pipe tasks: files of a pod become Secrets and `ConfigMaps`, once, whatever comes in between.
//!
//! The sandbox alone can show them: fake nodes run nothing that files could be copied from.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::StreamExt as _;
use k8s_openapi::api::{
    coordination::v1::Lease,
    core::v1::{ConfigMap, Pod, Secret},
};
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams, PostParams, WatchParams},
    core::WatchEvent,
};
use kudo_engine::{
    clock::{RandomIds, SystemClock},
    cluster::Cluster,
    driver::{Driver, Outcome},
    operations,
    package::Package,
};
use kudo_sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::{Backend, User, backends};

const OPERATOR: &str = "\
apiVersion: kudo.dev/v1beta1
name: certs
operatorVersion: 0.1.0
kubernetesVersion: 1.17.0
tasks:
- name: make-files
  kind: Pipe
  spec:
    pod: pod.yaml
    pipe:
    - {file: /files/tls.key, kind: Secret, key: Key}
    - {file: /files/tls.crt, kind: ConfigMap, key: Cert}
    - {envFile: /files/app.env, kind: Secret, key: Env}
- {name: use, kind: Apply, spec: {resources: [map.yaml]}}
plans:
  deploy:
    strategy: serial
    phases:
    - name: main
      strategy: serial
      steps:
      - {name: make, tasks: [make-files]}
      - {name: use, tasks: [use]}
";

const PARAMS: &str = "\
apiVersion: kudo.dev/v1beta1
parameters:
- {name: FILES, default: '{\"/files/tls.key\": \"k1\", \"/files/app.env\": \"A=1\\nB=x=y\\n\"}'}
";

const POD: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: ignored
  annotations:
    sandbox.kudo.dev/files: {{ .Params.FILES | quote }}
spec:
  initContainers:
  - name: make
    image: alpine:3
    command: [sh, -c, make-them]
    volumeMounts: [{name: work, mountPath: /files}]
  volumes:
  - {name: work, emptyDir: {}}
";

const MAP: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: used}
data: {key: {{ .Pipes.Key }}, cert: {{ .Pipes.Cert }}, env: {{ .Pipes.Env }}}
";

const PREFIX: &str = "certsinstance.deploy.main.make.makefiles";

fn package(user: &User, operator: &str, pod: &str) -> String {
    user.file("p/operator.yaml", operator);
    user.file("p/params.yaml", PARAMS);
    user.file("p/templates/pod.yaml", pod);
    user.file("p/templates/map.yaml", MAP);
    user.path("p").to_str().unwrap().to_owned()
}

fn skip_real_api_servers() {
    for backend in backends() {
        if matches!(backend, Backend::ApiServer(_)) {
            eprintln!("skipped: Pipe tasks on an API server with fake nodes, which have no exec");
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}

/// Returns what is in the sandbox of somebody who runs no command.
fn objects_of<K>(user: &User) -> BTreeMap<String, Value>
where
    K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + serde::Serialize
        + serde::de::DeserializeOwned,
{
    let state = user.path("sandbox/state.redb");
    runtime().block_on(async {
        let sandbox = Sandbox::open(&state, Options::default()).unwrap();
        objects::<K>(sandbox.client("default")).await
    })
}

async fn objects<K>(client: Client) -> BTreeMap<String, Value>
where
    K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + serde::Serialize
        + serde::de::DeserializeOwned,
{
    let api: Api<K> = Api::default_namespaced(client);
    let list = api.list(&ListParams::default()).await.unwrap();
    let named = list.items.into_iter().map(|object| {
        let name = object.meta().name.clone().unwrap();
        (name, serde_json::to_value(&object).unwrap())
    });
    named.collect()
}

#[test]
fn files_become_objects_that_later_templates_name() {
    skip_real_api_servers();
    let user = User::new();
    let package = package(&user, OPERATOR, POD);

    user.run(&["install", &package]).ok();

    let (secrets, maps) = (objects_of::<Secret>(&user), objects_of::<ConfigMap>(&user));
    let key = &secrets[&format!("{PREFIX}.key")];
    // `k1`, `1` and `x=y` in base64
    assert_eq!(key["data"], json!({"tls.key": "azE="}));
    assert_eq!(key["type"], "Opaque");
    assert_eq!(
        secrets[&format!("{PREFIX}.env")]["data"],
        json!({"A": "MQ==", "B": "eD15"})
    );
    let pretended = "IyBwcmV0ZW5kZWQgY29udGVudCBvZiB0bHMuY3J0IGluIHRoZSBrdWRvLXJzIHNhbmRib3gK";
    let cert = &maps[&format!("{PREFIX}.cert")];
    assert_eq!(cert["binaryData"], json!({"tls.crt": pretended}));
    assert_eq!(
        cert["metadata"]["labels"]["kudo.dev/instance"],
        "certs-instance"
    );
    assert_eq!(cert["metadata"]["annotations"]["kudo.dev/step"], "make");
    assert_eq!(cert["metadata"]["ownerReferences"][0]["kind"], "Instance");
    let named = |key: &str| json!(format!("{PREFIX}.{key}"));
    assert_eq!(
        maps["used"]["data"],
        json!({"key": named("key"), "cert": named("cert"), "env": named("env")})
    );
    user.until("the end of the pod", || objects_of::<Pod>(&user).is_empty());
}

#[test]
fn a_file_that_is_not_there_or_too_large_ends_the_plan_and_the_next_run_starts_anew() {
    let user = User::new();
    let package = package(&user, OPERATOR, POD);
    let files = |key: &str| format!("FILES={{\"/files/tls.key\": {key}}}");

    let absent = user.run(&["install", &package, "-p", &files("null")]);
    let large = user.run(&["update", "-p", &files("1048577")]);

    assert_eq!(absent.code, 3, "{}", absent.stderr);
    assert!(
        absent.stderr.contains("/files/tls.key: No such file"),
        "{}",
        absent.stderr
    );
    assert_eq!(large.code, 3, "{}", large.stderr);
    // kudo-spec 3.9
    let words = "pipe file /files/tls.key size 1048577 exceeds maximum file size of 1048576 bytes";
    assert!(large.stderr.contains(words), "{}", large.stderr);
    // The pod of a failed run stays for whoever wants to look.
    assert_eq!(objects_of::<Pod>(&user).len(), 1);

    user.run(&["update", "-p", &files("1048576")]).ok();

    let key = &objects_of::<Secret>(&user)[&format!("{PREFIX}.key")];
    assert_eq!(key["data"]["tls.key"].as_str().unwrap().len(), 1_398_104);
    user.until("the end of the pod", || objects_of::<Pod>(&user).is_empty());

    user.run(&["update", "-p", &files("\"k2\"")]).ok();

    let key = &objects_of::<Secret>(&user)[&format!("{PREFIX}.key")];
    assert_eq!(key["data"], json!({"tls.key": "azI="}));
}

#[test]
fn an_env_file_that_cannot_be_read_ends_the_plan_without_showing_its_content() {
    let user = User::new();
    let package = package(&user, OPERATOR, POD);

    let ran = user.run(&[
        "install",
        &package,
        "-p",
        "FILES={\"/files/app.env\": \"A=1\\nhunter2\\n\"}",
    ]);

    assert_eq!(ran.code, 3, "{}", ran.stderr);
    let words = "pipe env file /files/app.env: line 2 is no definition: it must be NAME=value";
    assert!(ran.stderr.contains(words), "{}", ran.stderr);
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    assert!(!objects_of::<Secret>(&user).contains_key(&format!("{PREFIX}.key")));
}

#[test]
fn a_pod_that_cannot_be_a_pipe_pod_changes_nothing() {
    let user = User::new();
    let two = POD.replace(
        "emptyDir: {}}",
        "emptyDir: {}}\n  - {name: b, emptyDir: {}}",
    );
    let bad = package(&user, OPERATOR, &two);

    let ran = user.run(&["install", &bad]);

    ran.refused("pipe pod must have exactly one emptyDir volume, and has 2");
    assert_eq!(user.run(&["get", "all"]).ok().matches("certs").count(), 0);

    let twice = OPERATOR.replace("key: Cert", "key: Key");
    let bad = package(&user, &twice, POD);
    user.run(&["install", &bad])
        .refused("could not make task pipes: duplicated pipe key Key");
}

#[test]
fn pods_and_names_are_rendered_without_a_cluster() {
    let user = User::new();
    let package = package(&user, OPERATOR, POD);

    let text = user
        .run(&["template", &package, "--instance", "my-certs"])
        .ok();

    assert!(
        text.contains("# deploy.main.make.make-files: pod.yaml"),
        "{text}"
    );
    assert!(text.contains("command: [sh, -c, make-them]"), "{text}");
    let name = "key: mycerts.deploy.main.make.makefiles.key";
    assert!(text.contains(name), "{text}");
}

/// Where a driver dies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Death {
    /// A request is not sent any more.
    Before(usize),
    /// A request is sent, and its answer not heard.
    After(usize),
}

/// A client whose process dies at a request, and word of its death.
fn mortal(client: Client, death: Death) -> (Client, Arc<Notify>) {
    let (count, died) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let word = Arc::clone(&died);
    let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
        let (client, word) = (client.clone(), Arc::clone(&word));
        let number = count.fetch_add(1, Ordering::SeqCst);
        async move {
            match death {
                Death::Before(last) if number >= last => {}
                Death::After(last) if number > last => {}
                Death::After(last) if number == last => drop(client.send(request).await?),
                Death::Before(_) | Death::After(_) => return client.send(request).await,
            }
            word.notify_one();
            std::future::pending().await
        }
    });
    (Client::new(service, "default"), died)
}

fn cluster(client: Client) -> Cluster {
    Cluster::new(client, Arc::new(SystemClock), Arc::new(RandomIds))
}

fn quick_sandbox() -> Sandbox {
    Sandbox::in_memory(Options {
        pod_ready_after: Duration::ZERO,
        ..Options::default()
    })
}

async fn install(sandbox: &Sandbox, package: &Package) {
    let release = package
        .release()
        .unwrap()
        .named("default", None, BTreeMap::new());
    operations::install(&cluster(sandbox.client("default")), &release, &[], false)
        .await
        .unwrap();
}

/// Drives to the end.
async fn drive(client: Client) -> Outcome {
    let driver = Driver::new(cluster(client), "a test".to_owned());
    let drive = driver.drive("default", "certs-instance", &|_| {});
    drive.await.unwrap()
}

/// Returns the changes of all objects of a kind, the newest of which is `last`, made here.
async fn changes<K>(client: Client, last: Value) -> Vec<(&'static str, String)>
where
    K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
        + Clone
        + std::fmt::Debug
        + serde::Serialize
        + serde::de::DeserializeOwned,
{
    let api: Api<K> = Api::default_namespaced(client);
    let last: K = serde_json::from_value(last).unwrap();
    let name = last.meta().name.clone().unwrap();
    api.create(&PostParams::default(), &last).await.unwrap();
    let events = api.watch(&WatchParams::default(), "1").await.unwrap();
    let mut events = std::pin::pin!(events);
    let mut found = Vec::new();
    loop {
        let (what, object) = match events.next().await.unwrap().unwrap() {
            WatchEvent::Added(object) => ("added", object),
            WatchEvent::Modified(object) => ("modified", object),
            WatchEvent::Deleted(object) => ("deleted", object),
            WatchEvent::Bookmark(_) => continue,
            WatchEvent::Error(status) => unreachable!("{status:?}"),
        };
        let of = object.meta().name.clone().unwrap();
        if of == name {
            return found;
        }
        found.push((what, of));
    }
}

/// Checks that the pod ran once and each object was written once, whatever came in between.
async fn everything_happened_once(sandbox: &Sandbox, when: Death) {
    let client = || sandbox.client("default");
    let map = json!({"metadata": {"name": "last"}});
    let pod = json!({
        "metadata": {"name": "last"},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    });
    let pods = changes::<Pod>(client(), pod).await;
    let added: Vec<_> = pods.iter().filter(|(what, _)| *what == "added").collect();
    assert_eq!(added, [&("added", format!("{PREFIX}.pipepod"))], "{when:?}");
    assert!(
        pods.contains(&("deleted", format!("{PREFIX}.pipepod"))),
        "{when:?}: {pods:?}"
    );
    let secrets = changes::<Secret>(client(), map.clone()).await;
    let maps = changes::<ConfigMap>(client(), map).await;
    for key in ["key", "cert", "env"] {
        let name = format!("{PREFIX}.{key}");
        let of_key = secrets.iter().chain(&maps).filter(|(_, of)| *of == name);
        let of_key: Vec<_> = of_key.map(|(what, _)| *what).collect();
        assert_eq!(of_key, ["added"], "{when:?}: {key}");
    }
}

#[test]
fn a_driver_may_die_at_any_request() {
    let user = User::new();
    let package = Package::read(std::path::Path::new(&package(&user, OPERATOR, POD))).unwrap();
    runtime().block_on(async {
        let (mut number, mut deaths) = (0, 0);
        loop {
            let mut survived = false;
            for death in [Death::Before(number), Death::After(number)] {
                let sandbox = quick_sandbox();
                install(&sandbox, &package).await;
                let (client, died) = mortal(sandbox.client("default"), death);
                tokio::select! {
                    _ = drive(client) => survived = true,
                    () = died.notified() => deaths += 1,
                }
                // A dead driver's Lease would have to fall first.
                let leases: Api<Lease> = Api::default_namespaced(sandbox.client("default"));
                drop(
                    leases
                        .delete("kudo-rs-certs-instance", &DeleteParams::default())
                        .await,
                );

                let outcome = drive(sandbox.client("default")).await;

                let is_good = matches!(&outcome, Outcome::Complete { plan } if plan == "deploy")
                    || outcome == Outcome::Idle;
                assert!(is_good, "{death:?}: {outcome:?}");
                everything_happened_once(&sandbox, death).await;
            }
            if survived {
                break;
            }
            number += 1;
        }
        eprintln!("{deaths} deaths");
        // Reading, applying, copying, writing three objects and deleting are a dozen at least.
        assert!(deaths > 24, "{deaths}");
    });
}

#[test]
fn a_connection_that_fails_does_not_end_the_plan() {
    let user = User::new();
    let package = Package::read(std::path::Path::new(&package(&user, OPERATOR, POD))).unwrap();
    runtime().block_on(async {
        let sandbox = quick_sandbox();
        install(&sandbox, &package).await;
        let (behind, fails) = (sandbox.client("default"), Arc::new(Mutex::new(1)));
        let service = tower::service_fn(move |request: http::Request<kube::client::Body>| {
            let (client, fails) = (behind.clone(), Arc::clone(&fails));
            async move {
                let left = {
                    let mut left = fails.lock().unwrap();
                    let now = *left;
                    *left -= i32::from(request.uri().path().ends_with("/exec"));
                    now
                };
                if left > 0 && request.uri().path().ends_with("/exec") {
                    let broken = std::io::Error::other("the network is down");
                    return Err(kube::Error::Service(broken.into()));
                }
                client.send(request).await
            }
        });

        let outcome = drive(Client::new(service, "default")).await;

        assert_eq!(
            outcome,
            Outcome::Complete {
                plan: "deploy".to_owned()
            }
        );
        everything_happened_once(&sandbox, Death::After(0)).await;
    });
}
