//! A copy of the objects that a watch shows, kept by its events.

use std::collections::{BTreeMap, BTreeSet};

use kube::{Resource, ResourceExt as _, runtime::watcher::Event};

use super::Key;

/// The objects of one watch by namespace and name.
#[derive(Debug)]
pub(super) struct Mirror<T> {
    objects: BTreeMap<Key, T>,
    /// What a list has shown so far while it runs.
    listed: BTreeSet<Key>,
    is_complete: bool,
}

impl<T> Default for Mirror<T> {
    fn default() -> Self {
        Self {
            objects: BTreeMap::new(),
            listed: BTreeSet::new(),
            is_complete: false,
        }
    }
}

/// What an event changed: the object before and after it.
pub(super) struct Change<T> {
    pub(super) key: Key,
    pub(super) before: Option<T>,
    pub(super) after: Option<T>,
}

impl<T: Clone> Mirror<T> {
    /// Returns whether everything was listed once.
    pub(super) fn is_complete(&self) -> bool {
        self.is_complete
    }

    pub(super) fn get(&self, key: &Key) -> Option<&T> {
        self.objects.get(key)
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.objects.values()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.objects.keys()
    }

    /// Takes an event in; `kept` makes of its object what is worth keeping.
    pub(super) fn apply<K>(&mut self, event: Event<K>, kept: impl Fn(K) -> T) -> Vec<Change<T>>
    where
        K: Resource,
    {
        match event {
            Event::Init => {
                self.listed.clear();
                Vec::new()
            }
            Event::InitApply(object) => {
                self.listed.insert(key_of(&object));
                vec![self.put(object, kept)]
            }
            Event::Apply(object) => vec![self.put(object, kept)],
            Event::Delete(object) => vec![self.drop(key_of(&object))],
            Event::InitDone => {
                self.is_complete = true;
                let listed = std::mem::take(&mut self.listed);
                let gone = self.objects.keys().filter(|key| !listed.contains(*key));
                let gone: Vec<Key> = gone.cloned().collect();
                gone.into_iter().map(|key| self.drop(key)).collect()
            }
        }
    }

    fn put<K: Resource>(&mut self, object: K, kept: impl Fn(K) -> T) -> Change<T> {
        let key = key_of(&object);
        let after = kept(object);
        let before = self.objects.insert(key.clone(), after.clone());
        Change {
            key,
            before,
            after: Some(after),
        }
    }

    fn drop(&mut self, key: Key) -> Change<T> {
        Change {
            before: self.objects.remove(&key),
            after: None,
            key,
        }
    }
}

fn key_of<K: Resource>(object: &K) -> Key {
    (object.namespace().unwrap_or_default(), object.name_any())
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;

    use super::*;

    fn named(name: &str) -> ConfigMap {
        let mut map = ConfigMap::default();
        map.metadata.name = Some(name.to_owned());
        map
    }

    fn names(mirror: &Mirror<ConfigMap>) -> Vec<&str> {
        mirror.keys().map(|(_, name)| name.as_str()).collect()
    }

    #[test]
    fn what_a_new_list_does_not_show_is_gone() {
        let mut mirror = Mirror::default();
        for event in [
            Event::Init,
            Event::InitApply(named("a")),
            Event::InitApply(named("b")),
            Event::InitDone,
            Event::Apply(named("c")),
            Event::Delete(named("b")),
        ] {
            mirror.apply(event, |map| map);
        }
        assert_eq!(names(&mirror), ["a", "c"]);

        mirror.apply(Event::Init, |map| map);
        mirror.apply(Event::InitApply(named("c")), |map| map);
        let changes = mirror.apply(Event::InitDone, |map| map);

        assert_eq!(names(&mirror), ["c"]);
        assert_eq!(changes[0].key.1, "a");
        assert!(changes[0].before.is_some() && changes[0].after.is_none());
    }
}
