//! The Galera package renders what Go renders, and is what `package verify` asks for.

use std::{collections::BTreeMap, fs, path::Path};

use crate::support::{User, root};

fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path
                    .strip_prefix(folder)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

/// Renders the package and leaves phase and task out of the paths, as the recorded answers do.
fn rendered(values: &[&str]) -> BTreeMap<String, String> {
    let user = User::new();
    let folder = user.path("out");
    let mut args = vec![
        "template",
        "operators/galera",
        "-o",
        folder.to_str().unwrap(),
    ];
    args.extend(values);
    user.run(&args).ok();
    let short = |name: String| {
        let parts: Vec<&str> = name.split('/').collect();
        [parts[0], parts[2], parts[4]].join("/")
    };
    files(&folder)
        .into_iter()
        .map(|(name, text)| (short(name), text))
        .collect()
}

#[track_caller]
fn same(ours: &BTreeMap<String, String>, recorded: &str) {
    let recorded = files(&root().join("operators/galera/tests").join(recorded));
    assert_eq!(
        ours.keys().collect::<Vec<_>>(),
        recorded.keys().collect::<Vec<_>>()
    );
    for (name, text) in &recorded {
        assert_eq!(&ours[name], text, "{name}");
    }
}

#[test]
fn every_template_renders_as_go_renders_it() {
    same(&rendered(&[]), "rendered");
    same(
        &rendered(&["-p", "NODE_COUNT=5", "-p", "ANTI_AFFINITY=true"]),
        "rendered-five-nodes",
    );
}

#[test]
fn the_cluster_address_names_the_bootstrap_service_first_and_then_no_more() {
    let ours = rendered(&[]);
    let members = "galera-instance-galera-0.galera-instance-hs,\
                   galera-instance-galera-1.galera-instance-hs,\
                   galera-instance-galera-2.galera-instance-hs";
    let address = |step: &str| {
        let text = &ours[&format!("deploy/{step}/galera_config.yaml")];
        let line = text
            .lines()
            .find(|line| line.contains("wsrep_cluster_address"))
            .unwrap();
        line.split('=')
            .nth(1)
            .unwrap()
            .trim()
            .trim_matches('"')
            .to_owned()
    };

    assert_eq!(
        address("firstboot_config"),
        format!("gcomm://galera-instance-bootstrap-svc,{members}")
    );
    assert_eq!(address("cleanup"), format!("gcomm://{members}"));
}

#[test]
fn the_package_passes_every_check_without_a_warning() {
    let user = User::new();

    let said = user
        .run(&[
            "package",
            "verify",
            "operators/galera",
            "--param-checks",
            "all",
        ])
        .ok();

    assert_eq!(said, "package is valid\n");
}

#[test]
fn secrets_are_masked_when_asked() {
    let user = User::new();

    let said = user
        .run(&[
            "template",
            "operators/galera",
            "--mask-secrets",
            "-p",
            "MYSQL_ROOT_PASSWORD=hunter2",
        ])
        .ok();

    assert!(!said.contains("hunter2"));
    assert!(said.contains("********"));
}
