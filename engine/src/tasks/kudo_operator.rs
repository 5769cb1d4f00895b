//! `KudoOperator`: another package as a child instance, and its plan (kudo-spec 3.10).
//!
//! The child is created or changed like an instance that a user changes: the decision table says which
//! plan runs. The parent's driver then drives that plan too, under the child's own Lease, or follows
//! whoever does.

use std::collections::BTreeMap;

use futures::future::{BoxFuture, FutureExt as _};
use k8s_openapi::api::core::v1::ObjectReference;
use kube::{
    Api,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};

use crate::{
    admission::{admitted_execution, merge_patch},
    api::{
        Instance, OperatorVersion, PlanExecution,
        instance::{ExecutionStatus, PlanStatus},
        names::FIELD_MANAGER,
    },
    cluster::{
        ClusterError, kinds, read,
        watch::{Target, Verdict},
    },
    driver::{DriveError, Outcome, Report},
    error::{TaskError, event},
    package::{Wanted, release::operator_version_name, value},
    plan::Position,
    task::child_name,
};

use super::{
    Started, Wait, Worker,
    child::{Next, Wish, next},
};

/// Returns who asks for the plans of the children of an instance.
pub(crate) fn as_requester(parent: &str) -> String {
    format!("parent instance {parent}")
}

impl Worker {
    pub(super) async fn kudo_operator(
        &self,
        wanted: &Wanted,
        instance_name: &str,
        parameter_file: &str,
        position: &Position,
    ) -> Result<Started, TaskError> {
        let mut wish = Wish {
            name: child_name(&self.subject.name, instance_name, &wanted.package),
            version: self.child_version(wanted).await?,
            reference: self.child_reference(wanted),
            parameters: self.renderer.child_parameters(parameter_file, position)?,
            parent: self.subject.clone(),
            execution_uid: self.execution_uid.clone(),
        };
        let warnings = leave_out_unknown(&mut wish, parameter_file);
        self.bring_about(&wish).await?;
        Ok(Started {
            wait: Wait::Child(Box::new(wish)),
            warnings,
        })
    }

    fn child_reference(&self, wanted: &Wanted) -> ObjectReference {
        let name = version_name(wanted);
        // KUDO looked for the versions of children beside the parent's, but named no namespace.
        let is_elsewhere = self.version_namespace != self.subject.namespace;
        ObjectReference {
            name: Some(name),
            namespace: is_elsewhere.then(|| self.version_namespace.clone()),
            ..ObjectReference::default()
        }
    }

    async fn child_version(&self, wanted: &Wanted) -> Result<OperatorVersion, TaskError> {
        let client = self.cluster.client().clone();
        let versions: Api<OperatorVersion> = Api::namespaced(client, &self.version_namespace);
        let name = version_name(wanted);
        let look = || read(&versions, &name).boxed();
        let found = self.cluster.surely(look).await;
        let found = found.map_err(|error| TaskError::of_request(&error, &name))?;
        found.ok_or_else(|| {
            let cause = format!(
                "operator version {}/{name} is not installed; install package {} {} and run the \
                 plan again",
                self.version_namespace, wanted.package, wanted.operator_version
            );
            TaskError::fatal(event::INVALID_OPERATOR_VERSION, cause)
        })
    }

    /// Waits until the child is as it should be; `say` hears how its plan fares.
    ///
    /// The type is named because plans run in plans.
    pub(super) fn child<'a>(
        &'a self,
        wish: &'a Wish,
        say: &'a (dyn Fn(&str) + Send + Sync),
    ) -> BoxFuture<'a, Result<(), TaskError>> {
        async move {
            let observe = |report| {
                if let Some(told) = told(&wish.name, &report) {
                    say(&told);
                }
            };
            while let Standing::Driving = self.bring_about(wish).await? {
                say(&format!("Instance `{}`: its plan starts", wish.name));
                let driven = self
                    .driver
                    .drive(&wish.parent.namespace, &wish.name, &observe);
                match driven.await {
                    // How it ended is read from the child: an engine after this one sees no more.
                    Ok(Outcome::Complete { .. } | Outcome::Failed { .. } | Outcome::Idle) => {}
                    Ok(Outcome::Paused { plan }) => {
                        say(&format!(
                            "Instance `{0}`: plan {plan} is paused; `kudo-rs plan resume --instance \
                             {0}` goes on with it",
                            wish.name
                        ));
                        self.until_resumed(wish).await;
                    }
                    Ok(Outcome::Gone) => return Err(gone(wish)),
                    Err(error) => return Err(not_driven(wish, &error)),
                }
            }
            Ok(())
        }
        .boxed()
    }

    async fn until_resumed(&self, wish: &Wish) {
        let target = Target {
            kind: kinds::namespaced("kudo.dev", "v1beta1", "Instance", "instances"),
            namespace: wish.parent.namespace.clone(),
            name: wish.name.clone(),
        };
        let observer = |state: Option<&Value>| match state {
            Some(state) if state["spec"]["planExecution"]["paused"] == true => Verdict::Watch,
            _ => Verdict::Enough,
        };
        self.cluster.observe(&target, "", observer).await;
    }

    /// Does the next thing that has to happen to the child; it can be called at any time.
    async fn bring_about(&self, wish: &Wish) -> Result<Standing, TaskError> {
        let client = self.cluster.client().clone();
        let api: Api<Instance> = Api::namespaced(client, &wish.parent.namespace);
        let what = format!("instance {}", wish.key());
        let of_request = |error: ClusterError| TaskError::of_request(&error, &what);
        loop {
            let current = read(&api, &wish.name).await.map_err(of_request)?;
            let version = match &current {
                Some(current) => self.version_of(current).await.map_err(of_request)?,
                None => None,
            };
            let written = match next(wish, current.as_ref(), version.as_ref())? {
                Next::Done => return Ok(Standing::Done),
                Next::Drive => return Ok(Standing::Driving),
                Next::Create(mut instance, plan) => {
                    instance.spec.plan_execution = self.execution_for(wish, &plan);
                    api.create(&PostParams::default(), &instance)
                        .await
                        .map(drop)
                }
                Next::Change(wished, decision, plan) => {
                    let execution = self.execution_for(wish, &plan);
                    let old = current.as_ref().unwrap_or(&wished);
                    let patch = merge_patch(old, &wished, &decision, Some(&execution));
                    self.patch(&api, wish, patch).await
                }
                Next::Retry(execution) => {
                    let version = current.and_then(|old| old.metadata.resource_version);
                    let patch = json!({
                        "metadata": {"resourceVersion": version},
                        "spec": {"planExecution": execution},
                    });
                    self.patch(&api, wish, patch).await
                }
            };
            match written.map_err(ClusterError::from) {
                Ok(()) => return Ok(Standing::Driving),
                // Somebody else changed it since it was read.
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(of_request(error)),
            }
        }
    }

    async fn version_of(&self, child: &Instance) -> Result<Option<OperatorVersion>, ClusterError> {
        let (namespace, name) = child.operator_version_key();
        let versions = Api::namespaced(self.cluster.client().clone(), namespace);
        let look = || read(&versions, name).boxed();
        self.cluster.surely(look).await
    }

    fn execution_for(&self, wish: &Wish, plan: &str) -> PlanExecution {
        let requester = as_requester(&wish.parent.name);
        admitted_execution(plan, self.cluster.ids().uid(), &requester)
    }

    async fn patch(
        &self,
        api: &Api<Instance>,
        wish: &Wish,
        mut patch: Value,
    ) -> Result<(), kube::Error> {
        let (labels, annotations) = wish.marks();
        patch["metadata"]["labels"] = json!(labels);
        patch["metadata"]["annotations"] = json!(annotations);
        let params = PatchParams {
            field_manager: Some(FIELD_MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let patched = api.patch(&wish.name, &params, &Patch::Merge(&patch)).await;
        patched.map(drop)
    }
}

/// Where a child stands after what could be done at once.
enum Standing {
    /// It is as it should be.
    Done,
    /// Its plan has to run.
    Driving,
}

fn version_name(wanted: &Wanted) -> String {
    operator_version_name(
        &wanted.package,
        &wanted.app_version,
        &wanted.operator_version,
    )
}

impl crate::render::Renderer {
    /// Returns what a parameter file gives (kudo-spec 3.10). It sees all that other templates see:
    /// KUDO left the plan's names and the pipes out.
    pub(crate) fn child_parameters(
        &self,
        file: &str,
        position: &Position,
    ) -> Result<BTreeMap<String, String>, TaskError> {
        if file.is_empty() {
            return Ok(BTreeMap::new());
        }
        let fatal = |cause: String| TaskError::fatal(event::RENDERING, cause);
        let text = self.text(file, position)?;
        value::of_text(file, &text).map_err(fatal)
    }
}

/// KUDO kept parameters that the child does not have on its instance, where nothing reads them.
fn leave_out_unknown(wish: &mut Wish, file: &str) -> Vec<String> {
    let definitions = &wish.version.spec.parameters;
    let is_known = |name: &String| definitions.iter().any(|one| one.name == *name);
    let (known, unknown) = std::mem::take(&mut wish.parameters)
        .into_iter()
        .partition::<BTreeMap<_, _>, _>(|(name, _)| is_known(name));
    wish.parameters = known;
    let version = wish.version.metadata.name.as_deref().unwrap_or_default();
    let warning = |name| {
        format!("{file}: {version} has no parameter `{name}`; the value is not given to the child")
    };
    unknown.into_keys().map(warning).collect()
}

/// Returns one line about a child's plan, where its parent does not say the same of its own.
fn told(child: &str, report: &Report) -> Option<String> {
    let what = match report {
        Report::Progress(status) => of_plan(status),
        Report::DrivenBy(holder) => format!("driven by {holder}"),
        Report::Removal(removal) => removal.object.to_string(),
        Report::TakenOver(holder) => format!("taken over from {holder}"),
        Report::OldDefinitions => return None,
    };
    Some(format!("Instance `{child}`: {what}"))
}

fn of_plan(status: &PlanStatus) -> String {
    let steps = status.phases.iter().flat_map(|phase| {
        let steps = phase.steps.iter();
        steps.map(move |step| (phase, step))
    });
    let mut running = steps.filter(|(_, step)| {
        matches!(
            step.status,
            ExecutionStatus::InProgress | ExecutionStatus::Error | ExecutionStatus::FatalError
        )
    });
    let plan = &status.name;
    match running.next() {
        None => format!("plan {plan} is {}", status.status),
        Some((phase, step)) if step.message.is_empty() => {
            format!("plan {plan} is at {}.{}", phase.name, step.name)
        }
        Some((phase, step)) => {
            format!(
                "plan {plan} is at {}.{}: {}",
                phase.name, step.name, step.message
            )
        }
    }
}

fn gone(wish: &Wish) -> TaskError {
    TaskError::Transient {
        cause: format!("instance {} was deleted by somebody else", wish.key()),
        retry_after: None,
    }
}

fn not_driven(wish: &Wish, error: &DriveError) -> TaskError {
    let cause = format!("child instance {}: {error}", wish.key());
    match error {
        DriveError::Cluster(error) => TaskError::of_request(error, &cause),
        DriveError::NoInstance { .. } => TaskError::Transient {
            cause,
            retry_after: None,
        },
        DriveError::NoOperatorVersion { .. } => {
            TaskError::fatal(event::INVALID_OPERATOR_VERSION, cause)
        }
        DriveError::Denied(_) => TaskError::fatal(event::TERMINAL, cause),
    }
}
