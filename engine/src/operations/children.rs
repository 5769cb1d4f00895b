//! The child instances that a plan is going to make, checked before anything is written.

use std::collections::BTreeMap;

use crate::{
    admission::{Change, Schedule, decide},
    api::{Instance, InstanceSpec},
    offline::{self, Child},
    package::{Found, Release, release::operator_version_name},
    task::child_name,
};

use super::OperationError;

/// Returns the names of the instances that `plan` of `release` makes as children, and those that they
/// make, with the rules checked that hold for new instances.
///
/// # Errors
///
/// When a parameter file cannot be rendered or read, or a rule forbids a child.
pub(super) fn checked_children(
    release: &Release,
    needed: &[Found],
    plan: &str,
) -> Result<Vec<String>, OperationError> {
    let mut names = Vec::new();
    for child in offline::children(release, plan)? {
        let Some(child) = child_release(release, needed, child) else {
            continue;
        };
        let wrong = |error| OperationError::Child {
            name: child.instance.object_name().to_owned(),
            error: Box::new(error),
        };
        let further = checked_child(&child, needed).map_err(wrong)?;
        names.push(child.instance.object_name().to_owned());
        names.extend(further);
    }
    Ok(names)
}

fn checked_child(child: &Release, needed: &[Found]) -> Result<Vec<String>, OperationError> {
    let decision = decide(Change::Create {
        instance: &child.instance,
        operator_version: &child.operator_version,
    })?;
    let Schedule::Run(plan) = decision.schedule else {
        return Ok(Vec::new());
    };
    offline::check(child, &plan)?;
    checked_children(child, needed, &plan)
}

/// Returns the child as a release of its own; `None` when its package is not among `needed`, which
/// the driver will say.
fn child_release(parent: &Release, needed: &[Found], child: Child) -> Option<Release> {
    let Child {
        package,
        instance_name,
        parameters,
    } = child;
    let version = operator_version_name(
        &package.package,
        &package.app_version,
        &package.operator_version,
    );
    let found = needed.iter().find(|found| found.name() == version)?;
    let name = child_name(
        parent.instance.object_name(),
        &instance_name,
        &package.package,
    );
    let mut instance = Instance::new(&name, InstanceSpec::default());
    instance
        .metadata
        .namespace
        .clone_from(&parent.instance.metadata.namespace);
    instance.spec.operator_version.name = Some(version);
    instance.spec.parameters = known(parameters, found);
    Some(Release {
        operator: found.operator.clone(),
        operator_version: found.operator_version.clone(),
        instance,
    })
}

/// Unknown parameters are left out with a warning when the task runs.
fn known(mut parameters: BTreeMap<String, String>, found: &Found) -> BTreeMap<String, String> {
    let definitions = &found.operator_version.spec.parameters;
    parameters.retain(|name, _| definitions.iter().any(|one| one.name == *name));
    parameters
}
