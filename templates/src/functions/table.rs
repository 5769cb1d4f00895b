//! Which functions a template may call.

use super::{Function, builtin, core, rest};

/// A set of functions, found by name.
#[derive(Clone, Debug)]
pub struct Functions {
    /// In order of their names.
    table: Vec<&'static Function>,
}

impl Functions {
    /// Returns the functions that text/template itself has.
    pub fn builtin() -> Self {
        Self { table: Vec::new() }.with(builtin::FUNCTIONS)
    }

    /// Returns the functions that KUDO 0.19 gives to packages (kudo-spec 4.3).
    pub fn kudo() -> Self {
        Self::builtin().with(core::FUNCTIONS).with(rest::FUNCTIONS)
    }

    /// Adds the functions that only Sprig 3 has, for packages that ask for them.
    #[must_use]
    pub fn with_sprig3(self) -> Self {
        self.with(rest::SPRIG3)
    }

    /// Adds functions, in place of those that have their names: Sprig's `slice` replaces the builtin one.
    /// Adds functions; they take the place of others of the same name, as `slice` does.
    fn with(mut self, functions: &'static [Function]) -> Self {
        self.table
            .retain(|known| functions.iter().all(|function| function.name != known.name));
        self.table.extend(functions);
        self.table.sort_by_key(|function| function.name);
        self
    }

    /// Returns the function of that name.
    pub fn find(&self, name: &[u8]) -> Option<&'static Function> {
        let found = self
            .table
            .binary_search_by(|known| known.name.as_bytes().cmp(name))
            .ok()?;
        self.table.get(found).copied()
    }

    /// Returns all functions, in order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &'static Function> + '_ {
        self.table.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// kudo-spec 4.3: Sprig 2.22 less seven functions, plus `toYaml`.
    #[test]
    fn kudo_has_144_functions_beside_those_of_the_language() {
        let kudo = Functions::kudo();
        let names: Vec<_> = kudo.iter().map(|function| function.name).collect();
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
        // One of Sprig's, `slice`, takes the place of the language's own.
        let of_language = Functions::builtin()
            .iter()
            .filter(|f| f.name != "slice")
            .count();
        assert_eq!(names.len() - of_language, 144);
    }
}
