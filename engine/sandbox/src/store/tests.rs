use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::clock::SystemClock;
use crate::ids::SeededIds;

const MAPS: Resource = resources::CONFIG_MAPS;

fn store() -> Store {
    Store::in_memory(Arc::new(SystemClock), Arc::new(SeededIds::new(1)))
}

fn map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "d"}})
}

#[test]
fn a_write_with_an_old_resource_version_is_a_conflict() {
    let store = store();
    let first = store.create(&MAPS, map("a")).unwrap();
    let mut second = (*first).clone();
    second["data"] = json!({"k": "v"});
    store.update(&MAPS, second, Part::Main).unwrap();

    let mut stale = (*first).clone();
    stale["data"] = json!({"k": "other"});
    let refusal = store.update(&MAPS, stale, Part::Main).unwrap_err();

    assert_eq!(refusal.code, 409);
    assert_eq!(
        refusal.message,
        "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please \
         apply your changes to the latest version and try again"
    );
}

#[test]
fn an_object_with_finalizers_goes_when_the_last_one_is_removed() {
    let store = store();
    let mut held = map("a");
    held["metadata"]["finalizers"] = json!(["example.com/hold"]);
    store.create(&MAPS, held).unwrap();

    let deleted = store
        .delete(&MAPS, "d", "a", &DeleteOptions::default())
        .unwrap();
    assert!(matches!(deleted, Deleted::Terminating(object) if object::is_terminating(&object)));
    store
        .modify(&MAPS, "d", "a", |object| {
            object::metadata_mut(object).remove("finalizers");
            Ok(())
        })
        .unwrap();

    assert_eq!(store.find(&MAPS, "d", "a"), None);
}

#[tokio::test]
async fn a_feed_replays_from_its_revision_and_expires_after_compaction() {
    let store = store();
    store.create(&MAPS, map("a")).unwrap();
    let mut feed = store.feed(0).unwrap();
    store.create(&MAPS, map("b")).unwrap();

    let names: Vec<String> = feed
        .next()
        .await
        .unwrap()
        .iter()
        .map(|change| change.name.clone())
        .collect();
    assert_eq!(names, ["a", "b"]);

    store.create(&MAPS, map("c")).unwrap();
    store.compact();
    assert_eq!(feed.next().await.unwrap_err().code, 410);
}

#[test]
fn a_state_file_keeps_objects_and_revision() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.redb");
    let open = || Store::open(&path, Arc::new(SystemClock), Arc::new(SeededIds::new(1)));
    let store = open().unwrap();
    store.create(&MAPS, map("a")).unwrap();
    assert!(matches!(open(), Err(OpenError::Locked { .. })));
    drop(store);

    let store = open().unwrap();

    assert_eq!(store.revision(), 1);
    assert_eq!(object::name(&store.get(&MAPS, "d", "a").unwrap()), "a");
}

#[test]
fn a_damaged_state_file_is_one_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.redb");
    std::fs::write(&path, vec![b'x'; 100_000]).unwrap();

    let error = Store::open(&path, Arc::new(SystemClock), Arc::new(SeededIds::new(1)))
        .unwrap_err()
        .to_string();

    assert!(error.contains("state.redb is damaged"), "{error}");
    assert!(error.contains("kudo-rs sandbox reset"), "{error}");
}

#[test]
fn a_state_file_with_flipped_bytes_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.redb");
    let open = |path: &Path| Store::open(path, Arc::new(SystemClock), Arc::new(SeededIds::new(1)));
    let store = open(&path).unwrap();
    for index in 0..50 {
        store.create(&MAPS, map(&format!("m{index}"))).unwrap();
    }
    drop(store);
    let whole = std::fs::read(&path).unwrap();

    for start in (0..whole.len()).step_by(whole.len() / 20) {
        let damaged = folder.path().join(format!("damaged-{start}.redb"));
        let mut bytes = whole.clone();
        let end = (start + 5_000).min(bytes.len());
        bytes[start..end].iter_mut().for_each(|byte| *byte ^= 0x5a);
        std::fs::write(&damaged, bytes).unwrap();
        match open(&damaged) {
            Ok(store) => assert!(store.revision() <= 50),
            Err(error) => assert!(error.to_string().contains("damaged"), "{error}"),
        }
    }
}
