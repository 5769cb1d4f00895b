//! The packages that both sides play: two versions of one operator, made by hand.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::User;

/// The files of a package.
pub(super) type Package = BTreeMap<String, String>;

/// Writes a package into `folder` of a user's home and returns its path.
pub(super) fn write(user: &User, folder: &str, package: &Package) -> String {
    for (name, text) in package {
        user.file(&format!("{folder}/{name}"), text);
    }
    user.path(folder).to_str().unwrap().to_owned()
}

/// A `ConfigMap` called after the instance. What a version no longer has stays: pruning is a row of its
/// own.
pub(super) fn map(name: &str, data: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{{{ .Name }}}}-{name}\n  \
         annotations: {{kudo.dev/prune: disabled}}\ndata:\n{data}"
    )
}

pub(super) const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Name }}-web
spec:
  replicas: {{ .Params.COUNT }}
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web
        image: lab.local/busybox:1.36
        command: [sleep, \"86400\"]
";

const PLACE: &str = "  place: {{ .PlanName }}/{{ .PhaseName }}/{{ .StepName }}\n  versions: {{ .OperatorName }} \
                     {{ .OperatorVersion }} {{ .AppVersion | quote }}\n";

/// Returns the line of a map that shows a parameter.
pub(super) fn shown(name: &str, value_type: &str) -> String {
    match value_type {
        "map" | "array" => format!(
            "  {name}: {{{{ .Params.{name} | toJson | quote }}}}\n  {name}-yaml: {{{{ .Params.{name} | toYaml | \
             quote }}}}\n"
        ),
        _ => format!("  {name}: {{{{ .Params.{name} | quote }}}}\n"),
    }
}

/// Returns the template that shows these parameters and where it is rendered.
pub(super) fn seen(parameters: &[Value]) -> String {
    let lines = parameters.iter().map(|parameter| {
        let text = |key: &str| parameter[key].as_str().unwrap_or_default();
        shown(text("name"), text("type"))
    });
    map("seen", &format!("{PLACE}{}", lines.collect::<String>()))
}

fn parameters() -> Vec<Value> {
    vec![
        json!({"name": "COLOUR", "default": "blue", "enum": ["blue", "green", ""]}),
        json!({"name": "COUNT", "default": "1", "type": "integer", "trigger": "scale"}),
        json!({"name": "TOKEN"}),
        json!({"name": "EXTRA", "default": "false", "type": "boolean"}),
        json!({"name": "BREAK", "required": false, "trigger": "break"}),
        json!({"name": "LOST", "required": false, "trigger": "nowhere"}),
        json!({"name": "STUCK", "default": "1", "trigger": "hang"}),
        json!({"name": "REGION", "default": "north", "immutable": true}),
        json!({"name": "TAGS", "type": "map", "required": false}),
        json!({"name": "ITEMS", "type": "array", "required": false}),
    ]
}

fn task(name: &str, kind: &str, spec: &Value) -> Value {
    json!({"name": name, "kind": kind, "spec": spec})
}

fn applying(name: &str) -> Value {
    task(
        name,
        "Apply",
        &json!({"resources": [format!("{name}.yaml")]}),
    )
}

/// Returns a plan of one phase with a step for each task.
fn plan(name: &str, tasks: &[&str]) -> (String, Value) {
    let steps: Vec<Value> = tasks
        .iter()
        .map(|task| json!({"name": task, "tasks": [task]}))
        .collect();
    let phase = json!({"name": "main", "strategy": "serial", "steps": steps});
    (
        name.to_owned(),
        json!({"strategy": "serial", "phases": [phase]}),
    )
}

fn tasks() -> Vec<Value> {
    let dummy = |spec: Value| move |name: &str| task(name, "Dummy", &spec);
    vec![
        applying("seen"),
        applying("web"),
        applying("note"),
        applying("blind"),
        applying("garbage"),
        applying("alien"),
        task(
            "extra",
            "Toggle",
            &json!({"resources": ["extra.yaml"], "parameter": "EXTRA"}),
        ),
        task("forget", "Delete", &json!({"resources": ["note.yaml"]})),
        dummy(json!({"wantErr": true, "fatal": true}))("fail"),
        dummy(json!({"wantErr": true}))("again"),
        dummy(json!({}))("hang"),
    ]
}

fn plans() -> BTreeMap<String, Value> {
    let mut plans = BTreeMap::from([
        plan("deploy", &["seen", "web", "extra"]),
        plan("scale", &["seen", "web"]),
        plan("note", &["note", "seen"]),
        plan("break", &["seen", "fail", "note"]),
        plan("again", &["seen", "again", "note"]),
        plan("hang", &["seen", "hang", "note"]),
        plan("blind", &["seen", "blind"]),
        plan("garbage", &["garbage"]),
        plan("alien", &["alien"]),
        plan("forget", &["forget"]),
        plan("lost", &["seen", "nobody"]),
        plan("upgrade", &["seen"]),
        plan("cleanup", &["forget"]),
    ]);
    plans.insert(
        "empty".to_owned(),
        json!({"strategy": "serial", "phases": []}),
    );
    let idle = json!([{"name": "nothing", "tasks": []}]);
    plans.insert(
        "idle".to_owned(),
        json!({"strategy": "parallel", "phases": [
            {"name": "one", "strategy": "parallel", "steps": idle},
            {"name": "two", "strategy": "serial", "steps": []},
        ]}),
    );
    plans
}

fn package(version: &str, parameters: &[Value], plans: &BTreeMap<String, Value>) -> Package {
    let operator = json!({
        "apiVersion": "kudo.dev/v1beta1", "name": "mirror", "operatorVersion": version,
        "appVersion": "2.0", "kubernetesVersion": "1.17.0", "tasks": tasks(), "plans": plans,
    });
    let parameters_file = json!({"apiVersion": "kudo.dev/v1beta1", "parameters": parameters});
    let alien = "apiVersion: example.com/v1\nkind: Alien\nmetadata:\n  name: one\n";
    let template = |name: &str, text: String| (format!("templates/{name}.yaml"), text);
    BTreeMap::from([
        ("operator.yaml".to_owned(), operator.to_string()),
        ("params.yaml".to_owned(), parameters_file.to_string()),
        template("seen", seen(parameters)),
        template("extra", map("extra", "  x: \"1\"\n")),
        template("note", map("note", "  step: {{ .StepName }}\n")),
        template("blind", map("blind", "  x: {{ .Params.NOBODY }}\n")),
        template("garbage", "a: [".to_owned()),
        template("alien", alien.to_owned()),
        template("web", WEB.to_owned()),
    ])
}

/// The first version: its parameters have all types and triggers, its plans all ways to end.
pub(super) fn first() -> Package {
    let mut parameters = parameters();
    parameters.push(json!({"name": "GONE", "required": false}));
    package("0.1.0", &parameters, &plans())
}

/// The second version: one parameter went, one came, and one starts another plan.
pub(super) fn second() -> Package {
    let mut parameters = parameters();
    parameters[4]["trigger"] = "note".into();
    parameters.push(json!({"name": "FRESH", "default": "x"}));
    let mut plans = plans();
    plans.remove("again");
    package("0.2.0", &parameters, &plans)
}
