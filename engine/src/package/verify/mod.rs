//! The rules of `package verify`, in KUDO's order and words (kudo-spec 1.11).
//!
//! | module | rules |
//! |---|---|
//! | `structure` | versions, tasks, plans (3 to 6) |
//! | `parameters` | names, defaults, enums, groups (1, 2, 7) |
//! | `templates` | what templates use and give (7a, 7b, 7h, 8, 9) |
//! | `objects` | fields that built-in kinds do not have |
//! | `namespace` | where a Namespace may be (10) |
//! | `extended` | what texts for people should look like (11) |
//!
//! Where KUDO walks a map in random order, ours is alphabetical.

mod extended;
mod namespace;
mod objects;
mod parameters;
mod structure;
mod templates;
#[cfg(test)]
mod tests;

pub use extended::Check;

use super::Package;
use super::diagnostic::Diagnostic;

/// What `package verify` says of a package.
#[derive(Clone, Debug, Default)]
pub struct Verification {
    /// What must be mended.
    pub errors: Vec<Diagnostic>,
    /// What is odd.
    pub warnings: Vec<Diagnostic>,
}

impl Verification {
    /// Tells whether there are no errors.
    pub fn is_valid(&self) -> bool {
        self.errors.is_empty()
    }
}

/// Checks a package by all rules, and the texts for people by those of `checks`.
pub fn verify(package: &Package, checks: &[Check]) -> Verification {
    let mut result = Verification::default();
    parameters::verify_names(package, &mut result);
    structure::verify(package, &mut result);
    let templates = templates::Templates::of(package);
    templates.verify_uses(&mut result);
    parameters::verify_definitions(package, &mut result);
    templates.verify_syntax(&mut result);
    templates.verify_references(&mut result);
    templates.verify_renders(&mut result);
    namespace::verify(package, &mut result);
    extended::verify(package, checks, &mut result);
    result
}
