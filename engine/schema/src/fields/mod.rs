//! Sets of field paths, as `metadata.managedFields[].fieldsV1` holds them.
//!
//! A path is a row of elements: a field (`f:`), the item of a keyed list (`k:`), the item of a set
//! (`v:`) or the place in a list (`i:`). The text form is `FieldsV1` of the Kubernetes API.

mod element;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use element::{PathElement, Scalar};
pub use wire::FieldsError;

/// A row of path elements; prints as the API server does: `.spec.containers[name="web"].image`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct FieldPath(pub Vec<PathElement>);

impl FieldPath {
    /// Makes a path of plain field names, such as `["metadata", "name"]`.
    pub fn of_fields<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().map(PathElement::field).collect())
    }

    /// Returns this path with one more element.
    #[must_use]
    pub fn join(&self, element: PathElement) -> Self {
        let mut longer = self.clone();
        longer.0.push(element);
        longer
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|element| element.fmt(formatter))
    }
}

/// A set of field paths, kept as a tree.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FieldSet {
    /// Elements that are in the set themselves.
    pub(crate) members: BTreeSet<PathElement>,
    /// Elements with something of the set below them.
    pub(crate) children: BTreeMap<PathElement, Self>,
}

impl FieldSet {
    /// Makes a set of these paths.
    pub fn of_paths(paths: impl IntoIterator<Item = FieldPath>) -> Self {
        let mut set = Self::default();
        paths.into_iter().for_each(|path| set.insert(&path.0));
        set
    }

    /// Tells whether the set has no path.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.values().all(Self::is_empty)
    }

    /// Counts the paths.
    pub fn len(&self) -> usize {
        self.members.len() + self.children.values().map(Self::len).sum::<usize>()
    }

    /// Adds a path.
    pub fn insert(&mut self, path: &[PathElement]) {
        let Some((last, parents)) = path.split_last() else {
            return;
        };
        let mut set = self;
        for parent in parents {
            set = set.children.entry(parent.clone()).or_default();
        }
        set.members.insert(last.clone());
    }

    /// Tells whether the path itself is in the set.
    pub fn contains(&self, path: &[PathElement]) -> bool {
        let Some((last, parents)) = path.split_last() else {
            return false;
        };
        let mut set = self;
        for parent in parents {
            let Some(child) = set.children.get(parent) else {
                return false;
            };
            set = child;
        }
        set.members.contains(last)
    }

    /// Returns what the set holds below an element.
    pub fn below(&self, element: &PathElement) -> Option<&Self> {
        self.children.get(element)
    }

    /// Returns the paths in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut result = self.clone();
        result.add_all(other);
        result
    }

    fn add_all(&mut self, other: &Self) {
        self.members.extend(other.members.iter().cloned());
        for (element, child) in &other.children {
            self.children
                .entry(element.clone())
                .or_default()
                .add_all(child);
        }
    }

    /// Returns the paths in both sets.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let members = self.members.intersection(&other.members).cloned().collect();
        let children = self.children.iter().filter_map(|(element, child)| {
            let both = child.intersection(other.children.get(element)?);
            (!both.is_empty()).then(|| (element.clone(), both))
        });
        Self {
            members,
            children: children.collect(),
        }
    }

    /// Returns the paths of this set that are not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        let members = self.members.difference(&other.members).cloned().collect();
        let children = self.children.iter().filter_map(|(element, child)| {
            let rest = match other.children.get(element) {
                Some(removed) => child.difference(removed),
                None => child.clone(),
            };
            (!rest.is_empty()).then(|| (element.clone(), rest))
        });
        Self {
            members,
            children: children.collect(),
        }
    }

    /// Returns the paths of this set that are neither in the other nor below one of its paths.
    #[must_use]
    pub fn recursive_difference(&self, other: &Self) -> Self {
        let members = self.members.difference(&other.members).cloned().collect();
        let children = self.children.iter().filter_map(|(element, child)| {
            if other.members.contains(element) {
                return None;
            }
            let rest = match other.children.get(element) {
                Some(removed) => child.recursive_difference(removed),
                None => child.clone(),
            };
            (!rest.is_empty()).then(|| (element.clone(), rest))
        });
        Self {
            members,
            children: children.collect(),
        }
    }

    /// Returns the paths of this set that are in the other or below one of its paths.
    #[must_use]
    pub fn restricted_to(&self, other: &Self) -> Self {
        self.difference(&self.recursive_difference(other))
    }

    /// Lists the paths in order, each before those below it.
    pub fn paths(&self) -> Vec<FieldPath> {
        let mut paths = Vec::new();
        self.collect(&FieldPath::default(), &mut paths);
        paths
    }

    fn collect(&self, prefix: &FieldPath, paths: &mut Vec<FieldPath>) {
        paths.extend(
            self.members
                .iter()
                .map(|member| prefix.join(member.clone())),
        );
        for (element, child) in &self.children {
            child.collect(&prefix.join(element.clone()), paths);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(fields: &serde_json::Value) -> FieldSet {
        FieldSet::from_value(fields).unwrap()
    }

    #[test]
    fn a_difference_keeps_what_is_below() {
        let all = set(&json!({"f:a": {".": {}, "f:b": {}, "f:c": {}}}));
        let some = set(&json!({"f:a": {"f:b": {}}}));
        assert_eq!(
            all.difference(&some).to_value(),
            json!({"f:a": {".": {}, "f:c": {}}})
        );
        let parent = set(&json!({"f:a": {}}));
        assert_eq!(
            all.difference(&parent).to_value(),
            json!({"f:a": {"f:b": {}, "f:c": {}}})
        );
        assert_eq!(all.recursive_difference(&parent).to_value(), json!({}));
        assert_eq!(all.restricted_to(&parent), all);
    }

    #[test]
    fn paths_print_as_the_server_prints_them() {
        let fields = json!({"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {"f:image": {}}},
            "f:finalizers": {"v:\"x\"": {}}}});
        let printed: Vec<String> = set(&fields)
            .paths()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            printed,
            [
                ".spec.containers[name=\"web\"].image",
                ".spec.finalizers[=\"x\"]"
            ]
        );
    }
}
