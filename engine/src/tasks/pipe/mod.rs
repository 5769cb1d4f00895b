//! Pipe: a pod makes files, and each of them becomes a Secret or a `ConfigMap` (kudo-spec 3.9).
//!
//! The init container of the pod runs once in an execution. What was made is found in the cluster: the
//! pod and the objects carry the uid of their execution, so whoever goes on after an interruption knows
//! which of them are this execution's and which are left over from an earlier one.
//!
//! | found | done |
//! |---|---|
//! | all objects of this execution | the pod is deleted |
//! | a pod of this execution | it is waited for, its files are copied, all objects are written |
//! | neither, or some objects without a pod | what is left over goes, a new pod starts |
//!
//! | module | what |
//! |---|---|
//! | [`names`] | what pods and objects are called |
//! | [`pod`] | the pod, from its template |
//! | [`copy`] | its files |
//! | [`artifact`] | the objects that they become |

mod artifact;
mod copy;
pub mod names;
mod pod;

use futures::{
    FutureExt as _, StreamExt as _, TryStreamExt as _,
    future::{try_join, try_join_all},
};
use serde_json::Value;

use crate::{
    api::names::{ANNOTATION_EXECUTION_UID, LABEL_INSTANCE},
    cluster::{
        Kind, kinds,
        watch::{Target, Verdict, version_of},
    },
    enhance::{Scope, enhance},
    error::{TaskError, event},
    health::{pods::trouble, text},
    plan::Position,
    render::Renderer,
    task::{Pipe, PipeKind},
};

use super::{Started, Wait, Worker, apply::name_of};

/// The image of the container that keeps the files until they are copied, unless another one is named.
pub const DEFAULT_IMAGE: &str = "busybox:1.36";
/// How many objects are written at the same time.
const AT_ONCE: usize = 4;

/// A Pipe task whose pod is known.
#[derive(Debug)]
pub struct Running {
    pod: Value,
    pipes: Vec<Pipe>,
    position: Position,
}

/// What a task left in the cluster, in this execution or an earlier one.
struct Found {
    pod: Option<Value>,
    artifacts: Vec<Option<Value>>,
}

/// What a pod has come to.
enum Standing {
    Ready,
    Waiting(String),
    /// It has ended and will not be ready again; another one may be.
    Ended(String),
    /// It took longer than its template allows.
    Overdue(String),
}

/// Checks the pod of a Pipe task without a cluster.
///
/// # Errors
///
/// When its template cannot be rendered, or gives no pod that a Pipe task can use.
pub fn check(
    renderer: &Renderer,
    template: &str,
    pipes: &[Pipe],
    position: &Position,
) -> Result<(), TaskError> {
    let text = renderer.text(template, position)?;
    let template = pod::read(template, &text)?;
    pod::check(&template.pod, pipes).map(drop)
}

impl Worker {
    /// Returns the pod of a Pipe task as it is to run; the cluster is asked for nothing yet.
    pub(super) fn pipe(
        &self,
        template: &str,
        pipes: &[Pipe],
        position: &Position,
    ) -> Result<Started, TaskError> {
        let text = self.renderer.text(template, position)?;
        let read = pod::read(template, &text)?;
        let mount = pod::check(&read.pod, pipes)?;
        let name = names::pod(&self.subject.name, position);
        let mut pod = pod::generated(&read.pod, &name, &mount, &self.pipe_image);
        self.mark(&mut pod, position)?;
        let running = Running {
            pod,
            pipes: pipes.to_vec(),
            position: position.clone(),
        };
        let warning = format!("template {template}: only its first document is a pipe pod");
        Ok(Started {
            wait: Wait::Pipe(Box::new(running)),
            warnings: Vec::from_iter(read.has_more.then_some(warning)),
        })
    }

    fn mark(&self, object: &mut Value, position: &Position) -> Result<(), TaskError> {
        let (uid, scope) = (&self.execution_uid, Scope::Namespaced);
        enhance(object, &self.subject, position, uid, scope)
            .map_err(|error| TaskError::fatal(event::ENHANCEMENT, error))
    }

    /// Brings a Pipe task to its end from wherever it stands.
    pub(super) async fn pipe_to_end(
        &self,
        running: &Running,
        say: impl Fn(&str),
    ) -> Result<(), TaskError> {
        let found = self.surely_found(running).await?;
        let ours = self.ours(&found);
        if ours.len() != running.pipes.len() {
            if !self.is_reusable(&found) {
                // Files of two runs do not fit together: a key of one, a certificate of the other.
                for object in ours {
                    self.delete_object(object).await?;
                }
                if let Some(pod) = &found.pod {
                    self.delete_pod(pod, &say).await?;
                }
            }
            let pod = self.send(&pod_kind(), &running.pod).await?;
            self.until_ready(pod, &say).await?;
            self.write_artifacts(running).await?;
        }
        let name = text(&running.pod, "/metadata/name");
        let namespace = &self.subject.namespace;
        let deleted = self.cluster.delete(&pod_kind(), namespace, name).await;
        let what = name_of(&running.pod);
        deleted.map_err(|error| TaskError::of_request(&error, &what))?;
        Ok(())
    }

    /// Returns what there is. Where that is a part of the artifacts and no pod that could make the rest,
    /// the rest is looked for again: all of them would be made anew.
    async fn surely_found(&self, running: &Running) -> Result<Found, TaskError> {
        let look = || self.found(running).boxed();
        let is_all = |found: &Found| {
            let ours = self.ours(found).len();
            ours == 0 || ours == running.pipes.len() || self.is_reusable(found)
        };
        self.cluster.looked_for(look, is_all).await
    }

    /// Whether the pod is this execution's and stays.
    fn is_reusable(&self, found: &Found) -> bool {
        found.pod.as_ref().is_some_and(|pod| {
            self.is_of_this_execution(pod) && pod.pointer("/metadata/deletionTimestamp").is_none()
        })
    }

    fn ours<'a>(&self, found: &'a Found) -> Vec<&'a Value> {
        let artifacts = found.artifacts.iter().flatten();
        artifacts
            .filter(|object| self.is_of_this_execution(object))
            .collect()
    }

    async fn found(&self, running: &Running) -> Result<Found, TaskError> {
        let artifacts = running.pipes.iter().map(|pipe| async {
            let name = names::artifact(&self.subject.name, &running.position, &pipe.key);
            self.own(&artifact_kind(pipe.kind), &name).await
        });
        let name = text(&running.pod, "/metadata/name");
        let pod = async { self.own(&pod_kind(), name).await };
        let (pod, artifacts) = try_join(pod, try_join_all(artifacts)).await?;
        Ok(Found { pod, artifacts })
    }

    /// Returns an object of this instance; one of another instance is an error.
    ///
    /// Names leave out signs, so instances `a-b` and `ab` have the same ones.
    async fn own(&self, kind: &Kind, name: &str) -> Result<Option<Value>, TaskError> {
        let what = format!("{} `{name}`", kind.resource.kind);
        let found = self.cluster.get(kind, &self.subject.namespace, name).await;
        let found = found.map_err(|error| TaskError::of_request(&error, &what))?;
        let owner = found
            .as_ref()
            .and_then(|object| object["metadata"]["labels"][LABEL_INSTANCE].as_str());
        match owner {
            Some(owner) if owner != self.subject.name => Err(TaskError::fatal(
                event::PIPE,
                format!(
                    "{what} belongs to instance `{owner}`: names of pipes have letters and digits \
                     alone, so these two instances cannot be in one namespace"
                ),
            )),
            _ => Ok(found),
        }
    }

    fn is_of_this_execution(&self, object: &Value) -> bool {
        object["metadata"]["annotations"][ANNOTATION_EXECUTION_UID] == self.execution_uid.as_str()
    }

    async fn send(&self, kind: &Kind, object: &Value) -> Result<Value, TaskError> {
        let applied = self.cluster.apply(kind, object).await;
        let applied = applied.map_err(|error| TaskError::of_request(&error, &name_of(object)))?;
        Ok(applied.object)
    }

    async fn delete_object(&self, object: &Value) -> Result<(), TaskError> {
        let kind = match text(object, "/kind") {
            "Secret" => artifact_kind(PipeKind::Secret),
            _ => artifact_kind(PipeKind::ConfigMap),
        };
        let name = text(object, "/metadata/name");
        let deleted = self
            .cluster
            .delete(&kind, &self.subject.namespace, name)
            .await;
        deleted
            .map(drop)
            .map_err(|error| TaskError::of_request(&error, &name_of(object)))
    }

    /// Deletes a pod and returns when it is gone.
    async fn delete_pod(&self, pod: &Value, say: &impl Fn(&str)) -> Result<(), TaskError> {
        let target = target_of(pod);
        let (kind, namespace, name) = (&target.kind, &target.namespace, &target.name);
        let deleted = self.cluster.delete(kind, namespace, name).await;
        let deleted = deleted.map_err(|error| TaskError::of_request(&error, &name_of(pod)))?;
        let Some(pod) = deleted.filter(|pod| !text(pod, "/metadata/uid").is_empty()) else {
            return Ok(());
        };
        say(&format!(
            "{} of an earlier run is being deleted",
            name_of(&pod)
        ));
        let uid = text(&pod, "/metadata/uid");
        let is_gone = |state: Option<&Value>| match state {
            Some(state) if text(state, "/metadata/uid") == uid => Verdict::Watch,
            _ => Verdict::Enough,
        };
        self.cluster
            .observe(&target, &version_of(&pod), is_gone)
            .await;
        Ok(())
    }

    /// Waits until the init container has done its work and the files can be copied.
    async fn until_ready(&self, pod: Value, say: &impl Fn(&str)) -> Result<(), TaskError> {
        let what = name_of(&pod);
        let mut outcome = None;
        let mut look = |state: Option<&Value>| {
            outcome = match state.map(standing) {
                Some(Standing::Ready) => Some(Ok(())),
                Some(Standing::Waiting(why)) => {
                    say(&format!("{what}: {why}"));
                    None
                }
                Some(Standing::Ended(why)) => Some(Err(TaskError::Transient {
                    cause: format!("{what} has ended: {why}"),
                    retry_after: None,
                })),
                Some(Standing::Overdue(why)) => Some(Err(TaskError::fatal(
                    event::PIPE,
                    format!("{what} has failed: {why}"),
                ))),
                None => Some(Err(TaskError::Transient {
                    cause: format!("{what} was deleted by somebody else"),
                    retry_after: None,
                })),
            };
            if outcome.is_some() {
                Verdict::Enough
            } else {
                Verdict::Watch
            }
        };
        if look(Some(&pod)) == Verdict::Watch {
            let version = version_of(&pod);
            self.cluster.observe(&target_of(&pod), &version, look).await;
        }
        let outcome = outcome.unwrap_or(Ok(()));
        if let Err(TaskError::Transient { .. }) = &outcome {
            // The next try finds no pod that cannot become ready any more.
            self.delete_pod(&pod, say).await?;
        }
        outcome
    }

    async fn write_artifacts(&self, running: &Running) -> Result<(), TaskError> {
        let path = |pipe: &Pipe| pod::cleaned(pod::path_of(pipe));
        let mut paths: Vec<String> = running.pipes.iter().map(path).collect();
        paths.sort();
        paths.dedup();
        let name = text(&running.pod, "/metadata/name");
        let namespace = &self.subject.namespace;
        let files = copy::files(&self.cluster, namespace, name, &paths).await?;
        // All of them are good before the first one is written.
        let mut objects = Vec::new();
        for pipe in &running.pipes {
            let bytes = files.get(&path(pipe)).map_or(&[][..], Vec::as_slice);
            let name = names::artifact(&self.subject.name, &running.position, &pipe.key);
            let mut object = artifact::of_file(pipe, &name, bytes)?;
            self.mark(&mut object, &running.position)?;
            objects.push((artifact_kind(pipe.kind), object));
        }
        let sending = objects.into_iter().map(|(kind, object)| async move {
            // Pod templates that use it are hashed with what the server made of it.
            self.remember(&self.send(&kind, &object).await?);
            Ok::<_, TaskError>(())
        });
        futures::stream::iter(sending)
            .buffered(AT_ONCE)
            .try_collect()
            .await
    }
}

fn standing(pod: &Value) -> Standing {
    let why = || trouble(pod).unwrap_or_else(|| "no reason is given".to_owned());
    match text(pod, "/status/phase") {
        "Failed" if text(pod, "/status/reason") == "DeadlineExceeded" => Standing::Overdue(why()),
        phase @ ("Failed" | "Succeeded") => {
            Standing::Ended(trouble(pod).unwrap_or_else(|| phase.to_lowercase()))
        }
        "Running" if crate::health::is_true(pod, "Ready") => Standing::Ready,
        _ => Standing::Waiting(
            trouble(pod).unwrap_or_else(|| "it has not been seen by a node yet".to_owned()),
        ),
    }
}

fn target_of(pod: &Value) -> Target {
    Target {
        kind: pod_kind(),
        namespace: text(pod, "/metadata/namespace").to_owned(),
        name: text(pod, "/metadata/name").to_owned(),
    }
}

fn pod_kind() -> Kind {
    kinds::namespaced("", "v1", "Pod", "pods")
}

fn artifact_kind(kind: PipeKind) -> Kind {
    let plural = match kind {
        PipeKind::Secret => "secrets",
        PipeKind::ConfigMap => "configmaps",
    };
    kinds::namespaced("", "v1", artifact::kind_of(kind), plural)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_that_was_evicted_is_tried_again_and_one_that_is_overdue_is_not() {
        let pod = |status: Value| json!({"kind": "Pod", "status": status});
        let ready = json!([{"type": "Ready", "status": "True"}]);
        let evicted = json!({"phase": "Failed", "reason": "Evicted", "message": "no disk"});
        let overdue = json!({"phase": "Failed", "reason": "DeadlineExceeded", "message": "1 s"});

        let running = json!({"phase": "Running", "conditions": ready});

        assert!(matches!(standing(&pod(running)), Standing::Ready));
        assert!(matches!(standing(&pod(evicted)), Standing::Ended(why) if why.contains("no disk")));
        assert!(matches!(standing(&pod(overdue)), Standing::Overdue(_)));
        let succeeded = pod(json!({"phase": "Succeeded"}));
        assert!(matches!(standing(&succeeded), Standing::Ended(_)));
        assert!(matches!(standing(&pod(json!({}))), Standing::Waiting(_)));
    }
}
