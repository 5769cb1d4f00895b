//! Apply: render, mark, send (kudo-spec 3.3).

use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use crate::{
    cluster::{ClusterError, Kind, kinds},
    dependency_hash::{self, Dependency},
    enhance::enhance,
    error::{TaskError, event},
    plan::Position,
    render::Rendered,
};

use super::{Started, Wait, Worker, wait::Awaited};

/// How many objects of a task are sent at the same time.
const AT_ONCE: usize = 4;

/// An object that is ready to be sent.
struct Prepared {
    kind: Kind,
    object: Value,
}

impl Worker {
    pub(super) async fn apply(
        &self,
        resources: &[String],
        position: &Position,
    ) -> Result<Started, TaskError> {
        let rendered = self.renderer.objects(resources, position)?;
        let objects: Vec<&Value> = rendered.iter().map(|one| &one.object).collect();
        self.journal.touch(position, &objects).await;
        // What later objects of the same task are made in or of has to be there first.
        let (first, rest): (Vec<_>, Vec<_>) = rendered.into_iter().partition(is_foundation);
        let mut warnings = Vec::new();
        if !first.is_empty() {
            let wait = self.send_all(first, position, &mut warnings).await?;
            self.finish(Wait::Healthy(wait), |_| {}).await?;
        }
        let awaited = self.send_all(rest, position, &mut warnings).await?;
        Ok(Started {
            wait: Wait::Healthy(awaited),
            warnings,
        })
    }

    async fn send_all(
        &self,
        rendered: Vec<Rendered>,
        position: &Position,
        warnings: &mut Vec<String>,
    ) -> Result<Vec<Awaited>, TaskError> {
        let mut prepared = Vec::new();
        for one in rendered {
            prepared.push(self.prepared(one, position).await?);
        }
        self.add_dependency_hashes(&mut prepared).await?;
        let sending = prepared.into_iter().map(|one| async move {
            let applied = self.cluster.apply(&one.kind, &one.object).await;
            let applied =
                applied.map_err(|error| TaskError::of_request(&error, &name_of(&one.object)))?;
            self.remember(&applied.object);
            Ok::<_, TaskError>((one.kind, applied))
        });
        let sent: Vec<_> = futures::stream::iter(sending)
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let awaited = sent.into_iter().map(|(kind, applied)| {
            warnings.extend(applied.warnings);
            Awaited::new(kind, applied.object)
        });
        Ok(awaited.collect())
    }

    async fn prepared(
        &self,
        rendered: Rendered,
        position: &Position,
    ) -> Result<Prepared, TaskError> {
        let Rendered {
            mut object,
            template,
        } = rendered;
        let text = |key: &str| object[key].as_str().unwrap_or_default().to_owned();
        let (api_version, kind) = (text("apiVersion"), text("kind"));
        // A kind that an earlier step has defined comes into discovery a moment later.
        let look = || self.cluster.kind(&api_version, &kind).boxed();
        let found = self.cluster.surely(look).await;
        let found = found.map_err(|error| TaskError::of_request(&error, "discovery"))?;
        let Some(found) = found else {
            return Err(TaskError::fatal(
                event::ENHANCEMENT,
                format!(
                    "fatal error: failed to determine if object {} of template {template} is \
                 namespaced: a resource with GVK {api_version}, Kind={kind} seems to be missing in \
                 API resource list",
                    name_of(&object)
                ),
            ));
        };
        enhance(
            &mut object,
            &self.subject,
            position,
            &self.execution_uid,
            found.scope(),
        )
        .map_err(|error| TaskError::fatal(event::ENHANCEMENT, error))?;
        Ok(Prepared {
            kind: found,
            object,
        })
    }

    /// Writes the hash of what they use into the pod templates of `prepared` (kudo-spec 4.6).
    async fn add_dependency_hashes(&self, prepared: &mut [Prepared]) -> Result<(), TaskError> {
        for index in 0..prepared.len() {
            let dependencies = dependency_hash::dependencies(&prepared[index].object);
            if dependencies.is_empty() {
                continue;
            }
            let mut objects = Vec::new();
            for dependency in dependencies {
                let mut in_task = prepared.iter().map(|one| &one.object);
                let found = in_task.rfind(|object| is(object, &dependency)).cloned();
                objects.push(match found {
                    Some(object) => Some(object),
                    None => self.live(&dependency).await.map_err(|error| {
                        TaskError::of_request(&error, &format!("reading {}", dependency.name))
                    })?,
                });
            }
            let hash = dependency_hash::hash(&objects);
            dependency_hash::annotate(&mut prepared[index].object, &hash);
        }
        Ok(())
    }

    /// Keeps what pod templates may depend on, so that it is not read back a moment later.
    pub(super) fn remember(&self, applied: &Value) {
        if !matches!(applied["kind"].as_str(), Some("ConfigMap" | "Secret")) {
            return;
        }
        let mut known = self
            .applied
            .lock()
            .expect("nothing panics while it holds what was applied");
        known.retain(|known| !is_same(known, applied));
        known.push(applied.clone());
    }

    /// Drops what was kept of an object that is no longer there.
    pub(super) fn forget(&self, deleted: &Value) {
        let mut known = self
            .applied
            .lock()
            .expect("nothing panics while it holds what was applied");
        known.retain(|known| {
            known["kind"] != deleted["kind"]
                || known["metadata"]["name"] != deleted["metadata"]["name"]
        });
    }

    fn remembered(&self, dependency: &Dependency) -> Option<Value> {
        let known = self
            .applied
            .lock()
            .expect("nothing panics while it holds what was applied");
        known.iter().find(|known| is(known, dependency)).cloned()
    }

    async fn live(&self, dependency: &Dependency) -> Result<Option<Value>, ClusterError> {
        if let Some(known) = self.remembered(dependency) {
            return Ok(Some(known));
        }
        let plural = if dependency.kind == "Secret" {
            "secrets"
        } else {
            "configmaps"
        };
        let kind = kinds::namespaced("", "v1", dependency.kind, plural);
        self.cluster
            .get(&kind, &dependency.namespace, &dependency.name)
            .await
    }
}

fn is_foundation(rendered: &Rendered) -> bool {
    matches!(
        rendered.object["kind"].as_str(),
        Some("CustomResourceDefinition" | "Namespace")
    )
}

fn is_same(one: &Value, other: &Value) -> bool {
    let key = |object: &Value| {
        let part = |key: &str| object["metadata"][key].as_str().map(str::to_owned);
        (object["kind"].clone(), part("namespace"), part("name"))
    };
    key(one) == key(other)
}

fn is(object: &Value, dependency: &Dependency) -> bool {
    object["kind"] == dependency.kind
        && object["apiVersion"] == "v1"
        && object["metadata"]["name"] == dependency.name.as_str()
        && object["metadata"]["namespace"] == dependency.namespace.as_str()
}

/// Returns kind and name of `object`, for messages.
pub(super) fn name_of(object: &Value) -> String {
    let kind = object["kind"].as_str().unwrap_or("object");
    format!(
        "{kind} `{}`",
        object["metadata"]["name"].as_str().unwrap_or_default()
    )
}
