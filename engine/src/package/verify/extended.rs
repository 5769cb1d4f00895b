//! What texts for people should look like: `--param-checks` (kudo-spec 1.11, 11).

use crate::package::{Package, PackageParameter};

use super::Verification;

/// An extended check of parameters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Check {
    /// Parameters have a name for people.
    Display,
    /// Parameters have a hint.
    Hint,
    /// Parameters have a description.
    Description,
    /// Parameters have a type.
    Type,
    /// Parameters are in a group.
    HasGroup,
    /// Groups have a name for people and a description.
    Groups,
    /// All of these.
    All,
}

const CHECKS: [(&str, Check); 7] = [
    ("display", Check::Display),
    ("hint", Check::Hint),
    ("desc", Check::Description),
    ("type", Check::Type),
    ("hasgroup", Check::HasGroup),
    ("groups", Check::Groups),
    ("all", Check::All),
];

impl std::str::FromStr for Check {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = CHECKS.iter().find(|(name, _)| *name == word);
        known.map(|(_, check)| *check).ok_or_else(|| {
            let names = CHECKS.map(|(name, _)| name).join(" ");
            format!("unknown parameter check: {word}, must be one of [{names}]")
        })
    }
}

type Rule = fn(&PackageParameter) -> Option<&'static str>;

/// The rules about parameters, in the order in which they run.
const RULES: [(Check, Rule); 5] = [
    (Check::Description, |parameter| {
        description(&parameter.description)
    }),
    (Check::Hint, |parameter| hint(&parameter.hint)),
    (Check::Display, |parameter| {
        display_name(&parameter.display_name)
    }),
    (Check::HasGroup, |parameter| {
        parameter.group.is_empty().then_some("has no group")
    }),
    (Check::Type, |parameter| {
        parameter
            .value_type
            .is_empty()
            .then_some("has no explicit type assigned")
    }),
];

pub(super) fn verify(package: &Package, checks: &[Check], result: &mut Verification) {
    let file = &package.parameters;
    let wanted = |check: Check| checks.contains(&check) || checks.contains(&Check::All);
    for (_, rule) in RULES.iter().filter(|(check, _)| wanted(*check)) {
        for parameter in &file.parameters {
            if let Some(text) = rule(parameter) {
                let message = format!("parameter \"{}\" {text}", parameter.name);
                result
                    .warnings
                    .push(file.document.diagnostic(parameter.span, message));
            }
        }
    }
    for group in file.groups.iter().filter(|_| wanted(Check::Groups)) {
        let texts = [
            display_name(&group.display_name),
            description(&group.description),
        ];
        for text in texts.into_iter().flatten() {
            let message = format!("parameter group \"{}\" {text}", group.name);
            result
                .warnings
                .push(file.document.diagnostic(group.span, message));
        }
    }
}

fn description(text: &str) -> Option<&'static str> {
    match text {
        "" => Some("has no description"),
        text if !text.ends_with(['.', '!', '?', ')']) => {
            Some("has a description not ending with one of '.!?)'")
        }
        text if !starts_capital(text) => {
            Some("has a description that does not start with a capital letter")
        }
        _ => None,
    }
}

fn hint(text: &str) -> Option<&'static str> {
    match text {
        "" => Some("has no hint"),
        text if !text.ends_with('.') => Some("has a hint not ending with a '.'"),
        _ => None,
    }
}

fn display_name(text: &str) -> Option<&'static str> {
    match text {
        "" => Some("has no displayName"),
        text if text.ends_with(':') => Some("has a displayName ending with ':'"),
        text if !starts_capital(text) => {
            Some("has a displayName that does not start with a capital letter")
        }
        _ => None,
    }
}

/// KUDO looks at the first byte alone, so what is not ASCII passes.
fn starts_capital(text: &str) -> bool {
    !text.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
}
