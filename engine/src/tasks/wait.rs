//! Waiting until objects are healthy, or gone, and saying all the while what for.

use std::sync::Mutex;

use futures::future::try_join_all;
use serde_json::Value;

use crate::{
    cluster::{
        Kind,
        watch::{Target, Verdict, version_of},
    },
    error::{TaskError, event},
    health::{self, Health},
};

use super::{Worker, apply::name_of, child::Wish, pipe::Running};

/// What has to hold before a task is done.
#[derive(Debug)]
pub enum Wait {
    /// It is done.
    Nothing,
    /// It is never done.
    Forever,
    /// These objects are healthy.
    Healthy(Vec<Awaited>),
    /// These objects are gone.
    Gone(Vec<Awaited>),
    /// This child instance is as it should be, and its plan is complete.
    Child(Box<Wish>),
    /// The files of this Pipe task are kept.
    Pipe(Box<Running>),
}

/// An object that is waited for, as it was when the waiting began.
#[derive(Debug)]
pub struct Awaited {
    target: Target,
    object: Value,
}

impl Awaited {
    /// Returns `object` as something to wait for.
    pub fn new(kind: Kind, object: Value) -> Self {
        let text = |key: &str| {
            object["metadata"][key]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        Self {
            target: Target {
                kind,
                namespace: text("namespace"),
                name: text("name"),
            },
            object,
        }
    }
}

impl Worker {
    /// Returns when `wait` holds; `say` hears what is missing, each time that changes.
    pub async fn finish(
        &self,
        wait: Wait,
        say: impl Fn(&str) + Send + Sync,
    ) -> Result<(), TaskError> {
        match wait {
            Wait::Nothing => Ok(()),
            Wait::Forever => {
                say("a Dummy task that is never done");
                std::future::pending().await
            }
            Wait::Healthy(awaited) => self.healthy(awaited, say).await,
            Wait::Gone(awaited) => self.gone(awaited, say).await,
            Wait::Child(wish) => self.child(&wish, &say).await,
            Wait::Pipe(running) => self.pipe_to_end(&running, say).await,
        }
    }

    async fn healthy(&self, awaited: Vec<Awaited>, say: impl Fn(&str)) -> Result<(), TaskError> {
        let states: Vec<_> = awaited
            .iter()
            .map(|one| Mutex::new(one.object.clone()))
            .collect();
        let mut pods = self.pods.subscribe();
        let speak = || say(&self.missing(&states));
        let waits = awaited.iter().zip(&states).map(|(one, state)| async {
            match health::judge(&one.object) {
                Health::Healthy => return Ok(()),
                Health::Failed(why) => return Err(failed(&one.object, &why)),
                Health::Waiting(_) => {}
            }
            self.until_healthy(one, state, &speak).await
        });
        let mut all = std::pin::pin!(try_join_all(waits));
        speak();
        loop {
            tokio::select! {
                biased;
                outcome = &mut all => return outcome.map(drop),
                Ok(()) = pods.changed() => speak(),
            }
        }
    }

    async fn until_healthy(
        &self,
        awaited: &Awaited,
        state: &Mutex<Value>,
        speak: &impl Fn(),
    ) -> Result<(), TaskError> {
        let mut outcome = Ok(());
        let version = version_of(&awaited.object);
        let observer = |seen: Option<&Value>| {
            let Some(seen) = seen else {
                outcome = Err(TaskError::Transient {
                    cause: format!("{} was deleted by somebody else", name_of(&awaited.object)),
                    retry_after: None,
                });
                return Verdict::Enough;
            };
            seen.clone_into(&mut state.lock().expect("nothing panics while it holds a state"));
            match health::judge(seen) {
                Health::Healthy => Verdict::Enough,
                Health::Failed(why) => {
                    outcome = Err(failed(seen, &why));
                    Verdict::Enough
                }
                Health::Waiting(_) => {
                    speak();
                    Verdict::Watch
                }
            }
        };
        self.cluster
            .observe(&awaited.target, &version, observer)
            .await;
        speak();
        outcome
    }

    /// Says what is missing from the objects that are not healthy yet.
    fn missing(&self, states: &[Mutex<Value>]) -> String {
        let missing = states.iter().filter_map(|state| {
            let state = state.lock().expect("nothing panics while it holds a state");
            let Health::Waiting(why) = health::judge(&state) else {
                return None;
            };
            let troubles = self.pods.troubles(&state);
            let troubles = troubles.map_or_else(String::new, |troubles| format!("; {troubles}"));
            Some(format!("{}: {why}{troubles}", name_of(&state)))
        });
        missing.collect::<Vec<_>>().join(", ")
    }

    async fn gone(&self, awaited: Vec<Awaited>, say: impl Fn(&str)) -> Result<(), TaskError> {
        let left: Vec<_> = awaited
            .iter()
            .map(|one| Mutex::new(Some(&one.object)))
            .collect();
        let speak = || {
            let names = left.iter().filter_map(|one| {
                let object = one.lock().expect("nothing panics while it holds a state");
                object.map(|object| format!("{} is being deleted", name_of(object)))
            });
            say(&names.collect::<Vec<_>>().join(", "));
        };
        speak();
        let waits = awaited.iter().zip(&left).map(|(one, left)| async {
            let uid = &one.object["metadata"]["uid"];
            let is_gone = |state: Option<&Value>| match state {
                Some(state) if state["metadata"]["uid"] == *uid => Verdict::Watch,
                _ => Verdict::Enough,
            };
            self.cluster
                .observe(&one.target, &version_of(&one.object), is_gone)
                .await;
            *left.lock().expect("nothing panics while it holds a state") = None;
            speak();
        });
        futures::future::join_all(waits).await;
        Ok(())
    }
}

// kudo-spec 3.3, 5
fn failed(object: &Value, why: &str) -> TaskError {
    let text = |key: &str| object["metadata"][key].as_str().unwrap_or_default();
    TaskError::fatal(
        event::TERMINAL,
        format!(
            "object {}/{} is NOT healthy: fatal error: HealthUtil: {why}",
            text("namespace"),
            text("name")
        ),
    )
}
