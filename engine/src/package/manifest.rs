//! `operator.yaml`: what a package is and does (kudo-spec 1.2, 1.4, 1.5).

use std::collections::BTreeMap;

use crate::api::{
    Maintainer, PhaseSpec, PipeSpec, PlanSpec, StepSpec, TaskFields, TaskSpec, TemplateFunctions,
};
use crate::plan::limits;

use super::PACKAGE_API_VERSION;
use super::diagnostic::{Diagnostic, Document, PackageError};
use super::fields::Fields;
use super::source::RawDocument;

const PREFIX: &str = "failed to unmarshal operator file: ";

/// What `operator.yaml` says.
#[derive(Clone, Debug)]
pub struct OperatorManifest {
    /// Name of the operator.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Version of the package.
    pub operator_version: String,
    /// Version of the software that it runs, may be empty.
    pub app_version: String,
    /// The oldest KUDO it says it needs.
    pub kudo_version: String,
    /// The oldest Kubernetes it runs on.
    pub kubernetes_version: String,
    /// Who keeps the package.
    pub maintainers: Vec<Maintainer>,
    /// Where to read more.
    pub url: String,
    /// What steps can do, in written order.
    pub tasks: Vec<TaskSpec>,
    /// Plans by name.
    pub plans: BTreeMap<String, PlanSpec>,
    /// Template of the namespace that `install --create-namespace` makes, may be empty.
    pub namespace_manifest: String,
    /// Which functions the templates have. KUDO ignores it.
    pub template_functions: TemplateFunctions,
    /// The file, for messages that point into it.
    pub document: Document,
}

impl OperatorManifest {
    pub(super) fn read(raw: RawDocument) -> Result<Self, PackageError> {
        let document = raw.parse(PREFIX)?;
        if document.node.is_null() {
            let message = "failed to parse yaml into valid operator operator.yaml";
            return Err(Diagnostic::of_file(document.file, message).into());
        }
        let manifest = Self::of(&document).map_err(|diagnostic| {
            let message = format!("{PREFIX}{}", diagnostic.message);
            Diagnostic {
                message,
                ..diagnostic
            }
        })?;
        check_api_version(&document).map_err(PackageError::from)?;
        Ok(Self {
            document,
            ..manifest
        })
    }

    fn of(document: &Document) -> Result<Self, Diagnostic> {
        let fields = Fields::root(document)?;
        let plans = fields.structures("plans")?;
        let plans = plans
            .iter()
            .map(|(name, fields)| Ok((name.clone(), plan(fields)?)));
        Ok(Self {
            name: fields.text("name")?,
            description: fields.text("description")?,
            operator_version: fields.text("operatorVersion")?,
            app_version: fields.text("appVersion")?,
            kudo_version: fields.text("kudoVersion")?,
            kubernetes_version: fields.text("kubernetesVersion")?,
            maintainers: each(&fields.list("maintainers")?, maintainer)?,
            url: fields.text("url")?,
            tasks: each(&fields.list("tasks")?, task)?,
            plans: plans.collect::<Result<_, Diagnostic>>()?,
            namespace_manifest: fields.text("namespaceManifest")?,
            template_functions: template_functions(&fields)?,
            document: document.clone(),
        })
    }
}

/// Refuses another API version than KUDO's; none means KUDO's.
pub(super) fn check_api_version(document: &Document) -> Result<(), Diagnostic> {
    let fields = Fields::root(document)?;
    let written = fields.text("apiVersion")?;
    if written.is_empty() || written == PACKAGE_API_VERSION {
        return Ok(());
    }
    let span = fields
        .value("apiVersion")
        .map_or(document.node.span(), kudo_yaml::Node::span);
    let message =
        format!("expecting supported API version {PACKAGE_API_VERSION} but got {written}");
    Err(document.diagnostic(span, message))
}

pub(super) fn each<T>(
    list: &[Fields<'_>],
    read: fn(&Fields<'_>) -> Result<T, Diagnostic>,
) -> Result<Vec<T>, Diagnostic> {
    list.iter().map(read).collect()
}

fn maintainer(fields: &Fields<'_>) -> Result<Maintainer, Diagnostic> {
    Ok(Maintainer {
        name: fields.text("name")?,
        email: fields.text("email")?,
    })
}

fn task(fields: &Fields<'_>) -> Result<TaskSpec, Diagnostic> {
    let spec = fields.structure("spec")?;
    Ok(TaskSpec {
        name: fields.text("name")?,
        kind: fields.text("kind")?,
        spec: task_fields(&spec)?,
    })
}

fn task_fields(fields: &Fields<'_>) -> Result<TaskFields, Diagnostic> {
    Ok(TaskFields {
        resources: fields.texts("resources")?,
        want_err: fields.flag("wantErr")?.unwrap_or(false),
        fatal: fields.flag("fatal")?.unwrap_or(false),
        done: fields.flag("done")?.unwrap_or(false),
        pod: fields.text("pod")?,
        pipe: each(&fields.list("pipe")?, pipe)?,
        parameter: fields.text("parameter")?,
        package: fields.text("package")?,
        instance_name: fields.text("instanceName")?,
        app_version: fields.text("appVersion")?,
        operator_version: fields.text("operatorVersion")?,
        parameter_file: fields.text("parameterFile")?,
    })
}

fn pipe(fields: &Fields<'_>) -> Result<PipeSpec, Diagnostic> {
    Ok(PipeSpec {
        file: fields.text("file")?,
        env_file: fields.text("envFile")?,
        kind: fields.text("kind")?,
        key: fields.text("key")?,
    })
}

fn plan(fields: &Fields<'_>) -> Result<PlanSpec, Diagnostic> {
    Ok(PlanSpec {
        strategy: fields.text("strategy")?,
        phases: each(&fields.list("phases")?, phase)?,
        timeout: timeout(fields)?,
        retries: retries(fields)?,
    })
}

fn phase(fields: &Fields<'_>) -> Result<PhaseSpec, Diagnostic> {
    Ok(PhaseSpec {
        name: fields.text("name")?,
        strategy: fields.text("strategy")?,
        steps: each(&fields.list("steps")?, step)?,
        timeout: timeout(fields)?,
        retries: retries(fields)?,
    })
}

fn step(fields: &Fields<'_>) -> Result<StepSpec, Diagnostic> {
    Ok(StepSpec {
        name: fields.text("name")?,
        tasks: fields.texts("tasks")?,
        timeout: timeout(fields)?,
        retries: retries(fields)?,
    })
}

fn template_functions(fields: &Fields<'_>) -> Result<TemplateFunctions, Diagnostic> {
    TemplateFunctions::of(&fields.text("templateFunctions")?)
        .ok_or_else(|| fields.wrong("templateFunctions", "`kudo` or `sprig3`"))
}

fn timeout(fields: &Fields<'_>) -> Result<String, Diagnostic> {
    let text = fields.text("timeout")?;
    if !text.is_empty() && limits::duration(&text).is_none() {
        return Err(fields.wrong("timeout", "a duration such as 90s, 10m or 1h30m"));
    }
    Ok(text)
}

fn retries(fields: &Fields<'_>) -> Result<Option<u32>, Diagnostic> {
    let Some(number) = fields.integer("retries")? else {
        return Ok(None);
    };
    match u32::try_from(number) {
        Ok(number) if number <= limits::MOST_RETRIES => Ok(Some(number)),
        _ => Err(fields.wrong("retries", "a whole number from 0 to 1000")),
    }
}
