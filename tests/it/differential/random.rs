//! Random sequences: two versions of a random operator, and random actions on an instance of it.
//!
//! A sequence depends on nothing but its seed.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Map, Value, json};

use super::{
    action::{Action, Sequence, kudo, plan, set, version},
    package::{self, Package},
};

const ACTIONS: usize = 6;

struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    // xorshift64: any stream that can be replayed will do.
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % limit as u64).unwrap()
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len())]
    }
}

/// What a random operator is made of, before it is a package.
#[derive(Clone)]
struct Operator {
    version: &'static str,
    parameters: Vec<Value>,
    plans: BTreeMap<String, Value>,
}

const NAMES: [&str; 5] = ["A", "B", "C", "D", "E"];
const PLANS: [&str; 6] = ["deploy", "update", "upgrade", "cleanup", "one", "two"];
const TYPES: [&str; 7] = ["", "string", "integer", "boolean", "number", "array", "map"];

fn values(value_type: &str) -> &'static [&'static str] {
    match value_type {
        "integer" => &["1", "2", "007", "-3", "x", "1.5"],
        "boolean" => &["true", "false", "T", "0", "maybe"],
        "number" => &["1", "2.5", "1e3", "many"],
        "array" => &["[]", "[1]", r#"["a","b"]"#, "x"],
        "map" => &["{}", r#"{"a":"b"}"#, r#"{"n":[1,2.5]}"#, "[1]"],
        _ => &["x", "y", "z"],
    }
}

fn parameter(random: &mut Random, name: &str, plans: &[String]) -> Value {
    let value_type = random.of(&TYPES);
    let mut parameter = json!({"name": name});
    if !value_type.is_empty() {
        parameter["type"] = value_type.into();
    }
    // The last value of a type may be one that it does not have; a default always is.
    if !random.one_in(3) {
        parameter["default"] = random.of(&values(value_type)[..2]).into();
        if matches!(value_type, "array" | "map") {
            parameter["default"] = serde_json::from_str(values(value_type)[1]).unwrap();
        }
    } else if !random.one_in(4) {
        parameter["required"] = false.into();
    }
    if random.one_in(6) {
        parameter["immutable"] = true.into();
    }
    if random.one_in(2) {
        parameter["trigger"] = plans[random.below(plans.len())].as_str().into();
    }
    if random.one_in(12) {
        parameter["trigger"] = "nowhere".into();
    }
    parameter
}

/// Returns a plan. What one of its tasks writes no other touches, so it may do several at a time.
fn random_plan(random: &mut Random, name: &str) -> Value {
    let mut tasks = vec!["see", "web", "ok"];
    tasks.push(random.of(&["one", "drop", "flip"]));
    let ends = ["bad", "again", "hang", "nobody"];
    if name != "deploy" && random.one_in(5) {
        tasks.push(random.of(&ends));
    }
    let strategy = |random: &mut Random| random.of(&["serial", "parallel"]);
    // What else runs when one fails is a matter of time, unless it is one after the other.
    let is_safe = !tasks.iter().any(|task| ends.contains(task));
    let choose = |random: &mut Random| {
        if is_safe { strategy(random) } else { "serial" }
    };
    let mut phases = Vec::new();
    for number in 0..=random.below(2) {
        let mut steps = Vec::new();
        for step in 0..random.below(3) {
            let mut names = Vec::new();
            for _ in 0..random.below(3) {
                if !tasks.is_empty() {
                    names.push(tasks.remove(random.below(tasks.len())));
                }
            }
            steps.push(json!({"name": format!("step-{step}"), "tasks": names}));
        }
        phases.push(json!({
            "name": format!("phase-{number}"), "strategy": choose(random), "steps": steps,
        }));
    }
    json!({"strategy": choose(random), "phases": phases})
}

fn operator(random: &mut Random) -> Operator {
    let mut plans = BTreeMap::new();
    for name in PLANS {
        if name == "deploy" || random.one_in(2) {
            plans.insert(name.to_owned(), random_plan(random, name));
        }
    }
    let triggers: Vec<String> = plans
        .keys()
        .filter(|name| *name != "cleanup")
        .cloned()
        .collect();
    let count = 2 + random.below(NAMES.len() - 2);
    let parameters = NAMES[..count]
        .iter()
        .map(|name| parameter(random, name, &triggers))
        .collect();
    Operator {
        version: "0.1.0",
        parameters,
        plans,
    }
}

/// Returns the next version: some plans and parameters are others. Whether there is a cleanup plan
/// stays: when the finalizer follows is a row of its own.
fn next(random: &mut Random, before: &Operator) -> Operator {
    let mut after = before.clone();
    after.version = "0.2.0";
    for name in PLANS {
        match (name, random.below(5)) {
            ("deploy" | "cleanup", _) | (_, 2..) => {}
            (_, 0) => drop(after.plans.remove(name)),
            (_, _) => drop(
                after
                    .plans
                    .insert(name.to_owned(), random_plan(random, name)),
            ),
        }
    }
    let triggers: Vec<String> = after
        .plans
        .keys()
        .filter(|name| *name != "cleanup")
        .cloned()
        .collect();
    for parameter in &mut after.parameters {
        let name = parameter["name"].as_str().unwrap().to_owned();
        if random.one_in(4) {
            *parameter = self::parameter(random, &name, &triggers);
        }
        if random.one_in(6) {
            let was = parameter["immutable"].as_bool().unwrap_or_default();
            parameter["immutable"] = (!was).into();
        }
    }
    if random.one_in(3) {
        after.parameters.remove(0);
    }
    if random.one_in(2) {
        after.parameters.push(parameter(random, "F", &triggers));
    }
    after
}

fn package(operator: &Operator) -> Package {
    let flip = operator
        .parameters
        .iter()
        .find(|one| one["type"] == "boolean");
    let flip = match flip {
        Some(parameter) => json!({"name": "flip", "kind": "Toggle", "spec": {
            "resources": ["two.yaml"], "parameter": parameter["name"],
        }}),
        None => json!({"name": "flip", "kind": "Apply", "spec": {"resources": ["two.yaml"]}}),
    };
    let applying = |name: &str, files: &[&str]| json!({"name": name, "kind": "Apply", "spec": {"resources": files}});
    let manifest = json!({
        "apiVersion": "kudo.dev/v1beta1", "name": "mirror", "operatorVersion": operator.version,
        "appVersion": "2.0", "kubernetesVersion": "1.17.0", "plans": operator.plans,
        "tasks": [
            applying("see", &["seen.yaml"]),
            applying("one", &["one.yaml"]),
            applying("web", &["web.yaml"]),
            {"name": "drop", "kind": "Delete", "spec": {"resources": ["one.yaml"]}},
            {"name": "ok", "kind": "Dummy", "spec": {"done": true}},
            {"name": "hang", "kind": "Dummy", "spec": {"done": false}},
            {"name": "again", "kind": "Dummy", "spec": {"wantErr": true}},
            {"name": "bad", "kind": "Dummy", "spec": {"wantErr": true, "fatal": true}},
            flip,
        ],
    });
    let parameters = json!({"apiVersion": "kudo.dev/v1beta1", "parameters": operator.parameters});
    let replicas = package::WEB.replace("{{ .Params.COUNT }}", "1");
    BTreeMap::from([
        ("operator.yaml".to_owned(), manifest.to_string()),
        ("params.yaml".to_owned(), parameters.to_string()),
        (
            "templates/seen.yaml".to_owned(),
            package::seen(&operator.parameters),
        ),
        (
            "templates/one.yaml".to_owned(),
            package::map("one", "  x: \"1\"\n"),
        ),
        (
            "templates/two.yaml".to_owned(),
            package::map("two", "  x: \"2\"\n"),
        ),
        ("templates/web.yaml".to_owned(), replicas),
    ])
}

fn value(random: &mut Random, parameter: &Value) -> &'static str {
    let all = values(parameter["type"].as_str().unwrap_or_default());
    // Most values are good ones.
    let count = if random.one_in(8) { all.len() } else { 2 };
    random.of(&all[..count])
}

/// Returns a command with values for some of these parameters.
fn with_values(
    random: &mut Random,
    mut line: String,
    parameters: &[Value],
    at_least: usize,
) -> String {
    for _ in 0..at_least + random.below(2) {
        let parameter = &parameters[random.below(parameters.len())];
        let name = parameter["name"].as_str().unwrap();
        write!(line, " -p {name}={}", value(random, parameter)).unwrap();
    }
    line
}

fn install(random: &mut Random, operator: &Operator) -> Action {
    let mut line = "install v1".to_owned();
    for parameter in &operator.parameters {
        let needs = parameter["default"].is_null() && parameter["required"].is_null();
        if needs && !random.one_in(10) || random.one_in(4) {
            let name = parameter["name"].as_str().unwrap();
            write!(line, " -p {name}={}", value(random, parameter)).unwrap();
        }
    }
    kudo(line)
}

fn patched(random: &mut Random, parameters: &[Value]) -> Map<String, Value> {
    let mut patch = Map::new();
    for _ in 0..=random.below(2) {
        let parameter = &parameters[random.below(parameters.len())];
        let name = parameter["name"].as_str().unwrap().to_owned();
        let value = if random.one_in(4) {
            Value::Null
        } else {
            value(random, parameter).into()
        };
        patch.insert(name, value);
    }
    if random.one_in(15) {
        patch.insert("NOBODY".to_owned(), "1".into());
    }
    patch
}

fn action(random: &mut Random, number: usize, before: &Operator, after: &Operator) -> Action {
    let all = [before.parameters.as_slice(), after.parameters.as_slice()].concat();
    let uid = format!("u{number}");
    match random.below(20) {
        0..=4 => kudo(with_values(random, "update".to_owned(), &all, 1)),
        5..=7 => {
            let name = random.of(&["deploy", "update", "one", "two", "cleanup", "none"]);
            kudo(format!("plan trigger --name {name}"))
        }
        8..=11 => set(&patched(random, &all).into()),
        12 => plan(random.of(&["deploy", "one", "two", ""]), &uid),
        13 => {
            let mut patch = json!({"spec": {"parameters": patched(random, &all)}});
            patch["spec"]["planExecution"] =
                json!({"planName": random.of(&["deploy", "one"]), "uid": uid});
            Action::Patch(patch)
        }
        14..=15 => kudo(with_values(
            random,
            "upgrade v2".to_owned(),
            &after.parameters,
            0,
        )),
        16 => version(random.of(&["0.1.0", "0.2.0"])),
        17 => {
            let mut patch = json!({"spec": {"parameters": patched(random, &all)}});
            patch["spec"]["operatorVersion"] = json!({"name": "mirror-2.0-0.2.0"});
            Action::Patch(patch)
        }
        18 => kudo("install v2 --skip-instance"),
        _ => {
            if random.one_in(2) {
                Action::Delete
            } else {
                kudo("uninstall")
            }
        }
    }
}

/// Returns the sequence of a seed.
pub(super) fn sequence(seed: u64) -> Sequence {
    let mut random = Random::new(seed);
    let before = operator(&mut random);
    let after = next(&mut random, &before);
    let mut actions = vec![install(&mut random, &before)];
    for number in 0..ACTIONS {
        actions.push(action(&mut random, number, &before, &after));
    }
    Sequence {
        name: format!("seed-{seed}"),
        packages: [package(&before), package(&after)],
        actions,
    }
}
