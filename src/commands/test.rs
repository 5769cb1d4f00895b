//! `test`

use std::{future, path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use futures::{StreamExt as _, stream};
use kudo_engine::{
    clock::{Ids as _, RandomIds},
    cluster::Cluster,
    manager::Manager,
};
use tokio::time::Instant;

use crate::{
    cli::{Format, Global, Report, Test},
    exit::ExitStatus,
    settings::{self, Settings},
    suite::{self, Background, Case, Environment, Objects, Outcome, Place, Run, Suite, Wanted},
    ui::Ui,
};

/// How long what a case made may take to go.
const CLEAN_UP: Duration = Duration::from_mins(1);
/// How many plans run at the same time at most: all cases of a suite, with what they are made of.
const PLANS_AT_ONCE: usize = 100;

/// Runs suites, and reports on each case as it ends.
pub(super) async fn test(
    args: &Test,
    global: &Global,
    settings: &Settings,
    ui: &Ui,
) -> anyhow::Result<ExitStatus> {
    let suites = suites(args, ui)?;
    let here = std::env::current_dir().context("finding the current folder")?;
    let wanted = Wanted {
        kudo: args.kudo.as_deref(),
        folder: &here,
    };
    let place = Place::prepare(global, settings, &wanted, ui).await?;
    ui.note(if place.is_sandbox {
        "Running on a fresh sandbox: pods are pretended."
    } else {
        "Running on the cluster of the kubeconfig, in namespaces of its own."
    });
    let start = Instant::now();
    let running = run(args, &suites, &place, ui);
    let outcomes = if place.cluster.has_kudo_webhook().await {
        ui.note("KUDO's own manager runs the plans in this cluster.");
        running.await?
    } else {
        if !place.cluster.serves_kudo().await? {
            place.cluster.install_definitions().await?;
        }
        let pipe_image = global.pipe_image.clone().or(settings.pipe_image.clone());
        let manager = manager(&place.cluster, pipe_image);
        tokio::select! {
            outcomes = running => outcomes?,
            () = manager.run(future::pending()) => anyhow::bail!("what runs the plans has ended"),
        }
    };
    report(args, &outcomes, start.elapsed(), ui)
}

/// Returns what runs the plans while suites run.
fn manager(cluster: &Cluster, pipe_image: Option<String>) -> Manager {
    let holder = format!("kudo-rs test ({})", cluster.ids().uid());
    let tell = Arc::new(|notice| tracing::debug!("{notice}"));
    let manager = Manager::new(cluster.clone(), holder, None, PLANS_AT_ONCE, tell);
    match pipe_image {
        Some(image) => manager.with_pipe_image(image),
        None => manager,
    }
}

/// Reads the suites, less the cases that are not asked for.
fn suites(args: &Test, ui: &Ui) -> anyhow::Result<Vec<Suite>> {
    let mut suites = Vec::new();
    for path in &args.suite {
        let mut suite = suite::read(path)?;
        for note in &suite.notes {
            ui.note(&format!("note: {note}"));
        }
        let chosen = |case: &Case| args.case.is_empty() || args.case.contains(&case.name);
        suite.cases.retain(chosen);
        if let Some(timeout) = args.timeout {
            suite.settings.timeout = timeout;
        }
        if let Some(parallel) = args.parallel {
            suite.settings.parallel = parallel.into();
        }
        suite.settings.skip_delete |= args.skip_delete;
        suites.push(suite);
    }
    let cases = || suites.iter().flat_map(|suite| &suite.cases);
    if let Some(missing) = args
        .case
        .iter()
        .find(|name| !cases().any(|case| case.name == **name))
    {
        anyhow::bail!("there is no case `{missing}`");
    }
    Ok(suites)
}

async fn run(
    args: &Test,
    suites: &[Suite],
    place: &Place,
    ui: &Ui,
) -> anyhow::Result<Vec<Outcome>> {
    let cases = suites.iter().flat_map(|suite| &suite.cases);
    let width = cases
        .map(|case| case.name.chars().count())
        .max()
        .unwrap_or(0);
    let mut outcomes = Vec::new();
    for suite in suites.iter().filter(|suite| !suite.cases.is_empty()) {
        let mut background = Background::default();
        prepare(suite, place, &mut background).await?;
        let mut running = stream::iter(&suite.cases)
            .map(|case| run_one(suite, case, place))
            .buffer_unordered(suite.settings.parallel);
        while let Some(outcome) = running.next().await {
            show(args, &outcome, width, ui)?;
            outcomes.push(outcome);
        }
        background.end().await;
    }
    outcomes.sort_by(|one, other| one.case.cmp(&other.case));
    Ok(outcomes)
}

/// Applies what all cases need, and runs the suite's commands.
async fn prepare(suite: &Suite, place: &Place, background: &mut Background) -> anyhow::Result<()> {
    let objects = Objects::new(place.cluster.clone(), "default");
    for object in &suite.settings.manifests {
        let applied = objects.apply(object).await;
        applied.with_context(|| format!("{}: applying {}", object.place, object.title()))?;
    }
    let environment = environment(suite, "default", &suite.settings.folder, place);
    let ran = environment.run_all(&suite.settings.commands, Some(background));
    ran.await.map_err(anyhow::Error::msg)
}

fn environment(suite: &Suite, namespace: &str, folder: &Path, place: &Place) -> Environment {
    Environment {
        namespace: namespace.to_owned(),
        folder: folder.to_owned(),
        kubeconfig: place.kubeconfig.clone(),
        path: place.path.clone(),
        limit: suite.settings.timeout,
        variable: settings::variable,
    }
}

async fn run_one(suite: &Suite, case: &Case, place: &Place) -> Outcome {
    let start = Instant::now();
    let settings = &suite.settings;
    let namespace = settings
        .namespace
        .clone()
        .unwrap_or_else(|| namespace_of(&case.name));
    let mut run = Run {
        objects: Objects::new(place.cluster.clone(), &namespace),
        environment: environment(suite, &namespace, &case.folder, place),
        timeout: settings.timeout,
        created: Vec::new(),
    };
    let created = match &settings.namespace {
        Some(_) => Ok(()),
        None => run.objects.create_namespace().await,
    };
    let (steps, failure) = match created {
        Ok(()) => suite::run_case(case, &mut run).await,
        Err(error) => (0, Some(suite::failure_before("namespace", &error))),
    };
    let left = if settings.skip_delete {
        None
    } else {
        clean_up(&run, &namespace, settings.namespace.is_none()).await
    };
    Outcome {
        case: case.name.clone(),
        namespace,
        time: start.elapsed(),
        steps,
        failure,
        left,
    }
}

/// Deletes what a case made; returns what could not be.
async fn clean_up(run: &Run, namespace: &str, is_own: bool) -> Option<String> {
    for handle in run.created.iter().rev() {
        // What is in the case's namespace goes with it.
        if is_own && handle.is_in(namespace) {
            continue;
        }
        if let Err(error) = run.objects.start_deleting(handle).await {
            return Some(format!("{error:#}"));
        }
        match run.objects.is_gone(handle, CLEAN_UP).await {
            Ok(true) => {}
            Ok(false) => return Some(format!("{handle} is still there")),
            Err(error) => return Some(format!("{error:#}")),
        }
    }
    if !is_own {
        return None;
    }
    match run.objects.leave_namespace(CLEAN_UP).await {
        Ok(true) => None,
        Ok(false) => Some(format!("namespace {namespace} is still there")),
        Err(error) => Some(format!("namespace {namespace}: {error:#}")),
    }
}

/// Returns a namespace of the case's own: its name where that can be a name, and some letters.
fn namespace_of(case: &str) -> String {
    let plain = case
        .to_lowercase()
        .replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let plain: String = plain.trim_matches('-').chars().take(40).collect();
    let id = RandomIds.uid();
    let id = id.get(..8).unwrap_or(&id);
    format!("test-{}-{id}", plain.trim_matches('-'))
}

fn show(args: &Test, outcome: &Outcome, width: usize, ui: &Ui) -> anyhow::Result<()> {
    let line = suite::case_line(outcome, width);
    let why = outcome.failure.as_ref().map(suite::failure_text);
    let why = why.unwrap_or_default();
    let left = outcome
        .left
        .as_ref()
        .map(|left| format!("      not cleaned up: {left}\n"));
    let text = format!("{line}{why}{}", left.unwrap_or_default());
    if args.output.is_some() {
        ui.note(text.trim_end());
    } else {
        ui.print(&text)?;
    }
    Ok(())
}

fn report(
    args: &Test,
    outcomes: &[Outcome],
    time: Duration,
    ui: &Ui,
) -> anyhow::Result<ExitStatus> {
    let name = args.suite.first().map(|path| path.display().to_string());
    let text = match args.output {
        None => suite::summary(outcomes, time),
        Some(Report::Json) => Ui::data(Format::Json, &suite::as_json(outcomes, time))?,
        Some(Report::Junit) => suite::as_junit(&name.unwrap_or_default(), outcomes, time),
    };
    ui.print(&text)?;
    Ok(
        if outcomes.iter().any(|outcome| outcome.failure.is_some()) {
            ExitStatus::Error
        } else {
            ExitStatus::Done
        },
    )
}
