//! The same package and the same commands and patches on KUDO itself and on ours, state by state.
//!
//! Sequences are played as suites (`kudo-rs test`): KUDO's manager and command on one side, ours on the
//! other. After every action the instance, the objects it owns and its events are written down and
//! compared, less what differs by nature (uids, times) and what differs on purpose, which names its
//! row in docs/compatibility.md. Needs `KUDO_RS_TEST_KUDO` and `KUDO_RS_TEST_KUDO_KUBECONFIG`, and
//! kubectl; `KUDO_RS_TEST_SEED` replays one random sequence.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::support::{User, ran, suite::search_path};

const RANDOM_SEQUENCES: u64 = 12;
const RANDOM_ACTIONS: usize = 6;

/// What is done to the instance.
#[derive(Clone, Debug)]
enum Action {
    /// A command of KUDO's, without the instance.
    Kudo(String),
    /// A value is patched into a parameter.
    Patch(&'static str, String),
    /// A parameter is patched away; it has this value in the end.
    Unset(&'static str, &'static str),
}

fn kudo(line: &str) -> Action {
    Action::Kudo(line.to_owned())
}

fn patch(name: &'static str, value: &str) -> Action {
    Action::Patch(name, value.to_owned())
}

/// Sequences made by hand, each for a question.
#[expect(clippy::too_many_lines, reason = "a table, one entry a question")]
fn by_hand() -> Vec<(String, Vec<Action>)> {
    let install = || kudo("install ../package -p TOKEN=t");
    let sequences: Vec<(&str, Vec<Action>)> = vec![
        ("install", vec![install()]),
        ("install-without-required", vec![kudo("install ../package")]),
        (
            "install-wrong-value",
            vec![kudo("install ../package -p TOKEN=t -p COUNT=x")],
        ),
        (
            "install-wrong-enum",
            vec![kudo("install ../package -p TOKEN=t -p COLOUR=red")],
        ),
        ("install-twice", vec![install(), install()]),
        ("update", vec![install(), kudo("update -p COLOUR=green")]),
        (
            "update-to-the-same",
            vec![install(), kudo("update -p COLOUR=blue")],
        ),
        (
            "update-with-trigger",
            vec![install(), kudo("update -p COUNT=3")],
        ),
        (
            "update-two-one-trigger",
            vec![install(), kudo("update -p COUNT=3 -p COLOUR=green")],
        ),
        (
            "update-two-triggers",
            vec![install(), kudo("update -p COUNT=3 -p BREAK=1")],
        ),
        (
            "update-immutable",
            vec![install(), kudo("update -p REGION=south")],
        ),
        (
            "update-wrong-integer",
            vec![install(), kudo("update -p COUNT=many")],
        ),
        (
            "update-unknown",
            vec![install(), kudo("update -p NOTHING=1")],
        ),
        ("update-nothing", vec![install(), kudo("update")]),
        (
            "toggle",
            vec![
                install(),
                kudo("update -p EXTRA=true"),
                kudo("update -p EXTRA=false"),
            ],
        ),
        (
            "broken",
            vec![
                install(),
                kudo("update -p BREAK=1"),
                kudo("update -p COLOUR=green"),
            ],
        ),
        (
            "broken-again",
            vec![
                install(),
                kudo("update -p BREAK=1"),
                kudo("plan trigger --name break"),
            ],
        ),
        (
            "trigger",
            vec![
                install(),
                kudo("plan trigger --name note"),
                kudo("plan trigger --name deploy"),
            ],
        ),
        (
            "trigger-unknown",
            vec![install(), kudo("plan trigger --name nothing")],
        ),
        (
            "trigger-cleanup",
            vec![install(), kudo("plan trigger --name cleanup")],
        ),
        (
            "patch",
            vec![install(), patch("COLOUR", "green"), patch("COUNT", "2")],
        ),
        (
            "unset",
            vec![
                install(),
                kudo("update -p COLOUR=green"),
                Action::Unset("COLOUR", "blue"),
            ],
        ),
        ("uninstall", vec![install(), kudo("uninstall --wait")]),
        (
            "uninstall-and-back",
            vec![install(), kudo("uninstall --wait"), install()],
        ),
        ("uninstall-nobody", vec![kudo("uninstall")]),
        (
            "map",
            vec![
                install(),
                kudo("update -p 'TAGS={a: b, c: 1}'"),
                patch("TAGS", "{}"),
            ],
        ),
        (
            "list",
            vec![
                install(),
                kudo("update -p 'ITEMS=[1, two]'"),
                patch("ITEMS", "[]"),
            ],
        ),
    ];
    let named = |(name, actions): (&str, _)| (name.to_owned(), actions);
    sequences.into_iter().map(named).collect()
}

/// Returns a sequence that depends on nothing but its seed.
fn random(seed: u64) -> Vec<Action> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut below = |limit: usize| {
        // xorshift64: any stream that can be replayed will do.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % limit as u64).unwrap()
    };
    let values: [(&str, &[&str]); 7] = [
        ("COLOUR", &["blue", "green", "red"]),
        ("COUNT", &["1", "2", "3", "x"]),
        ("EXTRA", &["true", "false", "maybe"]),
        ("BREAK", &["1", "2"]),
        ("REGION", &["north", "south"]),
        ("TAGS", &["{a: b}", "{}"]),
        ("ITEMS", &["[1]", "[a, b]"]),
    ];
    let mut actions = vec![kudo("install ../package -p TOKEN=t")];
    for _ in 0..RANDOM_ACTIONS {
        actions.push(match below(10) {
            0..=5 => {
                let mut line = "update".to_owned();
                for _ in 0..=below(2) {
                    let (name, values) = values[below(values.len())];
                    write!(line, " -p '{name}={}'", values[below(values.len())]).unwrap();
                }
                Action::Kudo(line)
            }
            6..=7 => {
                let plans = ["deploy", "note", "break", "scale", "none"];
                Action::Kudo(format!("plan trigger --name {}", plans[below(plans.len())]))
            }
            8 => kudo("uninstall --wait"),
            _ => kudo("install ../package -p TOKEN=u"),
        });
    }
    actions
}

/// Writes the suite of all sequences.
fn suite(user: &User, sequences: &[(String, Vec<Action>)]) -> PathBuf {
    package(user);
    user.file("suite/settle.sh", SETTLE);
    for (name, actions) in sequences {
        for (number, action) in actions.iter().enumerate() {
            let script = script(name, number, action);
            let step = json!({
                "apiVersion": "kuttl.dev/v1beta1", "kind": "TestStep",
                "commands": [{"script": script, "timeout": -1}],
            });
            user.file(
                &format!("suite/{name}/{number:02}-act.yaml"),
                &step.to_string(),
            );
        }
    }
    user.path("suite")
}

fn script(case: &str, number: usize, action: &Action) -> String {
    let (act, wait) = match action {
        Action::Kudo(line) => {
            let mut words = line.splitn(2, ' ');
            let (first, rest) = (words.next().unwrap(), words.next().unwrap_or_default());
            let instance = "--instance one --namespace $NAMESPACE";
            (
                format!("kubectl kudo {first} {rest} {instance}"),
                String::new(),
            )
        }
        Action::Patch(name, value) => {
            let patch = json!({"spec": {"parameters": {*name: value}}});
            (patched(&patch), format!("{name} '{value}'"))
        }
        Action::Unset(name, value) => {
            let patch = json!({"spec": {"parameters": {*name: null}}});
            (patched(&patch), format!("{name} '{value}'"))
        }
    };
    format!(
        "D=$DIFFERENTIAL_OUT/{case}/{number:02}; mkdir -p $D\n\
         {act} >$D/said 2>&1; echo $? >$D/code\n\
         sh ../settle.sh $D {wait}\n"
    )
}

fn patched(patch: &Value) -> String {
    format!("kubectl patch instance one -n $NAMESPACE --type merge -p '{patch}'")
}

/// Waits until nothing is scheduled or running, twice in a row, and writes down what is there.
const SETTLE: &str = r#"
D=$1; NAME=$2; VALUE=$3
last=
for _ in $(seq 1 150); do
  sleep 0.4
  now=$(kubectl get instance one -n "$NAMESPACE" --ignore-not-found -o jsonpath='{.metadata.resourceVersion} plan={.spec.planExecution.planName}; {.metadata.deletionTimestamp} [{.status.planStatus.*.status} ]')
  case "$now" in *' IN_PROGRESS '*|*'[IN_PROGRESS '*|*' PENDING '*|*'[PENDING '*|*' ERROR '*) last=; continue;; esac
  case "$now" in ''|*'plan=;'*) ;; *) last=; continue;; esac
  if [ -n "$NAME" ] && [ "$(kubectl get cm one-seen -n "$NAMESPACE" -o "jsonpath={.data.$NAME}")" != "$VALUE" ]; then last=; continue; fi
  if [ "x$now" = "$last" ]; then break; fi
  last="x$now"
done
echo "$NAMESPACE" >$D/namespace
kubectl get instances.kudo.dev,operators.kudo.dev,operatorversions.kudo.dev,configmaps,deployments -n "$NAMESPACE" -o json >$D/objects
kubectl get events -n "$NAMESPACE" -o json >$D/events
"#;

fn package(user: &User) {
    let map = |name: &str, data: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{{{ .Name }}}}-{name}\ndata:\n{data}"
        )
    };
    let seen = "  plan: {{ .PlanName }}\n  COLOUR: {{ .Params.COLOUR }}\n  COUNT: {{ .Params.COUNT | quote }}\n  \
                TAGS: {{ .Params.TAGS | toJson | quote }}\n  ITEMS: {{ .Params.ITEMS | toJson | quote }}\n";
    user.file("suite/package/templates/seen.yaml", &map("seen", seen));
    user.file(
        "suite/package/templates/extra.yaml",
        &map("extra", "  x: \"1\"\n"),
    );
    user.file(
        "suite/package/templates/note.yaml",
        &map("note", "  step: {{ .StepName }}\n"),
    );
    user.file(
        "suite/package/templates/web.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Name }}-web\nspec:\n  \
         replicas: {{ .Params.COUNT }}\n  selector:\n    matchLabels: {app: web}\n  template:\n    \
         metadata:\n      labels: {app: web}\n    spec:\n      containers:\n      - name: web\n        \
         image: lab.local/busybox:1.36\n        command: [sleep, \"86400\"]\n",
    );
    user.file(
        "suite/package/params.yaml",
        "apiVersion: kudo.dev/v1beta1\nparameters:\n\
         - {name: COLOUR, default: blue, enum: [blue, green]}\n\
         - {name: COUNT, default: \"1\", type: integer, trigger: scale}\n\
         - {name: TOKEN}\n\
         - {name: EXTRA, default: \"false\", type: boolean}\n\
         - {name: BREAK, required: false, trigger: break}\n\
         - {name: REGION, default: north, immutable: true}\n\
         - {name: TAGS, type: map, required: false}\n\
         - {name: ITEMS, type: array, required: false}\n",
    );
    let plan = |name: &str, strategy: &str, tasks: &[&str]| {
        let steps: Vec<Value> = tasks
            .iter()
            .map(|t| json!({"name": t, "tasks": [t]}))
            .collect();
        (
            name.to_owned(),
            json!({"strategy": "serial", "phases": [
                {"name": "main", "strategy": strategy, "steps": steps},
            ]}),
        )
    };
    let operator = json!({
        "apiVersion": "kudo.dev/v1beta1", "name": "mirror", "operatorVersion": "0.1.0",
        "appVersion": "2.0", "kubernetesVersion": "1.17.0",
        "tasks": [
            {"name": "seen", "kind": "Apply", "spec": {"resources": ["seen.yaml"]}},
            {"name": "web", "kind": "Apply", "spec": {"resources": ["web.yaml"]}},
            {"name": "note", "kind": "Apply", "spec": {"resources": ["note.yaml"]}},
            {"name": "extra", "kind": "Toggle", "spec": {"resources": ["extra.yaml"], "parameter": "EXTRA"}},
            {"name": "forget", "kind": "Delete", "spec": {"resources": ["note.yaml"]}},
            {"name": "fail", "kind": "Dummy", "spec": {"wantErr": true, "fatal": true}},
        ],
        "plans": BTreeMap::from([
            plan("deploy", "parallel", &["seen", "web", "extra"]),
            plan("scale", "serial", &["seen", "web"]),
            plan("note", "serial", &["note", "seen"]),
            plan("break", "serial", &["seen", "fail", "note"]),
            plan("cleanup", "serial", &["forget"]),
        ]),
    });
    user.file("suite/package/operator.yaml", &operator.to_string());
}

/// Plays the suite and returns where it wrote what it saw.
fn play(user: &User, side: &str, suite: &Path, extra: &[(&str, &Path)]) -> PathBuf {
    let out = user.path(side);
    let mut args = vec![
        "test",
        "--suite",
        suite.to_str().unwrap(),
        "--parallel",
        "6",
    ];
    for (flag, path) in extra {
        args.extend([*flag, path.to_str().unwrap()]);
    }
    let mut command = user.command(&args);
    command
        .env("PATH", search_path())
        .env("DIFFERENTIAL_OUT", &out);
    let ran = ran(&mut command);
    assert_eq!(ran.code, 0, "{side}:\n{}\n{}", ran.stdout, ran.stderr);
    out
}

/// What was seen after an action, less what differs by nature or on purpose.
fn seen(folder: &Path) -> BTreeMap<String, Value> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
    // Each side plays in a namespace of its own, which messages name.
    let namespace = read("namespace");
    let list = |name: &str| -> Value {
        serde_json::from_str(&read(name).replace(namespace.trim(), "<namespace>")).unwrap()
    };
    let mut state = BTreeMap::new();
    state.insert("refused".to_owned(), (read("code").trim() != "0").into());
    for object in list("objects")["items"].as_array().unwrap() {
        let (kind, name) = (&object["kind"], &object["metadata"]["name"]);
        let name = format!("{} {}", kind.as_str().unwrap(), name.as_str().unwrap());
        if name != "ConfigMap kube-root-ca.crt" {
            state.insert(name, comparable(object));
        }
    }
    let events: BTreeSet<String> = list("events")["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["involvedObject"]["kind"] == "Instance")
        .map(|event| format!("{} {} {}", event["type"], event["reason"], event["message"]))
        // Row: `PlanFinished` event of a failed plan.
        .filter(|event| !event.contains("finished with status FATAL_ERROR"))
        .collect();
    state.insert("events".to_owned(), json!(events));
    state
}

fn comparable(object: &Value) -> Value {
    let metadata = &object["metadata"];
    let mut annotations = metadata["annotations"].clone();
    for name in [
        "kudo.dev/last-applied-configuration",
        "kudo.dev/last-plan-execution-uid",
        "deployment.kubernetes.io/revision",
    ] {
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.remove(name);
        }
    }
    let mut owners = metadata["ownerReferences"].clone();
    for owner in owners.as_array_mut().into_iter().flatten() {
        owner.as_object_mut().unwrap().remove("uid");
    }
    let mut spec = object["spec"].clone();
    let mut status = Value::Null;
    if object["kind"] == "Instance" {
        status = plans(&object["status"]["planStatus"]);
        // Row: Ready after a failed plan.
        if !status.to_string().contains("FATAL_ERROR") {
            let conditions = object["status"]["conditions"].as_array().cloned();
            let ready = conditions
                .unwrap_or_default()
                .into_iter()
                .find(|one| one["type"] == "Ready");
            status["Ready"] =
                ready.map_or(Value::Null, |one| json!([one["status"], one["reason"]]));
        }
    }
    if object["kind"] == "Deployment" {
        // Defaults of other Kubernetes versions are none of KUDO's.
        spec = json!({
            "replicas": spec["replicas"], "labels": spec["template"]["metadata"]["labels"],
            "annotations": spec["template"]["metadata"]["annotations"],
        });
    }
    json!({
        "labels": metadata["labels"], "annotations": annotations, "owners": owners,
        "finalizers": metadata["finalizers"], "spec": spec, "data": object["data"], "status": status,
    })
}

/// Statuses and messages of plans, less times and uids.
fn plans(statuses: &Value) -> Value {
    let mut statuses = statuses.clone();
    for plan in statuses
        .as_object_mut()
        .into_iter()
        .flat_map(|map| map.values_mut())
    {
        let plan = plan.as_object_mut().unwrap();
        plan.remove("uid");
        plan.remove("lastUpdatedTimestamp");
    }
    without_times(&mut statuses);
    statuses
}

/// Takes the times of phases and steps away, which KUDO does not write (row: history).
fn without_times(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, _| key != "started" && key != "finished");
            map.values_mut().for_each(without_times);
        }
        Value::Array(items) => items.iter_mut().for_each(without_times),
        _ => {}
    }
}

/// Returns what differs between two sides, one line each.
fn differences(sequences: &[(String, Vec<Action>)], kudo: &Path, ours: &Path) -> String {
    let mut text = String::new();
    for (name, actions) in sequences {
        for (number, action) in actions.iter().enumerate() {
            let folder = format!("{name}/{number:02}");
            let (theirs, here) = (seen(&kudo.join(&folder)), seen(&ours.join(&folder)));
            let keys: BTreeSet<&String> = theirs.keys().chain(here.keys()).collect();
            for key in keys {
                let (wanted, found) = (theirs.get(key), here.get(key));
                if wanted != found {
                    writeln!(
                        text,
                        "{name}, action {number} {action:?}: {key}\n  KUDO: {}\n  ours: {}",
                        wanted.unwrap_or(&Value::Null),
                        found.unwrap_or(&Value::Null)
                    )
                    .unwrap();
                }
            }
        }
    }
    text
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "tests choose their backend by the environment"
)]
fn sequences_end_as_on_kudo_itself() {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let (Some(binary), Some(kubeconfig)) = (
        variable("KUDO_RS_TEST_KUDO"),
        variable("KUDO_RS_TEST_KUDO_KUBECONFIG"),
    ) else {
        eprintln!(
            "skipped: KUDO itself, KUDO_RS_TEST_KUDO and KUDO_RS_TEST_KUDO_KUBECONFIG are not set"
        );
        return;
    };
    let seed = std::env::var("KUDO_RS_TEST_SEED").ok();
    let seed: Option<u64> = seed.map(|seed| seed.parse().unwrap());
    let mut sequences = if seed.is_none() {
        by_hand()
    } else {
        Vec::new()
    };
    let seeds = seed.map_or(1..=RANDOM_SEQUENCES, |seed| seed..=seed);
    sequences.extend(seeds.map(|seed| (format!("seed-{seed}"), random(seed))));
    let user = User::new();
    let suite = suite(&user, &sequences);

    let on_kudo = [
        ("--kubeconfig", kubeconfig.as_path()),
        ("--kudo", binary.as_path()),
    ];
    let kudo = play(&user, "kudo", &suite, &on_kudo);
    let mut text = differences(&sequences, &kudo, &play(&user, "sandbox", &suite, &[]));
    match variable("KUDO_RS_TEST_KUBECONFIG") {
        None => eprintln!("skipped: a real API server, KUDO_RS_TEST_KUBECONFIG is not set"),
        Some(cluster) => {
            let here = play(&user, "cluster", &suite, &[("--kubeconfig", &cluster)]);
            text.push_str(&differences(&sequences, &kudo, &here));
        }
    }

    assert!(text.is_empty(), "KUDO_RS_TEST_SEED replays a seed\n{text}");
}
