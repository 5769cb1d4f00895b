use super::recordings::{recording, strings, timeless};
use super::*;

fn job(spec: &Value) -> Value {
    let mut template = template("j", "img:1");
    template["spec"]["restartPolicy"] = json!("Never");
    let mut job = json!({"metadata": {"name": "j"}, "spec": {"template": template}});
    for (field, value) in spec.as_object().unwrap() {
        job["spec"][field] = value.clone();
    }
    job
}

fn annotated(mut job: Value, annotation: &str) -> Value {
    let path = ["spec", "template", "metadata", "annotations", annotation];
    object::set(&mut job, &path, json!("true"));
    job
}

/// Runs a Job to its end and compares its status with the recorded one.
fn compare(scenario: &str, job: Value) -> World {
    let expected = &recording("jobs")[scenario][0];
    let mut world = World::new();
    world.create(Kind::Job, job);
    world.settle();
    let status = &world.get(Kind::Job, "j").unwrap()["status"];
    assert_eq!(timeless(status), expected["status"]["jobs/j"], "{scenario}");
    let last = world.events("job-controller").pop().unwrap();
    assert_eq!(
        last,
        expected["events"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .as_str()
            .unwrap()
    );
    world
}

#[test]
fn jobs_end_as_recorded() {
    compare("one", job(&json!({"completions": 1, "parallelism": 1})));
    compare(
        "parallel",
        job(&json!({"completions": 5, "parallelism": 2})),
    );
    compare("queue", job(&json!({"parallelism": 2})));
    let indexed = json!({"completions": 3, "parallelism": 3, "completionMode": "Indexed"});
    compare("indexed", job(&indexed));
    compare(
        "fails",
        annotated(job(&json!({"backoffLimit": 0})), "fakelet/fail"),
    );
    compare(
        "backoff",
        annotated(job(&json!({"backoffLimit": 1})), "fakelet/fail"),
    );
    compare(
        "deadline",
        annotated(job(&json!({"activeDeadlineSeconds": 2})), "fakelet/hold"),
    );
}

#[test]
fn no_more_pods_than_the_parallelism_run_at_once() {
    let mut world = World::new();
    world.create(Kind::Job, job(&json!({"completions": 5, "parallelism": 2})));
    let mut most = 0;
    for _ in 0..40 {
        world.run_for(Duration::from_millis(250));
        let active = world
            .all(Kind::Pod)
            .iter()
            .filter(|pod| pod::is_active(pod))
            .count();
        most = most.max(active);
    }

    assert_eq!(most, 2);
    assert_eq!(world.all(Kind::Pod).len(), 5);
}

#[test]
fn failed_pods_are_made_up_for_after_a_pause() {
    let mut world = World::new();
    world.create(
        Kind::Job,
        annotated(job(&json!({"backoffLimit": 6})), "fakelet/fail"),
    );

    world.run_for(Duration::from_secs(5));
    assert_eq!(world.all(Kind::Pod).len(), 1);
    world.run_for(Duration::from_secs(8));
    assert_eq!(world.all(Kind::Pod).len(), 2);
    world.run_for(Duration::from_secs(10));
    assert_eq!(
        world.all(Kind::Pod).len(),
        2,
        "the second pause is twenty seconds"
    );
}

#[test]
fn a_suspended_job_has_no_pods_until_it_is_resumed() {
    let recorded = recording("jobs");
    let mut world = World::new();
    world.create(Kind::Job, job(&json!({"suspend": true})));
    world.settle();
    let status = world.get(Kind::Job, "j").unwrap()["status"].clone();
    assert_eq!(
        timeless(&status),
        recorded["suspend"][0]["status"]["jobs/j"]
    );

    world.edit(Kind::Job, "j", |job| job["spec"]["suspend"] = json!(false));
    world.settle();
    let status = world.get(Kind::Job, "j").unwrap()["status"].clone();
    assert_eq!(
        timeless(&status),
        recorded["suspend"][1]["status"]["jobs/j"]
    );
}

#[test]
fn suspending_takes_running_pods_away() {
    let recorded = recording("jobs");
    let mut world = World::new();
    world.create(Kind::Job, annotated(job(&json!({})), "fakelet/hold"));
    world.run_for(Duration::from_millis(500));
    assert_eq!(world.all(Kind::Pod).len(), 1);

    world.edit(Kind::Job, "j", |job| job["spec"]["suspend"] = json!(true));
    world.settle();

    let status = world.get(Kind::Job, "j").unwrap()["status"].clone();
    assert_eq!(
        timeless(&status),
        recorded["suspend-running"][0]["status"]["jobs/j"]
    );
    assert_eq!(world.all(Kind::Pod).len(), 0);
}

#[test]
fn a_finished_job_goes_after_its_time_to_live() {
    let mut world = World::new();
    world.create(Kind::Job, job(&json!({"ttlSecondsAfterFinished": 30})));

    world.run_for(Duration::from_secs(20));
    assert!(world.get(Kind::Job, "j").is_some());
    world.run_for(Duration::from_secs(20));
    assert!(world.get(Kind::Job, "j").is_none());
}

#[test]
fn indexed_pods_know_their_index() {
    let mut world = World::new();
    let spec = json!({"completions": 2, "parallelism": 2, "completionMode": "Indexed"});
    world.create(Kind::Job, job(&spec));
    world.drain();

    let pods = world.all(Kind::Pod);
    let index = |pod: &Value| {
        object::annotation(pod, "batch.kubernetes.io/job-completion-index").to_owned()
    };
    assert_eq!(
        pods.iter().map(|pod| index(pod)).collect::<Vec<_>>(),
        ["0", "1"]
    );
    assert!(object::name(&pods[1]).starts_with("j-1-"));
    assert_eq!(pods[1]["spec"]["hostname"], "j-1");
    let env = &pods[1]["spec"]["containers"][0]["env"][0];
    assert_eq!(env["name"], "JOB_COMPLETION_INDEX");
}

#[test]
fn cron_jobs_run_by_the_clock() {
    let expected = &recording("cron")[0];
    let mut world = World::new();
    let template = job(&json!({}))["spec"].clone();
    world.create(
        Kind::CronJob,
        json!({"metadata": {"name": "c"}, "spec": {
            "schedule": "* * * * *", "jobTemplate": {"spec": template}}}),
    );

    world.run_for(Duration::from_secs(200));

    // The recording ended after the third minute, with all Jobs complete.
    let cron = world.get(Kind::CronJob, "c").unwrap();
    assert_eq!(timeless(&cron["status"]), expected["status"]["cronjobs/c"]);
    assert_eq!(cron["status"]["lastScheduleTime"], "2026-11-24T12:03:00Z");
    let names: Vec<String> = world
        .all(Kind::Job)
        .iter()
        .map(|job| object::name(job).to_owned())
        .collect();
    assert_eq!(names, ["c-29925361", "c-29925362", "c-29925363"]);
    let ours = world.events("cronjob-controller");
    let reasons = |events: &[String]| -> Vec<String> {
        events
            .iter()
            .map(|event| event.split(' ').nth(1).unwrap().to_owned())
            .collect()
    };
    assert_eq!(reasons(&ours), reasons(&strings(&expected["events"])));

    world.run_for(Duration::from_mins(5));
    assert_eq!(
        world.all(Kind::Job).len(),
        3,
        "successfulJobsHistoryLimit is three"
    );
}
