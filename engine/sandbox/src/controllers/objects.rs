//! What controllers see: a copy of the stored objects, in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::kind::Kind;
use super::object;

/// Where an object is found inside its kind; the namespace is empty for cluster-scoped kinds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// `metadata.namespace`
    pub(super) namespace: String,
    /// `metadata.name`
    pub(super) name: String,
}

impl Key {
    /// Names an object.
    pub(super) fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    /// Returns the key of an object.
    pub(super) fn of(object: &Value) -> Self {
        Self::new(object::namespace(object), object::name(object))
    }
}

/// All objects of the kinds that controllers look at.
#[derive(Debug, Default, Clone)]
pub(super) struct Objects {
    kinds: BTreeMap<Kind, BTreeMap<Key, Arc<Value>>>,
}

impl Objects {
    /// Remembers an object; returns what it replaces.
    pub(super) fn put(&mut self, kind: Kind, object: impl Into<Arc<Value>>) -> Option<Arc<Value>> {
        let object = object.into();
        self.kinds
            .entry(kind)
            .or_default()
            .insert(Key::of(&object), object)
    }

    /// Forgets an object; returns it.
    pub(super) fn remove(&mut self, kind: Kind, key: &Key) -> Option<Arc<Value>> {
        self.kinds.get_mut(&kind)?.remove(key)
    }

    /// Returns one object.
    pub(super) fn get(&self, kind: Kind, key: &Key) -> Option<&Value> {
        self.kinds.get(&kind)?.get(key).map(AsRef::as_ref)
    }

    /// Returns one object by namespace and name.
    pub(super) fn named(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Value> {
        self.get(kind, &Key::new(namespace, name))
    }

    /// Returns all objects of a kind, by namespace and name.
    pub(super) fn all(&self, kind: Kind) -> impl Iterator<Item = &Value> {
        self.kinds
            .get(&kind)
            .into_iter()
            .flat_map(BTreeMap::values)
            .map(AsRef::as_ref)
    }

    /// Returns the objects of a kind in a namespace, by name.
    pub(super) fn within<'a>(
        &'a self,
        kind: Kind,
        namespace: &'a str,
    ) -> impl Iterator<Item = &'a Value> + 'a {
        self.kinds
            .get(&kind)
            .into_iter()
            .flat_map(move |objects| objects.range(Key::new(namespace, "")..))
            .take_while(move |(key, _)| key.namespace == namespace)
            .map(|(_, object)| object.as_ref())
    }

    /// Returns the objects of a kind that `owner` controls, by name.
    pub(super) fn controlled<'a>(&'a self, kind: Kind, owner: &'a Value) -> Vec<&'a Value> {
        self.within(kind, object::namespace(owner))
            .filter(|object| object::is_controlled_by(object, object::uid(owner)))
            .collect()
    }

    /// Returns the objects of a kind in the owner's namespace that nobody controls and that the
    /// owner's `spec.selector` chooses.
    pub(super) fn orphans<'a>(&'a self, kind: Kind, owner: &'a Value) -> Vec<&'a Value> {
        self.within(kind, object::namespace(owner))
            .filter(|object| object::controller(object).is_none())
            .filter(|object| !object::is_terminating(object))
            .filter(|object| {
                object::selects(
                    owner.pointer("/spec/selector"),
                    object.pointer("/metadata/labels"),
                )
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_namespace_is_listed_by_name_and_alone() {
        let mut objects = Objects::default();
        for (namespace, name) in [("b", "1"), ("a", "2"), ("a", "1"), ("aa", "1")] {
            objects.put(
                Kind::Pod,
                json!({"metadata": {"namespace": namespace, "name": name}}),
            );
        }

        let names: Vec<&str> = objects.within(Kind::Pod, "a").map(object::name).collect();

        assert_eq!(names, ["1", "2"]);
    }
}
