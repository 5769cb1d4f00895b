//! Packages as users write them, from folders and archives.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::*;

const OPERATOR: &str = "name: first
operatorVersion: 0.1.0
appVersion: 5.7
kubernetesVersion: 1.13
tasks:
- name: app
  kind: Apply
  spec: {resources: [app.yaml]}
plans:
  deploy:
    strategy: serial
    phases:
    - name: main
      steps:
      - name: everything
        tasks: [app]
";
const PARAMETERS: &str = "parameters:\n- name: COUNT\n  default: \"3\"\n";

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files);
    folder
}

fn read(files: &[(&str, &str)]) -> Result<Package, PackageError> {
    Package::read(folder(files).path())
}

fn with_operator(operator: &str) -> Result<Package, PackageError> {
    read(&[("operator.yaml", operator), ("params.yaml", PARAMETERS)])
}

fn with_parameters(parameters: &str) -> Result<Package, PackageError> {
    read(&[("operator.yaml", OPERATOR), ("params.yaml", parameters)])
}

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        // Written by hand, because the library refuses to write names that leave the archive.
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        builder.append(&header, text.as_bytes()).unwrap();
    }
    gzip(&builder.into_inner().unwrap())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_folder_is_read_with_its_templates_at_any_depth() {
    let package = read(&[
        ("operator.yaml", OPERATOR),
        ("params.yaml", PARAMETERS),
        ("README.md", "not part of it"),
        ("templates/app.yaml", "a"),
        ("templates/sub/x.yaml", "b"),
        ("templates/a/templates/b.yaml", "c"),
        ("templates/old.yaml.bak", "d"),
        ("templates/no.yml", "e"),
        ("templatesX/y.yaml", "f"),
        ("templates/operator.yaml", "g"),
        ("child/operator.yaml", "name: child"),
    ])
    .unwrap();

    let names: Vec<&str> = package.templates.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "app.yaml",
            "b.yaml",
            "old.yaml.bak",
            "operator.yaml",
            "sub/x.yaml",
            "templatesX/y.yaml"
        ]
    );
    assert_eq!(package.manifest.name, "first");
}

#[test]
fn the_package_may_be_in_a_sub_folder_named_operator() {
    let folder = folder(&[
        ("operator/operator.yaml", OPERATOR),
        ("operator/params.yaml", PARAMETERS),
        ("docs/x.md", ""),
    ]);
    let package = Package::read(folder.path()).unwrap();
    assert!(
        package
            .manifest
            .document
            .file
            .ends_with("operator/operator.yaml")
    );
}

#[test]
fn unquoted_versions_are_text() {
    let manifest = with_operator(OPERATOR).unwrap().manifest;
    assert_eq!(manifest.app_version, "5.7");
    assert_eq!(manifest.kubernetes_version, "1.13");
    assert_eq!(
        with_operator("appVersion: 1.10")
            .unwrap()
            .manifest
            .app_version,
        "1.1"
    );
    assert_eq!(
        with_operator("appVersion: yes")
            .unwrap()
            .manifest
            .app_version,
        "true"
    );
}

#[test]
fn keys_match_in_any_case_and_unknown_ones_are_ignored() {
    let manifest = with_operator("OperatorVersion: 1.0.0\nNAME: a\nname: b\nfuture: {x: [1]}\n");
    let manifest = manifest.unwrap().manifest;
    assert_eq!(manifest.operator_version, "1.0.0");
    assert_eq!(manifest.name, "b");
}

#[test]
fn anchors_and_merges_work_as_in_any_yaml() {
    let text = "x: &task {kind: Apply, spec: {resources: [a.yaml]}}\n\
                tasks:\n- {<<: *task, name: one}\n- {<<: *task, name: two, kind: Delete}\n";
    let tasks = with_operator(text).unwrap().manifest.tasks;
    let kinds: Vec<_> = tasks
        .iter()
        .map(|task| (task.name.as_str(), task.kind.as_str()))
        .collect();
    assert_eq!(kinds, [("one", "Apply"), ("two", "Delete")]);
}

#[test]
fn a_plan_may_be_empty() {
    let plans = with_operator("plans: {deploy: {}, other: }")
        .unwrap()
        .manifest
        .plans;
    assert_eq!(plans.len(), 2);
    assert!(plans.values().all(|plan| plan.phases.is_empty()));
}

#[test]
fn missing_files_are_named() {
    let error = read(&[("operator.yaml", OPERATOR)])
        .unwrap_err()
        .to_string();
    assert!(
        error.starts_with("operator package missing params.yaml in /"),
        "{error}"
    );
    let error = Package::read(Path::new("missing")).unwrap_err().to_string();
    assert_eq!(error, "stat missing: no such file or directory");
    assert_eq!(
        Package::read(Path::new("")).unwrap_err().to_string(),
        "path must be specified"
    );
}

#[test]
fn what_cannot_be_read_is_pointed_at() {
    let PackageError(yaml) = with_operator("name: a\nurl: [b\n").unwrap_err();
    assert!(yaml.message.starts_with(
        "failed to unmarshal operator file: error converting YAML to JSON: yaml: line 2: "
    ));
    assert_eq!(yaml.line, 3);

    let PackageError(kind) =
        with_operator("tasks:\n- name: a\n  spec: {done: maybe}\n").unwrap_err();
    assert_eq!(
        kind.message,
        "failed to unmarshal operator file: `tasks[0].spec.done` must be true or false, got `maybe`"
    );
    assert_eq!((kind.line, kind.column), (3, 16));
    assert_eq!(kind.source_line.as_deref(), Some("  spec: {done: maybe}"));

    let empty = with_operator("# nothing\n").unwrap_err().to_string();
    assert_eq!(
        empty,
        "failed to parse yaml into valid operator operator.yaml"
    );
    let version = with_operator("apiVersion: kudo.dev/v2\n")
        .unwrap_err()
        .to_string();
    assert_eq!(
        version,
        "expecting supported API version kudo.dev/v1beta1 but got kudo.dev/v2"
    );
    let version = with_parameters("apiVersion: v2\n").unwrap_err().to_string();
    assert_eq!(
        version,
        "failed to unmarshal parameters file: params.yaml: expecting supported API version \
         kudo.dev/v1beta1 but got v2"
    );
}

#[test]
fn parameters_are_required_unless_they_say_otherwise() {
    let text = "parameters:\n- name: A\n- name: B\n  required: no\n  default: 1000000\n\
                - name: C\n  type: array\n  default: [80, 443]\n- name: D\n  enum: []\n";
    let parameters = with_parameters(text).unwrap().parameters;
    let a = parameters.get("A").unwrap();
    assert!(a.required && a.default.is_none() && a.allowed.is_none());
    let b = parameters.get("B").unwrap();
    assert!(!b.required && b.default.as_deref() == Some("1e+06"));
    assert_eq!(
        parameters.get("C").unwrap().default.as_deref(),
        Some("- 80\n- 443\n")
    );
    assert_eq!(parameters.get("D").unwrap().allowed, Some(Vec::new()));
    for nothing in ["", "parameters:\n", "# nothing"] {
        assert!(
            with_parameters(nothing)
                .unwrap()
                .parameters
                .parameters
                .is_empty()
        );
    }
}

#[test]
fn a_release_has_the_names_and_contents_of_kudos() {
    let package = read(&[
        ("operator.yaml", OPERATOR),
        ("params.yaml", PARAMETERS),
        ("templates/app.yaml", "text"),
    ])
    .unwrap();
    let release = package.release().unwrap();

    assert_eq!(release.operator.metadata.name.as_deref(), Some("first"));
    let version = &release.operator_version;
    assert_eq!(version.metadata.name.as_deref(), Some("first-5.7-0.1.0"));
    assert_eq!(version.spec.templates["app.yaml"], "text");
    assert_eq!(version.spec.parameters[0].default.as_deref(), Some("3"));
    assert!(version.spec.parameters[0].required);
    let instance = &release.instance;
    assert_eq!(instance.metadata.name.as_deref(), Some("first-instance"));
    assert_eq!(
        instance.metadata.labels.as_ref().unwrap()["kudo.dev/operator"],
        "first"
    );
    assert_eq!(
        instance.spec.operator_version.name.as_deref(),
        Some("first-5.7-0.1.0")
    );
    assert_eq!(release::operator_version_name("a", "", "1.0.0"), "a-1.0.0");
}

// kudo-spec 1.7
#[test]
fn what_keeps_a_package_from_being_installed_is_said_at_once() {
    let operator = "tasks:
- {name: a, kind: Nope}
- {name: b, kind: Toggle}
- {name: c, kind: Pipe, spec: {pod: pod.yaml}}
- {name: d, kind: Apply, spec: {resources: [ap.yaml]}}
- {name: e, kind: KudoOperator, spec: {parameterFile: p.yaml}}
- {name: f, kind: Dummy}
";
    let files = [
        ("operator.yaml", operator),
        ("params.yaml", PARAMETERS),
        ("templates/app.yaml", ""),
    ];
    let error = read(&files).unwrap().release().unwrap_err();
    assert_eq!(
        error.to_string(),
        "unknown task kind Nope\n\
         toggle task b does not have parameter specified\n\
         task c does not have pipe files specified\n\
         task c missing template: pod.yaml\n\
         task d missing template: ap.yaml\n\
         task e missing template: p.yaml"
    );
    assert_eq!(error.0[4].hint.as_deref(), Some("did you mean `app.yaml`?"));
    assert_eq!(error.0[4].line, 5);
}

#[test]
fn an_archive_is_read_like_a_folder_and_children_stay_in_it() {
    let bytes = archive(&[
        ("./operator.yaml", OPERATOR),
        ("/params.yaml", PARAMETERS),
        ("templates/app.yaml", "text"),
        ("child/operator.yaml", "name: child"),
        ("child/params.yaml", ""),
        ("child/templates/x.yaml", "child's"),
    ]);
    let package = Package::read_archive("first.tgz", &bytes).unwrap();
    assert_eq!(package.templates["app.yaml"], "text");
    assert_eq!(
        package.template_file("app.yaml"),
        "first.tgz:templates/app.yaml"
    );

    let child = package.read_child("../../child").unwrap();
    assert_eq!(child.manifest.name, "child");
    assert_eq!(child.templates["x.yaml"], "child's");
    assert!(package.read_child("./nothing").is_err());
}

#[test]
fn an_archive_in_a_file_is_recognised_by_its_beginning() {
    let folder = folder(&[]);
    let path = folder.path().join("first.tgz");
    fs::write(
        &path,
        archive(&[("operator.yaml", OPERATOR), ("params.yaml", "")]),
    )
    .unwrap();
    assert_eq!(Package::read(&path).unwrap().manifest.name, "first");

    fs::write(&path, "no archive").unwrap();
    let error = Package::read(&path).unwrap_err().to_string();
    assert!(
        error.ends_with("is neither a package directory nor a .tgz archive"),
        "{error}"
    );
}

#[test]
fn a_hostile_archive_is_refused() {
    let refusal = |bytes: &[u8]| {
        Package::read_archive("x.tgz", bytes)
            .unwrap_err()
            .to_string()
    };

    let leaving = archive(&[("templates/../../x.yaml", "")]);
    assert_eq!(
        refusal(&leaving),
        "the archive member templates/../../x.yaml leaves the package"
    );
    let large = "x".repeat(5 * 1024 * 1024);
    let refused = refusal(&archive(&[("templates/x.yaml", &large)]));
    assert_eq!(
        refused,
        "templates/x.yaml is larger than the limit of 4194304 bytes"
    );
    let many: Vec<(&str, &str)> = vec![("x", ""); 10_001];
    assert_eq!(
        refusal(&archive(&many)),
        "the archive has more than 10000 members"
    );
    let zeros = "\0".repeat(65 * 1024 * 1024);
    let bomb = refusal(&archive(&[
        ("image.bin", &zeros),
        ("operator.yaml", OPERATOR),
    ]));
    assert_eq!(
        bomb,
        "the archive cannot be read: it unpacks to more than 67108864 bytes"
    );
    for broken in [&b""[..], &[0x1f, 0x8b], &gzip(b"nonsense")] {
        assert!(!refusal(broken).is_empty());
    }
}

#[test]
fn links_in_an_archive_are_skipped_and_noted() {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    builder
        .append_link(&mut header, "templates/x.yaml", "/etc/passwd")
        .unwrap();
    let mut bytes = builder.into_inner().unwrap();
    bytes.truncate(bytes.len() - 1024);
    let mut rest = tar::Builder::new(bytes);
    for (name, text) in [("operator.yaml", OPERATOR), ("params.yaml", "")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        rest.append_data(&mut header, name, text.as_bytes())
            .unwrap();
    }
    let bytes = gzip(&rest.into_inner().unwrap());

    let package = Package::read_archive("x.tgz", &bytes).unwrap();
    assert!(package.templates.is_empty());
    assert_eq!(
        package.notes,
        ["the archive member templates/x.yaml is no regular file and was skipped"]
    );
}

#[cfg(unix)]
#[test]
fn a_link_out_of_a_folder_is_refused() {
    let outside = folder(&[("secret", "x")]);
    let inside = folder(&[("operator.yaml", OPERATOR), ("params.yaml", "")]);
    write(inside.path(), &[("templates/a.yaml", "")]);
    let link = inside.path().join("templates/b.yaml");
    std::os::unix::fs::symlink(outside.path().join("secret"), link).unwrap();

    let error = Package::read(inside.path()).unwrap_err().to_string();
    assert!(
        error.ends_with("templates/b.yaml is a link to a file outside of the package"),
        "{error}"
    );
}
