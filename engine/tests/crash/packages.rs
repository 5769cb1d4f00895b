//! Packages whose plans are interrupted.

use std::{collections::BTreeMap, fs};

use kudo_engine::{
    operations::Upgrade,
    package::{Found, Package},
};

use crate::world::Command;

/// A package and what is done with it: first undisturbed, then the command that is disturbed.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) instance: String,
    pub(crate) before: Vec<Command>,
    pub(crate) command: Command,
}

const TEMPLATES: [(&str, &str); 12] = [
    ("map", "apiVersion: v1
kind: ConfigMap
metadata: {name: map}
data: {size: {{ .Params.SIZE | quote }}}
"),
    ("secret", "apiVersion: v1
kind: Secret
metadata: {name: password}
stringData: {password: {{ randAlphaNum 20 | quote }}}
"),
    ("server", "apiVersion: apps/v1
kind: Deployment
metadata: {name: server}
spec:
  replicas: 2
  selector: {matchLabels: {app: server}}
  template:
    metadata: {labels: {app: server}}
    spec:
      containers:
      - {name: main, image: busybox, envFrom: [{configMapRef: {name: map}}, {secretRef: {name: password}}]}
"),
    ("store", "apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store}
spec:
  replicas: {{ .Params.SIZE }}
  serviceName: store
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec: {containers: [{name: main, image: busybox}]}
"),
    ("service", "apiVersion: v1
kind: Service
metadata: {name: store}
spec: {clusterIP: None, selector: {app: store}, ports: [{port: 80}]}
"),
    ("job", "apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  template:
    spec: {restartPolicy: Never, containers: [{name: main, image: busybox}]}
"),
    ("job2", "apiVersion: batch/v1
kind: Job
metadata: {name: once}
spec:
  template:
    spec: {restartPolicy: Never, containers: [{name: main, image: another}]}
"),
    ("crd", "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: things, singular: thing, kind: Thing, listKind: ThingList}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"),
    ("thing", "apiVersion: example.com/v1
kind: Thing
metadata: {name: thing}
spec: {size: {{ .Params.SIZE }}}
"),
    ("space", "apiVersion: v1
kind: Namespace
metadata: {name: annex}
"),
    ("extra", "apiVersion: v1
kind: ConfigMap
metadata: {name: extra}
"),
    ("other", "apiVersion: v1
kind: ConfigMap
metadata: {name: other}
data: {size: {{ .Params.SIZE | quote }}}
"),
];

const TASKS: &str = "
- {name: config, kind: Apply, spec: {resources: [map.yaml, secret.yaml]}}
- {name: kinds, kind: Apply, spec: {resources: [crd.yaml, thing.yaml, space.yaml]}}
- {name: server, kind: Apply, spec: {resources: [server.yaml]}}
- {name: store, kind: Apply, spec: {resources: [service.yaml, store.yaml]}}
- {name: job, kind: Apply, spec: {resources: [job.yaml]}}
- {name: job2, kind: Apply, spec: {resources: [job2.yaml]}}
- {name: drop-job, kind: Delete, spec: {resources: [job.yaml]}}
- {name: extra, kind: Toggle, spec: {parameter: EXTRA, resources: [extra.yaml]}}
- {name: other, kind: Apply, spec: {resources: [other.yaml]}}
- {name: drop-other, kind: Delete, spec: {resources: [other.yaml, extra.yaml]}}
- {name: dummy, kind: Dummy, spec: {done: true}}
- {name: fail, kind: Dummy, spec: {wantErr: true, fatal: true}}
";

const PARAMETERS_ALONE: &str = "apiVersion: kudo.dev/v1beta1
parameters:
- {name: SIZE, default: \"2\"}
";

const PARAMETERS: &str = "apiVersion: kudo.dev/v1beta1
parameters:
- {name: SIZE, default: \"2\", trigger: resize}
- {name: EXTRA, default: \"true\", trigger: toggle}
";

/// Returns the package in `files`.
fn package(files: &[(&str, &str)]) -> Package {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    Package::read(folder.path()).unwrap()
}

/// Returns an installation of a package that has these plans, written as
/// `plan strategy: phase strategy: step=task,task ...` lines.
fn install(plans: &str) -> Command {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for (name, text) in TEMPLATES {
        write(&format!("templates/{name}.yaml"), text);
    }
    write("params.yaml", PARAMETERS);
    write(
        "operator.yaml",
        &format!(
            "apiVersion: kudo.dev/v1beta1\nname: demo\noperatorVersion: 0.1.0\n\
             kubernetesVersion: 1.20.0\ntasks:{TASKS}plans:\n{plans}"
        ),
    );
    let release = Package::read(folder.path()).unwrap().release().unwrap();
    let release = release.named("default", Some("demo"), BTreeMap::new());
    Command::Install(Box::new(release), Vec::new())
}

/// Returns a plan of one phase, each step with one task of the same name.
fn plan(name: &str, strategy: &str, steps: &[&str]) -> String {
    let steps: Vec<String> = steps
        .iter()
        .enumerate()
        .map(|(index, task)| format!("{{name: s{index}-{task}, tasks: [{task}]}}"))
        .collect();
    format!(
        "  {name}:\n    strategy: serial\n    phases:\n    - {{name: main, strategy: {strategy}, \
         steps: [{}]}}\n",
        steps.join(", ")
    )
}

fn set(values: &[(&str, &str)]) -> Command {
    let values = values
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    Command::Set(values.collect())
}

fn scenario(name: &'static str, before: Vec<Command>, command: Command) -> Scenario {
    Scenario {
        name,
        instance: "demo".to_owned(),
        before,
        command,
    }
}

pub(crate) fn serial() -> Scenario {
    let all = [
        "kinds",
        "config",
        "server",
        "store",
        "job",
        "extra",
        "dummy",
        "drop-other",
    ];
    scenario(
        "deploy, serial",
        Vec::new(),
        install(&plan("deploy", "serial", &all[..7])),
    )
}

pub(crate) fn parallel() -> Scenario {
    let all = [
        "kinds", "config", "server", "store", "job", "extra", "other", "dummy",
    ];
    scenario(
        "deploy, parallel",
        Vec::new(),
        install(&plan("deploy", "parallel", &all)),
    )
}

/// A Job that a later step takes away, comes back as another, and is replaced by a third.
pub(crate) fn jobs() -> Scenario {
    let steps = [
        "job",
        "drop-job",
        "job2",
        "job",
        "drop-job",
        "other",
        "drop-other",
    ];
    scenario(
        "jobs that come and go",
        Vec::new(),
        install(&plan("deploy", "serial", &steps)),
    )
}

pub(crate) fn failing() -> Scenario {
    let steps = ["config", "job", "fail", "other"];
    scenario(
        "a plan that fails",
        Vec::new(),
        install(&plan("deploy", "serial", &steps)),
    )
}

fn changeable() -> Command {
    install(
        &[
            plan("deploy", "serial", &["config", "server", "store", "extra"]),
            plan("resize", "serial", &["config", "server", "store", "job"]),
            plan("toggle", "parallel", &["extra", "other"]),
            plan(
                "redo",
                "serial",
                &["drop-other", "other", "extra", "job2", "drop-job"],
            ),
            plan("cleanup", "serial", &["job", "drop-job", "drop-other"]),
        ]
        .concat(),
    )
}

pub(crate) fn update() -> Scenario {
    scenario(
        "update by a trigger",
        vec![changeable()],
        set(&[("SIZE", "3")]),
    )
}

pub(crate) fn toggle_off() -> Scenario {
    scenario(
        "toggle, off",
        vec![changeable()],
        set(&[("EXTRA", "false")]),
    )
}

pub(crate) fn run_by_hand() -> Scenario {
    scenario(
        "a plan by hand",
        vec![changeable()],
        Command::Run("redo".to_owned()),
    )
}

pub(crate) fn cleanup() -> Scenario {
    scenario(
        "uninstall with cleanup",
        vec![changeable()],
        Command::Uninstall,
    )
}

/// A pod makes files, which become a Secret and a `ConfigMap`; later steps use and remake them.
pub(crate) fn pipes() -> Scenario {
    let operator = "apiVersion: kudo.dev/v1beta1
name: demo
operatorVersion: 0.1.0
tasks:
- name: make
  kind: Pipe
  spec:
    pod: pod.yaml
    pipe:
    - {file: /files/tls.key, kind: Secret, key: Key}
    - {file: /files/tls.crt, kind: ConfigMap, key: Cert}
- {name: use, kind: Apply, spec: {resources: [map.yaml]}}
plans:
  deploy:
    strategy: serial
    phases:
    - {name: one, strategy: serial, steps: [{name: make, tasks: [make]}, {name: use, tasks: [use]}]}
";
    let pod = "apiVersion: v1
kind: Pod
spec:
  volumes: [{name: work, emptyDir: {}}]
  initContainers:
  - {name: make, image: alpine, command: [make], volumeMounts: [{name: work, mountPath: /files}]}
";
    let map = "apiVersion: v1
kind: ConfigMap
metadata: {name: user}
data: {key: \"{{ .Pipes.Key }}\", cert: \"{{ .Pipes.Cert }}\"}
";
    let package = package(&[
        ("operator.yaml", operator),
        (
            "params.yaml",
            "apiVersion: kudo.dev/v1beta1\nparameters: []\n",
        ),
        ("templates/pod.yaml", pod),
        ("templates/map.yaml", map),
    ]);
    let release = package.release().unwrap();
    let release = release.named("default", Some("demo"), BTreeMap::new());
    scenario(
        "pipes",
        Vec::new(),
        Command::Install(Box::new(release), Vec::new()),
    )
}

/// A package whose only tasks are two others, of which one has children too.
pub(crate) fn tree() -> Scenario {
    let leaf = "apiVersion: kudo.dev/v1beta1
name: leaf
operatorVersion: 0.1.0
tasks:
- {name: config, kind: Apply, spec: {resources: [map.yaml, job.yaml]}}
plans:
  deploy: {strategy: serial, phases: [{name: main, strategy: serial, steps: [{name: config, tasks: [config]}]}]}
";
    let parent = |name: &str, child: &str| {
        format!(
            "apiVersion: kudo.dev/v1beta1
name: {name}
operatorVersion: 0.1.0
tasks:
- {{name: child, kind: KudoOperator, spec: {{package: {child}, operatorVersion: 0.1.0}}}}
plans:
  deploy: {{strategy: serial, phases: [{{name: main, strategy: serial, steps: [{{name: child, tasks: [child]}}]}}]}}
"
        )
    };
    let parameters = (
        "params.yaml",
        "apiVersion: kudo.dev/v1beta1\nparameters: []\n",
    );
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \"{{ .Name }}\"}\n";
    let job = TEMPLATES.iter().find(|(name, _)| *name == "job").unwrap().1;
    let read = |operator: &str| {
        package(&[
            ("operator.yaml", operator),
            parameters,
            ("templates/map.yaml", map),
            ("templates/job.yaml", job),
        ])
    };
    let needed = [read(leaf), read(&parent("middle", "leaf"))].map(|package| {
        let release = package.release().unwrap();
        Found {
            operator: release.operator,
            operator_version: release.operator_version,
            package: Some(package),
        }
    });
    let release = read(&parent("demo", "middle")).release().unwrap();
    let release = release.named("default", Some("demo"), BTreeMap::new());
    let install = Command::Install(Box::new(release), needed.to_vec());
    scenario("a tree of operators", Vec::new(), install)
}

/// A newer version that no longer has one of its objects, and runs a Job on the way.
pub(crate) fn upgrade() -> Scenario {
    let read = |version: &str, resources: &str| {
        let operator = format!(
            "apiVersion: kudo.dev/v1beta1
name: demo
operatorVersion: {version}
tasks:
- {{name: app, kind: Apply, spec: {{resources: [{resources}]}}}}
- {{name: job, kind: Apply, spec: {{resources: [job.yaml]}}}}
plans:
  deploy: {{strategy: serial, phases: [{{name: main, strategy: serial, steps: [{{name: app, tasks: [app]}}]}}]}}
  upgrade:
    strategy: serial
    phases:
    - name: main
      strategy: serial
      steps: [{{name: job, tasks: [job]}}, {{name: app, tasks: [app]}}]
"
        );
        let names = ["map", "other", "job"].map(|name| format!("templates/{name}.yaml"));
        let template = |name: &str| TEMPLATES.iter().find(|one| one.0 == name).unwrap().1;
        package(&[
            ("operator.yaml", &operator),
            ("params.yaml", PARAMETERS_ALONE),
            (&names[0], template("map")),
            (&names[1], template("other")),
            (&names[2], template("job")),
        ])
    };
    let old = read("0.1.0", "map.yaml, other.yaml").release().unwrap();
    let old = old.named("default", Some("demo"), BTreeMap::new());
    let package = read("0.2.0", "map.yaml");
    let release = package.release().unwrap();
    let upgrade = Upgrade {
        package: Found {
            operator: release.operator,
            operator_version: release.operator_version,
            package: Some(package),
        },
        needed: Vec::new(),
        parameters: BTreeMap::new(),
        allow_downgrade: false,
        is_dry_run: false,
    };
    scenario(
        "upgrade with prune",
        vec![Command::Install(Box::new(old), Vec::new())],
        Command::Upgrade(Box::new(upgrade)),
    )
}

pub(crate) fn all() -> Vec<Scenario> {
    vec![
        serial(),
        parallel(),
        jobs(),
        failing(),
        update(),
        toggle_off(),
        run_by_hand(),
        cleanup(),
        pipes(),
        tree(),
        upgrade(),
    ]
}
