//! Changes that nobody has decided on: judged here before anything is driven (design decision 7).
//!
//! Whoever drives does this under the instance's Lease: a manager when it sees a changed instance, the
//! command line when a user waits for a plan. What is refused is written into the condition `Admitted`
//! and told in one event; what is accepted is written into the spec in one patch that fails when
//! somebody changed the instance meanwhile.

use futures::FutureExt as _;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::{
    Api, ResourceExt as _,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};

use crate::{
    admission::{
        Decision, Schedule, admitted_execution, merge_patch,
        pending::{Pending, Verdict, accepted, begun, is_undecided, judge},
    },
    api::{
        Instance, OperatorVersion, OperatorVersionSpec,
        instance::{Admitted, ExecutionStatus},
        names::{FIELD_MANAGER, LABEL_OPERATOR},
    },
    cluster::{ClusterError, events::Severity, read},
    error::event,
    plan::status::why_failed,
    subject::Subject,
};

use super::{
    DriveError, Driver,
    conditions::{self, CHANGE_DENIED, Refusal, Standing},
    records::{merged, nothing_scheduled},
};

/// An instance, and the part of its spec that is in force.
#[derive(Debug)]
pub(super) struct Accepted {
    pub instance: Instance,
    /// What plans run with.
    pub spec: Admitted,
    /// The operator version that `spec` names, where it was read.
    pub version: Option<OperatorVersion>,
    /// Whether the spec that is written is another one, and refused.
    pub is_refused: bool,
}

/// What came of looking at the spec.
#[derive(Debug)]
pub(super) enum Admission {
    /// What is scheduled, if anything, may be driven.
    Go(Box<Accepted>),
    /// The spec is refused, and no plan is at work.
    Refused(DriveError),
}

impl Driver {
    /// Returns whether KUDO's own manager looks after an instance, so that it must be left alone.
    ///
    /// Only an instance that was never driven here is asked about: KUDO's webhook would have taken the
    /// status off an execution that the command line scheduled (kudo-spec 6.2).
    pub async fn is_kudos(&self, instance: &Instance) -> bool {
        let is_ours = match &instance.status {
            Some(status) => status.admitted.is_some(),
            None => instance.spec.plan_execution.status == Some(ExecutionStatus::InProgress),
        };
        !is_ours && self.cluster.has_kudo_webhook().await
    }

    /// Judges the spec of an instance, and writes what follows from it.
    pub(super) async fn admit(&self, mut instance: Instance) -> Result<Admission, DriveError> {
        loop {
            if !is_undecided(&instance) {
                return self.settle(instance).await;
            }
            let Some(version) = self
                .version(&instance, &instance.spec.operator_version)
                .await?
            else {
                return self.refuse_without_version(instance).await;
            };
            let admitted_version = match accepted(&instance) {
                None => None,
                Some(admitted) if admitted.operator_version == instance.spec.operator_version => {
                    Some(version.clone())
                }
                Some(admitted) => self.version(&instance, &admitted.operator_version).await?,
            };
            let verdict = judge(&Pending {
                instance: &instance,
                operator_version: &version,
                admitted_version: admitted_version.as_ref(),
            });
            let patch = match verdict {
                Verdict::Settled => return self.settle(instance).await,
                Verdict::Accepted => return self.accept(instance, version).await,
                Verdict::Denied(denial) => {
                    let refusal = Refusal {
                        reason: CHANGE_DENIED,
                        message: denial.to_string(),
                        may_pass: false,
                    };
                    let denied = DriveError::Denied(refusal.message.clone());
                    return self.refuse(instance, &refusal, denied).await;
                }
                Verdict::Run {
                    plan,
                    parameters,
                    needs_cleanup,
                } => {
                    let author = author(&instance).unwrap_or_default();
                    let execution = admitted_execution(&plan, self.cluster.ids().uid(), author);
                    let decision = Decision {
                        schedule: Schedule::Run(plan),
                        parameters,
                        needs_cleanup,
                    };
                    let mut patch = merge_patch(&instance, &instance, &decision, Some(&execution));
                    if !instance.labels().contains_key(LABEL_OPERATOR) {
                        // The command line labels what it makes; `kubectl apply` users need not know.
                        patch["metadata"]["labels"] =
                            json!({LABEL_OPERATOR: version.spec.operator.name});
                    }
                    patch
                }
                Verdict::Clear => json!({"spec": {"planExecution": nothing_scheduled()}}),
                Verdict::Restore { execution, denial } => {
                    self.tell(&instance, CHANGE_DENIED, &denial.to_string())
                        .await;
                    json!({"spec": {"planExecution": execution}})
                }
            };
            instance = match self.write(&instance, patch).await? {
                Some(stored) => stored,
                None => return Err(gone(&instance)),
            };
        }
    }

    /// Goes on with a spec that was decided on; what an earlier refusal left behind is taken back.
    async fn settle(&self, mut instance: Instance) -> Result<Admission, DriveError> {
        let is_deleted = instance.metadata.deletion_timestamp.is_some();
        let standing = standing(&instance);
        let status = instance.status.clone().unwrap_or_default();
        let admitted = accepted(&instance);
        let mut known = status.conditions.clone();
        let (generation, now) = (instance.metadata.generation, self.cluster.clock().now());
        conditions::settle(
            &mut known,
            failure(&instance).as_deref(),
            standing,
            generation,
            now,
        );
        if !is_deleted && (known != status.conditions || !is_recorded(&instance)) {
            instance = self
                .write_admission(&instance, &known, admitted.as_ref())
                .await?;
        }
        Ok(go(instance, admitted, is_deleted))
    }

    /// Goes on with a spec that is accepted; the plan that begins records it, else it is recorded here.
    async fn accept(
        &self,
        mut instance: Instance,
        version: OperatorVersion,
    ) -> Result<Admission, DriveError> {
        let spec = Admitted {
            operator_version: instance.spec.operator_version.clone(),
            parameters: instance.spec.parameters.clone(),
        };
        let execution = &instance.spec.plan_execution;
        let is_new = execution.is_scheduled() && execution.uid != begun(&instance).uid;
        if !is_new {
            let mut known = instance.status.clone().unwrap_or_default().conditions;
            let (generation, now) = (instance.metadata.generation, self.cluster.clock().now());
            let why = failure(&instance);
            conditions::settle(
                &mut known,
                why.as_deref(),
                standing(&instance),
                generation,
                now,
            );
            instance = self.write_admission(&instance, &known, Some(&spec)).await?;
        }
        Ok(Admission::Go(Box::new(Accepted {
            instance,
            spec,
            version: Some(version),
            is_refused: false,
        })))
    }

    async fn refuse_without_version(&self, instance: Instance) -> Result<Admission, DriveError> {
        let (namespace, name) = instance.operator_version_key();
        let missing = DriveError::NoOperatorVersion {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        let refusal = missing_version(&instance, name);
        self.refuse(instance, &refusal, missing).await
    }

    /// Says why the spec is refused, once; a plan that is at work goes on with what was admitted.
    async fn refuse(
        &self,
        instance: Instance,
        refusal: &Refusal,
        error: DriveError,
    ) -> Result<Admission, DriveError> {
        let instance = self.report(instance, refusal).await?;
        if !begun(&instance).is_scheduled() {
            return Ok(Admission::Refused(error));
        }
        let Some(spec) = accepted(&instance) else {
            return Ok(Admission::Refused(error));
        };
        Ok(Admission::Go(Box::new(Accepted {
            instance,
            spec,
            version: None,
            is_refused: true,
        })))
    }

    /// Writes a refusal into the conditions and, when it is another one than before, into an event.
    pub(super) async fn report(
        &self,
        instance: Instance,
        refusal: &Refusal,
    ) -> Result<Instance, DriveError> {
        let status = instance.status.clone().unwrap_or_default();
        let known = conditions::find(&status.conditions, conditions::ADMITTED);
        let is_told = known.is_some_and(|known| {
            known.status == "False"
                && known.reason == refusal.reason
                && known.message == refusal.message
        });
        if !is_told {
            self.tell(&instance, refusal.reason, &refusal.message).await;
        }
        let (generation, now) = (instance.metadata.generation, self.cluster.clock().now());
        let mut fresh = status.conditions.clone();
        conditions::refuse(&mut fresh, refusal, standing(&instance), generation, now);
        if fresh == status.conditions && status.observed_generation == generation {
            return Ok(instance);
        }
        self.write_admission(&instance, &fresh, None).await
    }

    async fn tell(&self, instance: &Instance, reason: &str, message: &str) {
        let nobody = OperatorVersion::new("", OperatorVersionSpec::default());
        let subject = Subject::of(instance, &nobody);
        self.cluster
            .record(&subject, Severity::Warning, reason, message)
            .await;
    }

    /// Returns the operator version that `reference` of `instance` names, if it is there even when
    /// looked for again.
    pub(super) async fn version(
        &self,
        instance: &Instance,
        reference: &ObjectReference,
    ) -> Result<Option<OperatorVersion>, ClusterError> {
        let mut named = instance.clone();
        named.spec.operator_version = reference.clone();
        let (namespace, name) = named.operator_version_key();
        let versions: Api<OperatorVersion> =
            Api::namespaced(self.cluster.client().clone(), namespace);
        let look = || read(&versions, name).boxed();
        self.cluster.surely(look).await
    }

    /// Writes `patch` if nobody changed the instance since it was read; returns what is stored then,
    /// the patched instance or the changed one, or `None` when it is gone.
    async fn write(
        &self,
        instance: &Instance,
        mut patch: Value,
    ) -> Result<Option<Instance>, ClusterError> {
        let api = self.instances(instance.namespace_or_default());
        patch["metadata"]["resourceVersion"] = json!(instance.metadata.resource_version);
        let name = instance.object_name();
        let stored = api.patch(name, &ours(), &Patch::Merge(&patch)).await;
        match stored.map_err(ClusterError::from) {
            Ok(stored) => Ok(Some(stored)),
            Err(error) if error.is_conflict() || error.is_not_found() => read(&api, name).await,
            Err(error) => Err(error),
        }
    }

    async fn write_admission(
        &self,
        instance: &Instance,
        conditions: &[k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition],
        admitted: Option<&Admitted>,
    ) -> Result<Instance, DriveError> {
        let mut status = json!({
            "observedGeneration": instance.metadata.generation,
            "conditions": conditions,
        });
        if let Some(admitted) = admitted {
            status["admitted"] = admitted_patch(instance, admitted);
        }
        let api = self.instances(instance.namespace_or_default());
        let patch = Patch::Merge(json!({"status": status}));
        let name = instance.object_name();
        match api.patch_status(name, &ours(), &patch).await {
            Ok(stored) => Ok(stored),
            Err(error) => match ClusterError::from(error) {
                error if error.is_not_found() => Err(gone(instance)),
                error => Err(error.into()),
            },
        }
    }
}

/// Returns what a missing operator version is called, in KUDO's words (kudo-spec 5.2, 2).
pub(super) fn missing_version(instance: &Instance, version: &str) -> Refusal {
    let key = format!(
        "{}/{}",
        instance.namespace_or_default(),
        instance.object_name()
    );
    Refusal {
        reason: event::INVALID_OPERATOR_VERSION,
        message: format!(
            "InstanceController: Error getting operatorVersion {version} for instance {key}: \
             operatorversions.kudo.dev \"{version}\" not found"
        ),
        may_pass: true,
    }
}

/// Returns the merge patch that makes `status.admitted` of `instance` this one.
pub(super) fn admitted_patch(instance: &Instance, admitted: &Admitted) -> Value {
    let Some(old) = instance
        .status
        .as_ref()
        .and_then(|status| status.admitted.as_ref())
    else {
        return json!(admitted);
    };
    let fields = |reference: &ObjectReference| match json!(reference) {
        Value::Object(fields) => fields.into_iter().collect(),
        _ => std::collections::BTreeMap::new(),
    };
    let mut patch = json!({
        "operatorVersion": merged(&fields(&old.operator_version), &fields(&admitted.operator_version)),
        "parameters": merged(&old.parameters, &admitted.parameters),
    });
    // An empty patch of a field that is not there would make it, and the end differ by who wrote it.
    if patch["parameters"]
        .as_object()
        .is_some_and(serde_json::Map::is_empty)
        && let Some(patch) = patch.as_object_mut()
    {
        patch.remove("parameters");
    }
    patch
}

fn go(instance: Instance, spec: Option<Admitted>, is_refused: bool) -> Admission {
    let spec = spec.unwrap_or_else(|| Admitted {
        operator_version: instance.spec.operator_version.clone(),
        parameters: instance.spec.parameters.clone(),
    });
    Admission::Go(Box::new(Accepted {
        instance,
        spec,
        version: None,
        is_refused,
    }))
}

/// Returns whether the status of an instance says that its spec was looked at and accepted. While a plan
/// is at work that is not asked: its end tells.
pub fn is_settled(instance: &Instance) -> bool {
    let status = instance.status.as_ref();
    let known = status.and_then(|one| conditions::find(&one.conditions, conditions::ADMITTED));
    known.is_none_or(|admitted| admitted.status != "False") && is_recorded(instance)
}

fn is_recorded(instance: &Instance) -> bool {
    let Some(status) = &instance.status else {
        return false;
    };
    standing(instance) != Standing::Idle
        || status.admitted.is_some() && status.observed_generation == instance.metadata.generation
}

fn standing(instance: &Instance) -> Standing {
    if begun(instance).is_scheduled() {
        Standing::Running
    } else if accepted(instance).is_some() {
        Standing::Idle
    } else {
        Standing::New
    }
}

/// Returns why the last plan failed, if it did.
fn failure(instance: &Instance) -> Option<String> {
    let last = instance.status.as_ref()?.last_plan.as_ref()?;
    let failed = last.status == ExecutionStatus::FatalError;
    failed.then(|| instance.plan_status(&last.name).map(why_failed))?
}

/// Returns the program that changed the spec last, as it called itself.
fn author(instance: &Instance) -> Option<&str> {
    let entries = instance.metadata.managed_fields.iter().flatten();
    let writers = entries.filter(|entry| {
        let fields = entry.fields_v1.as_ref();
        entry.manager.as_deref() != Some(FIELD_MANAGER)
            && fields.is_some_and(|fields| !fields.0["f:spec"].is_null())
    });
    let last = writers.max_by_key(|entry| entry.time.as_ref().map(|time| time.0))?;
    last.manager.as_deref()
}

fn gone(instance: &Instance) -> DriveError {
    DriveError::NoInstance {
        namespace: instance.namespace_or_default().to_owned(),
        name: instance.object_name().to_owned(),
    }
}

fn ours() -> PatchParams {
    PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::api::{InstanceSpec, InstanceStatus};

    fn values(given: &[(&str, &str)]) -> BTreeMap<String, String> {
        let given = given.iter();
        given
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn a_parameter_that_was_removed_is_no_longer_admitted() {
        let mut instance = Instance::new("test", InstanceSpec::default());
        instance.status = Some(InstanceStatus {
            admitted: Some(Admitted {
                parameters: values(&[("COUNT", "1"), ("GONE", "1")]),
                ..Admitted::default()
            }),
            ..InstanceStatus::default()
        });
        let admitted = Admitted {
            parameters: values(&[("COUNT", "2")]),
            ..Admitted::default()
        };

        let patch = admitted_patch(&instance, &admitted);

        assert_eq!(patch["parameters"], json!({"COUNT": "2", "GONE": null}));
    }

    #[test]
    fn the_author_of_a_change_is_who_wrote_the_spec_last() {
        let entry = |manager: &str, second: u32, fields: Value| {
            json!({
                "manager": manager, "operation": "Update", "fieldsV1": fields,
                "time": format!("2026-01-01T00:00:{second:02}Z"),
            })
        };
        let spec = || json!({"f:spec": {"f:parameters": {}}});
        let mut instance = Instance::new("test", InstanceSpec::default());
        let entries = json!([
            entry("argocd", 1, spec()),
            entry("kubectl-patch", 2, spec()),
            entry("kubectl-label", 3, json!({"f:metadata": {}})),
            entry("kudo-rs", 4, spec()),
        ]);
        instance.metadata.managed_fields = serde_json::from_value(entries).unwrap();

        assert_eq!(author(&instance), Some("kubectl-patch"));
    }
}
