//! `package ...`

use std::{fs, path::Path};

use anyhow::{Context as _, bail};
use kudo_engine::{
    api::{PlanSpec, TaskSpec},
    package::{Check, Diagnostic, Package, PackageParameter, Verification, verify},
    parameters::shown,
};
use serde_json::json;

use crate::{
    cli::{Format, Package as Command, PackageList},
    exit::ExitStatus,
    ui::{Ui, diagnostic, table::table, tree::Tree},
};

/// Lists what a package holds, or checks it.
pub(super) fn package(args: Command, ui: &Ui) -> anyhow::Result<ExitStatus> {
    match args {
        Command::List(PackageList::Parameters {
            package,
            descriptions,
            required,
            names,
            output,
        }) => {
            let package = read(&package, ui)?;
            let mut parameters: Vec<_> = package.parameters.parameters.iter().collect();
            parameters.sort_by(|one, two| one.name.cmp(&two.name));
            if required {
                parameters.retain(|one| one.required && one.default.is_none());
            }
            let text = match output.output {
                Some(format) => parameters_data(format, &parameters)?,
                None if parameters.is_empty() => {
                    ui.note("No parameters found.");
                    return Ok(ExitStatus::Done);
                }
                None if names => table(&["name"], parameters.iter().map(|p| vec![p.name.clone()])),
                None => parameter_table(&parameters, descriptions),
            };
            ui.print(&text)?;
        }
        Command::List(PackageList::Plans {
            package,
            with_tasks,
        }) => {
            let package = read(&package, ui)?;
            let plans = &package.manifest.plans;
            let branches = plans
                .iter()
                .map(|(name, plan)| plan_tree(name, plan, &package, with_tasks));
            ui.print(&Tree::branch("plans", branches).draw())?;
        }
        Command::List(PackageList::Tasks { package }) => {
            let tasks = read(&package, ui)?.manifest.tasks;
            let rows = tasks.iter().map(|task| {
                vec![
                    task.name.clone(),
                    task.kind.clone(),
                    resources(task).join(", "),
                ]
            });
            ui.print(&table(&["name", "kind", "resources"], rows))?;
        }
        Command::Create {
            folder,
            destination,
            overwrite,
        } => return create(&folder, &destination, overwrite, ui),
        Command::Verify {
            package,
            param_checks,
            output,
        } => {
            let checks = checks(&param_checks)?;
            let package = read(&package, ui)?;
            return verified(&verify(&package, &checks), output.output, ui);
        }
    }
    Ok(ExitStatus::Done)
}

fn read(path: &str, ui: &Ui) -> anyhow::Result<Package> {
    let package = Package::read(Path::new(path))?;
    for note in &package.notes {
        ui.note(note);
    }
    Ok(package)
}

/// Packs a package that has no errors (kudo-spec 7).
fn create(
    folder: &Path,
    destination: &Path,
    overwrite: bool,
    ui: &Ui,
) -> anyhow::Result<ExitStatus> {
    if !folder.is_dir() {
        bail!(
            "{} is no folder; a package is made of one",
            folder.display()
        );
    }
    if !destination.is_dir() {
        bail!(
            "destination \"{}\" is not a proper directory",
            destination.display()
        );
    }
    let package = Package::read(folder)?;
    package.notes.iter().for_each(|note| ui.note(note));
    let standing = verified(&verify(&package, &[]), None, ui)?;
    if standing != ExitStatus::Done {
        return Ok(standing);
    }
    let manifest = &package.manifest;
    let name = format!("{}-{}.tgz", manifest.name, manifest.operator_version);
    let target = destination.join(&name);
    if target.exists() && !overwrite {
        bail!(
            "target file \"{}\" already exists; --overwrite replaces it",
            target.display()
        );
    }
    let bytes = package.pack()?;
    // Nobody finds half an archive under its name.
    let unfinished = destination.join(format!(".{name}.part"));
    let written = fs::write(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, &target));
    if written.is_err() {
        drop(fs::remove_file(&unfinished));
    }
    written.with_context(|| format!("{} cannot be written", target.display()))?;
    let shown = target.canonicalize().unwrap_or(target);
    ui.print(&format!("Package created: {}\n", shown.display()))?;
    Ok(ExitStatus::Done)
}

fn parameter_table(parameters: &[&PackageParameter], descriptions: bool) -> String {
    let mut header = vec![
        "name",
        "default",
        "type",
        "required",
        "immutable",
        "trigger",
    ];
    if descriptions {
        header.push("description");
    }
    let rows = parameters.iter().map(|parameter| {
        let spec = parameter.spec();
        let default = parameter.default.as_deref().unwrap_or_default();
        let mut row = vec![
            parameter.name.clone(),
            one_line(shown(&parameter.name, default)),
            spec.value_type,
            parameter.required.to_string(),
            parameter.immutable.to_string(),
            spec.trigger,
        ];
        if descriptions {
            row.push(one_line(&parameter.description));
        }
        row
    });
    table(&header, rows)
}

fn one_line(text: &str) -> String {
    text.trim_end().replace('\n', "\\n")
}

fn parameters_data(format: Format, parameters: &[&PackageParameter]) -> anyhow::Result<String> {
    let list: Vec<_> = parameters
        .iter()
        .map(|parameter| parameter.spec())
        .collect();
    Ui::data(format, &list)
}

// kudo-spec 7.9
fn plan_tree(name: &str, plan: &PlanSpec, package: &Package, with_tasks: bool) -> Tree {
    let phases = plan.phases.iter().map(|phase| {
        let steps = phase.steps.iter().map(|step| {
            let tasks = step
                .tasks
                .iter()
                .map(|task| task_tree(task, package, with_tasks));
            Tree::branch(format!("[step]  {}", step.name), tasks)
        });
        Tree::branch(
            format!("[phase]  {} ({})", phase.name, strategy(&phase.strategy)),
            steps,
        )
    });
    Tree::branch(format!("{name} ({})", strategy(&plan.strategy)), phases)
}

fn strategy(written: &str) -> &str {
    if written.is_empty() {
        "parallel"
    } else {
        written
    }
}

fn task_tree(name: &str, package: &Package, with_tasks: bool) -> Tree {
    let task = package.manifest.tasks.iter().find(|task| task.name == name);
    let Some(task) = task.filter(|_| with_tasks) else {
        return Tree::leaf(name);
    };
    let kind = task.kind.to_lowercase();
    Tree::branch(
        format!("[{kind}]  {name}"),
        resources(task).into_iter().map(Tree::leaf),
    )
}

/// Returns what a task works on, for people.
fn resources(task: &TaskSpec) -> Vec<String> {
    let fields = &task.spec;
    let named = |what: &str, name: &str| {
        if name.is_empty() {
            None
        } else {
            Some(format!("{what}{name}"))
        }
    };
    let parameter = named("parameter ", &fields.parameter).into_iter();
    let rest = [named("", &fields.pod), named("package ", &fields.package)];
    parameter
        .chain(fields.resources.iter().cloned())
        .chain(rest.into_iter().flatten())
        .collect()
}

fn checks(words: &[String]) -> anyhow::Result<Vec<Check>> {
    let parse = |word: &String| {
        word.parse::<Check>()
            .map_err(|error| anyhow::anyhow!("{error}"))
    };
    words.iter().map(parse).collect()
}

fn verified(result: &Verification, format: Option<Format>, ui: &Ui) -> anyhow::Result<ExitStatus> {
    if let Some(format) = format {
        let messages = |list: &[Diagnostic]| {
            list.iter()
                .map(|one| one.message.clone())
                .collect::<Vec<_>>()
        };
        let data = json!({
            "errors": messages(&result.errors),
            "warnings": messages(&result.warnings),
            "valid": result.is_valid(),
        });
        ui.print(&Ui::data(format, &data)?)?;
    } else {
        for warning in &result.warnings {
            ui.print(&format!("{}\n", diagnostic::drawn_warning(warning, false)))?;
        }
        for error in &result.errors {
            ui.print(&format!("{}\n", diagnostic::drawn(error, false)))?;
        }
        if result.is_valid() {
            ui.print("package is valid\n")?;
        }
    }
    match result.errors.len() {
        0 => Ok(ExitStatus::Done),
        count => bail!("found {count} package verification errors"),
    }
}
