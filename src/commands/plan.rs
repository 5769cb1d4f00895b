//! `plan ...`

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use kube::Api;
use kudo_engine::{
    api::{
        Instance, OperatorVersion, PhaseSpec, PlanSpec,
        instance::{ExecutionStatus, PhaseStatus, PlanStatus, StepStatus},
    },
    cluster::read,
    driver::Outcome,
    operations::{Control, Edit, control},
    plan::status::last_executed,
};

use crate::{
    cli::{InstanceArg, Output, Plan},
    connection::Connection,
    exit::ExitStatus,
    ui::{Ui, tree::Tree},
};

use super::{drive::drive, history::history, instance, ready, update::ask};

/// Shows, starts and waits for plans.
pub(super) async fn plan(
    args: Plan,
    connection: &Connection,
    ui: &Ui,
) -> anyhow::Result<ExitStatus> {
    match args {
        Plan::Status { instance, output } => status(&instance, output, connection, ui).await,
        Plan::History(args) => history(&args, connection, ui).await,
        Plan::Trigger {
            instance,
            name,
            wait,
        } => {
            let chosen = instance::chosen(&instance, connection).await?;
            ask(&chosen, &Edit::Run(name), &wait, connection, ui).await
        }
        Plan::Pause { instance } => {
            let chosen = instance::chosen(&instance, connection).await?;
            steer(&chosen, &Control::Pause, connection).await?;
            let (_, status) = drive(connection, &chosen, None, None, ui).await?;
            Ok(status)
        }
        Plan::Cancel { instance } => {
            let chosen = instance::chosen(&instance, connection).await?;
            steer(&chosen, &Control::Cancel, connection).await?;
            let (outcome, status) = drive(connection, &chosen, None, None, ui).await?;
            Ok(match outcome {
                // That the plan has failed is what was asked for.
                Some(Outcome::Failed { .. }) => ExitStatus::Done,
                _ => status,
            })
        }
        Plan::Retry { instance, wait } => {
            let chosen = instance::chosen(&instance, connection).await?;
            let found = instance::read(connection, &chosen).await?;
            let last = found.status.as_ref().and_then(last_executed);
            let plan = last.map(|plan| plan.name.clone());
            steer(&chosen, &Control::Retry, connection).await?;
            if wait.returns_at_once() {
                ui.note(&format!(
                    "The plan is scheduled; run it with: kudo-rs plan wait --instance {chosen}"
                ));
                return Ok(ExitStatus::Done);
            }
            let (_, status) = drive(connection, &chosen, plan.as_deref(), wait.timeout, ui).await?;
            Ok(status)
        }
        Plan::Skip {
            instance,
            step: (phase, step),
        } => {
            let chosen = instance::chosen(&instance, connection).await?;
            let said = format!("Step {phase}.{step} of {chosen} is skipped.\n");
            steer(&chosen, &Control::Skip { phase, step }, connection).await?;
            ui.print(&said)?;
            ui.note(
                "Go on with `kudo-rs plan retry` (a failed plan) or `kudo-rs plan resume` (a paused \
                 one).",
            );
            Ok(ExitStatus::Done)
        }
        Plan::Resume { instance, timeout } => {
            let chosen = instance::chosen(&instance, connection).await?;
            steer(&chosen, &Control::Resume, connection).await?;
            let (_, status) = drive(connection, &chosen, None, timeout, ui).await?;
            Ok(status)
        }
        Plan::Wait { instance, timeout } => {
            let chosen = instance::chosen(&instance, connection).await?;
            let (_, status) = drive(connection, &chosen, None, timeout, ui).await?;
            Ok(status)
        }
    }
}

async fn steer(name: &str, asked: &Control, connection: &Connection) -> anyhow::Result<()> {
    control(&connection.cluster, &connection.namespace, name, asked).await?;
    Ok(())
}

async fn status(
    arg: &InstanceArg,
    output: Output,
    connection: &Connection,
    ui: &Ui,
) -> anyhow::Result<ExitStatus> {
    let name = instance::chosen(arg, connection).await?;
    let found = instance::read(connection, &name).await?;
    if let Some(format) = output.output {
        ui.print(&Ui::data(
            format,
            &found.status.clone().unwrap_or_default(),
        )?)?;
        return Ok(ExitStatus::Done);
    }
    let plans = plans_of(&found, connection).await?;
    let namespace = &connection.namespace;
    let mut shown = [found];
    ready::refresh(&mut shown, Some(namespace), connection).await;
    let [found] = shown;
    let tree = Tree::branch(".", [status_tree(&found, &plans)]);
    ui.print(&format!(
        "Plan(s) for \"{name}\" in namespace \"{namespace}\":\n{}{}",
        tree.draw(),
        ready::troubles(&found)
    ))?;
    Ok(ExitStatus::Done)
}

/// Returns the plans of the instance's operator version; none when it is gone.
async fn plans_of(
    instance: &Instance,
    connection: &Connection,
) -> anyhow::Result<BTreeMap<String, PlanSpec>> {
    let (namespace, name) = instance.operator_version_key();
    let client = connection.cluster.client().clone();
    let versions: Api<OperatorVersion> = Api::namespaced(client, namespace);
    let found = read(&versions, name).await?;
    Ok(found.map(|version| version.spec.plans).unwrap_or_default())
}

/// Draws the plans as KUDO did (kudo-spec 7.7), with the real status of those that ran before.
fn status_tree(instance: &Instance, plans: &BTreeMap<String, PlanSpec>) -> Tree {
    let statuses = instance.status.as_ref().map(|status| &status.plan_status);
    let active = instance.status.as_ref().and_then(last_executed);
    let (_, version) = instance.operator_version_key();
    let title = format!(
        "{} (Operator-Version: \"{version}\" Active-Plan: \"{}\"){}",
        instance.object_name(),
        active.map_or("", |plan| &plan.name),
        if instance.spec.plan_execution.paused {
            " (paused)"
        } else {
            ""
        }
    );
    let branches = plans.iter().map(|(name, plan)| {
        let status = statuses.and_then(|statuses| statuses.get(name));
        plan_tree(name, plan, status)
    });
    Tree::branch(title, branches)
}

fn plan_tree(name: &str, plan: &PlanSpec, status: Option<&PlanStatus>) -> Tree {
    let state = status.map_or_else(inactive, |status| state(status.status, &status.message));
    let time = status.and_then(|status| status.last_updated_timestamp.as_ref());
    let time = time.map_or_else(String::new, |time| {
        format!(", last updated {}", local(time.0))
    });
    let phases = plan.phases.iter().map(|phase| {
        let found = status.and_then(|status| status.phases.iter().find(|s| s.name == phase.name));
        phase_tree(phase, found)
    });
    Tree::branch(
        format!("Plan {name} ({} strategy) {state}{time}", plan.strategy),
        phases,
    )
}

fn phase_tree(phase: &PhaseSpec, status: Option<&PhaseStatus>) -> Tree {
    let text = status.map_or_else(inactive, |status| state(status.status, &status.message));
    let steps = phase.steps.iter().map(|step| {
        let found = status.and_then(|status| status.steps.iter().find(|s| s.name == step.name));
        let text = found.map_or_else(inactive, |step: &StepStatus| {
            state(step.status, &step.message)
        });
        Tree::leaf(format!("Step {} {text}", step.name))
    });
    Tree::branch(
        format!("Phase {} ({} strategy) {text}", phase.name, phase.strategy),
        steps,
    )
}

fn inactive() -> String {
    "[NOT ACTIVE]".to_owned()
}

fn state(status: ExecutionStatus, message: &str) -> String {
    if status == ExecutionStatus::NeverRun {
        return inactive();
    }
    let message = if message.is_empty() {
        String::new()
    } else {
        format!(" ({message})")
    };
    format!("[{status}]{message}")
}

fn local(time: Timestamp) -> String {
    time.to_zoned(TimeZone::system())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kudo_engine::api::{InstanceSpec, InstanceStatus};

    // kudo-spec 7.7, the sample; a plan that never ran is NOT ACTIVE.
    #[test]
    fn plans_are_drawn_as_kudo_drew_them() {
        let plan = |name: &str| {
            let step = kudo_engine::api::StepSpec {
                name: name.to_owned(),
                ..Default::default()
            };
            let phase = PhaseSpec {
                name: name.to_owned(),
                strategy: "serial".to_owned(),
                steps: vec![step],
                ..PhaseSpec::default()
            };
            PlanSpec {
                strategy: "serial".to_owned(),
                phases: vec![phase],
                ..PlanSpec::default()
            }
        };
        let failed = ExecutionStatus::FatalError;
        let status = PlanStatus {
            name: "deploy".to_owned(),
            status: failed,
            phases: vec![PhaseStatus {
                name: "deploy".to_owned(),
                status: failed,
                steps: vec![StepStatus {
                    name: "deploy".to_owned(),
                    message: "error detail".to_owned(),
                    status: failed,
                    ..StepStatus::default()
                }],
                ..PhaseStatus::default()
            }],
            ..PlanStatus::default()
        };
        let mut instance = Instance::new("test", InstanceSpec::default());
        instance.spec.operator_version.name = Some("test-1.0".to_owned());
        instance.status = Some(InstanceStatus {
            plan_status: BTreeMap::from([("deploy".to_owned(), status)]),
            ..InstanceStatus::default()
        });
        let plans = ["deploy", "validate"].map(|name| (name.to_owned(), plan(name)));

        let drawn = Tree::branch(".", [status_tree(&instance, &BTreeMap::from(plans))]).draw();

        assert_eq!(
            drawn,
            "\
.
└── test (Operator-Version: \"test-1.0\" Active-Plan: \"deploy\")
    ├── Plan deploy (serial strategy) [FATAL_ERROR]
    │   └── Phase deploy (serial strategy) [FATAL_ERROR]
    │       └── Step deploy [FATAL_ERROR] (error detail)
    └── Plan validate (serial strategy) [NOT ACTIVE]
        └── Phase validate (serial strategy) [NOT ACTIVE]
            └── Step validate [NOT ACTIVE]
"
        );
    }
}
