//! Who may depend on whom, read from the manifests.

use std::fs;

use crate::support::root;

const ALLOWED: [(&str, &[&str]); 6] = [
    (".", &["kudo-engine", "kudo-sandbox", "kudo-yaml"]),
    ("engine", &["kudo-templates", "kudo-schema", "kudo-yaml"]),
    ("engine/schema", &[]),
    ("engine/sandbox", &["kudo-schema", "kudo-yaml"]),
    ("templates", &["kudo-yaml"]),
    ("templates/yaml", &[]),
];

#[test]
fn crates_depend_only_on_what_is_below_them() {
    for (folder, allowed) in ALLOWED {
        let manifest = fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
        let section = manifest
            .split("\n[dependencies]\n")
            .nth(1)
            .unwrap_or_default();
        let section = section.split("\n[").next().unwrap_or_default();
        let found = section
            .lines()
            .filter_map(|line| line.split(['=', '.', ' ']).next())
            .filter(|name| name.starts_with("kudo-"));
        for name in found {
            assert!(
                allowed.contains(&name),
                "{folder} must not depend on {name}"
            );
        }
    }
}

#[test]
fn every_member_of_the_workspace_is_checked() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let members = manifest
        .lines()
        .find(|line| line.starts_with("members"))
        .unwrap();

    let count = members.matches('"').count() / 2;

    assert_eq!(count, ALLOWED.len());
}
