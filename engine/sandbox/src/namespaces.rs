//! Namespaces: those every cluster has, what each starts with, and their emptying.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::api::Api;
use crate::refusal::Refusal;
use crate::store::{Change, DeleteOptions, Propagation, Selector, Store, object, resources};

/// The namespaces of a new cluster.
const FIRST: &[&str] = &["default", "kube-node-lease", "kube-public", "kube-system"];

/// Makes the namespaces and objects of a new cluster that are not there yet.
pub(crate) fn make_first(store: &Store) -> Result<(), Refusal> {
    for name in FIRST {
        if store.find(&resources::NAMESPACES, "", name).is_none() {
            let labels = json!({"kubernetes.io/metadata.name": name});
            store.create(
                &resources::NAMESPACES,
                json!({"apiVersion": "v1", "kind": "Namespace",
                       "metadata": {"name": name, "labels": labels},
                       "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}),
            )?;
        }
        furnish(store, name)?;
    }
    if store
        .find(&resources::SERVICES, "default", "kubernetes")
        .is_none()
    {
        store.create(
            &resources::SERVICES,
            json!({"apiVersion": "v1", "kind": "Service",
                   "metadata": {"name": "kubernetes", "namespace": "default",
                                "labels": {"component": "apiserver", "provider": "kubernetes"}},
                   "spec": {"ports": [{"name": "https", "protocol": "TCP", "port": 443,
                                       "targetPort": 6443}],
                            "clusterIP": "10.96.0.1", "clusterIPs": ["10.96.0.1"],
                            "type": "ClusterIP", "sessionAffinity": "None",
                            "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack",
                            "internalTrafficPolicy": "Cluster"},
                   "status": {"loadBalancer": {}}}),
        )?;
    }
    Ok(())
}

/// Gives a namespace its default service account.
pub(crate) fn furnish(store: &Store, namespace: &str) -> Result<(), Refusal> {
    if store
        .find(&resources::SERVICE_ACCOUNTS, namespace, "default")
        .is_some()
    {
        return Ok(());
    }
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount",
                         "metadata": {"name": "default", "namespace": namespace}});
    match store.create(&resources::SERVICE_ACCOUNTS, account) {
        Err(refusal) if refusal.reason != "AlreadyExists" => Err(refusal),
        _ => Ok(()),
    }
}

/// Empties namespaces that were deleted, until the future is dropped.
pub(crate) async fn run(api: Arc<Api>) {
    let mut feed = api.store.changes();
    let all = api
        .store
        .list(&resources::NAMESPACES, None, &Selector::everything());
    for namespace in &all.items {
        settle(&api, namespace);
    }
    loop {
        let Ok(changes) = feed.next().await else {
            feed = api.store.changes();
            continue;
        };
        for change in changes {
            if let Some(namespace) = concerned(&api, &change) {
                settle(&api, &namespace);
            }
        }
    }
}

/// Returns the terminating namespace that a change may move forward.
fn concerned(api: &Api, change: &Change) -> Option<Arc<Value>> {
    if change.resource == resources::NAMESPACES {
        return change.after.clone();
    }
    let may_be_last = change.after.is_none() && !change.namespace.is_empty();
    may_be_last
        .then(|| {
            api.store
                .find(&resources::NAMESPACES, "", &change.namespace)
        })
        .flatten()
}

fn settle(api: &Api, namespace: &Value) {
    let done = if object::is_terminating(namespace) {
        empty(&api.store, object::name(namespace))
    } else {
        furnish(&api.store, object::name(namespace))
    };
    if let Err(refusal) = done {
        tracing::warn!(namespace = object::name(namespace), %refusal, "namespace is not settled");
    }
}

/// Deletes what is in a namespace; when nothing is left, the namespace goes too.
fn empty(store: &Store, namespace: &str) -> Result<(), Refusal> {
    let options = DeleteOptions {
        propagation: Some(Propagation::Background),
        ..DeleteOptions::default()
    };
    let mut left = 0;
    for resource in store.used_resources() {
        let listing = store.list(&resource, Some(namespace), &Selector::everything());
        if resource == resources::NAMESPACES {
            continue;
        }
        for item in &listing.items {
            if object::is_terminating(item) {
                left += 1;
                continue;
            }
            match store.delete(&resource, namespace, object::name(item), &options) {
                Ok(crate::store::Deleted::Terminating(_)) => left += 1,
                Err(refusal) if refusal.code != 404 => return Err(refusal),
                _ => {}
            }
        }
    }
    if left > 0 {
        return Ok(());
    }
    let finished = store.modify(&resources::NAMESPACES, "", namespace, |namespace| {
        object::member_mut(namespace, "spec").remove("finalizers");
        Ok(())
    });
    match finished {
        Err(refusal) if refusal.code != 404 => Err(refusal),
        _ => Ok(()),
    }
}
