//! A driver that dies in the middle of a plan, and another process that goes on.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{User, backends};

fn status_of(user: &User) -> Value {
    serde_json::from_str(&user.run(&["plan", "status", "-o", "json"]).stdout).unwrap_or_default()
}

#[test]
fn a_killed_deploy_is_finished_by_another_process() {
    for backend in backends() {
        eprintln!("on {backend:?}");
        let user = User::on(backend).with_slow_pods();
        let mut driver = user.start(&["install", "operators/galera"]);
        user.until("the first step", || {
            let steps = &status_of(&user)["planStatus"]["deploy"]["phases"][0]["steps"];
            steps[0]["status"] == "COMPLETE"
        });
        driver.kill().unwrap();
        driver.wait().unwrap();

        let resumed = user.run(&["plan", "resume", "--timeout", "120s"]);

        assert_eq!(resumed.code, 0, "{}", resumed.stderr);
        let status = status_of(&user);
        let deploy = &status["planStatus"]["deploy"];
        assert_eq!(deploy["status"], "COMPLETE", "{deploy}");
        let steps = deploy["phases"][0]["steps"].as_array().unwrap();
        assert!(
            steps.iter().all(|step| step["status"] == "COMPLETE"),
            "{deploy}"
        );
        user.run(&["uninstall"]).ok();
    }
}

#[test]
fn an_interrupted_deploy_gives_its_lease_back() {
    let user = User::new().with_slow_pods();
    let driver = user.start(&["install", "operators/galera"]);
    user.until("the plan", || {
        status_of(&user)["planStatus"]["deploy"]["status"] == "IN_PROGRESS"
    });
    let pid = driver.id().to_string();
    let mut driver = driver;
    let killed = std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status()
        .unwrap();
    assert!(killed.success());
    let ended = driver.wait().unwrap();
    assert!(matches!(ended.code(), Some(0 | 130)), "{ended}");

    let begun = Instant::now();
    user.run(&["plan", "resume"]).ok();

    // A lease that was not given back would take a quarter of a minute to fall.
    assert!(begun.elapsed() < Duration::from_secs(15));
}

/// Whoever has the sandbox's state may end at any time; the others must go on with it.
#[test]
fn a_driver_goes_on_when_the_owner_of_the_sandbox_is_killed() {
    let user = User::new().with_slow_pods();
    let mut owner = user.start(&["sandbox", "serve"]);
    user.until("the server", || user.path("sandbox/server.json").exists());
    let mut driver = user.start(&["install", "operators/galera"]);
    user.until("the plan", || {
        status_of(&user)["planStatus"]["deploy"]["status"] == "IN_PROGRESS"
    });

    owner.kill().unwrap();
    owner.wait().unwrap();

    let ended = driver.wait().unwrap();
    assert!(ended.success(), "{}", user.said());
    assert_eq!(
        status_of(&user)["planStatus"]["deploy"]["status"],
        "COMPLETE"
    );
}
