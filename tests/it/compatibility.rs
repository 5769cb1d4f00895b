//! What docs/compatibility.md says: that each row has a test, and rows that no other test holds.

use std::{collections::BTreeSet, fs, path::Path};

use crate::support::{Backend, User, managed::Managed, ran, root};

/// Returns the rows of the tables in the page, cell by cell.
fn rows(text: &str) -> Vec<Vec<String>> {
    let lines = text.lines().filter(|line| line.starts_with('|'));
    let cells = lines.map(|line| {
        let inner = line.trim().trim_matches('|');
        // A bar inside of a cell is written `\|`.
        let inner = inner.replace("\\|", "\u{1}");
        let cell = |cell: &str| cell.trim().replace('\u{1}', "|");
        inner.split('|').map(cell).collect::<Vec<_>>()
    });
    let is_row = |cells: &Vec<String>| cells[0] != "what" && !cells[0].starts_with("---");
    cells.filter(is_row).collect()
}

/// Returns the names of all functions in Rust files below `folder`.
fn functions(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            functions(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let found = text.split("fn ").skip(1);
            let name = |rest: &str| {
                rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .next()
                    .map(str::to_owned)
            };
            names.extend(found.filter_map(name));
        }
    }
}

/// Names of tests are functions, or cases of suites as `conformance/NAME`.
#[test]
fn every_row_of_the_page_names_tests_that_are_there() {
    let text = fs::read_to_string(root().join("docs/compatibility.md")).unwrap();
    let mut names = BTreeSet::new();
    for folder in ["engine", "src", "templates", "tests"] {
        functions(&root().join(folder), &mut names);
    }
    let rows = rows(&text);

    let mut wrong = Vec::new();
    for row in &rows {
        let tests: Vec<&str> = row.last().unwrap().split('`').skip(1).step_by(2).collect();
        let is_there = |test: &&&str| {
            names.contains(**test) || test.contains('/') && root().join("tests").join(test).is_dir()
        };
        if row.len() != 4 || tests.is_empty() || tests.iter().filter(is_there).count() < tests.len()
        {
            wrong.push(row.join(" | "));
        }
    }

    eprintln!("{} rows", rows.len());
    assert!(rows.len() > 100, "{}", rows.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Writes a package of one `ConfigMap`, and returns its folder.
fn package(user: &User, folder: &str, value: &str) -> String {
    let operator = "apiVersion: kudo.dev/v1beta1\nname: shelf\noperatorVersion: 0.1.0\n\
                    kubernetesVersion: 1.17.0\ntasks:\n- {name: book, kind: Apply, spec: {resources: [book.yaml]}}\n\
                    plans:\n  deploy:\n    strategy: serial\n    phases:\n    - name: main\n      strategy: serial\n      \
                    steps: [{name: only, tasks: [book]}]\n";
    let parameters = "apiVersion: kudo.dev/v1beta1\nparameters:\n\
                      - {name: TITLE, default: none}\n- {name: AUTHOR}\n- {name: YEAR, required: false}\n";
    let book = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{{{ .Name }}}}\ndata:\n  value: {value}\n  \
         title: {{{{ .Params.TITLE }}}}{{{{ .Params.AUTHOR }}}}{{{{ .Params.YEAR }}}}\n"
    );
    user.file(&format!("{folder}/operator.yaml"), operator);
    user.file(&format!("{folder}/params.yaml"), parameters);
    user.file(&format!("{folder}/templates/book.yaml"), &book);
    user.path(folder).to_str().unwrap().to_owned()
}

#[test]
fn a_bare_name_is_the_folder_that_is_there() {
    let user = User::new();
    package(&user, "shelf", "one");

    let args = ["package", "list", "plans", "shelf"];
    let ran = ran(user.command(&args).current_dir(user.path("")));

    assert!(ran.ok().contains("deploy"));
}

#[test]
fn a_path_that_is_not_there_is_no_address() {
    let user = User::new();

    let ran = user.run(&["install", "./nowhere"]);

    ran.refused("nowhere");
    assert!(!ran.stderr.contains("http"), "{}", ran.stderr);
}

#[test]
fn parameters_are_listed_by_name_and_by_need() {
    let user = User::new();
    let folder = package(&user, "shelf", "one");
    let list = |flag: &str| {
        user.run(&["package", "list", "parameters", &folder, flag])
            .ok()
    };

    let (names, required) = (list("--names"), list("--required"));

    assert!(
        ["TITLE", "AUTHOR", "YEAR"]
            .iter()
            .all(|name| names.contains(name)),
        "{names}"
    );
    assert!(!names.contains("none"), "{names}");
    assert!(required.contains("AUTHOR"), "{required}");
    assert!(
        !required.contains("TITLE") && !required.contains("YEAR"),
        "{required}"
    );
}

#[test]
fn a_changed_package_under_an_installed_version_is_noticed() {
    let user = User::new();
    let folder = package(&user, "shelf", "one");
    let install =
        |instance: &str| user.run(&["install", &folder, "-p", "AUTHOR=a", "--instance", instance]);
    user.run(&["install", &folder, "--skip-instance"]).ok();

    package(&user, "shelf", "two");
    let with_nobody_there = install("first");
    package(&user, "shelf", "three");
    let with_somebody_there = install("second");

    with_nobody_there.ok();
    with_somebody_there.refused("shelf-0.1.0");
}

#[test]
fn an_empty_value_and_a_value_to_take_away_are_no_arguments() {
    let user = User::new();
    let folder = package(&user, "shelf", "one");
    user.run(&["install", &folder, "-p", "AUTHOR=a", "--instance", "shelf"])
        .ok();

    let ran = user.run(&["update", "--instance", "shelf", "-p", "AUTHOR="]);

    ran.refused("parameter value can not be empty: AUTHOR=");
}

#[test]
fn the_namespace_is_that_of_the_kubeconfig_that_is_named() {
    let managed = Managed::on(Backend::Sandbox);
    let text = fs::read_to_string(&managed.kubeconfig).unwrap();
    let other = text.replacen("context:\n", "context:\n    namespace: elsewhere\n", 1);
    let other = managed.user.file("other", &other);

    let args = [
        "update",
        "--kubeconfig",
        &other,
        "--instance",
        "shelf",
        "-p",
        "A=1",
    ];
    let ran = managed.user.run(&args);

    ran.refused("there is no instance `shelf` in namespace `elsewhere`");
}

#[test]
fn definitions_are_installed_as_often_as_asked() {
    let user = User::new();

    user.run(&["init"]).ok();
    user.run(&["init"]).ok();

    user.run(&["get", "instances"]).ok();
}

#[test]
fn errors_of_an_index_in_a_folder_are_said() {
    let user = User::new();
    user.file("repository/index.yaml", "entries: [");
    let url = format!("file://{}", user.path("repository").display());

    let ran = user.run(&["repo", "add", "broken", &url]);

    ran.refused("index.yaml");
}
