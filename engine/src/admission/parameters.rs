//! Changed parameters: what they trigger, and what must not change (kudo-spec 6.4, 2 to 5).

use std::collections::BTreeMap;

use crate::{
    api::{
        OperatorVersion, ParameterSpec,
        names::{PLAN_DEPLOY, PLAN_UPDATE},
    },
    parameters::{ParameterError, check, shown},
};

use super::{Denial, Update, key};

/// The parameters that a change gives another value, by their definition in the new version.
pub(super) struct Changes<'a> {
    definitions: Vec<&'a ParameterSpec>,
}

impl<'a> Changes<'a> {
    pub(super) fn between(update: &Update<'a>) -> Result<Self, Denial> {
        let (old, new) = (&update.old.spec.parameters, &update.new.spec.parameters);
        let mut definitions = Vec::new();
        for (name, value) in new {
            if old.get(name) == Some(value) {
                continue;
            }
            let Some(definition) = definition(update.version, name) else {
                return update.deny(format!(
                    "failed to find parameter \"{name}\" in the OperatorVersion"
                ));
            };
            // A parameter that is new in this version is part of the upgrade, not an update.
            let is_known = update
                .old_version
                .is_some_and(|old| definition_in(old, name));
            if !update.is_upgrade || is_known {
                definitions.push(definition);
            }
        }
        let removed = old.keys().filter(|name| !new.contains_key(*name));
        definitions.extend(removed.filter_map(|name| definition(update.version, name)));
        Ok(Self { definitions })
    }

    // kudo-spec 6.4, 5
    pub(super) fn triggered_plan(&self, update: &Update<'_>) -> Result<Option<String>, Denial> {
        if self.definitions.is_empty() {
            return Ok(None);
        }
        let plans = &update.version.spec.plans;
        let mut explicit: Vec<&str> = Vec::new();
        for parameter in self
            .definitions
            .iter()
            .filter(|parameter| !parameter.trigger.is_empty())
        {
            let trigger = parameter.trigger.as_str();
            if !plans.contains_key(trigger) {
                return update.deny(format!(
                    "param {} defined trigger plan {trigger}, but plan not defined in \
                     operatorversion",
                    parameter.name
                ));
            }
            if !explicit.contains(&trigger) {
                explicit.push(trigger);
            }
        }
        match explicit.as_slice() {
            [one] => Ok(Some((*one).to_owned())),
            [] => match [PLAN_UPDATE, PLAN_DEPLOY]
                .iter()
                .find(|plan| plans.contains_key(**plan))
            {
                Some(plan) => Ok(Some((*plan).to_owned())),
                None => {
                    update.deny("couldn't find any plans that would be triggered by the update")
                }
            },
            several => {
                explicit = several.to_vec();
                explicit.sort_unstable();
                update.deny(format!(
                    "triggering multiple plans: [{}] at once is not allowed",
                    explicit.join(" ")
                ))
            }
        }
    }
}

/// Returns the parameters as they are to be stored after `update`, with every rule checked.
pub(super) fn stored(update: &Update<'_>) -> Result<BTreeMap<String, String>, Denial> {
    let deny = |cause: String| {
        Err(Denial(format!(
            "failed to check immutable parameters for Instance {}: {cause}",
            key(update.new)
        )))
    };
    let mut values = update.new.spec.parameters.clone();
    if update.is_upgrade {
        // What the new version does not know any more has no meaning left.
        values.retain(|name, _| definition_in(update.version, name));
    }
    for parameter in update
        .version
        .spec
        .parameters
        .iter()
        .filter(|one| one.immutable)
    {
        if let Err(cause) = immutable(update, parameter) {
            return deny(cause);
        }
    }
    if let Err(error) = check_all(update.version, &values) {
        return Err(Denial(format!(
            "failed to validate parameters for Instance {}: {error}",
            key(update.new)
        )));
    }
    Ok(values)
}

// kudo-spec 6.4, 3. KUDO let an immutable parameter change by removing its key, and during an
// upgrade (kudo-spec 9.2, 1); both are refused here.
fn immutable(update: &Update<'_>, parameter: &ParameterSpec) -> Result<(), String> {
    let name = &parameter.name;
    let version = update
        .new
        .spec
        .operator_version
        .name
        .as_deref()
        .unwrap_or_default();
    let given = update.new.spec.parameters.get(name);
    let Some(before) = update.old_version.and_then(|old| definition(old, name)) else {
        if update.is_upgrade && update.old_version.is_some() && given.is_none() {
            let hint = parameter
                .default
                .as_ref()
                .map_or_else(String::new, |default| {
                    format!(" (default would be {})", shown(name, default))
                });
            return Err(format!(
                "parameter '{name}' was added in operator version {version}, but no value was \
                 provided{hint}"
            ));
        }
        return Ok(());
    };
    if !before.immutable {
        return match given {
            Some(_) => Ok(()),
            None => Err(format!(
                "parameter '{name}' was changed to immutable in operator version {version} but no \
                 value was provided"
            )),
        };
    }
    let was = update
        .old
        .spec
        .parameters
        .get(name)
        .or(before.default.as_ref());
    let is = given.or(parameter.default.as_ref());
    if was == is {
        return Ok(());
    }
    let show = |value: Option<&String>| {
        shown(name, value.map(String::as_str).unwrap_or_default()).to_owned()
    };
    Err(format!(
        "parameter '{name}' is immutable but was changed from '{}' to '{}'",
        show(was),
        show(is)
    ))
}

pub(super) fn check_all(
    version: &OperatorVersion,
    values: &BTreeMap<String, String>,
) -> Result<(), ParameterError> {
    version
        .spec
        .parameters
        .iter()
        .try_for_each(|parameter| check(parameter, values.get(&parameter.name).map(String::as_str)))
}

fn definition<'a>(version: &'a OperatorVersion, name: &str) -> Option<&'a ParameterSpec> {
    version
        .spec
        .parameters
        .iter()
        .find(|parameter| parameter.name == name)
}

fn definition_in(version: &OperatorVersion, name: &str) -> bool {
    definition(version, name).is_some()
}
