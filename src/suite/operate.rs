//! What runs plans while a suite runs: every change of an instance is decided on, and what it starts
//! is driven in this process.

use std::{collections::BTreeMap, time::Duration};

use futures::{StreamExt as _, TryStreamExt as _, stream::FuturesUnordered};
use kube::{
    Api, ResourceExt as _,
    api::{Patch, PatchParams},
    runtime::{WatchStreamExt as _, watcher},
};
use kudo_engine::{
    admission::{Change, Decision, Schedule, decide, finalizers},
    api::{Instance, OperatorVersion, PlanExecution, instance::ExecutionStatus},
    cluster::{Cluster, ClusterError, events::Severity, read},
    driver::Driver,
    subject::Subject,
};
use serde_json::json;
use tokio::sync::watch;

const RETRY_AFTER: Duration = Duration::from_millis(500);

/// Runs the plans of all instances of a cluster, Pipe pods on `pipe_image`; never returns.
pub(crate) async fn operate(cluster: Cluster, pipe_image: Option<String>) {
    let instances: Api<Instance> = Api::all(cluster.client().clone());
    let events = watcher(instances, watcher::Config::default()).default_backoff();
    let mut events = std::pin::pin!(events.touched_objects());
    let mut tended: BTreeMap<(String, String), watch::Sender<()>> = BTreeMap::new();
    let mut tending = FuturesUnordered::new();
    loop {
        let instance = tokio::select! {
            Some(()) = tending.next(), if !tending.is_empty() => continue,
            event = events.try_next() => match event {
                Ok(Some(instance)) => instance,
                Ok(None) => return std::future::pending().await,
                Err(error) => {
                    tracing::debug!(%error, "instances cannot be watched");
                    continue;
                }
            },
        };
        let key = (
            instance.namespace_or_default().to_owned(),
            instance.name_any(),
        );
        let told = tended.get(&key).is_some_and(|one| one.send(()).is_ok());
        if !told {
            let (sender, changes) = watch::channel(());
            tending.push(
                Tender::new(
                    driver(&cluster, pipe_image.as_ref()),
                    &cluster,
                    &key,
                    changes,
                )
                .tend(),
            );
            tended.insert(key, sender);
        }
    }
}

fn driver(cluster: &Cluster, pipe_image: Option<&String>) -> Driver {
    let holder = format!("kudo-rs test {}", cluster.ids().uid());
    let driver = Driver::new(cluster.clone(), holder);
    match pipe_image {
        Some(image) => driver.with_pipe_image(image.clone()),
        None => driver,
    }
}

/// Tends one instance until it is gone.
struct Tender {
    cluster: Cluster,
    driver: Driver,
    api: Api<Instance>,
    namespace: String,
    name: String,
    changes: watch::Receiver<()>,
    /// The instance as it was last decided on.
    admitted: Option<Instance>,
    /// What was refused last; it is said once.
    refused: Option<String>,
}

impl Tender {
    fn new(
        driver: Driver,
        cluster: &Cluster,
        key: &(String, String),
        changes: watch::Receiver<()>,
    ) -> Self {
        Self {
            driver,
            api: Api::namespaced(cluster.client().clone(), &key.0),
            cluster: cluster.clone(),
            namespace: key.0.clone(),
            name: key.1.clone(),
            changes,
            admitted: None,
            refused: None,
        }
    }

    async fn tend(mut self) {
        loop {
            match self.admit().await {
                Ok(Some(true)) => self.drive().await,
                Ok(Some(false)) => {
                    if self.changes.changed().await.is_err() {
                        return;
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    tracing::debug!(%error, name = self.name, "the instance waits");
                    tokio::time::sleep(RETRY_AFTER).await;
                }
            }
        }
    }

    /// Drives what is scheduled; what is changed meanwhile is decided on.
    async fn drive(&mut self) {
        let (driver, namespace, name) = (
            self.driver.clone(),
            self.namespace.clone(),
            self.name.clone(),
        );
        let silent = |_| {};
        let mut driving = std::pin::pin!(driver.drive(&namespace, &name, &silent));
        loop {
            tokio::select! {
                biased;
                outcome = &mut driving => {
                    if let Err(error) = outcome {
                        tracing::debug!(%error, name, "the plan waits");
                        tokio::time::sleep(RETRY_AFTER).await;
                    }
                    return;
                }
                changed = self.changes.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    if let Err(error) = self.admit().await {
                        tracing::debug!(%error, name, "the change waits");
                    }
                }
            }
        }
    }

    /// Decides on the instance as it is; returns whether a plan has to be driven, `None` when it is
    /// gone.
    async fn admit(&mut self) -> anyhow::Result<Option<bool>> {
        let Some(new) = read(&self.api, &self.name).await? else {
            return Ok(None);
        };
        if new.metadata.deletion_timestamp.is_some() {
            return Ok(Some(new.finalizers().iter().any(|f| f.contains("kudo"))));
        }
        let Some(version) = self.version(&new).await? else {
            anyhow::bail!("its operator version is not there");
        };
        let scheduled = new.spec.plan_execution.status.is_some();
        let known = self.admitted.take_if(|old| old.uid() == new.uid());
        let Some(mut old) = known else {
            if scheduled || new.status.is_some() {
                self.admitted = Some(new);
                return Ok(Some(scheduled));
            }
            let create = Change::Create {
                instance: &new,
                operator_version: &version,
            };
            return self
                .enact(&new, &version, decide(create).map_err(|d| d.to_string()))
                .await;
        };
        let is_ours = new.spec.plan_execution.uid != old.spec.plan_execution.uid;
        if scheduled && is_ours {
            self.admitted = Some(new);
            return Ok(Some(true));
        }
        if !new.spec.plan_execution.is_scheduled() || !scheduled {
            old.spec.plan_execution = PlanExecution::default();
        } else {
            old.spec.plan_execution = new.spec.plan_execution.clone();
        }
        let old_version = self.version(&old).await?;
        let decision = decide(Change::Update {
            old: &old,
            new: &new,
            old_operator_version: old_version.as_ref(),
            operator_version: &version,
        });
        self.admitted = Some(old);
        self.enact(
            &new,
            &version,
            decision.map_err(|denial| denial.to_string()),
        )
        .await
    }

    async fn enact(
        &mut self,
        new: &Instance,
        version: &OperatorVersion,
        decision: Result<Decision, String>,
    ) -> anyhow::Result<Option<bool>> {
        let is_scheduled = new.spec.plan_execution.status.is_some();
        let decision = match decision {
            Ok(decision) => decision,
            Err(denial) => {
                if self.refused.as_ref() != Some(&denial) {
                    let subject = Subject::of(new, version);
                    self.cluster
                        .record(&subject, Severity::Warning, "ChangeRefused", &denial)
                        .await;
                    self.refused = Some(denial);
                }
                return Ok(Some(is_scheduled));
            }
        };
        self.refused = None;
        let Schedule::Run(plan_name) = decision.schedule else {
            self.admitted = Some(new.clone());
            return Ok(Some(is_scheduled));
        };
        let execution = PlanExecution {
            plan_name,
            uid: self.cluster.ids().uid(),
            status: Some(ExecutionStatus::InProgress),
            ..PlanExecution::default()
        };
        let patch = json!({
            "metadata": {
                "resourceVersion": new.resource_version(),
                "finalizers": finalizers(new, decision.needs_cleanup),
            },
            "spec": {"parameters": decision.parameters, "planExecution": execution},
        });
        let stored = self
            .api
            .patch(&self.name, &PatchParams::default(), &Patch::Merge(&patch))
            .await;
        self.admitted = Some(stored.map_err(ClusterError::from)?);
        Ok(Some(true))
    }

    async fn version(&self, instance: &Instance) -> anyhow::Result<Option<OperatorVersion>> {
        let (namespace, name) = instance.operator_version_key();
        let versions = Api::namespaced(self.cluster.client().clone(), namespace);
        Ok(read(&versions, name).await?)
    }
}
