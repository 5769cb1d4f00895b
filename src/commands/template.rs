//! `template`

use std::{fs, path::Path};

use anyhow::Context as _;
use kudo_engine::{
    offline::{Part, Rendering, rendered},
    operations::unknown_parameter,
    package::{Diagnostic, Package, PackageError, Release, value::of_text},
    parameters::{MASK, shown},
    render::split,
};
use serde_json::{Map, Value, json};

use crate::{
    cli::{Global, Template},
    exit::ExitStatus,
    ui::Ui,
};

/// Renders a package without a cluster.
pub(super) fn template(args: &Template, global: &Global, ui: &Ui) -> anyhow::Result<ExitStatus> {
    let package = Package::read(Path::new(&args.package))?;
    let release = package.release()?;
    let namespace = global.namespace.as_deref().unwrap_or("default");
    let given = super::values::given(&args.values)?;
    let known = &release.operator_version.spec.parameters;
    let known: Vec<&str> = known.iter().map(|one| one.name.as_str()).collect();
    unknown_parameter(given.keys(), &known)?;
    let mut release = release.named(namespace, args.instance.as_deref(), given);
    if args.mask_secrets {
        mask_parameters(&mut release);
    }
    let part = Part {
        plan: args.plan.clone(),
        phase: args.phase.clone(),
        step: args.step.clone(),
    };
    let renderings = rendered(&release, &part);
    for one in renderings.map_err(|error| placed(error.into(), &package))? {
        let text = if args.mask_secrets {
            masked(&one)?
        } else {
            one.text.clone()
        };
        match &args.output {
            Some(folder) => write(folder, &one, &text, ui)?,
            None => ui.print(&format!(
                "---\n# {}: {}\n{}\n",
                one.position,
                one.template,
                text.trim_end_matches('\n').trim_start_matches("---\n")
            ))?,
        }
    }
    Ok(ExitStatus::Done)
}

/// Returns an error of a template with the line of the package that it speaks of; any other as it is.
pub(crate) fn placed(error: anyhow::Error, package: &Package) -> anyhow::Error {
    finding(&format!("{error:#}"), package).map_or(error, |finding| {
        PackageError::from(package.with_function_hint(finding)).into()
    })
}

/// Go's texts begin with `template: NAME:LINE:` or `template: NAME:LINE:COLUMN:`, columns from 0.
fn finding(message: &str, package: &Package) -> Option<Diagnostic> {
    let place = message.split("template: ").skip(1).find_map(|rest| {
        let (name, text) = package
            .templates
            .iter()
            .find(|(name, _)| rest.starts_with(&format!("{name}:")))?;
        Some((name, text, &rest[name.len() + 1..]))
    });
    let (name, text, rest) = place?;
    let mut numbers = rest.split(':').map_while(|part| part.parse::<usize>().ok());
    let line = numbers.next()?;
    let bytes = numbers.next().unwrap_or_default();
    let source = text.lines().nth(line.checked_sub(1)?).unwrap_or_default();
    let column = source
        .char_indices()
        .take_while(|(at, _)| *at < bytes)
        .count()
        + 1;
    Some(Diagnostic::of_text(
        package.template_file(name),
        text,
        (line, column),
        message,
    ))
}

/// Replaces the values of parameters that look secret before anything is made of them; an empty value
/// means that there is none.
fn mask_parameters(release: &mut Release) {
    let given = &mut release.instance.spec.parameters;
    for parameter in &release.operator_version.spec.parameters {
        let value = given.get(&parameter.name).or(parameter.default.as_ref());
        if parameter.looks_secret() && value.is_some_and(|value| !value.is_empty()) {
            given.insert(parameter.name.clone(), "masked".to_owned());
        }
    }
}

/// Returns the objects of a rendering with the values of Secrets masked.
fn masked(rendering: &Rendering) -> anyhow::Result<String> {
    if rendering.is_parameter_file {
        return masked_parameters(rendering);
    }
    let objects = split(&rendering.text)
        .map_err(|cause| anyhow::anyhow!("parsing YAML from {}: {cause}", rendering.template))?;
    let texts = objects.into_iter().map(|mut object| {
        mask_object(&mut object);
        kudo_yaml::emit(&kudo_yaml::from_json(&object))
    });
    Ok(texts.collect::<Vec<_>>().join("---\n"))
}

/// Replaces the values of a Secret, and of those in a list.
fn mask_object(object: &mut Value) {
    if object["kind"] == "Secret" {
        for key in ["data", "stringData"] {
            let values = object.get_mut(key).and_then(Value::as_object_mut);
            for value in values.into_iter().flat_map(Map::values_mut) {
                *value = json!(MASK);
            }
        }
    }
    let items = object.get_mut("items").and_then(Value::as_array_mut);
    items.into_iter().flatten().for_each(mask_object);
}

/// Returns the parameters of a child with those masked that look secret.
fn masked_parameters(rendering: &Rendering) -> anyhow::Result<String> {
    let values = of_text(&rendering.template, &rendering.text).map_err(anyhow::Error::msg)?;
    let masked: Map<String, Value> = values
        .into_iter()
        .map(|(name, value)| (name.clone(), json!(shown(&name, &value))))
        .collect();
    Ok(kudo_yaml::emit(&kudo_yaml::from_json(&Value::Object(
        masked,
    ))))
}

fn write(folder: &Path, rendering: &Rendering, text: &str, ui: &Ui) -> anyhow::Result<()> {
    let position = &rendering.position;
    let parts = [
        &position.plan,
        &position.phase,
        &position.step,
        &position.task,
    ];
    let folder = parts
        .iter()
        .fold(folder.to_path_buf(), |path, part| path.join(safe(part)));
    let file = rendering
        .template
        .split('/')
        .fold(folder, |path, part| path.join(safe(part)));
    let parent = file.parent().unwrap_or(&file);
    fs::create_dir_all(parent).with_context(|| format!("creating {}", parent.display()))?;
    fs::write(&file, text).with_context(|| format!("writing {}", file.display()))?;
    ui.note(&format!("Wrote {}.", file.display()));
    Ok(())
}

/// Names come from the package: none may lead out of the folder.
fn safe(name: &str) -> String {
    match name {
        "" | "." | ".." => "_".to_owned(),
        name => name.replace(['/', '\\', '\0'], "_"),
    }
}
