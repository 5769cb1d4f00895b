//! `plan history`

use std::fmt::Write as _;

use anyhow::bail;
use jiff::{Timestamp, tz::TimeZone};
use kudo_engine::{
    api::{
        PastExecution, Trigger,
        instance::{ExecutionStatus, PlanStatus},
        records::ParameterChange,
    },
    history::shown,
};

use crate::{
    cli::PlanHistory,
    connection::Connection,
    exit::ExitStatus,
    ui::{
        Ui,
        table::table,
        timeline::{self, took},
        tree::Tree,
    },
};

use super::instance;

/// Letters of a uid that the table shows; `--uid` takes them.
const SHOWN_UID: usize = 8;

/// Shows the last executions of an instance, newest first.
pub(super) async fn history(
    args: &PlanHistory,
    connection: &Connection,
    ui: &Ui,
) -> anyhow::Result<ExitStatus> {
    let name = instance::chosen(&args.instance, connection).await?;
    let status = instance::read(connection, &name).await?;
    let status = status.status.unwrap_or_default();
    if args.tree {
        let plans = status.plan_status.values();
        ui.print(&Tree::branch(".", plans.map(|plan| Tree::leaf(last_run(plan)))).draw())?;
        return Ok(ExitStatus::Done);
    }
    let executions = chosen(shown(&status), args)?;
    if let Some(format) = args.output.output {
        ui.print(&Ui::data(format, &executions)?)?;
        return Ok(ExitStatus::Done);
    }
    if executions.is_empty() {
        ui.note(&format!("No plan of {name} has run yet."));
        return Ok(ExitStatus::Done);
    }
    let now = connection.cluster.clock().now();
    let is_detailed = args.last || args.uid.is_some() || ui.is_verbose;
    let text = if is_detailed {
        let all = executions.iter().map(|one| detailed(one, &name, now));
        all.collect::<Vec<_>>().join("\n")
    } else {
        listed(&executions, now)
    };
    ui.print(&text)?;
    Ok(ExitStatus::Done)
}

/// Returns the executions that the flags ask for.
fn chosen(mut all: Vec<PastExecution>, args: &PlanHistory) -> anyhow::Result<Vec<PastExecution>> {
    if args.last {
        all.truncate(1);
    }
    let Some(uid) = &args.uid else {
        return Ok(all);
    };
    all.retain(|one| one.uid.starts_with(uid.as_str()));
    let Some(first) = all.first() else {
        bail!("no execution that is remembered has a uid that begins with `{uid}`");
    };
    // Another try of a failed execution has the same uid.
    if all.iter().any(|one| one.uid != first.uid) {
        bail!("several executions have uids that begin with `{uid}`; give more of it");
    }
    Ok(all)
}

fn listed(executions: &[PastExecution], now: Timestamp) -> String {
    let header = ["plan", "status", "trigger", "started", "took", "by", "uid"];
    let rows = executions.iter().map(|one| {
        let known = |text: &str| if text.is_empty() { "-" } else { text }.to_owned();
        vec![
            one.plan.clone(),
            outcome(one).to_owned(),
            match one.trigger {
                Trigger::Unknown => "-".to_owned(),
                trigger => trigger.as_str().to_owned(),
            },
            one.started
                .as_ref()
                .map_or_else(|| "-".to_owned(), |time| local(time.0)),
            duration(one, now).unwrap_or_else(|| "-".to_owned()),
            known(&one.requested_by),
            known(&one.uid.chars().take(SHOWN_UID).collect::<String>()),
        ]
    });
    table(&header, rows)
}

fn detailed(one: &PastExecution, instance: &str, now: Timestamp) -> String {
    let mut text = format!("Plan {} of {instance}: {}\n", one.plan, outcome(one));
    let mut line = |what: &str, value: &str| {
        // What cannot be written to a String does not exist.
        let _written = writeln!(text, "  {what:<9}{value}");
    };
    if one.trigger != Trigger::Unknown {
        line("trigger", one.trigger.as_str());
    }
    if !one.requested_by.is_empty() {
        line("by", &one.requested_by);
    }
    if let Some(started) = &one.started {
        line("started", &local(started.0));
    }
    if let Some(took) = duration(one, now) {
        line("took", &took);
    }
    if !one.operator_version.is_empty() {
        let from = &one.previous_operator_version;
        let before = if from.is_empty() {
            String::new()
        } else {
            format!("{from} -> ")
        };
        line("version", &format!("{before}{}", one.operator_version));
    }
    for change in &one.changed_parameters {
        line("changed", &changed(change));
    }
    if !one.message.is_empty() {
        line("message", &one.message.replace('\n', " "));
    }
    if !one.uid.is_empty() {
        line("uid", &one.uid);
    }
    let times = timeline::drawn(one, now);
    if !times.is_empty() {
        text.push('\n');
        text.push_str(&times);
    }
    text
}

fn changed(change: &ParameterChange) -> String {
    let value = |value: &Option<String>| match value.as_deref() {
        None => "(default)".to_owned(),
        Some("") => "\"\"".to_owned(),
        Some(value) => value.replace('\n', "\\n"),
    };
    format!(
        "{}: {} -> {}",
        change.name,
        value(&change.old),
        value(&change.new)
    )
}

/// Returns how an execution ended; one that lost its place to another did not end by itself.
fn outcome(one: &PastExecution) -> &'static str {
    if one.finished.is_some() && one.status.is_running() {
        "REPLACED"
    } else {
        one.status.as_str()
    }
}

fn duration(one: &PastExecution, now: Timestamp) -> Option<String> {
    let started = one.started.as_ref()?.0;
    let finished = one.finished.as_ref().map_or(now, |time| time.0);
    Some(took(started, finished))
}

fn local(time: Timestamp) -> String {
    time.to_zoned(TimeZone::system())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

// kudo-spec 7.7: the words are KUDO's, but a plan that runs is not called finished.
fn last_run(plan: &PlanStatus) -> String {
    let name = &plan.name;
    let time = plan.last_updated_timestamp.as_ref().map(|time| {
        time.0
            .to_zoned(TimeZone::system())
            .strftime("%Y-%m-%dT%H:%M:%S")
            .to_string()
    });
    match (plan.status, time) {
        (ExecutionStatus::NeverRun, _) => format!("{name} (never run)"),
        (status, _) if status.is_running() => format!("{name} (is running)"),
        (status, Some(time)) => format!("{name} (last finished run at {time} ({status}))"),
        (status, None) => format!("{name} ({status})"),
    }
}
