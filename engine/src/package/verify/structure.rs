//! Versions, tasks and plans (kudo-spec 1.11, 3 to 6).

use std::collections::BTreeSet;

use crate::api::TaskSpec;
use crate::api::names::PLAN_DEPLOY;
use crate::package::diagnostic::{Diagnostic, Step};
use crate::package::semver::Version;
use crate::package::suggest::nearest;
use crate::package::{OperatorManifest, Package};
use crate::task::Task;

use super::Verification;

pub(super) fn verify(package: &Package, result: &mut Verification) {
    verify_versions(&package.manifest, result);
    verify_tasks(&package.manifest, result);
    verify_task_references(&package.manifest, result);
    verify_plan_references(package, result);
    warn_of_strategies(&package.manifest, result);
}

fn verify_versions(manifest: &OperatorManifest, result: &mut Verification) {
    let versions = [
        ("operatorVersion", &manifest.operator_version, true),
        ("appVersion", &manifest.app_version, false),
        ("kubernetesVersion", &manifest.kubernetes_version, true),
        ("kudoVersion", &manifest.kudo_version, false),
    ];
    for (field, version, is_required) in versions {
        let message = match version.parse::<Version>() {
            Ok(_) => continue,
            Err(_) if version.is_empty() && !is_required => continue,
            Err(_) if version.is_empty() => format!("\"{field}\" is required and must be semver"),
            Err(error) => format!("unable to parse \"{field}\": {error}"),
        };
        result.errors.push(
            manifest
                .document
                .diagnostic_at(&[Step::Key(field)], message),
        );
    }
}

fn verify_tasks(manifest: &OperatorManifest, result: &mut Verification) {
    for (index, task) in manifest.tasks.iter().enumerate() {
        let Err(error) = Task::build(&with_version(task)) else {
            continue;
        };
        let path = [Step::Key("tasks"), Step::Index(index)];
        let finding = manifest.document.diagnostic_at(&path, error.to_string());
        let kinds = ["Apply", "Delete", "Toggle", "Pipe", "KudoOperator", "Dummy"];
        let is_unknown = !kinds.contains(&task.kind.as_str());
        let meant = is_unknown.then(|| nearest(&task.kind, kinds)).flatten();
        result.errors.push(match meant {
            Some(kind) => finding.with_hint(format!("did you mean `{kind}`?")),
            None => finding,
        });
    }
}

/// kudo-spec 1.11, 4: in a package a child may leave its version to whoever installs it.
fn with_version(task: &TaskSpec) -> TaskSpec {
    let mut task = task.clone();
    if task.kind == "KudoOperator" && task.spec.operator_version.is_empty() {
        "any".clone_into(&mut task.spec.operator_version);
    }
    task
}

fn verify_task_references(manifest: &OperatorManifest, result: &mut Verification) {
    let names: BTreeSet<&str> = manifest
        .tasks
        .iter()
        .map(|task| task.name.as_str())
        .collect();
    let mut used = BTreeSet::new();
    for (plan_name, plan) in &manifest.plans {
        for (phase_index, phase) in plan.phases.iter().enumerate() {
            for (step_index, step) in phase.steps.iter().enumerate() {
                for (task_index, task) in step.tasks.iter().enumerate() {
                    used.insert(task.as_str());
                    if names.contains(task.as_str()) {
                        continue;
                    }
                    let path = [
                        Step::Key("plans"),
                        Step::Key(plan_name),
                        Step::Key("phases"),
                        Step::Index(phase_index),
                        Step::Key("steps"),
                        Step::Index(step_index),
                        Step::Key("tasks"),
                        Step::Index(task_index),
                    ];
                    let message = format!("task \"{task}\" in plan \"{plan_name}\" is not defined");
                    let finding = manifest.document.diagnostic_at(&path, message);
                    result
                        .errors
                        .push(with_nearest(finding, task, names.iter().copied()));
                }
            }
        }
    }
    for (index, task) in manifest.tasks.iter().enumerate() {
        if !used.contains(task.name.as_str()) {
            let path = [Step::Key("tasks"), Step::Index(index)];
            let message = format!("task \"{}\" defined but not used", task.name);
            result
                .warnings
                .push(manifest.document.diagnostic_at(&path, message));
        }
    }
}

pub(super) fn with_nearest<'a>(
    finding: Diagnostic,
    wanted: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Diagnostic {
    match nearest(wanted, names) {
        Some(name) => finding.with_hint(format!("did you mean `{name}`?")),
        None => finding,
    }
}

fn verify_plan_references(package: &Package, result: &mut Verification) {
    let plans = &package.manifest.plans;
    let file = &package.parameters.document;
    for parameter in &package.parameters.parameters {
        let trigger = &parameter.trigger;
        if !trigger.is_empty() && !plans.contains_key(trigger) {
            let name = &parameter.name;
            let message = format!("plan \"{trigger}\" used in parameter \"{name}\" is not defined");
            let finding = file.diagnostic(parameter.span, message);
            result.errors.push(with_nearest(
                finding,
                trigger,
                plans.keys().map(String::as_str),
            ));
        }
    }
    if !plans.contains_key(PLAN_DEPLOY) {
        let message = format!("an operator is required to have '{PLAN_DEPLOY}' plan");
        let document = &package.manifest.document;
        result
            .errors
            .push(document.diagnostic_at(&[Step::Key("plans")], message));
    }
}

/// Any word but `serial` means parallel, which a typing error should not decide (kudo-spec 1.5).
fn warn_of_strategies(manifest: &OperatorManifest, result: &mut Verification) {
    let document = &manifest.document;
    let is_odd = |strategy: &str| !matches!(strategy, "" | "serial" | "parallel");
    let message = |what: String, strategy: &str| {
        format!(
            "{what} has the strategy \"{strategy}\", which means parallel; only \"serial\" is serial"
        )
    };
    for (name, plan) in &manifest.plans {
        let path = [Step::Key("plans"), Step::Key(name), Step::Key("strategy")];
        if is_odd(&plan.strategy) {
            let message = message(format!("plan \"{name}\""), &plan.strategy);
            result.warnings.push(document.diagnostic_at(&path, message));
        }
        for (index, phase) in plan
            .phases
            .iter()
            .enumerate()
            .filter(|(_, p)| is_odd(&p.strategy))
        {
            let path = [
                path[0],
                path[1],
                Step::Key("phases"),
                Step::Index(index),
                path[2],
            ];
            let what = format!("phase \"{}\" of plan \"{name}\"", phase.name);
            result
                .warnings
                .push(document.diagnostic_at(&path, message(what, &phase.strategy)));
        }
    }
}
