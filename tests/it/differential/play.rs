//! Playing a sequence: on KUDO itself, or on ours.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use kube::{
    Api, Client,
    api::{ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams},
    config::{KubeConfigOptions, Kubeconfig},
    core::GroupVersionKind,
};
use serde_json::{Value, json};
use tokio::{runtime::Runtime, time::Instant};

use super::{
    action::{Action, Sequence},
    package,
    state::{Found, State, compared, neutral},
};
use crate::support::{Backend, Ran, User, managed::Managed, ran};

/// How long KUDO may not move before it is said to hang: it looks every second, but its pods take as
/// long as they take.
const KUDO_HANGS: Duration = Duration::from_secs(8);
const PODS_HANG: Duration = Duration::from_secs(40);
/// How long ours may take to come to KUDO's state. Nothing waits that long which does not differ.
const OURS_COMES: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(100);

/// What came of an action.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Outcome {
    /// What was said when it was refused.
    pub(super) refusal: Option<String>,
    /// What is there when everything has come to rest.
    pub(super) state: State,
}

/// A namespace, and a client.
struct Seat {
    runtime: Runtime,
    client: Client,
    namespace: String,
}

const KINDS: [(&str, &str, &str); 5] = [
    ("kudo.dev", "v1beta1", "Instance"),
    ("kudo.dev", "v1beta1", "Operator"),
    ("kudo.dev", "v1beta1", "OperatorVersion"),
    ("", "v1", "ConfigMap"),
    ("apps", "v1", "Deployment"),
];

impl Seat {
    fn new(kubeconfig: &Path, namespace: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let client = runtime.block_on(async {
            let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
            let options = KubeConfigOptions::default();
            let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options);
            Client::try_from(config.await.unwrap()).unwrap()
        });
        Self {
            runtime,
            client,
            namespace: namespace.to_owned(),
        }
    }

    fn api(&self, (group, version, kind): (&str, &str, &str)) -> Api<DynamicObject> {
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
        Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
    }

    fn instances(&self) -> Api<DynamicObject> {
        self.api(KINDS[0])
    }

    fn instance(&self) -> Value {
        let found = self.runtime.block_on(self.instances().get_opt("shop"));
        serde_json::to_value(found.unwrap()).unwrap()
    }

    fn list(&self, kind: (&str, &str, &str)) -> Vec<Value> {
        let found = self
            .runtime
            .block_on(self.api(kind).list(&ListParams::default()))
            .unwrap();
        let with_kind = |object| {
            let mut object = serde_json::to_value(object).unwrap();
            object["kind"] = kind.2.into();
            object
        };
        found.items.into_iter().map(with_kind).collect()
    }

    fn found(&self) -> Found {
        Found {
            namespace: self.namespace.clone(),
            objects: KINDS.iter().flat_map(|kind| self.list(*kind)).collect(),
            events: self.list(("", "v1", "Event")),
        }
    }

    fn state(&self) -> State {
        self.found().state()
    }

    /// Patches the instance; returns what the server said when it refused.
    fn patch<P: serde::Serialize + std::fmt::Debug>(&self, patch: &Patch<P>) -> Option<String> {
        let (api, params) = (self.instances(), PatchParams::default());
        let patched = self.runtime.block_on(api.patch("shop", &params, patch));
        patched.err().map(refusal)
    }

    /// Makes the spec of the instance this one again.
    fn restore(&self, spec: &Value) {
        let (api, params) = (self.instances(), PostParams::default());
        loop {
            let mut object = self.instance();
            object["spec"] = spec.clone();
            let object = serde_json::from_value(object).unwrap();
            match self.runtime.block_on(api.replace("shop", &params, &object)) {
                Ok(_) => return,
                Err(kube::Error::Api(status)) if status.code == 409 => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    fn delete(&self) -> Option<String> {
        let (api, params) = (self.instances(), DeleteParams::background());
        let deleted = self.runtime.block_on(api.delete("shop", &params));
        deleted.err().map(refusal)
    }

    /// Deletes the namespace. KUDO's manager would run the cleanup plan for ever: its version goes too.
    fn forget(&self) {
        self.delete();
        let patch = Patch::Merge(json!({"metadata": {"finalizers": null}}));
        while !self.instance().is_null() {
            self.patch(&patch);
        }
        self.namespace_request(false);
    }

    fn pause(&self) {
        self.runtime
            .block_on(async { tokio::time::sleep(PAUSE).await });
    }

    fn namespace_request(&self, is_there: bool) {
        let api: Api<k8s_openapi::api::core::v1::Namespace> = Api::all(self.client.clone());
        self.runtime.block_on(async {
            if is_there {
                let namespace = json!({"metadata": {"name": self.namespace}});
                let namespace = serde_json::from_value(namespace).unwrap();
                api.create(&PostParams::default(), &namespace)
                    .await
                    .unwrap();
            } else {
                drop(api.delete(&self.namespace, &DeleteParams::default()).await);
            }
        });
    }
}

fn refusal(error: kube::Error) -> String {
    match error {
        kube::Error::Api(status) => status.message,
        other => other.to_string(),
    }
}

/// Returns the words of a command.
fn words(line: &str, folders: &[String; 2]) -> Vec<String> {
    let word = |word: &str| match word {
        "v1" => folders[0].clone(),
        "v2" => folders[1].clone(),
        word => word.to_owned(),
    };
    line.split(' ')
        .map(word)
        .chain(["--instance".to_owned(), "shop".to_owned()])
        .collect()
}

fn said(ran: &Ran) -> Option<String> {
    (ran.code != 0).then(|| format!("{}{}", ran.stdout, ran.stderr))
}

/// KUDO itself: its command, and a cluster with its manager.
#[derive(Clone, Debug)]
pub(super) struct Kudo {
    pub(super) binary: PathBuf,
    pub(super) kubeconfig: PathBuf,
}

impl Kudo {
    /// Plays a sequence and returns what came of each action.
    pub(super) fn play(&self, sequence: &Sequence) -> Vec<Outcome> {
        let user = User::new();
        let folders = written(&user, sequence);
        let namespace = format!("diff-{}-{}", sequence.name, std::process::id());
        let seat = Seat::new(&self.kubeconfig, &namespace);
        seat.namespace_request(true);
        let act = |action: &Action| match action {
            Action::Kudo(line) => {
                let mut command = Command::new(&self.binary);
                command
                    .args(words(line, &folders))
                    .args(["--namespace", &namespace])
                    .env_clear()
                    .env("HOME", user.path(""))
                    .env("KUBECONFIG", &self.kubeconfig);
                said(&ran(&mut command))
            }
            Action::Patch(patch) => seat.patch(&Patch::Merge(patch)),
            Action::Delete => seat.delete(),
        };
        let mut outcomes = Vec::new();
        for action in &sequence.actions {
            let refusal = act(action).map(|text| neutral(&text, &namespace));
            let state = Self::settled(&seat);
            outcomes.push(Outcome { refusal, state });
        }
        seat.forget();
        outcomes
    }

    /// Waits until nothing moves any more.
    fn settled(seat: &Seat) -> State {
        let mut last = (seat.state(), Instant::now());
        let mut calm = 0;
        loop {
            seat.pause();
            let instance = seat.instance();
            let state = seat.state();
            if state != last.0 {
                last = (state, Instant::now());
                calm = 0;
                continue;
            }
            let is_deleting = instance["metadata"]["deletionTimestamp"].is_string();
            let runs = instance["spec"]["planExecution"]["planName"].is_string();
            let leaves = instance.is_null() && last.0.values().any(|one| !one["owners"].is_null());
            calm += 1;
            let waits = instance["status"]["planStatus"]
                .to_string()
                .contains("IN_PROGRESS");
            let fails = instance["status"]["planStatus"]
                .to_string()
                .contains("\"ERROR\"");
            let limit = if waits && !fails {
                PODS_HANG
            } else {
                KUDO_HANGS
            };
            if !is_deleting && !runs && !leaves && calm >= 5 || last.1.elapsed() > limit {
                return last.0;
            }
        }
    }
}

fn written(user: &User, sequence: &Sequence) -> [String; 2] {
    let write = |number: usize| {
        package::write(
            user,
            &format!("v{}", number + 1),
            &sequence.packages[number],
        )
    };
    [write(0), write(1)]
}

/// Plays a sequence on ours until it ends, or until something came out in another way than on KUDO.
pub(super) fn play_ours(backend: &Backend, sequence: &Sequence, kudo: &[Outcome]) -> Vec<Outcome> {
    let mut managed = Managed::on(backend.clone());
    managed.start();
    let folders = written(&managed.user, sequence);
    let seat = Seat::new(&managed.kubeconfig, managed.user.namespace());
    let mut outcomes = Vec::new();
    let mut was_refused = false;
    for (action, theirs) in sequence.actions.iter().zip(kudo) {
        let refusal = match action {
            Action::Kudo(line) => {
                let words = words(line, &folders);
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                let mut command = managed.user.command(&words);
                said(&ran(command.env("KUDO_RS_NO_WAIT", "true")))
            }
            Action::Patch(patch) => patched(&seat, patch),
            Action::Delete => seat.delete(),
        };
        was_refused |= theirs.refusal.is_some() && matches!(action, Action::Kudo(_));
        let refusal = refusal.map(|text| neutral(&text, &seat.namespace));
        let is_alike = refusal.is_some() == theirs.refusal.is_some();
        let wanted = compared(&theirs.state, was_refused);
        let state = comes_to(&seat, &wanted, was_refused, is_alike);
        let differs = !is_alike || compared(&state, was_refused) != wanted;
        outcomes.push(Outcome { refusal, state });
        if differs {
            break;
        }
    }
    outcomes
}

/// Waits until the state is the one that is wanted, for a while.
fn comes_to(seat: &Seat, wanted: &State, was_refused: bool, is_alike: bool) -> State {
    let begun = Instant::now();
    let limit = if is_alike { OURS_COMES } else { Duration::ZERO };
    loop {
        let state = seat.state();
        let is_there = compared(&state, was_refused) == *wanted;
        // Nothing that still has to be decided on may be taken for nothing to do.
        let is_decided = is_decided(&seat.instance());
        if is_there && is_decided || begun.elapsed() > limit {
            return state;
        }
        seat.pause();
    }
}

fn is_denial(event: &Value) -> bool {
    event["reason"] == "ChangeDenied" || event["reason"] == "InvalidOperatorVersion"
}

fn is_decided(instance: &Value) -> bool {
    instance.is_null()
        || instance["metadata"]["deletionTimestamp"].is_string()
        || instance["spec"]["planExecution"]["planName"].is_string()
        || instance["status"]["observedGeneration"] == instance["metadata"]["generation"]
}

/// Patches the instance, and waits for the decision. KUDO never stores what is refused (row: a refused
/// change), so it is taken back here, for the next action to find the same.
fn patched(seat: &Seat, patch: &Value) -> Option<String> {
    let before = seat.instance();
    let denials = |seat: &Seat| {
        let events = seat.list(("", "v1", "Event"));
        let mut denials = events.into_iter().filter(is_denial).collect::<Vec<_>>();
        denials.sort_by_key(|event| event["metadata"]["resourceVersion"].to_string());
        denials
    };
    let known = denials(seat);
    if let Some(refusal) = seat.patch(&Patch::Merge(patch)) {
        return Some(refusal);
    }
    let generation = |instance: &Value| {
        instance["metadata"]["generation"]
            .as_i64()
            .unwrap_or_default()
    };
    if generation(&seat.instance()) == generation(&before) {
        return None;
    }
    let begun = Instant::now();
    let denial = loop {
        let now = seat.instance();
        let conditions = now["status"]["conditions"].as_array();
        let admitted = conditions
            .into_iter()
            .flatten()
            .find(|one| one["type"] == "Admitted");
        let told = denials(seat);
        if let Some(event) = told.iter().find(|event| !known.contains(event)) {
            break event["message"].as_str().map(str::to_owned);
        }
        let observed = now["status"]["observedGeneration"].as_i64();
        if observed > Some(generation(&before)) {
            let refused = admitted.filter(|admitted| admitted["status"] == "False");
            break refused
                .and_then(|refused| refused["message"].as_str())
                .map(str::to_owned);
        }
        // Row: changes while an instance is being deleted.
        if now["metadata"]["deletionTimestamp"].is_string() {
            break Some("it is being deleted, and changes are not looked at".to_owned());
        }
        if begun.elapsed() > OURS_COMES {
            break Some(format!("nothing was decided on {now}"));
        }
        seat.pause();
    };
    if denial.is_some() {
        seat.restore(&before["spec"]);
    }
    denial
}
