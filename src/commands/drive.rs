//! Driving a plan from the command line: progress, interruption, time limit, outcome.

use std::time::Duration;

use kudo_engine::driver::{Driver, Outcome};

use crate::{
    connection::Connection,
    exit::ExitStatus,
    ui::{Ui, progress::Progress},
};

/// Drives what is scheduled on an instance, or follows whoever does.
///
/// `asked` names the plan that this command has scheduled: a manager may have ended it before anybody
/// could look.
///
/// Ctrl-C and the time limit leave the plan as it stands: `plan resume` goes on with it.
pub(super) async fn drive(
    connection: &Connection,
    instance: &str,
    asked: Option<&str>,
    timeout: Option<Duration>,
    ui: &Ui,
) -> anyhow::Result<(Option<Outcome>, ExitStatus)> {
    let cluster = &connection.cluster;
    let holder = format!(
        "kudo-rs process {} ({})",
        std::process::id(),
        cluster.ids().uid()
    );
    let mut driver = Driver::new(cluster.clone(), holder);
    if let Some(image) = &connection.pipe_image {
        driver = driver.with_pipe_image(image.clone());
    }
    let progress = Progress::new(ui.clone());
    let observe = |report| progress.show(&report);
    let limit = async {
        match timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    let stopped = tokio::select! {
        biased;
        outcome = driver.drive(&connection.namespace, instance, &observe) => {
            progress.close();
            let mut outcome = outcome?;
            if let (Outcome::Idle, Some(plan)) = (&outcome, asked) {
                outcome = driver.outcome_of(&connection.namespace, instance, plan).await?;
            }
            let status = told(&outcome, instance, ui);
            return Ok((Some(outcome), status));
        }
        () = interrupted() => ExitStatus::Interrupted,
        () = limit => ExitStatus::TimedOut,
    };
    progress.close();
    driver.release(&connection.namespace, instance).await;
    let why = match stopped {
        ExitStatus::TimedOut => "The time is up",
        _ => "Interrupted",
    };
    ui.say(&format!(
        "{why}; the plan is kept as it stands. Go on with: kudo-rs plan resume --instance {instance}"
    ));
    Ok((None, stopped))
}

/// Returns when the user or the system asks the process to end.
pub(super) async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

fn told(outcome: &Outcome, instance: &str, ui: &Ui) -> ExitStatus {
    match outcome {
        Outcome::Complete { plan } => {
            ui.note(&format!("Plan {plan} of {instance} is complete."));
            ExitStatus::Done
        }
        Outcome::Failed { plan, message } => {
            ui.say(&format!(
                "error: plan {plan} of {instance} failed: {message}"
            ));
            ui.say(&format!(
                "hint: see where with `kudo-rs plan status --instance {instance}`"
            ));
            ExitStatus::PlanFailed
        }
        Outcome::Paused { plan } => {
            ui.say(&format!(
                "Plan {plan} of {instance} is paused; go on with: kudo-rs plan resume --instance \
                 {instance}"
            ));
            ExitStatus::Done
        }
        Outcome::Idle => {
            ui.note(&format!("No plan is scheduled on {instance}."));
            ExitStatus::Done
        }
        Outcome::Gone => ExitStatus::Done,
    }
}
