//! What a package becomes in a cluster: an Operator, an `OperatorVersion` and an Instance
//! (kudo-spec 1.7).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ObjectReference;

use crate::api::names::LABEL_OPERATOR;
use crate::api::{
    Instance, InstanceSpec, Operator, OperatorSpec, OperatorVersion, OperatorVersionSpec, TaskSpec,
};

use super::diagnostic::{Diagnostic, Step};
use super::suggest::nearest;
use super::{Found, OperatorManifest, Package};

/// The three objects of a package, not yet in a namespace.
#[derive(Clone, Debug)]
pub struct Release {
    /// What the package is about.
    pub operator: Operator,
    /// What this version of it does.
    pub operator_version: OperatorVersion,
    /// A running copy of it.
    pub instance: Instance,
}

/// A package whose tasks do not fit together; all findings at once.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}", joined(.0))]
pub struct ReleaseError(pub Vec<Diagnostic>);

fn joined(findings: &[Diagnostic]) -> String {
    let lines: Vec<&str> = findings
        .iter()
        .map(|finding| finding.message.as_str())
        .collect();
    lines.join("\n")
}

impl OperatorManifest {
    /// Returns the name of the package's `OperatorVersion`: `name-appVersion-operatorVersion`.
    pub fn operator_version_name(&self) -> String {
        operator_version_name(&self.name, &self.app_version, &self.operator_version)
    }

    /// Returns the name of the instance when the user gives none.
    pub fn instance_name(&self) -> String {
        format!("{}-instance", self.name)
    }
}

/// Returns the name of the `OperatorVersion` of an operator; without `app_version` it is left out.
pub fn operator_version_name(name: &str, app_version: &str, operator_version: &str) -> String {
    match app_version {
        "" => format!("{name}-{operator_version}"),
        app_version => format!("{name}-{app_version}-{operator_version}"),
    }
}

impl Package {
    /// Returns the objects that installing this package creates.
    ///
    /// # Errors
    ///
    /// With what KUDO checks at install: task kinds, and that the templates of tasks exist.
    pub fn release(&self) -> Result<Release, ReleaseError> {
        let findings = self.install_findings();
        if !findings.is_empty() {
            return Err(ReleaseError(findings));
        }
        Ok(Release {
            operator: self.operator(),
            operator_version: self.operator_version(),
            instance: self.instance(),
        })
    }

    fn operator(&self) -> Operator {
        let manifest = &self.manifest;
        Operator::new(
            &manifest.name,
            OperatorSpec {
                description: manifest.description.clone(),
                kudo_version: manifest.kudo_version.clone(),
                kubernetes_version: manifest.kubernetes_version.clone(),
                maintainers: manifest.maintainers.clone(),
                url: manifest.url.clone(),
                namespace_manifest: manifest.namespace_manifest.clone(),
            },
        )
    }

    fn operator_version(&self) -> OperatorVersion {
        let manifest = &self.manifest;
        let parameters = self.parameters.parameters.iter();
        OperatorVersion::new(
            &manifest.operator_version_name(),
            OperatorVersionSpec {
                operator: ObjectReference {
                    kind: Some("Operator".to_owned()),
                    name: Some(manifest.name.clone()),
                    ..ObjectReference::default()
                },
                version: manifest.operator_version.clone(),
                app_version: manifest.app_version.clone(),
                templates: self.templates.clone(),
                template_functions: manifest.template_functions,
                tasks: manifest.tasks.clone(),
                parameters: parameters.map(super::PackageParameter::spec).collect(),
                plans: manifest.plans.clone(),
                ..OperatorVersionSpec::default()
            },
        )
    }

    fn instance(&self) -> Instance {
        let manifest = &self.manifest;
        instance(&manifest.name, &manifest.operator_version_name())
    }

    /// Returns what keeps the package from being installed.
    pub fn install_findings(&self) -> Vec<Diagnostic> {
        let tasks = self.manifest.tasks.iter().enumerate();
        tasks
            .flat_map(|(index, task)| self.task_findings(index, task))
            .collect()
    }

    fn task_findings(&self, index: usize, task: &TaskSpec) -> Vec<Diagnostic> {
        let name = &task.name;
        let mut findings = Vec::new();
        let fields = &task.spec;
        match task.kind.as_str() {
            "Toggle" if fields.parameter.is_empty() => findings.push(self.task_finding(
                index,
                format!("toggle task {name} does not have parameter specified"),
            )),
            "Pipe" if fields.pipe.is_empty() => findings.push(self.task_finding(
                index,
                format!("task {name} does not have pipe files specified"),
            )),
            "Apply" | "Delete" | "Toggle" | "Pipe" | "Dummy" | "KudoOperator" => {}
            unknown => {
                return vec![self.task_finding(index, format!("unknown task kind {unknown}"))];
            }
        }
        for template in templates_of(task) {
            if !self.templates.contains_key(template) {
                let message = format!("task {name} missing template: {template}");
                let finding = self.task_finding(index, message);
                findings.push(self.with_nearest_template(finding, template));
            }
        }
        findings
    }

    fn task_finding(&self, index: usize, message: String) -> Diagnostic {
        let path = [Step::Key("tasks"), Step::Index(index)];
        self.manifest.document.diagnostic_at(&path, message)
    }

    pub(super) fn with_nearest_template(&self, finding: Diagnostic, template: &str) -> Diagnostic {
        match nearest(template, self.templates.keys().map(String::as_str)) {
            Some(name) => finding.with_hint(format!("did you mean `{name}`?")),
            None => finding,
        }
    }
}

impl Found {
    /// Returns the objects that installing what was found creates.
    pub fn release(self) -> Release {
        let operator = self.operator_version.spec.operator.name.as_deref();
        Release {
            instance: instance(operator.unwrap_or_default(), self.name()),
            operator: self.operator,
            operator_version: self.operator_version,
        }
    }
}

/// Returns an instance of an operator at a version, under the name that users get by default.
fn instance(operator: &str, version: &str) -> Instance {
    let mut instance = Instance::new(
        &format!("{operator}-instance"),
        InstanceSpec {
            operator_version: ObjectReference {
                name: Some(version.to_owned()),
                ..ObjectReference::default()
            },
            ..InstanceSpec::default()
        },
    );
    let label = (LABEL_OPERATOR.to_owned(), operator.to_owned());
    instance.metadata.labels = Some(BTreeMap::from([label]));
    instance
}

/// Returns the templates that a task needs, in written order.
pub(super) fn templates_of(task: &TaskSpec) -> Vec<&str> {
    let fields = &task.spec;
    let one = |name| Vec::from([name]);
    match task.kind.as_str() {
        "Apply" | "Delete" | "Toggle" => fields.resources.iter().map(String::as_str).collect(),
        "Pipe" => one(fields.pod.as_str()),
        "KudoOperator" if !fields.parameter_file.is_empty() => one(fields.parameter_file.as_str()),
        _ => Vec::new(),
    }
}
