//! A user beside whom the manager runs, and a client as `kubectl` is one.

use std::{
    future::Future,
    path::PathBuf,
    process::{Child, Command},
};

use kube::{
    Api, Client,
    api::{ApiResource, DynamicObject, Patch, PatchParams},
    config::{KubeConfigOptions, Kubeconfig},
    core::GroupVersionKind,
};
use serde_json::{Value, json};

use super::{Backend, User};

/// A user with a manager beside them, and a client as `kubectl` is one.
pub(crate) struct Managed {
    pub(crate) user: User,
    pub(crate) runtime: tokio::runtime::Runtime,
    pub(crate) client: Client,
    /// How others reach the same cluster.
    pub(crate) kubeconfig: PathBuf,
    pub(crate) manager: Option<Child>,
    /// Has the sandbox's state, so that everything else may end and start.
    pub(crate) server: Option<Child>,
}

impl Managed {
    /// Returns somebody on this backend.
    pub(crate) fn on(backend: Backend) -> Self {
        let user = User::on(backend.clone());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let mut server = None;
        let kubeconfig = match backend {
            Backend::ApiServer(path) => path,
            Backend::Sandbox => {
                server = Some(user.command(&["sandbox", "serve"]).spawn().unwrap());
                user.until("the server", || user.path("sandbox/server.json").exists());
                let text = user.run(&["sandbox", "kubeconfig"]).ok();
                PathBuf::from(user.file("kubeconfig", &text))
            }
        };
        user.run(&["init"]).ok();
        let config = runtime.block_on(async {
            let kubeconfig = Kubeconfig::read_from(&kubeconfig).unwrap();
            let options = KubeConfigOptions::default();
            kube::Config::from_custom_kubeconfig(kubeconfig, &options)
                .await
                .unwrap()
        });
        let client = runtime.block_on(async { Client::try_from(config).unwrap() });
        Self {
            user,
            runtime,
            client,
            kubeconfig,
            manager: None,
            server,
        }
    }

    /// Starts the manager and waits until it watches.
    pub(crate) fn start(&mut self) {
        let bounded = ["manager", "--namespace", self.user.namespace()];
        // On a real server the namespace is given to every command already.
        let args = if self.server.is_some() {
            &bounded[..]
        } else {
            &bounded[..1]
        };
        self.manager = Some(self.user.start(args));
        self.user
            .until("the manager", || self.user.said().contains("watching"));
    }

    /// Sends the manager a signal; returns its exit code.
    pub(crate) fn signal(&mut self, name: &str) -> i32 {
        let mut manager = self.manager.take().unwrap();
        let id = manager.id().to_string();
        let sent = Command::new("kill").args([name, &id]).status().unwrap();
        assert!(sent.success());
        manager.wait().unwrap().code().unwrap_or(-1)
    }

    /// Waits for what the client does.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Returns the objects of a kind.
    pub(crate) fn api(&self, group: &str, version: &str, kind: &str) -> Api<DynamicObject> {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        Api::namespaced_with(self.client.clone(), self.user.namespace(), &resource)
    }

    /// Returns the objects of a kind of KUDO's.
    pub(crate) fn kudo(&self, kind: &str) -> Api<DynamicObject> {
        self.api("kudo.dev", "v1beta1", kind)
    }

    /// Applies an object of KUDO's, as `kubectl apply --server-side` does.
    pub(crate) fn apply(&self, object: &Value) {
        let kind = object["kind"].as_str().unwrap();
        let name = object["metadata"]["name"].as_str().unwrap();
        let params = PatchParams::apply("a-user").force();
        self.wait(self.kudo(kind).patch(name, &params, &Patch::Apply(object)))
            .unwrap();
    }

    /// Patches the instance's spec.
    pub(crate) fn patch(&self, spec: &Value) {
        let patch = Patch::Merge(json!({"spec": spec}));
        let params = PatchParams::default();
        self.wait(self.kudo("Instance").patch("shop", &params, &patch))
            .unwrap();
    }

    /// Patches annotations of the pods of the Deployment.
    pub(crate) fn annotate(&self, annotations: &Value) {
        let template = json!({"metadata": {"annotations": annotations}});
        let patch = Patch::Merge(json!({"spec": {"template": template}}));
        let deployments = self.api("apps", "v1", "Deployment");
        self.wait(deployments.patch("shop", &PatchParams::default(), &patch))
            .unwrap();
    }

    /// Reads an object.
    pub(crate) fn get(&self, api: &Api<DynamicObject>, name: &str) -> Option<Value> {
        let found = self.wait(api.get_opt(name)).unwrap()?;
        Some(serde_json::to_value(found).unwrap())
    }

    /// Reads the instance.
    pub(crate) fn instance(&self) -> Value {
        self.get(&self.kudo("Instance"), "shop").unwrap_or_default()
    }

    /// Polls until the instance is so.
    pub(crate) fn until(&self, what: &str, holds: impl Fn(&Value) -> bool) {
        self.user.until(what, || holds(&self.instance()));
    }

    /// Returns the messages of the instance's events with this reason.
    pub(crate) fn events(&self, reason: &str) -> Vec<String> {
        let fields = format!("involvedObject.name=shop,reason={reason}");
        let params = kube::api::ListParams::default().fields(&fields);
        let found = self
            .wait(self.api("", "v1", "Event").list(&params))
            .unwrap();
        let message = |event: &DynamicObject| event.data["message"].as_str().unwrap().to_owned();
        found.items.iter().map(message).collect()
    }
}

impl Drop for Managed {
    fn drop(&mut self) {
        // Nothing must come back while the namespace is deleted.
        for child in [self.manager.take(), self.server.take()]
            .iter_mut()
            .flatten()
        {
            drop(child.kill());
            drop(child.wait());
        }
    }
}
