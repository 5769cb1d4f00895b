//! The walk on Dummy tasks, situation by situation (kudo-spec A.5); no cluster is asked.

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::*;
use crate::{
    api::{TaskFields, TemplateFunctions, instance::PlanStatus},
    clock::{Clock, RandomIds, SystemClock},
    cluster::{Cluster, pods::Pods},
    driver::Driver,
    plan::{journal::Journal, status},
    render::{Renderer, Seed},
    subject::Subject,
};

/// A task that ends as told.
#[derive(Clone, Copy)]
enum Ends {
    Done,
    Never,
    Transient,
    Fatal,
}

fn dummy(name: &str, ends: Ends) -> TaskSpec {
    let spec = TaskFields {
        done: matches!(ends, Ends::Done),
        want_err: matches!(ends, Ends::Transient | Ends::Fatal),
        fatal: matches!(ends, Ends::Fatal),
        ..TaskFields::default()
    };
    TaskSpec {
        name: name.to_owned(),
        kind: "Dummy".to_owned(),
        spec,
    }
}

/// A plan `test` with one phase `phase` of these steps, each with a task of its own.
fn execution(strategy: &str, steps: &[(&str, Ends)]) -> Execution {
    let step = |(name, _): &(&str, Ends)| StepSpec {
        name: (*name).to_owned(),
        tasks: vec![format!("task-{name}")],
        ..StepSpec::default()
    };
    let phase = PhaseSpec {
        name: "phase".to_owned(),
        strategy: strategy.to_owned(),
        steps: steps.iter().map(step).collect(),
        ..PhaseSpec::default()
    };
    let plan = PlanSpec {
        strategy: strategy.to_owned(),
        phases: vec![phase],
        ..PlanSpec::default()
    };
    let tasks = steps
        .iter()
        .map(|(name, ends)| dummy(&format!("task-{name}"), *ends))
        .collect();
    execution_of(plan, tasks)
}

fn execution_of(plan: PlanSpec, tasks: Vec<TaskSpec>) -> Execution {
    execution_by(Arc::new(SystemClock), plan, tasks)
}

/// A clock on which any time has passed at once.
#[derive(Debug)]
struct Hurried;

impl Clock for Hurried {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }

    fn sleep(&self, _: Duration) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::ready(()))
    }
}

fn execution_by(clock: Arc<dyn Clock>, plan: PlanSpec, tasks: Vec<TaskSpec>) -> Execution {
    let text = |s: &str| s.to_owned();
    let mut statuses = BTreeMap::new();
    status::align(
        &mut statuses,
        &BTreeMap::from([(text("test"), plan.clone())]),
    );
    let mut standing = statuses.remove("test").unwrap();
    status::reset(&mut standing, "uid", jiff::Timestamp::UNIX_EPOCH);
    let subject = Subject {
        name: text("test-instance"),
        namespace: text("default"),
        uid: text("i"),
        operator_name: text("op"),
        operator_version: text("0.1.0"),
        app_version: String::new(),
    };
    let nobody = tower::service_fn(|_: http::Request<kube::client::Body>| async {
        Err::<http::Response<kube::client::Body>, _>(std::io::Error::other("no cluster here"))
    });
    let client = kube::Client::new(nobody, "default");
    let cluster = Cluster::new(client, clock, Arc::new(RandomIds));
    let templates = BTreeMap::new();
    let renderer = Renderer::new(
        subject.clone(),
        templates,
        TemplateFunctions::Kudo,
        BTreeMap::new(),
        Seed::unused(),
    );
    let pods = Pods::new(cluster.clone(), "default", "test-instance");
    let progress = Progress::new(standing, cluster.clock().clone());
    let worker = Worker {
        subject,
        execution_uid: text("uid"),
        renderer,
        parameters: BTreeMap::new(),
        applied: std::sync::Mutex::default(),
        pods,
        journal: Journal::new(progress.clone()),
        driver: Driver::new(cluster.clone(), text("nobody")),
        version_namespace: text("default"),
        pipe_image: text("busybox"),
        cluster,
    };
    Execution {
        name: text("test"),
        plan,
        tasks,
        progress,
        worker,
    }
}

/// Runs until the plan ends or nothing more can happen at once.
fn as_far_as_it_goes(execution: &Execution) -> (Option<Result<(), Failure>>, PlanStatus) {
    let outcome = execution.run().now_or_never();
    (outcome, execution.progress.now())
}

fn step_of<'a>(plan: &'a PlanStatus, name: &str) -> (ExecutionStatus, &'a str) {
    let step = plan.phases[0]
        .steps
        .iter()
        .find(|step| step.name == name)
        .unwrap();
    (step.status, &step.message)
}

#[tokio::test]
async fn a_complete_plan_stays_as_it_is() {
    let execution = execution("serial", &[("one", Ends::Never)]);
    let mut complete = execution.progress.now();
    complete.status = ExecutionStatus::Complete;
    complete.last_updated_timestamp = Some(Time(jiff::Timestamp::UNIX_EPOCH));
    let clock = execution.worker.cluster.clock().clone();
    let execution = Execution {
        progress: Progress::new(complete.clone(), clock),
        ..execution
    };

    let (outcome, plan) = as_far_as_it_goes(&execution);

    assert_eq!((outcome, plan), (Some(Ok(())), complete));
}

#[tokio::test]
async fn a_task_that_is_not_done_leaves_all_in_progress() {
    let (outcome, plan) = as_far_as_it_goes(&execution("serial", &[("one", Ends::Never)]));

    assert_eq!(outcome, None);
    assert_eq!(plan.status, ExecutionStatus::InProgress);
    assert_eq!(plan.phases[0].status, ExecutionStatus::InProgress);
    assert_eq!(step_of(&plan, "one").0, ExecutionStatus::InProgress);
}

#[tokio::test]
async fn a_task_that_is_done_completes_all() {
    for strategy in ["serial", "parallel", ""] {
        let steps = [("one", Ends::Done), ("two", Ends::Done)];
        let (outcome, plan) = as_far_as_it_goes(&execution(strategy, &steps));

        assert_eq!(outcome, Some(Ok(())));
        assert_eq!(plan.status, ExecutionStatus::Complete);
        assert_eq!(step_of(&plan, "two"), (ExecutionStatus::Complete, ""));
    }
}

#[tokio::test]
async fn an_empty_plan_is_complete_at_once() {
    let (outcome, plan) = as_far_as_it_goes(&execution_of(PlanSpec::default(), vec![]));

    assert_eq!(
        (outcome, plan.status),
        (Some(Ok(())), ExecutionStatus::Complete)
    );
}

#[tokio::test]
async fn a_transient_error_is_shown_on_the_step_and_tried_again() {
    let steps = [("one", Ends::Transient), ("two", Ends::Done)];
    let (outcome, plan) = as_far_as_it_goes(&execution("serial", &steps));

    let (status, message) = step_of(&plan, "one");
    assert_eq!((outcome, status), (None, ExecutionStatus::Error));
    assert_eq!(
        message,
        "A transient error when executing task test.phase.one.task-one. Will retry. dummy error \
         (retry 1 in 1 s)"
    );
    assert_eq!(step_of(&plan, "two").0, ExecutionStatus::Pending);
    assert_eq!(plan.status, ExecutionStatus::InProgress);
}

#[tokio::test]
async fn parallel_steps_do_not_wait_for_one_that_fails_for_now() {
    let steps = [("one", Ends::Transient), ("two", Ends::Done)];
    let (_, plan) = as_far_as_it_goes(&execution("parallel", &steps));

    assert_eq!(step_of(&plan, "one").0, ExecutionStatus::Error);
    assert_eq!(step_of(&plan, "two").0, ExecutionStatus::Complete);
    assert_eq!(plan.phases[0].status, ExecutionStatus::InProgress);
}

#[tokio::test]
async fn a_fatal_error_ends_the_plan_with_kudos_words() {
    for strategy in ["serial", "parallel"] {
        let steps = [("one", Ends::Fatal), ("two", Ends::Done)];
        let (outcome, plan) = as_far_as_it_goes(&execution(strategy, &steps));

        let message = "Error during execution: fatal error: default/test-instance failed in \
                       test.phase.one.task-one: dummy error";
        assert_eq!(
            step_of(&plan, "one"),
            (ExecutionStatus::FatalError, message)
        );
        assert_eq!(step_of(&plan, "two").0, ExecutionStatus::Pending);
        assert_eq!(plan.phases[0].status, ExecutionStatus::FatalError);
        assert_eq!(plan.status, ExecutionStatus::FatalError);
        assert_eq!(outcome.unwrap().unwrap_err().event, "DummyTaskError");
    }
}

#[tokio::test]
async fn unknown_tasks_and_kinds_are_fatal() {
    let mut missing = execution("serial", &[("one", Ends::Done)]);
    missing.tasks.clear();
    let mut unknown = execution("serial", &[("one", Ends::Done)]);
    unknown.tasks[0].kind = "Unknown".to_owned();

    let (_, plan) = as_far_as_it_goes(&missing);
    assert_eq!(
        step_of(&plan, "one").1,
        "default/test-instance fatal error:  missing task test.phase.one.task-one"
    );
    let (_, plan) = as_far_as_it_goes(&unknown);
    assert_eq!(
        step_of(&plan, "one").1,
        "default/test-instance fatal error:  failed to build task test.phase.one.task-one: unknown \
         task kind Unknown"
    );
}

/// The plan of [`execution`] by a clock that does not wait, changed by `limit`.
fn limited(steps: &[(&str, Ends)], limit: impl FnOnce(&mut PlanSpec)) -> Execution {
    let Execution {
        mut plan, tasks, ..
    } = execution("serial", steps);
    limit(&mut plan);
    execution_by(Arc::new(Hurried), plan, tasks)
}

#[tokio::test]
async fn a_step_that_takes_too_long_fails_and_says_what_it_waited_for() {
    let execution = limited(&[("one", Ends::Never)], |plan| {
        plan.phases[0].steps[0].timeout = "10m".to_owned();
    });

    let (outcome, plan) = as_far_as_it_goes(&execution);

    let failure = outcome.unwrap().unwrap_err();
    assert_eq!(failure.event, "TimedOut");
    let message = "default/test-instance fatal error:  step test.phase.one did not end within 10m: \
                   a Dummy task that is never done";
    assert_eq!(failure.message, message);
    assert_eq!(
        step_of(&plan, "one"),
        (ExecutionStatus::FatalError, message)
    );
    assert_eq!(plan.status, ExecutionStatus::FatalError);
}

#[tokio::test]
async fn a_phase_or_plan_that_takes_too_long_stops_the_steps_that_run() {
    let too_long: [fn(&mut PlanSpec); 2] = [
        |plan| plan.phases[0].timeout = "1h".to_owned(),
        |plan| plan.timeout = "1h".to_owned(),
    ];
    for limit in too_long {
        let execution = limited(&[("one", Ends::Done), ("two", Ends::Never)], limit);

        let (outcome, plan) = as_far_as_it_goes(&execution);

        assert_eq!(outcome.unwrap().unwrap_err().event, "TimedOut");
        assert_eq!(step_of(&plan, "one").0, ExecutionStatus::Complete);
        assert_eq!(step_of(&plan, "two").0, ExecutionStatus::FatalError);
        assert_eq!(plan.phases[0].status, ExecutionStatus::FatalError);
        assert_eq!(plan.status, ExecutionStatus::FatalError);
    }
}

#[tokio::test]
async fn a_task_is_tried_again_as_often_as_its_step_allows() {
    let execution = limited(&[("one", Ends::Transient)], |plan| {
        plan.retries = Some(7);
        plan.phases[0].steps[0].retries = Some(2);
    });

    let (outcome, plan) = as_far_as_it_goes(&execution);

    let failure = outcome.unwrap().unwrap_err();
    assert_eq!(failure.event, "RetriesExhausted");
    assert_eq!(
        step_of(&plan, "one").1,
        "Error during execution: fatal error: default/test-instance failed in \
         test.phase.one.task-one: gave up after 2 retries: dummy error"
    );
}

#[tokio::test]
async fn a_plan_that_had_failed_stays_failed() {
    let execution = execution("serial", &[("one", Ends::Done)]);
    execution.progress.fail_plan("no");

    let (outcome, plan) = as_far_as_it_goes(&execution);

    assert_eq!(outcome.unwrap().unwrap_err().message, "no");
    assert_eq!(plan.status, ExecutionStatus::FatalError);
}

#[tokio::test]
async fn pauses_grow_to_a_bound_and_differ_with_task_and_try() {
    let execution = execution("serial", &[("a", Ends::Transient)]);
    let at = |task: &str| Position {
        plan: "test".to_owned(),
        phase: "phase".to_owned(),
        step: "a".to_owned(),
        task: task.to_owned(),
    };

    let pauses: Vec<_> = (1..=9)
        .map(|tries| execution.pause(&at("t"), tries, None))
        .collect();

    for (pause, seconds) in pauses.iter().zip([1, 2, 4, 8, 16, 32, 60, 60, 60]) {
        let least = Duration::from_secs(seconds);
        assert!((least..=least * 5 / 4).contains(pause), "{pause:?}");
    }
    assert_ne!(pauses[6], pauses[7]);
    assert_ne!(execution.pause(&at("u"), 7, None), pauses[6]);
    assert!(execution.pause(&at("t"), 1, Some(30)) >= Duration::from_secs(30));
}
