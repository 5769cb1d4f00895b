//! Driving what is scheduled on an instance to its end, from any process (design decision 8).
//!
//! [`Driver::drive`] takes the instance's Lease, brings its status in line with the operator version,
//! runs the plan and writes down how it fares. Whatever interrupts it, the next driver finds in the
//! cluster all it needs to go on. When somebody else drives, it follows, and takes over when they fall
//! silent.

mod admit;
mod conditions;
mod dependencies;
mod ending;
mod follow;
pub(crate) mod prune;
mod records;
mod reschedule;
mod right;

use ending::id_of;

pub use admit::is_settled;
pub(crate) use conditions::conditions_with_ready;
pub use follow::refusal_of;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use kube::Api;
use tokio::sync::watch;

use crate::{
    admission,
    api::{
        Instance, Inventory, OperatorVersion, OperatorVersionSpec,
        instance::{Admitted, ExecutionStatus, PlanStatus},
        names::{FINALIZER_CLEANUP, PLAN_CLEANUP},
    },
    cluster::{Cluster, ClusterError, events::Severity, lease::Held, pods::Pods, read},
    error::event,
    parameters::{self, ParameterValue},
    plan::{
        execution::{Execution, Failure},
        journal::Journal,
        progress::Progress,
        status,
    },
    render::Renderer,
    subject::Subject,
    tasks::{
        Worker,
        pipe::{self, names::PipesError},
    },
};

pub use prune::{Fate, Removal};
pub use right::descendants;

/// How often a running plan's status is written at most.
const WRITE_PAUSE: Duration = Duration::from_secs(1);
/// How long the first status of a running plan waits for more.
const FIRST_WRITE_PAUSE: Duration = Duration::from_millis(250);

/// Drives instances.
#[derive(Clone, Debug)]
pub struct Driver {
    cluster: Cluster,
    holder: String,
    /// The instances that this driver is at, as namespace and name.
    busy: Arc<Mutex<BTreeSet<String>>>,
    pipe_image: String,
}

/// What an observer is shown while a plan runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// The plan stands like this.
    Progress(PlanStatus),
    /// Somebody else drives; this is the name they gave themselves.
    DrivenBy(String),
    /// The driver has fallen silent, and this process goes on in its place.
    TakenOver(String),
    /// An object that nobody asks for any more was deleted, or was left for a reason.
    Removal(Removal),
    /// The cluster's definitions are KUDO's own, or older than this engine: what they have no field for
    /// is not kept, the history and the inventory above all.
    OldDefinitions,
}

/// How driving ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Nothing is scheduled.
    Idle,
    /// The plan is complete.
    Complete {
        /// Name of the plan.
        plan: String,
    },
    /// The plan ended badly.
    Failed {
        /// Name of the plan.
        plan: String,
        /// Why.
        message: String,
    },
    /// The plan is paused: it goes on when somebody resumes it.
    Paused {
        /// Name of the plan.
        plan: String,
    },
    /// The instance is gone.
    Gone,
}

/// Why driving did not come to an end.
#[derive(Debug, thiserror::Error)]
pub enum DriveError {
    /// A request failed.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// There is no such instance.
    #[error("there is no instance `{name}` in namespace `{namespace}`")]
    NoInstance {
        /// Namespace that was looked in.
        namespace: String,
        /// Name that was looked for.
        name: String,
    },
    /// The operator version of the instance is gone.
    #[error("operator version `{name}` of the instance is not in namespace `{namespace}`")]
    NoOperatorVersion {
        /// Namespace that was looked in.
        namespace: String,
        /// Name that was looked for.
        name: String,
    },
    /// The spec asks for something that is not allowed; nothing of it was executed.
    #[error("the change was denied: {0}")]
    Denied(String),
}

/// What one turn of driving led to.
enum Turn {
    /// Something else was scheduled meanwhile.
    Again,
    /// There is nothing left to drive.
    Ended(Outcome),
}

/// How a plan can be begun.
enum Beginning {
    /// It goes on from this status.
    At(PlanStatus),
    /// It has ended like this already, and the instance still has it.
    Ended(PlanStatus),
    /// The instance has changed since it was read.
    Outdated,
    /// There is no such plan.
    Unknown,
}

/// The instance that is driven, and what is known of it.
struct Drive<'a> {
    driver: &'a Driver,
    api: Api<Instance>,
    instance: Instance,
    version: OperatorVersion,
    subject: Subject,
    /// The part of the spec that the plan runs with.
    accepted: Admitted,
    /// Whether the spec that is written is another one, and refused.
    is_refused: bool,
    /// What was found out about the spec while the plan ran.
    refusal: reschedule::Refusals,
    observe: &'a (dyn Fn(Report) + Sync),
    /// The inventory as the end of the plan leaves it.
    settled: Option<Inventory>,
}

impl Driver {
    /// Returns a driver that calls itself `holder` in Leases.
    pub fn new(cluster: Cluster, holder: String) -> Self {
        Self {
            cluster,
            holder,
            busy: Arc::default(),
            pipe_image: pipe::DEFAULT_IMAGE.to_owned(),
        }
    }

    /// Returns the driver with another image for the container that keeps the files of Pipe tasks; it
    /// needs `sh` and `tar`.
    #[must_use]
    pub fn with_pipe_image(self, pipe_image: String) -> Self {
        Self { pipe_image, ..self }
    }

    /// Drives the plan that is scheduled on an instance, or follows whoever does, to its end.
    ///
    /// It can be dropped at any time; [`Driver::release`] then lets the next driver start at once.
    ///
    /// # Errors
    ///
    /// When the instance or its operator version does not exist, a request fails for good, or the
    /// right to drive is lost.
    pub async fn drive(
        &self,
        namespace: &str,
        name: &str,
        observe: &(dyn Fn(Report) + Sync),
    ) -> Result<Outcome, DriveError> {
        let instance = self.instance(namespace, name).await?;
        if self.is_kudos(&instance).await {
            return self.follow_kudo(&instance, observe).await;
        }
        let mut busy = self.busy_with(namespace, name);
        loop {
            let turn = self.lease_or_outcome(&instance, busy.is_some(), observe);
            let mut held = match turn.await? {
                follow::Followed::Drive(held) => held,
                follow::Followed::Ended(outcome) => return Ok(outcome),
            };
            busy = busy.or_else(|| self.busy_with(namespace, name));
            let outcome = tokio::select! {
                biased;
                // It is large, and plans run in plans.
                outcome = Box::pin(self.drive_held(namespace, name, observe)) => outcome,
                // Without the right nothing more is written; whoever has it is followed.
                why = held.keep() => {
                    tracing::warn!(why, "stopped driving");
                    continue;
                }
            };
            held.release().await;
            return outcome;
        }
    }

    async fn instance(&self, namespace: &str, name: &str) -> Result<Instance, DriveError> {
        let api: Api<Instance> = Api::namespaced(self.cluster.client().clone(), namespace);
        let found = read(&api, name).await?;
        found.ok_or_else(|| DriveError::NoInstance {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }

    async fn drive_held(
        &self,
        namespace: &str,
        name: &str,
        observe: &(dyn Fn(Report) + Sync),
    ) -> Result<Outcome, DriveError> {
        loop {
            if let Turn::Ended(outcome) = Box::pin(self.turn(namespace, name, observe)).await? {
                return Ok(outcome);
            }
        }
    }

    /// Drives what is scheduled now; somebody may schedule something else meanwhile.
    async fn turn(
        &self,
        namespace: &str,
        name: &str,
        observe: &(dyn Fn(Report) + Sync),
    ) -> Result<Turn, DriveError> {
        let api = self.instances(namespace);
        // What was read before the lease was ours may be old.
        let instance = match self.instance(namespace, name).await {
            Err(DriveError::NoInstance { .. }) => return Ok(Turn::Ended(Outcome::Gone)),
            other => other?,
        };
        let is_deleted = instance.metadata.deletion_timestamp.is_some();
        if is_deleted && !needs_cleanup(&instance) {
            return Ok(Turn::Ended(Outcome::Gone));
        }
        let accepted = match Box::pin(self.admit(instance)).await {
            Ok(admit::Admission::Go(accepted)) => *accepted,
            Err(DriveError::NoInstance { .. }) => return Ok(Turn::Ended(Outcome::Gone)),
            Ok(admit::Admission::Refused(error)) | Err(error) => return Err(error),
        };
        let instance = accepted.instance;
        if !is_deleted && !instance.spec.plan_execution.is_scheduled() {
            return Ok(Turn::Ended(Outcome::Idle));
        }
        let version = match accepted.version {
            Some(version) => version,
            None => self.version_in_force(&instance, &accepted.spec).await?,
        };
        let subject = Subject::of(&instance, &version);
        let mut drive = Drive {
            driver: self,
            api,
            instance,
            version,
            subject,
            accepted: accepted.spec,
            is_refused: accepted.is_refused,
            refusal: reschedule::Refusals::default(),
            observe,
            settled: None,
        };
        drive.run(observe).await
    }
}

impl Drive<'_> {
    fn cluster(&self) -> &Cluster {
        &self.driver.cluster
    }

    async fn run(&mut self, observe: &(dyn Fn(Report) + Sync)) -> Result<Turn, DriveError> {
        if self.instance.metadata.deletion_timestamp.is_some() && !self.schedule_cleanup().await? {
            return Ok(Turn::Ended(Outcome::Gone));
        }
        let plan = self.instance.spec.plan_execution.plan_name.clone();
        if plan.is_empty() {
            return Ok(Turn::Ended(Outcome::Idle));
        }
        let asked = &self.instance.spec.plan_execution;
        if asked.paused && !asked.cancelled {
            self.write_pause(&plan).await?;
            return Ok(Turn::Ended(Outcome::Paused { plan }));
        }
        let standing = match self.begin(&plan).await? {
            Beginning::At(standing) => standing,
            Beginning::Ended(ended) => return self.conclude(&ended).await,
            Beginning::Outdated => return Ok(Turn::Again),
            Beginning::Unknown => {
                let message = format!("could not find required plan: '{plan}'");
                return self.refuse(&plan, event::INVALID_PLAN, message).await;
            }
        };
        observe(Report::Progress(standing.clone()));
        if let Some(message) = self.missing_dependency(&plan).await? {
            return self.refuse(&plan, event::DEPENDENCY, message).await;
        }
        let given = &self.accepted.parameters;
        let parameters = match parameters::template_values(&self.version.spec.parameters, given) {
            Ok(parameters) => parameters,
            Err(error) => {
                let message = format!("could not parse parameters: {error}");
                return self.refuse(&plan, event::INVALID_PARAMETERS, message).await;
            }
        };
        if self.instance.spec.plan_execution.cancelled {
            return self.cancel(standing).await;
        }
        let pipes = match self.pipes(&plan) {
            Ok(pipes) => pipes,
            Err(error) => {
                let message = format!("could not make task pipes: {error}");
                return self.refuse(&plan, event::INVALID_PLAN, message).await;
            }
        };
        let execution = self.execution(&plan, standing, parameters, pipes).await?;
        let Some(outcome) = self.execute(&execution, observe).await else {
            return Ok(Turn::Again);
        };
        observe(Report::Progress(execution.progress.now()));
        if outcome.is_ok() {
            self.settle_inventory(&execution.progress.now()).await;
        }
        self.finish(&execution.progress.now(), outcome).await
    }

    /// Schedules `cleanup` on an instance that is being deleted; returns whether a plan has to run.
    ///
    /// The finalizer follows the operator version that is current: without a `cleanup` plan there is
    /// nothing to wait for, so deletion never hangs on it (kudo-spec 9.1, 11).
    async fn schedule_cleanup(&mut self) -> Result<bool, DriveError> {
        if !needs_cleanup(&self.instance) {
            return Ok(false);
        }
        let is_done = self
            .instance
            .plan_status(PLAN_CLEANUP)
            .is_some_and(|status| status.status == ExecutionStatus::Complete);
        if is_done || !self.version.spec.plans.contains_key(PLAN_CLEANUP) {
            if let Some(ended) = self.ended(PLAN_CLEANUP) {
                self.tell_end(&ended).await;
            }
            self.let_go().await?;
            return Ok(false);
        }
        if self.instance.spec.plan_execution.plan_name != PLAN_CLEANUP {
            self.schedule(PLAN_CLEANUP).await?;
        }
        Ok(true)
    }

    /// Returns the status of a plan whose scheduled execution has ended already.
    fn ended(&self, plan: &str) -> Option<PlanStatus> {
        let scheduled = &self.instance.spec.plan_execution;
        let status = self.instance.plan_status(plan)?;
        let has_ended = scheduled.plan_name == plan
            && status.uid == scheduled.uid
            && status.status.is_terminal()
            && scheduled.status != Some(ExecutionStatus::Pending);
        has_ended.then(|| status.clone())
    }

    /// Brings the status in line with the scheduled execution.
    ///
    /// The first write names the version that was read: a driver that knows an old state, in which
    /// steps are missing that were done since, begins nothing.
    async fn begin(&mut self, plan: &str) -> Result<Beginning, DriveError> {
        if let Some(ended) = self.ended(plan) {
            return Ok(Beginning::Ended(ended));
        }
        let now = self.cluster().clock().now();
        let mut statuses = self.instance.status.clone().unwrap_or_default().plan_status;
        status::align(&mut statuses, &self.version.spec.plans);
        if !self.version.spec.plans.contains_key(plan) {
            return Ok(Beginning::Unknown);
        }
        let uid = self.instance.spec.plan_execution.uid.clone();
        let standing = statuses.entry(plan.to_owned()).or_default();
        let is_new = standing.uid != uid || standing.status == ExecutionStatus::NeverRun;
        // A failed execution that is scheduled again under its own uid is a retry.
        let is_retry = standing.status == ExecutionStatus::FatalError
            && self.instance.spec.plan_execution.status == Some(ExecutionStatus::Pending);
        if is_new {
            status::reset(standing, &uid, now);
        } else if is_retry {
            // While the instance still says that this is a retry.
            self.forget_failed_children(plan, &uid).await?;
            status::reopen(standing, now);
        }
        let standing = standing.clone();
        match self.write_beginning(plan, statuses).await {
            Err(DriveError::Cluster(error)) if error.is_conflict() => {
                return Ok(Beginning::Outdated);
            }
            other => other?,
        }
        let message = format!("Execution of plan {plan} started");
        let id = if is_retry { id_of(&standing) } else { uid };
        self.cluster()
            .record_once(
                &self.subject,
                &id,
                Severity::Normal,
                "PlanStarted",
                &message,
            )
            .await;
        Ok(Beginning::At(standing))
    }

    /// Returns what templates of `plan` see as `.Pipes`.
    fn pipes(&self, plan: &str) -> Result<BTreeMap<String, String>, PipesError> {
        let OperatorVersionSpec { plans, tasks, .. } = &self.version.spec;
        let spec = plans.get(plan).cloned().unwrap_or_default();
        pipe::names::of_plan(&self.subject.name, plan, &spec, tasks)
    }

    async fn execution(
        &self,
        plan: &str,
        standing: PlanStatus,
        parameters: BTreeMap<String, ParameterValue>,
        pipes: BTreeMap<String, String>,
    ) -> Result<Execution, DriveError> {
        let cluster = self.cluster().clone();
        let seed = self.seed(plan).await?;
        let spec = &self.version.spec;
        let renderer = Renderer::new(
            self.subject.clone(),
            spec.templates.clone(),
            spec.template_functions,
            parameters.clone(),
            seed,
        )
        .with_pipes(pipes);
        let pods = Pods::new(cluster.clone(), &self.subject.namespace, &self.subject.name);
        let progress = Progress::new(standing.clone(), cluster.clock().clone());
        progress.set_stored(standing);
        let journal = Journal::new(progress.clone());
        Ok(Execution {
            name: plan.to_owned(),
            plan: spec.plans.get(plan).cloned().unwrap_or_default(),
            tasks: spec.tasks.clone(),
            progress,
            worker: Worker {
                cluster,
                subject: self.subject.clone(),
                execution_uid: self.instance.spec.plan_execution.uid.clone(),
                renderer,
                parameters,
                applied: Mutex::default(),
                pods,
                journal,
                driver: self.driver.clone(),
                version_namespace: self.instance.operator_version_key().0.to_owned(),
                pipe_image: self.driver.pipe_image.clone(),
            },
        })
    }

    /// Runs the plan to its end; `None` when something else was scheduled on the way.
    async fn execute(
        &self,
        execution: &Execution,
        observe: &(dyn Fn(Report) + Sync),
    ) -> Option<Result<(), Failure>> {
        let progress = &execution.progress;
        let changes = progress.subscribe();
        let (end, ended) = watch::channel(());
        let mut run = std::pin::pin!(execution.run());
        let mut writing = std::pin::pin!(self.write_progress(progress, changes, ended));
        // The first poll of a plan without waiting ends it: nothing else need be started.
        let outcome = tokio::select! {
            biased;
            outcome = &mut run => Some(outcome),
            () = self.until_rescheduled() => None,
            () = show(progress.subscribe(), observe) => unreachable!("showing never ends"),
            () = &mut writing => unreachable!("writing goes on until the end"),
            () = execution.worker.pods.follow() => unreachable!("following never ends"),
        };
        // A status that is on its way must not come after the one that tells of the end.
        drop(end);
        writing.await;
        outcome
    }
}

async fn show(mut progress: watch::Receiver<PlanStatus>, observe: &(dyn Fn(Report) + Sync)) {
    loop {
        let status = progress.borrow_and_update().clone();
        observe(Report::Progress(status));
        if progress.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

fn needs_cleanup(instance: &Instance) -> bool {
    let holds = instance.metadata.finalizers.iter().flatten();
    holds.into_iter().any(|one| one == FINALIZER_CLEANUP)
}

/// Returns the finalizers an instance needs; kept beside the driver, which removes them again.
pub fn finalizers_of(instance: &Instance, version: &OperatorVersion) -> Vec<String> {
    admission::finalizers(instance, version.spec.plans.contains_key(PLAN_CLEANUP))
}

/// The lease that is held while driving.
pub type Lease = Box<Held>;
