//! A cluster, and processes that work on it one after the other until nothing is left to do.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use kudo_engine::{
    api::Instance,
    clock::Ids,
    cluster::Cluster,
    driver::{Driver, Outcome},
    operations::{self, Edit, Upgrade},
    package::{Found, Release},
};
use kudo_sandbox::{
    Options, Sandbox,
    ids::{Ids as _, SeededIds},
    store::Resource,
};
use serde::Deserialize as _;

use crate::{
    gate::{Asked, Fault, Gate},
    state::End,
    time::{EngineClock, SandboxClock, Time},
};

/// More processes than any run may need.
const MOST_PROCESSES: usize = 30;
/// Longer, in the clock's time, than any process may take.
const LONGEST: Duration = Duration::from_hours(6);
const LOOKS_AGAIN_IN: Duration = Duration::from_mins(1);
/// As long as anything goes on by itself after the last process.
const SETTLES_IN: Duration = Duration::from_mins(5);

/// What a user asks for.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    Install(Box<Release>, Vec<Found>),
    Set(BTreeMap<String, String>),
    Run(String),
    Upgrade(Box<Upgrade>),
    Uninstall,
}

/// How a process ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Ended {
    Well(Outcome),
    Badly(String),
    Killed,
}

#[derive(Debug)]
struct EngineIds(SeededIds);

impl Ids for EngineIds {
    fn uid(&self) -> String {
        self.0.uid()
    }
}

/// A cluster.
pub(crate) struct World {
    time: Arc<Time>,
    sandbox: Sandbox,
    seed: u64,
    processes: u64,
    pub(crate) log: Vec<String>,
}

impl World {
    pub(crate) fn new(time: Arc<Time>, seed: u64) -> Self {
        let options = Options {
            clock: Arc::new(SandboxClock(time.clone())),
            ids: Arc::new(SeededIds::new(seed)),
            pod_ready_after: Duration::from_secs(2),
            nodes: 1,
        };
        Self {
            sandbox: Sandbox::in_memory(options),
            time,
            seed,
            processes: 0,
            log: Vec::new(),
        }
    }

    /// Has `command` carried out by as many processes as it takes; `choose` says what happens to each
    /// request of each process. Returns how many requests there were, and how the last process ended.
    pub(crate) async fn carry_out(
        &mut self,
        instance: &str,
        command: &Command,
        mut choose: impl FnMut(usize) -> Box<dyn FnMut(&Asked) -> Fault + Send>,
    ) -> (usize, Ended) {
        let before = self.instance(instance);
        let mut requests = 0;
        for process in 0..MOST_PROCESSES {
            let asks = !self.is_taken(instance, before.as_ref(), command);
            let gate = Gate::new(&self.sandbox, choose(process));
            self.log.push(format!("process {process}"));
            let ended = self.process(&gate, instance, asks.then_some(command)).await;
            let log = gate.log();
            requests += log.len();
            self.log.extend(log);
            self.log.push(format!("{ended:?}"));
            if process > 0 {
                // Whoever looks again does so a while later.
                self.time.sleep(LOOKS_AGAIN_IN).await;
            }
            if self.is_done(instance) && self.is_taken(instance, before.as_ref(), command) {
                return (requests, ended);
            }
        }
        (requests, Ended::Badly("too many processes".to_owned()))
    }

    /// Waits until nothing moves, and returns what is there.
    pub(crate) async fn end(&self) -> End {
        self.time.sleep(SETTLES_IN).await;
        End::of(self.sandbox.store())
    }

    async fn process(
        &mut self,
        gate: &Arc<Gate>,
        instance: &str,
        command: Option<&Command>,
    ) -> Ended {
        self.processes += 1;
        let ids = Arc::new(EngineIds(SeededIds::new(
            self.seed.wrapping_mul(1000) + self.processes,
        )));
        let holder = format!("process {}", self.processes);
        let clock = Arc::new(EngineClock(self.time.clone()));
        let cluster = Cluster::new(gate.client(), clock, ids);
        let work = async {
            if let Some(command) = command
                && let Err(error) = ask(&cluster, instance, command).await
            {
                return Ended::Badly(format!("asking: {error}"));
            }
            let driver = Driver::new(cluster.clone(), holder);
            match driver.drive("default", instance, &|_| {}).await {
                Ok(outcome) => Ended::Well(outcome),
                Err(error) => Ended::Badly(format!("driving: {error}")),
            }
        };
        tokio::select! {
            biased;
            () = gate.death() => Ended::Killed,
            ended = work => ended,
            () = self.time.sleep(LONGEST) => panic!(
                "a process came to no end\n{}\n{}", self.log.join("\n"), gate.log().join("\n")
            ),
        }
    }

    fn instance(&self, name: &str) -> Option<Instance> {
        let instances = Resource::new("kudo.dev", "instances");
        let found = self.sandbox.store().find(&instances, "default", name)?;
        Some(Instance::deserialize(&*found).unwrap())
    }

    /// Whether the cluster knows of the command.
    fn is_taken(&self, instance: &str, before: Option<&Instance>, command: &Command) -> bool {
        let now = self.instance(instance);
        match command {
            Command::Install(..) => now.is_some(),
            Command::Upgrade(upgrade) => now.is_some_and(|now| {
                let to = upgrade.package.operator_version.metadata.name.as_deref();
                Some(now.operator_version_key().1) == to
            }),
            Command::Uninstall => now.is_none_or(|now| now.metadata.deletion_timestamp.is_some()),
            Command::Set(values) => now.is_some_and(|now| {
                values
                    .iter()
                    .all(|(key, value)| now.spec.parameters.get(key) == Some(value))
            }),
            Command::Run(plan) => {
                let uid = |instance: &Instance| {
                    Some(instance.plan_status(plan)?.uid.clone()).filter(|uid| !uid.is_empty())
                };
                now.is_some_and(|now| {
                    now.spec.plan_execution.plan_name == *plan || uid(&now) != before.and_then(uid)
                })
            }
        }
    }

    fn is_done(&self, instance: &str) -> bool {
        self.instance(instance).is_none_or(|now| {
            !now.spec.plan_execution.is_scheduled() && now.metadata.deletion_timestamp.is_none()
        })
    }
}

async fn ask(
    cluster: &Cluster,
    instance: &str,
    command: &Command,
) -> Result<(), operations::OperationError> {
    let edit = match command {
        Command::Install(release, needed) => {
            return operations::install(cluster, release, needed, false)
                .await
                .map(drop);
        }
        Command::Upgrade(upgrade) => {
            let upgraded = operations::upgrade(cluster, "default", instance, upgrade).await;
            return upgraded.map(drop);
        }
        Command::Uninstall => {
            let leaving = operations::Leaving::default();
            let uninstalled =
                operations::uninstall(cluster, "default", instance, leaving, &|_| {}).await;
            return uninstalled.map(drop);
        }
        Command::Set(values) => Edit::Parameters(values.clone()),
        Command::Run(plan) => Edit::Run(plan.clone()),
    };
    operations::change(cluster, "default", instance, &edit)
        .await
        .map(drop)
}
