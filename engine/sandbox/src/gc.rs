//! Garbage collection by owner references: background, foreground and orphaning; and what else
//! goes by itself (definitions, claims nobody uses, old events).
//!
//! The collector keeps an index of owners from the change feed and acts on changes alone: no
//! change, no work.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::api::Api;
use crate::crd::{self, remove_finalizer};
use crate::refusal::Refusal;
use crate::store::{
    Change, DeleteOptions, FOREGROUND, ORPHAN, Propagation, Resource, Selector, Store, object,
    resources,
};

/// How long events are kept (`--event-ttl`), and how often it is looked.
const EVENTS: Duration = Duration::from_hours(1);
const CLAIM_PROTECTION: &str = "kubernetes.io/pvc-protection";

/// Where an object is stored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    resource: Resource,
    namespace: String,
    name: String,
}

/// Who owns whom.
#[derive(Debug, Default)]
struct Owners {
    /// Every object by its uid.
    alive: BTreeMap<String, Place>,
    /// The objects that name a uid as their owner.
    dependents: BTreeMap<String, BTreeSet<Place>>,
}

/// Collects garbage until the future is dropped.
pub(crate) async fn run(api: Arc<Api>) {
    loop {
        let mut feed = api.store.changes();
        let mut owners = Owners::default();
        start(&api, &mut owners);
        let clock = Arc::clone(api.store.clock());
        let mut sweep = clock.sleep(EVENTS);
        loop {
            tokio::select! {
                changes = feed.next() => {
                    // Too far behind: begin again from what is there.
                    let Ok(changes) = changes else { break };
                    for change in changes {
                        react(&api, &mut owners, &change);
                    }
                }
                () = &mut sweep => {
                    expire_events(&api.store);
                    sweep = clock.sleep(EVENTS);
                }
            }
        }
    }
}

fn start(api: &Api, owners: &mut Owners) {
    for resource in api.store.used_resources() {
        for item in api
            .store
            .list(&resource, None, &Selector::everything())
            .items
        {
            owners.add(&resource, &item);
        }
    }
    for place in owners.alive.values().cloned().collect::<Vec<_>>() {
        if let Some(object) = find(&api.store, &place) {
            look_at(api, owners, &place, &object);
        }
    }
}

fn react(api: &Api, owners: &mut Owners, change: &Change) {
    if let Some(before) = &change.before {
        owners.remove(&change.resource, before);
    }
    if let Some(after) = &change.after {
        owners.add(&change.resource, after);
        let place = Place::of(&change.resource, after);
        if change.resource == resources::CRDS {
            api.refresh();
        }
        return look_at(api, owners, &place, after);
    }
    let Some(last) = &change.before else { return };
    for dependent in owners.dependents_of(object::uid(last)) {
        noted(&dependent, collect(api, owners, &dependent));
    }
    for owner in owner_uids(last) {
        // The owner may have waited for this one.
        let Some(place) = owners.alive.get(&owner).cloned() else {
            continue;
        };
        if let Some(owner) = find(&api.store, &place) {
            look_at(api, owners, &place, &owner);
        }
    }
    if change.resource == resources::CRDS {
        api.refresh();
    }
    if change.resource == resources::PODS {
        release_claims(&api.store, &change.namespace);
    }
    let definition = change.resource.to_string();
    if let Some(definition) = api.store.find(&resources::CRDS, "", &definition) {
        look_at(
            api,
            owners,
            &Place::of(&resources::CRDS, &definition),
            &definition,
        );
    }
}

/// Does what the state of one object asks for.
fn look_at(api: &Api, owners: &Owners, place: &Place, object: &Arc<Value>) {
    if object::is_terminating(object) {
        let finalizers = object::finalizers(object);
        if finalizers.contains(&ORPHAN) {
            noted(place, orphan(api, owners, place, object));
        } else if finalizers.contains(&FOREGROUND) {
            noted(place, foreground(api, owners, place, object));
        } else if finalizers.contains(&crd::FINALIZER) && place.resource == resources::CRDS {
            noted(place, crd::finish_deletion(&api.store, object));
        } else if finalizers.contains(&CLAIM_PROTECTION) {
            release_claims(&api.store, &place.namespace);
        }
    }
    if place.resource == resources::PODS
        && ["Succeeded", "Failed"].contains(&object::text(object, "/status/phase"))
    {
        release_claims(&api.store, &place.namespace);
    }
    if !object::list(object, "/metadata/ownerReferences").is_empty() {
        noted(place, collect(api, owners, place));
    }
}

/// Objects that went in the meantime and writes that came in between are nothing to report: their
/// own changes follow in the feed.
fn noted(place: &Place, done: Result<(), Refusal>) {
    match done {
        Err(refusal) if refusal.code != 404 && !refusal.is_conflict() => {
            tracing::warn!(?place, %refusal, "garbage stays");
        }
        _ => {}
    }
}

/// Deletes an object whose owners are all gone, or drops the references to those that are.
fn collect(api: &Api, owners: &Owners, place: &Place) -> Result<(), Refusal> {
    let Some(item) = find(&api.store, place) else {
        return Ok(());
    };
    let references = object::list(&item, "/metadata/ownerReferences");
    let (mut solid, mut waiting, mut gone) = (0, 0, Vec::new());
    for reference in references {
        match owners.state(api, place, reference) {
            OwnerState::There => solid += 1,
            OwnerState::WaitsForDependents => {
                waiting += 1;
                gone.push(object::text(reference, "/uid").to_owned());
            }
            OwnerState::Gone => gone.push(object::text(reference, "/uid").to_owned()),
        }
    }
    if gone.is_empty() {
        return Ok(());
    }
    if solid > 0 {
        return drop_references(&api.store, place, &gone);
    }
    if object::is_terminating(&item) {
        return Ok(());
    }
    let propagation = if waiting > 0 && owners.has_blocking_dependents(api, &item) {
        Propagation::Foreground
    } else {
        Propagation::Background
    };
    let options = DeleteOptions {
        propagation: Some(propagation),
        uid: Some(object::uid(&item).to_owned()),
        ..DeleteOptions::default()
    };
    api.store
        .delete(&place.resource, &place.namespace, &place.name, &options)?;
    Ok(())
}

/// Deletes the dependents of a terminating owner; once none blocks it, the owner goes.
fn foreground(api: &Api, owners: &Owners, place: &Place, owner: &Value) -> Result<(), Refusal> {
    let uid = object::uid(owner);
    for dependent in owners.dependents_of(uid) {
        noted(&dependent, collect(api, owners, &dependent));
    }
    if owners.has_blocking_dependents(api, owner) {
        return Ok(());
    }
    without_finalizer(&api.store, place, FOREGROUND)
}

/// Lets the dependents of a terminating owner go on without it.
fn orphan(api: &Api, owners: &Owners, place: &Place, owner: &Value) -> Result<(), Refusal> {
    let uid = object::uid(owner).to_owned();
    for dependent in owners.dependents_of(&uid) {
        drop_references(&api.store, &dependent, std::slice::from_ref(&uid))?;
    }
    without_finalizer(&api.store, place, ORPHAN)
}

fn without_finalizer(store: &Store, place: &Place, finalizer: &str) -> Result<(), Refusal> {
    let Place {
        resource,
        namespace,
        name,
    } = place;
    store.modify(resource, namespace, name, |object| {
        remove_finalizer(object, finalizer);
        Ok(())
    })?;
    Ok(())
}

fn drop_references(store: &Store, place: &Place, gone: &[String]) -> Result<(), Refusal> {
    let Place {
        resource,
        namespace,
        name,
    } = place;
    let changed = store.modify(resource, namespace, name, |object| {
        let kept: Vec<Value> = object::list(object, "/metadata/ownerReferences")
            .iter()
            .filter(|reference| {
                !gone
                    .iter()
                    .any(|uid| uid == object::text(reference, "/uid"))
            })
            .cloned()
            .collect();
        let value = if kept.is_empty() {
            Value::Null
        } else {
            json!(kept)
        };
        object::set(object::metadata_mut(object), "ownerReferences", value);
        Ok(())
    });
    match changed {
        Err(refusal) if refusal.code != 404 => Err(refusal),
        _ => Ok(()),
    }
}

/// Lets terminating claims go that no pod uses any more.
fn release_claims(store: &Store, namespace: &str) {
    let all = Selector::everything();
    let claims = Resource::of("", "persistentvolumeclaims");
    let terminating = store.list(&claims, Some(namespace), &all).items;
    let mut terminating = terminating
        .iter()
        .filter(|claim| object::is_terminating(claim))
        .peekable();
    if terminating.peek().is_none() {
        return;
    }
    let pods = store.list(&resources::PODS, Some(namespace), &all).items;
    let used: BTreeSet<&str> = pods
        .iter()
        .filter(|pod| !["Succeeded", "Failed"].contains(&object::text(pod, "/status/phase")))
        .flat_map(|pod| object::list(pod, "/spec/volumes"))
        .map(|volume| object::text(volume, "/persistentVolumeClaim/claimName"))
        .collect();
    for claim in terminating.filter(|claim| !used.contains(object::name(claim))) {
        let place = Place::of(&claims, claim);
        noted(&place, without_finalizer(store, &place, CLAIM_PROTECTION));
    }
}

fn expire_events(store: &Store) {
    let now = store.clock().now();
    for event in store
        .list(&resources::EVENTS, None, &Selector::everything())
        .items
    {
        let newest = [
            "/lastTimestamp",
            "/eventTime",
            "/metadata/creationTimestamp",
        ]
        .iter()
        .filter_map(|pointer| {
            object::text(&event, pointer)
                .parse::<jiff::Timestamp>()
                .ok()
        })
        .max();
        let expired = newest.is_some_and(|newest| crate::clock::later(newest, EVENTS) <= now);
        if expired {
            let place = Place::of(&resources::EVENTS, &event);
            let deleted = store.delete(
                &place.resource,
                &place.namespace,
                &place.name,
                &DeleteOptions::now(),
            );
            noted(&place, deleted.map(|_| ()));
        }
    }
}

fn find(store: &Store, place: &Place) -> Option<Arc<Value>> {
    store.find(&place.resource, &place.namespace, &place.name)
}

fn owner_uids(object: &Value) -> Vec<String> {
    object::list(object, "/metadata/ownerReferences")
        .iter()
        .map(|reference| object::text(reference, "/uid").to_owned())
        .collect()
}

/// What the collector knows of the owner that a reference names.
enum OwnerState {
    There,
    WaitsForDependents,
    Gone,
}

impl Place {
    fn of(resource: &Resource, object: &Value) -> Self {
        Self {
            resource: resource.clone(),
            namespace: object::namespace(object).to_owned(),
            name: object::name(object).to_owned(),
        }
    }
}

impl Owners {
    fn add(&mut self, resource: &Resource, object: &Value) {
        let place = Place::of(resource, object);
        self.alive
            .insert(object::uid(object).to_owned(), place.clone());
        for uid in owner_uids(object) {
            self.dependents
                .entry(uid)
                .or_default()
                .insert(place.clone());
        }
    }

    fn remove(&mut self, resource: &Resource, object: &Value) {
        let place = Place::of(resource, object);
        self.alive.remove(object::uid(object));
        for uid in owner_uids(object) {
            if let Some(places) = self.dependents.get_mut(&uid) {
                places.remove(&place);
                if places.is_empty() {
                    self.dependents.remove(&uid);
                }
            }
        }
    }

    fn dependents_of(&self, uid: &str) -> Vec<Place> {
        self.dependents
            .get(uid)
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    fn has_blocking_dependents(&self, api: &Api, owner: &Value) -> bool {
        let uid = object::uid(owner);
        self.dependents_of(uid)
            .iter()
            .filter_map(|place| find(&api.store, place))
            .any(|item| {
                object::list(&item, "/metadata/ownerReferences")
                    .iter()
                    .any(|reference| {
                        object::text(reference, "/uid") == uid
                            && reference.get("blockOwnerDeletion") == Some(&Value::Bool(true))
                    })
            })
    }

    /// An owner is there when its uid is, in the namespace of the dependent or in none. Kinds
    /// nobody serves are left alone, as the real collector does.
    fn state(&self, api: &Api, place: &Place, reference: &Value) -> OwnerState {
        let uid = object::text(reference, "/uid");
        let Some(owner) = self.alive.get(uid) else {
            let (api_version, kind) = (
                object::text(reference, "/apiVersion"),
                object::text(reference, "/kind"),
            );
            return match api.catalog().storage_of(api_version, kind) {
                Some(_) => OwnerState::Gone,
                None => OwnerState::There,
            };
        };
        if !owner.namespace.is_empty() && owner.namespace != place.namespace {
            return OwnerState::Gone;
        }
        match find(&api.store, owner) {
            Some(owner)
                if object::is_terminating(&owner)
                    && object::finalizers(&owner).contains(&FOREGROUND) =>
            {
                OwnerState::WaitsForDependents
            }
            _ => OwnerState::There,
        }
    }
}
