//! Events on an instance, as KUDO's controller wrote them (kudo-spec 5.2).

use kube::api::PostParams;
use serde_json::json;

use crate::{
    api::{API_VERSION, names::FIELD_MANAGER},
    plan::status::whole_seconds,
    subject::Subject,
};

use super::{Cluster, kinds};

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
        let now = whole_seconds(self.clock().now()).to_string();
        let name = format!("{}.{}", subject.name, self.ids().uid().replace('-', ""));
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
        let written = match serde_json::from_value(event) {
            Ok(event) => api.create(&PostParams::default(), &event).await.map(drop),
            Err(error) => Err(kube::Error::SerdeError(error)),
        };
        if let Err(error) = written {
            tracing::warn!(%error, reason, "the event could not be written");
        }
    }
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
