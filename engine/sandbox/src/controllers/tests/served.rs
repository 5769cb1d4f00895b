use http::Request;
use kube::Client;

use super::*;
use crate::{Options, Sandbox};

/// A whole sandbox whose clock runs on by itself, a tenth of a second a turn.
struct Served {
    sandbox: Sandbox,
    clock: Arc<TestClock>,
    client: Client,
}

impl Served {
    fn start() -> Self {
        let clock = Arc::new(TestClock::new("2026-11-24T12:00:00Z".parse().unwrap()));
        let sandbox = Sandbox::in_memory(Options {
            clock: Arc::clone(&clock) as _,
            ids: Arc::new(SeededIds::new(1)),
            pod_ready_after: Duration::from_secs(1),
            nodes: 3,
        });
        let client = sandbox.client("default");
        Self {
            sandbox,
            clock,
            client,
        }
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .body(serde_json::to_vec(body).unwrap())
            .unwrap();
        self.client.request(request).await.unwrap()
    }

    /// Lets time pass until `done` holds of the store.
    async fn until(&self, what: &str, done: impl Fn(&Store) -> bool) {
        for _ in 0..2000 {
            if done(self.sandbox.store()) {
                return;
            }
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
            self.clock.advance(Duration::from_millis(100));
        }
        panic!("never: {what}");
    }
}

fn count(store: &Store, kind: Kind) -> usize {
    store
        .list(
            &apply::resource(kind),
            Some("shop"),
            &Selector::everything(),
        )
        .items
        .len()
}

#[tokio::test]
async fn a_workload_lives_and_ends_through_the_api() {
    let served = Served::start();
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
    served.send("POST", "/api/v1/namespaces", &namespace).await;
    let set = json!({
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db"},
        "spec": {
            "replicas": 3,
            "serviceName": "db",
            "selector": {"matchLabels": {"app": "db"}},
            "template": template("db", "img:1"),
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}}}}],
        },
    });
    let sets = "/apis/apps/v1/namespaces/shop/statefulsets";
    served.send("POST", sets, &set).await;
    let ready = |store: &Store, replicas: i64| {
        let set = store.find(&apply::resource(Kind::StatefulSet), "shop", "db");
        set.is_some_and(|set| object::count(&set, "/status/readyReplicas") == replicas)
    };

    served
        .until("three pods are ready", |store| ready(store, 3))
        .await;
    let pod = served
        .send("GET", "/api/v1/namespaces/shop/pods/db-0", &json!(null))
        .await;
    assert_eq!(pod["spec"]["serviceAccountName"], "default");
    assert_eq!(pod["status"]["phase"], "Running");
    assert_eq!(pod["spec"]["restartPolicy"], "Always");

    served
        .send("DELETE", &format!("{sets}/db"), &json!({}))
        .await;
    served
        .until("its pods are gone", |store| count(store, Kind::Pod) == 0)
        .await;
    assert_eq!(
        count(served.sandbox.store(), Kind::PersistentVolumeClaim),
        3
    );

    served
        .send("DELETE", "/api/v1/namespaces/shop", &json!({}))
        .await;
    let gone = |store: &Store| {
        store
            .find(&apply::resource(Kind::Namespace), "", "shop")
            .is_none()
    };
    served.until("the namespace is gone", gone).await;
    let volumes = apply::resource(Kind::PersistentVolume);
    let left = served
        .sandbox
        .store()
        .list(&volumes, None, &Selector::everything());
    assert_eq!(left.items.len(), 0, "pretend volumes go with their claims");
}

#[tokio::test]
async fn a_finished_job_goes_with_its_pods() {
    let served = Served::start();
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
    served.send("POST", "/api/v1/namespaces", &namespace).await;
    let mut template = template("j", "img:1");
    template["spec"]["restartPolicy"] = json!("Never");
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"},
        "spec": {"template": template, "ttlSecondsAfterFinished": 5}});
    served
        .send("POST", "/apis/batch/v1/namespaces/shop/jobs", &job)
        .await;

    let complete = |store: &Store| {
        let job = store.find(&apply::resource(Kind::Job), "shop", "j");
        job.is_some_and(|job| pod::holds(&job, "Complete"))
    };
    served.until("the job is complete", complete).await;
    served
        .until("it is gone", |store| {
            count(store, Kind::Job) == 0 && count(store, Kind::Pod) == 0
        })
        .await;
}

#[tokio::test]
async fn a_pod_that_may_not_be_made_is_told() {
    let served = Served::start();
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
    served.send("POST", "/api/v1/namespaces", &namespace).await;
    let mut template = template("web", "img:1");
    template["spec"]["serviceAccountName"] = json!("nosuch");
    let web = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}},
            "template": template}});
    served
        .send("POST", "/apis/apps/v1/namespaces/shop/deployments", &web)
        .await;
    let failures = |store: &Store| {
        let events = store.list(
            &apply::resource(Kind::Event),
            Some("shop"),
            &Selector::everything(),
        );
        events.items.iter().any(|event| {
            event["reason"] == "FailedCreate"
                && object::text(event, "/message").contains("serviceaccount \"nosuch\" not found")
        })
    };
    served.until("the refusal is told", failures).await;

    let account =
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nosuch"}});
    served
        .send("POST", "/api/v1/namespaces/shop/serviceaccounts", &account)
        .await;
    let ready = |store: &Store| {
        let web = store.find(&apply::resource(Kind::Deployment), "shop", "web");
        web.is_some_and(|web| object::count(&web, "/status/readyReplicas") == 1)
    };
    served.until("the pod is made after all", ready).await;
}
