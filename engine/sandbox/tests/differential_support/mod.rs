//! Sending the requests of the list, and comparing what comes back.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper of tests, which the lint's own exception does not see"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One request of the list.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    #[serde(rename = "step")]
    title: String,
    method: String,
    path: String,
    #[serde(default)]
    body: Option<Value>,
    /// A body that is not JSON.
    #[serde(default)]
    raw: Option<String>,
    /// The media type of the body: a kind of patch, `yaml`, `text`.
    #[serde(default, rename = "as")]
    media: String,
    #[serde(default)]
    accept: String,
    /// The code to wait for: what is asked for takes a while.
    #[serde(default)]
    until: Option<u16>,
    /// Only the code is compared: the body is of the server's own making.
    #[serde(default)]
    code_only: bool,
    /// The warnings are compared too.
    #[serde(default)]
    warnings: bool,
    /// The field managers are not compared: controllers write too.
    #[serde(default)]
    unmanaged: bool,
    /// The status is not compared: controllers write it.
    #[serde(default)]
    unstatus: bool,
    /// The body is a stream of events.
    #[serde(default)]
    watch: bool,
    /// The step whose `continue` token is sent.
    #[serde(default)]
    follow: Option<String>,
    /// The step whose `resourceVersion` is sent.
    #[serde(default)]
    since: Option<String>,
    /// No `fieldManager` is added.
    #[serde(default)]
    nomanager: bool,
}

/// What a server answered, less what differs by nature.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) step: String,
    code: u16,
    body: Value,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Reads the list.
pub(crate) fn requests() -> Vec<Step> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/requests.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Sends requests through a client and remembers the answers later ones refer to.
pub(crate) struct Runner {
    client: kube::Client,
    seen: BTreeMap<String, Value>,
}

impl Runner {
    pub(crate) fn new(client: kube::Client) -> Self {
        Self {
            client,
            seen: BTreeMap::new(),
        }
    }

    pub(crate) async fn all(mut self, steps: &[Step]) -> Vec<Answer> {
        let mut answers = Vec::new();
        for step in steps {
            answers.push(self.answer(step).await);
        }
        answers
    }

    async fn answer(&mut self, step: &Step) -> Answer {
        let (mut code, mut text, mut warnings) = self.send(step).await;
        let mut tries = 0;
        while step.until.is_some_and(|wanted| wanted != code) && tries < 300 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            tries += 1;
            (code, text, warnings) = self.send(step).await;
        }
        let body = if step.watch && code == 200 {
            text.lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap())
                .filter(|event| !is_occasional_bookmark(event))
                .collect()
        } else {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        };
        self.seen.insert(step.title.clone(), body.clone());
        Answer {
            step: step.title.clone(),
            code,
            body: comparable(step, body),
            warnings: if step.warnings { warnings } else { Vec::new() },
        }
    }

    async fn send(&self, step: &Step) -> (u16, String, Vec<String>) {
        let mut request = http::Request::builder()
            .method(step.method.as_str())
            .uri(self.path(step))
            .header("user-agent", "differential/1.0");
        if !step.accept.is_empty() {
            request = request.header("accept", &step.accept);
        }
        let body = match (&step.raw, &step.body) {
            (Some(raw), _) => raw.clone().into_bytes(),
            (None, Some(body)) => self.filled(body.clone()).to_string().into_bytes(),
            (None, None) => Vec::new(),
        };
        if !body.is_empty() {
            request = request.header("content-type", media(&step.media));
        }
        let request = request.body(kube::client::Body::from(body)).unwrap();
        let response = self.client.send(request).await.unwrap();
        let warnings = response.headers().get_all("warning").iter();
        let warnings = warnings
            .map(|value| value.to_str().unwrap().to_owned())
            .collect();
        let code = response.status().as_u16();
        let body = axum::body::Body::new(response.into_body());
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (code, String::from_utf8_lossy(&bytes).into_owned(), warnings)
    }

    fn path(&self, step: &Step) -> String {
        let mut path = step.path.clone();
        let mut add = |parameter: String| {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(&parameter);
        };
        if let Some(earlier) = &step.follow {
            let token = self.seen[earlier]
                .pointer("/metadata/continue")
                .and_then(Value::as_str);
            add(format!("continue={}", token.unwrap_or_default()));
        }
        if let Some(earlier) = &step.since {
            let version = self.seen[earlier].pointer("/metadata/resourceVersion");
            add(format!(
                "resourceVersion={}",
                version.and_then(Value::as_str).unwrap()
            ));
        }
        let writes = ["POST", "PUT", "PATCH"].contains(&step.method.as_str());
        if writes && !step.nomanager && !step.path.contains("fieldManager=") {
            add("fieldManager=differential".to_owned());
        }
        path
    }

    /// Replaces `$uid:STEP` by the uid of that step's answer.
    fn filled(&self, body: Value) -> Value {
        match body {
            Value::String(text) => match text.strip_prefix("$uid:") {
                Some(step) => self.seen[step].pointer("/metadata/uid").cloned().unwrap(),
                None => Value::String(text),
            },
            Value::Array(items) => items.into_iter().map(|item| self.filled(item)).collect(),
            Value::Object(members) => members
                .into_iter()
                .map(|(key, value)| (key, self.filled(value)))
                .collect(),
            other => other,
        }
    }
}

fn media(word: &str) -> &'static str {
    match word {
        "" | "plain" => "application/json",
        "text" => "text/plain",
        "yaml" => "application/yaml",
        "json" => "application/json-patch+json",
        "merge" => "application/merge-patch+json",
        "strategic" => "application/strategic-merge-patch+json",
        "apply" => "application/apply-patch+yaml",
        other => panic!("no such media type: {other}"),
    }
}

/// Members whose values differ by nature: times, identities, versions and addresses.
const BY_NATURE: &[&str] = &[
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "time",
    "lastTransitionTime",
    "continue",
    "clusterIP",
    "clusterIPs",
    "nodePort",
    "hash",
    "responseKind",
    "storageVersionHash",
    // The recorded schemas have no descriptions.
    "description",
];

fn comparable(step: &Step, body: Value) -> Value {
    if step.code_only || step.until.is_some() {
        return Value::Null;
    }
    let mut body = without(body, BY_NATURE);
    if step.unmanaged {
        body = without(body, &["managedFields"]);
    }
    if step.unstatus {
        body = without(body, &["status", "managedFields"]);
    }
    body
}

fn without(value: Value, keys: &[&str]) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(key, _)| !keys.contains(&key.as_str()))
            .map(|(key, value)| (without_uids(&key), without(value, keys)))
            .collect(),
        Value::Array(items) => items.into_iter().map(|item| without(item, keys)).collect(),
        Value::String(text) if is_age(&text) => "AGE".into(),
        Value::String(text) => Value::String(without_uids(&text)),
        other => other,
    }
}

/// True for a bookmark that a server sends when its timer says so; the one that ends the initial
/// events is always sent.
fn is_occasional_bookmark(event: &Value) -> bool {
    let annotations = event.pointer("/object/metadata/annotations");
    event["type"] == "BOOKMARK"
        && annotations.is_none_or(|marks| marks["k8s.io/initial-events-end"] != "true")
}

/// True for the age of something young, as tables show it.
fn is_age(text: &str) -> bool {
    text.strip_suffix('s')
        .is_some_and(|seconds| seconds.parse::<u32>().is_ok())
}

/// Replaces what looks like a UUID.
fn without_uids(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let is_uid = |start: usize| {
        letters.get(start..start + 36).is_some_and(|part| {
            part.iter().enumerate().all(|(index, letter)| match index {
                8 | 13 | 18 | 23 => *letter == '-',
                _ => letter.is_ascii_hexdigit(),
            })
        })
    };
    let (mut shown, mut index) = (String::new(), 0);
    while index < letters.len() {
        if is_uid(index) {
            shown.push_str("UID");
            index += 36;
        } else {
            shown.push(letters[index]);
            index += 1;
        }
    }
    shown
}

/// Says where two answers differ.
pub(crate) fn difference(expected: &Answer, actual: &Answer) -> Option<String> {
    let mut places = Vec::new();
    if expected.code != actual.code {
        places.push(format!(
            "  code: real {}, sandbox {}",
            expected.code, actual.code
        ));
    }
    if expected.warnings != actual.warnings {
        places.push(format!(
            "  warnings: real {:?}, sandbox {:?}",
            expected.warnings, actual.warnings
        ));
    }
    differing(
        "",
        &sorted(&expected.body),
        &sorted(&actual.body),
        &mut places,
    );
    (!places.is_empty()).then(|| format!("{}:\n{}", actual.step, places.join("\n")))
}

/// Sorts managers by name: servers sort them by time first, and a second may begin in between.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| {
                let mut value = sorted(value);
                if let (true, Some(managers)) = (key == "managedFields", value.as_array_mut()) {
                    managers.sort_by_key(|entry| {
                        ["manager", "operation", "subresource"]
                            .map(|key| entry[key].as_str().unwrap_or_default().to_owned())
                    });
                }
                (key.clone(), value)
            })
            .collect(),
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

fn differing(path: &str, expected: &Value, actual: &Value, places: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(left), Value::Object(right)) => {
            let keys: std::collections::BTreeSet<&String> =
                left.keys().chain(right.keys()).collect();
            for key in keys {
                let absent = Value::String("(absent)".to_owned());
                let (left, right) = (
                    left.get(key).unwrap_or(&absent),
                    right.get(key).unwrap_or(&absent),
                );
                differing(&format!("{path}.{key}"), left, right, places);
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                differing(&format!("{path}[{index}]"), left, right, places);
            }
        }
        (left, right) if left != right => {
            places.push(format!("  {path}: real {left}, sandbox {right}"));
        }
        _ => {}
    }
}
