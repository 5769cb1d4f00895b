//! `CronJob`: Jobs by the clock (`k8s.io/api/batch/v1.CronJob`).

mod schedule;

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::kind::Kind;
use super::object;
use super::objects::{Key, Objects};
use super::outcome::{Notice, Outcome, reference};
use super::pod;
use crate::clock::{later, seconds};
use schedule::Schedule;

/// More missed times than this are not counted.
const MISSED: usize = 100;

/// Looks at one `CronJob`.
pub(super) fn reconcile(objects: &Objects, key: &Key, now: Timestamp) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(cron) = objects.get(Kind::CronJob, key) else {
        return outcome;
    };
    if object::is_terminating(cron) {
        return outcome;
    }
    let jobs = objects.controlled(Kind::Job, cron);
    let mut status = cron.get("status").cloned().unwrap_or_else(|| json!({}));
    follow(cron, &jobs, &mut status, &mut outcome);
    tidy(cron, &jobs, &mut outcome);
    let due = due(cron, now, &mut outcome);
    if let Some(due) = due {
        start(cron, &jobs, due, &mut status, &mut outcome);
    }
    outcome.status(Kind::CronJob, cron, status);
    outcome
}

fn is_finished(job: &Value) -> bool {
    pod::holds(job, "Complete") || pod::holds(job, "Failed")
}

/// Lists the Jobs that run, and tells of those that are over.
fn follow(cron: &Value, jobs: &[&Value], status: &mut Value, outcome: &mut Outcome) {
    let listed = |job: &Value| {
        let mut active = object::list(cron, "/status/active").iter();
        active.any(|one| object::text(one, "/uid") == object::uid(job))
    };
    let mut active = Vec::new();
    let mut success = object::text(cron, "/status/lastSuccessfulTime").to_owned();
    for job in jobs {
        if !is_finished(job) {
            let known = object::list(cron, "/status/active")
                .iter()
                .find(|one| object::text(one, "/uid") == object::uid(job));
            active.push(known.cloned().unwrap_or_else(|| reference(Kind::Job, job)));
            continue;
        }
        let completed = object::text(job, "/status/completionTime");
        // Times in this form sort as text.
        if completed > success.as_str() {
            completed.clone_into(&mut success);
        }
        if listed(job) {
            let name = object::name(job);
            let condition = if pod::holds(job, "Complete") {
                "Complete"
            } else {
                "Failed"
            };
            let message = format!("Saw completed job: {name}, condition: {condition}");
            outcome.event(Notice::normal(
                Kind::CronJob,
                cron,
                "SawCompletedJob",
                message,
            ));
        }
    }
    let active = if active.is_empty() {
        Value::Null
    } else {
        Value::Array(active)
    };
    object::set(status, &["active"], active);
    if !success.is_empty() {
        object::set(status, &["lastSuccessfulTime"], json!(success));
    }
}

/// Deletes finished Jobs beyond the two history limits, oldest first.
fn tidy(cron: &Value, jobs: &[&Value], outcome: &mut Outcome) {
    for (kind, field, default) in [
        ("Complete", "successfulJobsHistoryLimit", 3),
        ("Failed", "failedJobsHistoryLimit", 1),
    ] {
        let limit = object::int(cron, &format!("/spec/{field}")).unwrap_or(default);
        let limit = usize::try_from(limit).unwrap_or(0);
        let mut over: Vec<&&Value> = jobs.iter().filter(|job| pod::holds(job, kind)).collect();
        over.sort_by_key(|job| (object::text(job, "/status/startTime"), object::name(job)));
        let surplus = over.len().saturating_sub(limit);
        for job in over
            .into_iter()
            .take(surplus)
            .filter(|job| !object::is_terminating(job))
        {
            outcome.delete(Kind::Job, job);
            let message = format!("Deleted job {}", object::name(job));
            outcome.event(Notice::normal(
                Kind::CronJob,
                cron,
                "SuccessfulDelete",
                message,
            ));
        }
    }
}

/// Returns the last scheduled time that has passed and was not used; wakes at the next one.
fn due(cron: &Value, now: Timestamp, outcome: &mut Outcome) -> Option<Timestamp> {
    if object::flag(cron, "/spec/suspend") {
        return None;
    }
    let text = object::text(cron, "/spec/schedule");
    let Some(schedule) = Schedule::parse(text) else {
        let message = format!("unparseable schedule: \"{text}\"");
        let notice = Notice::warning(Kind::CronJob, cron, "UnparseableSchedule", message);
        outcome.event(notice.once());
        return None;
    };
    let zone = zone(cron, outcome)?;
    let mut last = object::time(cron, "/status/lastScheduleTime")
        .or_else(|| object::time(cron, "/metadata/creationTimestamp"))
        .unwrap_or(now);
    let deadline = object::int(cron, "/spec/startingDeadlineSeconds");
    if let Some(seconds) = deadline {
        let earliest = now.saturating_sub(Duration::from_secs(seconds.unsigned_abs()));
        last = last.max(earliest.unwrap_or(Timestamp::MIN));
    }
    let mut due = None;
    for _ in 0..MISSED {
        match schedule.after(last, &zone) {
            Some(time) if time <= now => {
                due = Some(time);
                last = time;
            }
            Some(time) => {
                outcome.wake_at(time);
                return due;
            }
            None => return due,
        }
    }
    // A clock that jumped far ahead: one Job now, and on from here.
    if let Some(next) = schedule.after(now, &zone) {
        outcome.wake_at(next);
    }
    due
}

fn zone(cron: &Value, outcome: &mut Outcome) -> Option<TimeZone> {
    let name = object::text(cron, "/spec/timeZone");
    if name.is_empty() {
        return Some(TimeZone::UTC);
    }
    let zone = TimeZone::get(name).ok();
    if zone.is_none() {
        let message = format!("invalid timeZone: \"{name}\"");
        let notice = Notice::warning(Kind::CronJob, cron, "UnknownTimeZone", message);
        outcome.event(notice.once());
    }
    zone
}

/// Starts the Job of a scheduled time, as the concurrency policy lets it.
fn start(cron: &Value, jobs: &[&Value], due: Timestamp, status: &mut Value, outcome: &mut Outcome) {
    let name = format!("{}-{}", object::name(cron), due.as_second() / 60);
    if jobs.iter().any(|job| object::name(job) == name) {
        object::set(status, &["lastScheduleTime"], json!(seconds(due)));
        return;
    }
    let running: Vec<&&Value> = jobs.iter().filter(|job| !is_finished(job)).collect();
    match object::text(cron, "/spec/concurrencyPolicy") {
        "Forbid" if !running.is_empty() => {
            let message = "Not starting job because prior execution is running and \
                           concurrency policy is Forbid";
            outcome.event(Notice::normal(Kind::CronJob, cron, "JobAlreadyActive", message).once());
            return;
        }
        "Replace" => {
            for job in running {
                outcome.delete(Kind::Job, job);
                let message = format!("Deleted job {}", object::name(job));
                outcome.event(Notice::normal(
                    Kind::CronJob,
                    cron,
                    "SuccessfulDelete",
                    message,
                ));
            }
        }
        _ => {}
    }
    let message = format!("Created job {name}");
    let notice = Notice::normal(Kind::CronJob, cron, "SuccessfulCreate", message);
    outcome.create_and_tell(Kind::Job, job(cron, &name, due), notice);
    object::set(status, &["lastScheduleTime"], json!(seconds(due)));
    outcome.wake_at(later(due, Duration::from_secs(1)));
}

fn job(cron: &Value, name: &str, due: Timestamp) -> Value {
    let template = cron.pointer("/spec/jobTemplate").unwrap_or(&Value::Null);
    let mut job = json!({
        "metadata": {
            "namespace": object::namespace(cron),
            "name": name,
            "ownerReferences": [object::controller_reference(cron, Kind::CronJob)],
        },
        "spec": template.get("spec").cloned().unwrap_or_else(|| json!({})),
    });
    for field in ["labels", "annotations"] {
        if let Some(value) = template
            .pointer("/metadata")
            .and_then(|meta| meta.get(field))
        {
            object::set(&mut job, &["metadata", field], value.clone());
        }
    }
    let key = "batch.kubernetes.io/cronjob-scheduled-timestamp";
    object::set(
        &mut job,
        &["metadata", "annotations", key],
        json!(seconds(due)),
    );
    job
}
