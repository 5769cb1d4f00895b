//! Deleting what nobody asks for any more: objects that an upgrade left behind, and objects of the
//! cluster as a whole when their instance goes.
//!
//! What may be deleted is read from the live object, right before, and the deletion is bound to that
//! very object. Whatever speaks against it wins: an object too many does no harm.

use std::{collections::BTreeMap, time::Duration};

use futures::FutureExt as _;
use jiff::Timestamp;
use kube::{
    Api,
    api::{DeleteParams, ListParams, Preconditions, PropagationPolicy},
    core::{ApiResource, GroupVersionKind},
};
use serde_json::Value;

use crate::{
    api::{
        Instance, Inventory, ObjectKey, OperatorVersionSpec,
        instance::{ExecutionStatus, PlanStatus},
        names::{
            ANNOTATION_PRUNE, HERITAGE_KUDO, LABEL_HERITAGE, LABEL_INSTANCE, LABEL_OPERATOR,
            PRUNE_DISABLED,
        },
    },
    cluster::{
        Cluster, ClusterError, Kind,
        events::Severity,
        kinds,
        watch::{Target, Verdict},
    },
    inventory::{self, Effects, Named, Touched},
    parameters::{self, ParameterValue},
    plan::status::SKIPPED,
    render::{Renderer, Seed},
    subject::Subject,
};

use super::{Drive, Report};

/// What became of an object that nobody asks for any more.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Removal {
    /// The object.
    pub object: ObjectKey,
    /// What became of it.
    pub fate: Fate,
}

/// What became of an object.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fate {
    /// It was deleted.
    Deleted,
    /// It was not there, or was going already.
    Gone,
    /// It was left, for this reason.
    Left(String),
}

impl Drive<'_> {
    /// Returns the inventory as it has to be before `plan` applies anything.
    pub(super) async fn widened_inventory(&self, plan: &str) -> Inventory {
        let effects = self.effects(plan, &[], false).await;
        let old = self.inventory();
        old.before(&effects, self.version_name())
    }

    /// Deletes what the good end of a plan leaves without anybody who asks for it, and keeps the
    /// inventory for the write that ends the plan. Until that is done, all of this can be repeated.
    pub(super) async fn settle_inventory(&mut self, ended: &PlanStatus) {
        if ended.status != ExecutionStatus::Complete {
            return;
        }
        let effects = self.effects(&ended.name, &skipped(ended), true).await;
        let version = self.version_name();
        let spec = &self.version.spec;
        let settled = self.inventory().after(&effects, &ended.name, version, spec);
        let mut inventory = settled.inventory;
        let rendered = if settled.obsolete.is_empty() {
            Vec::new()
        } else {
            self.all_rendered()
        };
        for (task, object) in settled.obsolete {
            let is_same = |one: &Named| (&one.kind, &one.name) == (&object.kind, &object.name);
            if rendered.iter().any(is_same) {
                inventory.put_back(&task, object);
                continue;
            }
            match insist(self.cluster(), &self.subject, &object).await {
                Ok(fate) => self.tell_of(&object, fate).await,
                Err(error) => {
                    self.tell_of(&object, Fate::Left(error.to_string())).await;
                    inventory.put_back(&task, object);
                }
            }
        }
        self.settled = Some(inventory);
    }

    async fn tell_of(&self, object: &ObjectKey, fate: Fate) {
        let version = self.version_name();
        let told = match &fate {
            Fate::Deleted => Some((
                Severity::Normal,
                "Pruned",
                format!("{object} was deleted: {version} no longer has it"),
            )),
            Fate::Left(why) => Some((
                Severity::Normal,
                "NotPruned",
                format!("{object} is left, though {version} no longer has it: {why}"),
            )),
            Fate::Gone => None,
        };
        if let Some((severity, reason, message)) = told {
            let cluster = self.cluster();
            cluster
                .record(&self.subject, severity, reason, &message)
                .await;
        }
        let object = object.clone();
        (self.observe)(Report::Removal(Removal { object, fate }));
    }

    /// Deletes the objects of the cluster as a whole, after everything that may need them.
    pub(super) async fn remove_cluster_objects(&self) -> Result<(), ClusterError> {
        let report = |removal| (self.observe)(Report::Removal(removal));
        let inventory = self.inventory();
        let cluster = self.cluster();
        remove_cluster_objects(cluster, &self.subject, &inventory, true, &report).await
    }

    fn inventory(&self) -> Inventory {
        let status = self.instance.status.as_ref();
        status
            .and_then(|status| status.inventory.clone())
            .unwrap_or_default()
    }

    /// Returns what `plan` leaves in the cluster, without the steps that did not run; kinds that are
    /// not known are asked for if `learns`.
    async fn effects(&self, plan: &str, skipped: &[(String, String)], learns: bool) -> Effects {
        let mut effects = Effects::default();
        for Touched {
            step,
            task,
            applies,
            objects,
        } in self.touched(plan)
        {
            if skipped.contains(&step) {
                continue;
            }
            let mut keys = Vec::new();
            for named in objects {
                match self.key(named, learns).await {
                    Ok(key) => keys.extend(key),
                    Err(error) => tracing::debug!(%error, "a kind cannot be looked up"),
                }
            }
            effects.add(&task, applies, keys);
        }
        effects
    }

    async fn key(&self, named: Named, learns: bool) -> Result<Option<ObjectKey>, ClusterError> {
        let Named {
            api_version,
            kind,
            name,
        } = named;
        let cluster = self.cluster();
        let found = if learns {
            cluster.kind(&api_version, &kind).await?
        } else {
            cluster.known(&api_version, &kind).await?
        };
        Ok(found.map(|found| {
            let namespace = if found.is_namespaced {
                self.subject.namespace.clone()
            } else {
                String::new()
            };
            ObjectKey {
                api_version,
                kind,
                namespace,
                name,
            }
        }))
    }

    /// Returns every object that some plan of the operator version names.
    fn all_rendered(&self) -> Vec<Named> {
        let plans = self.version.spec.plans.keys();
        let touched = plans.flat_map(|plan| self.touched(plan));
        let applied = touched.filter(|touched| touched.applies);
        applied.flat_map(|touched| touched.objects).collect()
    }

    fn touched(&self, plan: &str) -> Vec<Touched> {
        let spec = &self.version.spec;
        let given = &self.accepted.parameters;
        match parameters::template_values(&spec.parameters, given) {
            Ok(values) => {
                // A plan whose pipes cannot be told apart does not run.
                let pipes = self.pipes(plan).unwrap_or_default();
                let renderers = renderers(&self.subject, spec, &values)
                    .map(|renderer| renderer.with_pipes(pipes.clone()));
                inventory::touched(spec, plan, &renderers, &values)
            }
            Err(_) => Vec::new(),
        }
    }
}

/// Returns the steps that count as complete without having run, as phase and step.
fn skipped(plan: &PlanStatus) -> Vec<(String, String)> {
    let phases = plan.phases.iter();
    let steps = phases.flat_map(|phase| {
        let skipped = phase.steps.iter().filter(|step| step.message == SKIPPED);
        skipped.map(|step| (phase.name.clone(), step.name.clone()))
    });
    steps.collect()
}

/// Returns two renderers that agree on everything but randomness and time.
fn renderers(
    subject: &Subject,
    spec: &OperatorVersionSpec,
    values: &BTreeMap<String, ParameterValue>,
) -> [Renderer; 2] {
    // Another year, month, day, hour, minute and second than those of the unused seed.
    let other_time = Timestamp::constant(42_224_645, 0);
    [Seed::unused(), Seed::new(["one", "other"], other_time)].map(|seed| {
        let templates = spec.templates.clone();
        Renderer::new(
            subject.clone(),
            templates,
            spec.template_functions,
            values.clone(),
            seed,
        )
    })
}

/// Deletes the objects of the cluster as a whole that an inventory names.
///
/// When `waits` is set, it first waits until what the instance owns is gone, since that may need them.
pub(crate) async fn remove_cluster_objects(
    cluster: &Cluster,
    subject: &Subject,
    inventory: &Inventory,
    waits: bool,
    report: &(dyn Fn(Removal) + Sync),
) -> Result<(), ClusterError> {
    let mut objects = inventory.objects();
    objects.retain(|object| object.is_cluster_scoped());
    if objects.is_empty() {
        return Ok(());
    }
    if waits {
        until_dependents_are_gone(cluster, subject).await;
    }
    // What a plan applied last may need what it applied first.
    for object in objects.into_iter().rev() {
        let fate = insist(cluster, subject, object).await;
        let fate = fate.unwrap_or_else(|error| Fate::Left(error.to_string()));
        let object = object.clone();
        report(Removal { object, fate });
    }
    Ok(())
}

async fn until_dependents_are_gone(cluster: &Cluster, subject: &Subject) {
    let target = Target {
        kind: kinds::namespaced("kudo.dev", "v1beta1", "Instance", "instances"),
        namespace: subject.namespace.clone(),
        name: subject.name.clone(),
    };
    let observer = |state: Option<&Value>| {
        let finalizers = state.and_then(|state| state["metadata"]["finalizers"].as_array());
        let mut finalizers = finalizers.into_iter().flatten();
        if finalizers.any(|finalizer| finalizer == "foregroundDeletion") {
            Verdict::Watch
        } else {
            Verdict::Enough
        }
    };
    cluster.observe(&target, "", observer).await;
}

/// Removes `object`, and tries again while errors may pass.
async fn insist(
    cluster: &Cluster,
    subject: &Subject,
    object: &ObjectKey,
) -> Result<Fate, ClusterError> {
    let mut pause = Duration::from_millis(500);
    loop {
        match remove(cluster, subject, object).await {
            Err(error) if may_pass(&error) => {
                tracing::warn!(%error, %object, "the object could not be deleted yet");
                cluster.clock().sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(10));
            }
            other => return other,
        }
    }
}

/// Whether trying again may help. Who may not do it now may not do it later: the object is left.
fn may_pass(error: &ClusterError) -> bool {
    let is_forbidden = error
        .refusal()
        .is_some_and(|status| matches!(status.code, 401 | 403));
    error.is_transient() && !is_forbidden
}

/// Deletes `object` if it is the instance's and nothing speaks against it.
async fn remove(
    cluster: &Cluster,
    subject: &Subject,
    object: &ObjectKey,
) -> Result<Fate, ClusterError> {
    // Where the kind is gone, so are its objects.
    let Some(kind) = cluster.kind(&object.api_version, &object.kind).await? else {
        return Ok(Fate::Gone);
    };
    let look = || cluster.get(&kind, &object.namespace, &object.name).boxed();
    let Some(live) = cluster.surely(look).await? else {
        return Ok(Fate::Gone);
    };
    if live["metadata"]["deletionTimestamp"].is_string() {
        return Ok(Fate::Gone);
    }
    if let Some(why) = objection(&live, subject) {
        return Ok(Fate::Left(why));
    }
    if let Some(why) = users(cluster, subject, object, &live).await? {
        return Ok(Fate::Left(why));
    }
    delete(cluster, &kind, object, &live).await
}

async fn delete(
    cluster: &Cluster,
    kind: &Kind,
    object: &ObjectKey,
    live: &Value,
) -> Result<Fate, ClusterError> {
    let params = DeleteParams {
        propagation_policy: Some(PropagationPolicy::Background),
        preconditions: Some(Preconditions {
            uid: live["metadata"]["uid"].as_str().map(str::to_owned),
            resource_version: live["metadata"]["resourceVersion"]
                .as_str()
                .map(str::to_owned),
        }),
        ..DeleteParams::default()
    };
    let api = cluster.objects(kind, &object.namespace);
    match api.delete(&object.name, &params).await {
        Ok(_) => Ok(Fate::Deleted),
        Err(error) => match ClusterError::from(error) {
            error if error.is_not_found() => Ok(Fate::Gone),
            error => Err(error),
        },
    }
}

/// Returns what speaks against deleting an object, as far as it says so itself.
fn objection(live: &Value, subject: &Subject) -> Option<String> {
    let metadata = &live["metadata"];
    let (labels, annotations) = (&metadata["labels"], &metadata["annotations"]);
    if labels[LABEL_HERITAGE] != HERITAGE_KUDO || labels[LABEL_INSTANCE] != subject.name.as_str() {
        return Some("it is not marked as this instance's".to_owned());
    }
    let mut owners = metadata["ownerReferences"].as_array().into_iter().flatten();
    let is_namespaced = metadata["namespace"].is_string();
    let is_controlled =
        |owner: &Value| owner["controller"] == true && owner["uid"] == subject.uid.as_str();
    if is_namespaced && !owners.any(is_controlled) {
        return Some("this instance does not control it".to_owned());
    }
    if annotations[ANNOTATION_PRUNE] == PRUNE_DISABLED {
        return Some(format!(
            "its annotation {ANNOTATION_PRUNE} says {PRUNE_DISABLED}"
        ));
    }
    match live["kind"].as_str() {
        Some("PersistentVolumeClaim" | "PersistentVolume") => {
            Some("it holds data; delete it by hand when that is not needed".to_owned())
        }
        Some("Namespace") => {
            Some("it may hold objects of others; delete it by hand when it does not".to_owned())
        }
        _ => None,
    }
}

/// Returns who else needs an object of the cluster as a whole.
async fn users(
    cluster: &Cluster,
    subject: &Subject,
    object: &ObjectKey,
    live: &Value,
) -> Result<Option<String>, ClusterError> {
    if !object.is_cluster_scoped() {
        return Ok(None);
    }
    let instances: Api<Instance> = Api::all(cluster.client().clone());
    let instances = match instances.list(&ListParams::default()).await {
        Ok(list) => list.items,
        Err(error) => match ClusterError::from(error) {
            error if may_pass(&error) => return Err(error),
            error => {
                return Ok(Some(format!(
                    "whether others use it cannot be seen: {error}"
                )));
            }
        },
    };
    let operator = live["metadata"]["labels"][LABEL_OPERATOR].as_str();
    if let Some(user) = instances
        .iter()
        .find(|other| uses(other, subject, object, operator))
    {
        return Ok(Some(format!(
            "instance `{}` in namespace `{}` uses it too",
            user.object_name(),
            user.namespace_or_default()
        )));
    }
    if object.kind == "CustomResourceDefinition" {
        return custom_resources(cluster, live).await;
    }
    Ok(None)
}

/// Whether `other` names the object too, or keeps no inventory and is of the same operator.
fn uses(other: &Instance, subject: &Subject, object: &ObjectKey, operator: Option<&str>) -> bool {
    if other.metadata.uid.as_deref() == Some(subject.uid.as_str()) {
        return false;
    }
    let inventory = other
        .status
        .as_ref()
        .and_then(|status| status.inventory.as_ref());
    if let Some(inventory) = inventory {
        return inventory.objects().iter().any(|one| one.may_be(object));
    }
    let labels = other.metadata.labels.as_ref();
    labels.and_then(|labels| labels.get(LABEL_OPERATOR).map(String::as_str)) == operator
}

/// A definition takes every object of its kind along, whoever made it.
async fn custom_resources(
    cluster: &Cluster,
    definition: &Value,
) -> Result<Option<String>, ClusterError> {
    let text = |pointer: &str| definition.pointer(pointer).and_then(Value::as_str);
    let versions = definition["spec"]["versions"].as_array();
    let served = versions
        .into_iter()
        .flatten()
        .find(|version| version["served"] == true)
        .and_then(|version| version["name"].as_str());
    let (Some(group), Some(kind), Some(plural), Some(version)) = (
        text("/spec/group"),
        text("/spec/names/kind"),
        text("/spec/names/plural"),
        served,
    ) else {
        return Ok(None);
    };
    let kind = Kind {
        resource: ApiResource::from_gvk_with_plural(
            &GroupVersionKind::gvk(group, version, kind),
            plural,
        ),
        is_namespaced: false,
    };
    let api = cluster.objects(&kind, "");
    match api.list(&ListParams::default().limit(1)).await {
        Ok(list) if list.items.is_empty() => Ok(None),
        Ok(_) => Ok(Some(format!("there are still {plural}.{group}"))),
        Err(error) => match ClusterError::from(error) {
            error if error.is_not_found() => Ok(None),
            error if may_pass(&error) => Err(error),
            error => Ok(Some(format!(
                "whether it is in use cannot be seen: {error}"
            ))),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn subject() -> Subject {
        Subject {
            name: "demo".to_owned(),
            namespace: "ns".to_owned(),
            uid: "I1".to_owned(),
            operator_name: "op".to_owned(),
            operator_version: "1".to_owned(),
            app_version: String::new(),
        }
    }

    fn live() -> Value {
        json!({"kind": "ConfigMap", "metadata": {
            "name": "c", "namespace": "ns",
            "labels": {"heritage": "kudo", "kudo.dev/instance": "demo"},
            "ownerReferences": [{"uid": "I1", "controller": true}],
        }})
    }

    #[test]
    fn only_what_is_marked_and_controlled_is_deleted() {
        assert_eq!(objection(&live(), &subject()), None);

        let changes = [
            ("/metadata/labels/heritage", json!("helm")),
            ("/metadata/labels/kudo.dev~1instance", json!("other")),
            ("/metadata/ownerReferences/0/uid", json!("I2")),
            ("/metadata/ownerReferences/0/controller", json!(false)),
            ("/kind", json!("PersistentVolumeClaim")),
            ("/kind", json!("Namespace")),
        ];
        for (at, value) in changes {
            let mut object = live();
            *object.pointer_mut(at).unwrap() = value;
            assert!(objection(&object, &subject()).is_some(), "{at}");
        }
    }

    #[test]
    fn an_annotation_keeps_an_object() {
        let mut object = live();
        object["metadata"]["annotations"] = json!({"kudo.dev/prune": "disabled"});

        assert_eq!(
            objection(&object, &subject()).as_deref(),
            Some("its annotation kudo.dev/prune says disabled")
        );
    }

    #[test]
    fn objects_of_the_cluster_need_no_owner() {
        let mut object = live();
        object["kind"] = json!("ClusterRole");
        let metadata = object["metadata"].as_object_mut().unwrap();
        metadata.remove("ownerReferences");
        metadata.remove("namespace");

        assert_eq!(objection(&object, &subject()), None);
    }

    #[test]
    fn an_instance_without_inventory_may_use_what_its_operator_has() {
        let object = ObjectKey {
            kind: "ClusterRole".to_owned(),
            name: "r".to_owned(),
            ..ObjectKey::default()
        };
        let mut other = Instance::new("demo", crate::api::InstanceSpec::default());
        other.metadata.uid = Some("I2".to_owned());
        let labels = [(LABEL_OPERATOR.to_owned(), "op".to_owned())];
        other.metadata.labels = Some(labels.into());

        assert!(uses(&other, &subject(), &object, Some("op")));
        assert!(!uses(&other, &subject(), &object, Some("else")));

        let mut inventory = Inventory::default();
        let status = crate::api::InstanceStatus {
            inventory: Some(inventory.clone()),
            ..Default::default()
        };
        other.status = Some(status.clone());
        assert!(!uses(&other, &subject(), &object, Some("op")));

        inventory.put_back("task", object.clone());
        other.status = Some(crate::api::InstanceStatus {
            inventory: Some(inventory),
            ..status
        });
        assert!(uses(&other, &subject(), &object, Some("op")));
        other.metadata.uid = Some("I1".to_owned());
        assert!(!uses(&other, &subject(), &object, Some("op")));
    }
}
