//! Events on an instance, as KUDO's controller wrote them (kudo-spec 5.2).

use futures::FutureExt as _;
use kube::{
    Api,
    api::{DynamicObject, PostParams},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    api::{API_VERSION, names::FIELD_MANAGER},
    plan::status::whole_seconds,
    subject::Subject,
};

use super::{Cluster, ClusterError, kinds};

/// How serious an event is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Severity {
    /// All is well.
    Normal,
    /// Somebody should look.
    Warning,
}

impl Cluster {
    /// Records an event on the instance of `subject`.
    ///
    /// An event that cannot be written is only logged: no plan fails because nobody could be told.
    pub async fn record(&self, subject: &Subject, severity: Severity, reason: &str, message: &str) {
        let id = self.ids().uid();
        self.record_once(subject, &id, severity, reason, message)
            .await;
    }

    /// Records an event that there is only one of for `id` and its reason, however often that is
    /// tried and by whomever.
    pub async fn record_once(
        &self,
        subject: &Subject,
        id: &str,
        severity: Severity,
        reason: &str,
        message: &str,
    ) {
        let now = whole_seconds(self.clock().now()).to_string();
        let name = format!("{}.{}", subject.name, digest(&format!("{id}/{reason}")));
        let event = json!({
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": name, "namespace": subject.namespace},
            "involvedObject": {
                "apiVersion": API_VERSION,
                "kind": "Instance",
                "name": subject.name,
                "namespace": subject.namespace,
                "uid": subject.uid,
            },
            "type": match severity {
                Severity::Normal => "Normal",
                Severity::Warning => "Warning",
            },
            "reason": reason,
            "message": shortened(message),
            "source": {"component": FIELD_MANAGER},
            "reportingComponent": FIELD_MANAGER,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        });
        let kind = kinds::namespaced("", "v1", "Event", "events");
        let api = self.objects(&kind, &subject.namespace);
        let write = || write(&api, &event).boxed();
        if let Err(error) = self.unconditionally(write).await {
            tracing::warn!(%error, reason, "the event could not be written");
        }
    }
}

/// Creates an event; one that is there already was written before.
async fn write(api: &Api<DynamicObject>, event: &Value) -> Result<(), ClusterError> {
    let event = serde_json::from_value(event.clone())?;
    match api.create(&PostParams::default(), &event).await {
        Ok(_) => Ok(()),
        Err(error) => match ClusterError::from(error) {
            error if error.is_already_there() => Ok(()),
            error => Err(error),
        },
    }
}

/// Returns a name that stands for `text`.
fn digest(text: &str) -> String {
    let mut name = String::new();
    for byte in &Sha256::digest(text)[..16] {
        name.push(char::from_digit((byte >> 4).into(), 16).unwrap_or_default());
        name.push(char::from_digit((byte & 15).into(), 16).unwrap_or_default());
    }
    name
}

/// The API server refuses events with more than 1024 bytes of message.
fn shortened(message: &str) -> String {
    const LONGEST: usize = 1000;
    if message.len() <= LONGEST {
        return message.to_owned();
    }
    let end = (0..=LONGEST)
        .rev()
        .find(|at| message.is_char_boundary(*at))
        .unwrap_or_default();
    format!("{}...", &message[..end])
}
