//! What templates use, and what they give (kudo-spec 1.11, 7a, 7b, 7h, 8 and 9).

use std::collections::{BTreeMap, BTreeSet};

use kudo_templates::{ParseError, Reference};

use crate::api::ParameterSpec;
use crate::expand::Source;
use crate::package::diagnostic::{Diagnostic, Step};
use crate::package::release::templates_of;
use crate::package::{Package, PackageParameter};
use crate::parameters::{ParameterValue, template_values};
use crate::render::{Seed, Values, split};

use super::structure::with_nearest;
use super::{Verification, objects};

/// The names that every template may use (kudo-spec 4.2).
const IMPLICITS: [&str; 8] = [
    "OperatorName",
    "Name",
    "Namespace",
    "AppVersion",
    "OperatorVersion",
    "PlanName",
    "PhaseName",
    "StepName",
];

/// The templates of a package, parsed.
pub(super) struct Templates<'a> {
    package: &'a Package,
    parsed: BTreeMap<&'a str, Result<Vec<Reference>, ParseError>>,
}

impl<'a> Templates<'a> {
    pub(super) fn of(package: &'a Package) -> Self {
        let templates = package.templates.iter();
        let parsed = templates.map(|(name, text)| {
            let template = Source::new(name, text, package.manifest.template_functions).parse();
            (
                name.as_str(),
                template.map(|template| template.references()),
            )
        });
        Self {
            package,
            parsed: parsed.collect(),
        }
    }

    /// Returns the uses of a group, each name once a template, with the template.
    fn uses(&self, group: &str) -> Vec<(&'a str, &Reference)> {
        let mut uses = Vec::new();
        for (template, references) in &self.parsed {
            let mut seen = BTreeSet::new();
            let references = references.iter().flatten();
            uses.extend(
                references
                    .filter(|reference| reference.group == group)
                    .filter(|reference| seen.insert(reference.name.as_str()))
                    .map(|reference| (*template, reference)),
            );
        }
        uses
    }

    /// Rules 7a and 7b: what is used is defined, and the other way round.
    pub(super) fn verify_uses(&self, result: &mut Verification) {
        let parameters = &self.package.parameters.parameters;
        let names: BTreeSet<&str> = parameters.iter().map(|each| each.name.as_str()).collect();
        let mut used = BTreeSet::new();
        for (template, reference) in self.uses("Params") {
            let name = reference.name.as_str();
            used.insert(name.to_owned());
            if !names.contains(name) {
                let message = format!("parameter \"{name}\" in template {template} is not defined");
                let finding = self.at_offset(template, reference.span.start, message);
                let finding = with_nearest(finding, name, names.iter().copied());
                result.errors.push(finding);
            }
        }
        self.verify_toggles(&names, &mut used, result);
        let is_unused = |parameter: &&PackageParameter| {
            parameter.trigger.is_empty() && !used.contains(&parameter.name)
        };
        for parameter in parameters.iter().filter(is_unused) {
            let message = format!("parameter \"{}\" defined but not used.", parameter.name);
            let document = &self.package.parameters.document;
            result
                .warnings
                .push(document.diagnostic(parameter.span, message));
        }
    }

    fn verify_toggles(
        &self,
        names: &BTreeSet<&str>,
        used: &mut BTreeSet<String>,
        result: &mut Verification,
    ) {
        let manifest = &self.package.manifest;
        let tasks = manifest.tasks.iter().enumerate();
        for (index, task) in tasks.filter(|(_, task)| task.kind == "Toggle") {
            let parameter = task.spec.parameter.as_str();
            used.insert(parameter.to_owned());
            if !parameter.is_empty() && !names.contains(parameter) {
                let message = format!(
                    "parameter \"{parameter}\" in ToggleTask {} is not defined",
                    task.name
                );
                let path = [Step::Key("tasks"), Step::Index(index)];
                let finding = manifest.document.diagnostic_at(&path, message);
                let finding = with_nearest(finding, parameter, names.iter().copied());
                result.errors.push(finding);
            }
        }
    }

    /// Rule 7h: syntax, and names that nobody sets.
    pub(super) fn verify_syntax(&self, result: &mut Verification) {
        for (template, parsed) in &self.parsed {
            if let Err(error) = parsed {
                let message =
                    format!("template file \"{template}\" reports the following error: {error}");
                let finding = self.at_place(template, (error.line, 0), message);
                result.errors.push(self.package.with_function_hint(finding));
            }
        }
        for (template, reference) in self.uses("Implicits") {
            let name = reference.name.as_str();
            if !IMPLICITS.contains(&name) {
                let message =
                    format!("template {template} defines an invalid implicit parameter \"{name}\"");
                let finding = self.at_offset(template, reference.span.start, message);
                result.errors.push(with_nearest(finding, name, IMPLICITS));
            }
        }
    }

    /// Rule 8: tasks find their templates, and templates have a task.
    pub(super) fn verify_references(&self, result: &mut Verification) {
        let manifest = &self.package.manifest;
        let mut used = BTreeSet::from([manifest.namespace_manifest.as_str()]);
        for (index, task) in manifest.tasks.iter().enumerate() {
            for template in templates_of(task) {
                used.insert(template);
                if !self.parsed.contains_key(template) {
                    let name = &task.name;
                    let message =
                        format!("template \"{template}\" required by {name} but is not defined");
                    let path = [Step::Key("tasks"), Step::Index(index)];
                    let finding = manifest.document.diagnostic_at(&path, message);
                    result
                        .errors
                        .push(self.package.with_nearest_template(finding, template));
                }
            }
        }
        for template in self.parsed.keys().filter(|name| !used.contains(*name)) {
            let message = format!("template \"{template}\" is not referenced from any task");
            let file = self.package.template_file(template);
            result.warnings.push(Diagnostic::of_file(file, message));
        }
    }

    /// Rule 9: templates give YAML with the defaults; what they give fits the kinds (design
    /// decision 3).
    pub(super) fn verify_renders(&self, result: &mut Verification) {
        let parameters = match self.defaults() {
            Ok(parameters) => parameters,
            Err(message) => return result.errors.push(Diagnostic::of_package(message)),
        };
        let pipes = self.pipes(result);
        let values = Values {
            texts: IMPLICITS.map(|name| (name, name.to_owned())),
            parameters: &parameters,
            pipes: &pipes,
        };
        let tasks = self.package.manifest.tasks.iter();
        let is_child = |task: &&crate::api::TaskSpec| task.kind == "KudoOperator";
        let files: BTreeSet<&str> = tasks
            .filter(is_child)
            .map(|task| task.spec.parameter_file.as_str())
            .collect();
        for (name, text) in &self.package.templates {
            let source = Source::new(name, text, self.package.manifest.template_functions);
            match source.expand(&values, &Seed::unused()) {
                Err(message) => {
                    let place = place_of(name, &message);
                    let finding = self.at_place(name, place, message);
                    result.errors.push(self.package.with_function_hint(finding));
                }
                Ok(_) if files.contains(name.as_str()) => {}
                Ok(rendered) => self.verify_objects(name, &rendered, result),
            }
        }
    }

    fn verify_objects(&self, template: &str, rendered: &str, result: &mut Verification) {
        let file = self.package.template_file(template);
        match split(rendered) {
            Err(cause) => {
                let message = format!("parsing rendered YAML from {template} failed: {cause}");
                result.errors.push(Diagnostic::of_file(file, message));
            }
            Ok(rendered) => {
                let lines = rendered.iter().flat_map(objects::misfits);
                let messages = lines.map(|line| format!("template \"{template}\": {line}"));
                let findings = messages.map(|message| Diagnostic::of_file(file.clone(), message));
                result.warnings.extend(findings);
            }
        }
    }

    /// The values of parameters that are set by nobody: their defaults.
    fn defaults(&self) -> Result<BTreeMap<String, ParameterValue>, String> {
        let parameters = self.package.parameters.parameters.iter();
        let specs: Vec<ParameterSpec> = parameters.map(PackageParameter::spec).collect();
        template_values(&specs, &BTreeMap::new()).map_err(|error| error.to_string())
    }

    /// The pipes of all plans; within a plan a key is there once.
    fn pipes(&self, result: &mut Verification) -> BTreeMap<String, String> {
        let manifest = &self.package.manifest;
        let mut pipes = BTreeMap::new();
        for (plan_name, plan) in &manifest.plans {
            let mut seen = BTreeSet::new();
            let steps = plan.phases.iter().flat_map(|phase| &phase.steps);
            for name in steps.flat_map(|step| &step.tasks) {
                let task = manifest.tasks.iter().find(|task| task.name == *name);
                let is_pipe = |task: &&crate::api::TaskSpec| task.kind == "Pipe";
                for pipe in task
                    .filter(is_pipe)
                    .into_iter()
                    .flat_map(|task| &task.spec.pipe)
                {
                    if !seen.insert(pipe.key.as_str()) {
                        let message = format!("duplicated pipe key {}", pipe.key);
                        let path = [Step::Key("plans"), Step::Key(plan_name)];
                        result
                            .errors
                            .push(manifest.document.diagnostic_at(&path, message));
                    }
                    pipes.insert(pipe.key.clone(), pipe.key.clone());
                }
            }
        }
        pipes
    }

    fn at_offset(&self, template: &str, offset: usize, message: String) -> Diagnostic {
        let text = self
            .package
            .templates
            .get(template)
            .map_or("", String::as_str);
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        let column = before[line_start..].chars().count() + 1;
        self.at_place(template, (line, column), message)
    }

    fn at_place(&self, template: &str, place: (usize, usize), message: String) -> Diagnostic {
        let text = self
            .package
            .templates
            .get(template)
            .map_or("", String::as_str);
        Diagnostic::of_text(self.package.template_file(template), text, place, message)
    }
}

/// Line and column that Go's text names after the template; its columns are from 0.
fn place_of(template: &str, message: &str) -> (usize, usize) {
    let marker = format!("template: {template}:");
    let Some((_, rest)) = message.split_once(&marker) else {
        return (0, 0);
    };
    let mut numbers = rest.split(':').map_while(|part| part.parse::<usize>().ok());
    let line = numbers.next().unwrap_or(0);
    (line, numbers.next().map_or(0, |column| column + 1))
}
