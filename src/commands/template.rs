//! `template`

use std::{fs, path::Path};

use anyhow::Context as _;
use kudo_engine::{
    offline::{Part, Rendering, rendered},
    package::{Package, Release},
    parameters::MASK,
    render::split,
};
use serde_json::{Value, json};

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
    let mut release = release.named(namespace, args.instance.as_deref(), given);
    if args.mask_secrets {
        mask_parameters(&mut release);
    }
    let part = Part {
        plan: args.plan.clone(),
        phase: args.phase.clone(),
        step: args.step.clone(),
    };
    for one in rendered(&release, &part)? {
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
    let objects = split(&rendering.text)
        .map_err(|cause| anyhow::anyhow!("parsing YAML from {}: {cause}", rendering.template))?;
    let texts = objects.into_iter().map(|mut object| {
        if object["kind"] == "Secret" {
            for key in ["data", "stringData"] {
                let values = object[key]
                    .as_object_mut()
                    .into_iter()
                    .flat_map(|map| map.values_mut());
                values.for_each(|value: &mut Value| *value = json!(MASK));
            }
        }
        kudo_yaml::emit(&kudo_yaml::from_json(&object))
    });
    Ok(texts.collect::<Vec<_>>().join("---\n"))
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
