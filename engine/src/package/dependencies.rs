//! Which other packages a package needs, found one after the other (kudo-spec 3.11).
//!
//! [`Dependencies`] asks for one package at a time and is told what was found; where packages come
//! from is not its business. The walk is depth first over the `KudoOperator` tasks in their listed
//! order, whether or not a plan uses them. Each task is rewritten to name exactly what was found, so
//! that a cluster alone is enough to run it later.

use crate::api::{Operator, OperatorVersion, TaskSpec};

use super::{Package, Release, ReleaseError};

/// The most packages that one may need; a repository could go on for ever.
const MOST_PACKAGES: usize = 256;
/// How deep packages may need each other; plans nest as deep.
const DEEPEST: usize = 16;

/// A package that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it is about.
    pub operator: Operator,
    /// What this version of it does.
    pub operator_version: OperatorVersion,
    /// Its files, to find its own children by; none when it comes from a cluster.
    pub package: Option<Package>,
}

/// What a task asks for; empty versions mean any.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wanted {
    /// A path, an address or a name.
    pub package: String,
    /// Version of the package.
    pub operator_version: String,
    /// Version of the software that it runs.
    pub app_version: String,
}

/// Why the dependencies of a package cannot be had.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DependencyError {
    /// A package was not found; the text is KUDO's.
    #[error(
        "failed to resolve package Operator: \"{}\", OperatorVersion: \"{}\", AppVersion \"{}\", \
         dependency of package {parent}: {cause}",
        .wanted.package, any(&.wanted.operator_version), any(&.wanted.app_version)
    )]
    Unresolved {
        /// What was asked for.
        wanted: Wanted,
        /// Name of the operator version that asked.
        parent: String,
        /// Why there is none.
        cause: String,
    },
    /// A package needs itself, by way of others or not.
    #[error(
        "cyclic package dependency found when adding package {parent} -> {child}: {}",
        .path.join(" -> ")
    )]
    Cycle {
        /// The operator version that closes the circle.
        parent: String,
        /// The operator version that it needs.
        child: String,
        /// The whole circle, from the child to the child.
        path: Vec<String>,
    },
    /// Two packages of one name and version are not the same.
    #[error(
        "two different packages are called {name}: the one that {parent} needs is not the one found \
         before; give one of them another version"
    )]
    Different {
        /// The operator version that both are.
        name: String,
        /// The operator version that needs the second.
        parent: String,
    },
    /// The packages are too many.
    #[error("{root} needs more than {MOST_PACKAGES} packages, or nests them deeper than {DEEPEST}")]
    TooMany {
        /// The operator version at the root.
        root: String,
    },
}

fn any(version: &str) -> &str {
    if version.is_empty() { "any" } else { version }
}

impl Package {
    /// Returns the package as one whose dependencies can be looked for.
    ///
    /// # Errors
    ///
    /// As [`Package::release`].
    pub fn found(self) -> Result<Found, ReleaseError> {
        let Release {
            operator,
            operator_version,
            instance: _,
        } = self.release()?;
        Ok(Found {
            operator,
            operator_version,
            package: Some(self),
        })
    }
}

impl Found {
    /// Returns the name of the operator version, by which packages are told apart.
    pub fn name(&self) -> &str {
        self.operator_version
            .metadata
            .name
            .as_deref()
            .unwrap_or_default()
    }

    fn operator_name(&self) -> String {
        self.operator_version
            .spec
            .operator
            .name
            .clone()
            .unwrap_or_default()
    }

    /// Whether both are the same package; tasks may have been rewritten meanwhile.
    fn is_like(&self, other: &Self) -> bool {
        let (one, two) = (&self.operator_version.spec, &other.operator_version.spec);
        one.template_functions == two.template_functions
            && (&one.templates, &one.parameters, &one.plans)
                == (&two.templates, &two.parameters, &two.plans)
    }
}

/// The packages found so far, and the place of the walk.
#[derive(Clone, Debug)]
pub struct Dependencies {
    found: Vec<Found>,
    /// From the root to the package that is looked at: which one, and its next task.
    path: Vec<(usize, usize)>,
    /// Packages whose dependencies are all found, children before parents.
    finished: Vec<usize>,
}

impl Dependencies {
    /// Returns the walk over what `root` needs.
    pub fn of(root: Found) -> Self {
        Self {
            found: vec![root],
            path: vec![(0, 0)],
            finished: Vec::new(),
        }
    }

    /// Returns the next package that is needed, with the one that needs it; `None` at the end.
    pub fn wanted(&mut self) -> Option<(Wanted, &Found)> {
        while let Some((index, task)) = self.path.last_mut() {
            let tasks = &self.found[*index].operator_version.spec.tasks;
            let next = tasks
                .iter()
                .skip(*task)
                .position(|task| task.kind == "KudoOperator");
            let Some(skipped) = next else {
                self.finished.push(*index);
                self.path.pop();
                continue;
            };
            *task += skipped;
            let wanted = wanted_by(&tasks[*task]);
            return Some((wanted, &self.found[*index]));
        }
        None
    }

    /// Takes `child` for what was wanted last.
    ///
    /// # Errors
    ///
    /// When packages need each other in a circle, are too many, or are mixed up.
    pub fn found(&mut self, child: Found) -> Result<(), DependencyError> {
        let Some((index, task)) = self.path.last_mut() else {
            return Ok(());
        };
        let at = *index;
        rewrite(
            &mut self.found[at].operator_version.spec.tasks[*task],
            &child,
        );
        *task += 1;
        let known = self.found.iter().position(|one| one.name() == child.name());
        let Some(known) = known else {
            if self.found.len() >= MOST_PACKAGES || self.path.len() >= DEEPEST {
                let root = self.found[0].name().to_owned();
                return Err(DependencyError::TooMany { root });
            }
            self.path.push((self.found.len(), 0));
            self.found.push(child);
            return Ok(());
        };
        let parent = self.found[at].name().to_owned();
        if let Some(start) = self.path.iter().position(|(index, _)| *index == known) {
            let circle = self.path[start..].iter().map(|(index, _)| *index);
            let path = circle.chain([known]).map(|index| self.found[index].name());
            let path = path.map(str::to_owned).collect();
            return Err(DependencyError::Cycle {
                parent,
                child: child.name().to_owned(),
                path,
            });
        }
        if !self.found[known].is_like(&child) {
            let name = child.name().to_owned();
            return Err(DependencyError::Different { name, parent });
        }
        Ok(())
    }

    /// Returns the error of what was wanted last and is not to be had.
    pub fn unresolved(&mut self, cause: String) -> DependencyError {
        let (wanted, parent) = match self.wanted() {
            Some((wanted, parent)) => (wanted, parent.name().to_owned()),
            None => (wanted_by(&TaskSpec::default()), String::new()),
        };
        DependencyError::Unresolved {
            wanted,
            parent,
            cause,
        }
    }

    /// Returns the root, its tasks rewritten, and all that it needs, children before parents.
    pub fn into_parts(self) -> (Found, Vec<Found>) {
        let mut found: Vec<Option<Found>> = self.found.into_iter().map(Some).collect();
        let root = found[0].take().expect("the root was found first");
        let needed = self.finished.into_iter();
        (
            root,
            needed.filter_map(|index| found[index].take()).collect(),
        )
    }
}

fn wanted_by(task: &TaskSpec) -> Wanted {
    let fields = &task.spec;
    Wanted {
        package: fields.package.clone(),
        operator_version: fields.operator_version.clone(),
        app_version: fields.app_version.clone(),
    }
}

/// KUDO looked the task up by its name, so that of two tasks of one name only the first was rewritten.
fn rewrite(task: &mut TaskSpec, child: &Found) {
    let version = &child.operator_version.spec;
    task.spec.package = child.operator_name();
    task.spec.operator_version.clone_from(&version.version);
    task.spec.app_version.clone_from(&version.app_version);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use k8s_openapi::api::core::v1::ObjectReference;

    use super::*;
    use crate::{
        api::{OperatorSpec, OperatorVersionSpec, TaskFields},
        package::release::operator_version_name,
    };

    fn found(name: &str, needs: &[&str]) -> Found {
        let task = |package: &&str| TaskSpec {
            name: "same".to_owned(),
            kind: "KudoOperator".to_owned(),
            spec: TaskFields {
                package: (*package).to_owned(),
                ..TaskFields::default()
            },
        };
        let spec = OperatorVersionSpec {
            operator: ObjectReference {
                name: Some(name.to_owned()),
                ..ObjectReference::default()
            },
            version: "0.1.0".to_owned(),
            app_version: "1.0".to_owned(),
            tasks: needs.iter().map(task).collect(),
            ..OperatorVersionSpec::default()
        };
        Found {
            operator: Operator::new(name, OperatorSpec::default()),
            operator_version: OperatorVersion::new(
                &operator_version_name(name, "1.0", "0.1.0"),
                spec,
            ),
            package: None,
        }
    }

    /// Finds everything in a world of packages; the first is the root.
    fn resolved(world: &[(&str, &[&str])]) -> Result<(Found, Vec<Found>), String> {
        let known: BTreeMap<&str, Found> = world
            .iter()
            .map(|(name, needs)| (*name, found(name, needs)))
            .collect();
        let mut all = Dependencies::of(known[world[0].0].clone());
        while let Some((wanted, _)) = all.wanted() {
            let name = wanted.package.trim_start_matches("./");
            match known.get(name) {
                Some(child) => all
                    .found(child.clone())
                    .map_err(|error| error.to_string())?,
                None => return Err(all.unresolved("not there".to_owned()).to_string()),
            }
        }
        Ok(all.into_parts())
    }

    #[test]
    fn children_come_before_those_that_need_them_and_each_once() {
        let (root, needed) = resolved(&[
            ("a", &["./b", "./c"]),
            ("b", &["./d"]),
            ("c", &["./d", "./b"]),
            ("d", &[]),
        ])
        .unwrap();

        let names: Vec<_> = needed.iter().map(Found::name).collect();
        assert_eq!(names, ["d-1.0-0.1.0", "b-1.0-0.1.0", "c-1.0-0.1.0"]);
        let tasks = root.operator_version.spec.tasks;
        let exact: Vec<_> = tasks
            .iter()
            .map(|task| {
                (
                    task.spec.package.as_str(),
                    task.spec.operator_version.as_str(),
                    task.spec.app_version.as_str(),
                )
            })
            .collect();
        assert_eq!(exact, [("b", "0.1.0", "1.0"), ("c", "0.1.0", "1.0")]);
    }

    #[test]
    fn a_circle_is_refused_with_its_whole_path() {
        assert_eq!(
            resolved(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"])]).unwrap_err(),
            "cyclic package dependency found when adding package c-1.0-0.1.0 -> b-1.0-0.1.0: \
             b-1.0-0.1.0 -> c-1.0-0.1.0 -> b-1.0-0.1.0"
        );
        assert_eq!(
            resolved(&[("a", &["a"])]).unwrap_err(),
            "cyclic package dependency found when adding package a-1.0-0.1.0 -> a-1.0-0.1.0: \
             a-1.0-0.1.0 -> a-1.0-0.1.0"
        );
    }

    // kudo-spec 3.11
    #[test]
    fn what_is_missing_is_named_with_who_needs_it() {
        assert_eq!(
            resolved(&[("a", &["b"])]).unwrap_err(),
            "failed to resolve package Operator: \"b\", OperatorVersion: \"any\", AppVersion \
             \"any\", dependency of package a-1.0-0.1.0: not there"
        );
    }

    #[test]
    fn two_packages_of_one_name_are_not_mixed_up() {
        let mut all = Dependencies::of(found("a", &["b", "b"]));
        let _first = all.wanted();
        all.found(found("b", &[])).unwrap();
        let _second = all.wanted();
        let mut other = found("b", &[]);
        let templates = &mut other.operator_version.spec.templates;
        templates.insert("x.yaml".to_owned(), "changed".to_owned());

        let error = all.found(other).unwrap_err();

        assert!(matches!(error, DependencyError::Different { .. }));
    }

    #[test]
    fn packages_that_go_on_for_ever_are_refused() {
        let mut all = Dependencies::of(found("p0", &["next"]));
        let error = (1..1000).find_map(|number| {
            let _wanted = all.wanted()?;
            all.found(found(&format!("p{number}"), &["next"])).err()
        });

        assert!(matches!(error, Some(DependencyError::TooMany { .. })));
    }
}
