//! Between a process and the API: counts requests, and makes them go wrong as it was told.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use axum::body::Body as Stream;
use futures::{StreamExt as _, stream};
use http::{Method, Request, Response};
use kube::{Client, client::Body};
use kudo_sandbox::{
    Sandbox,
    store::{Resource, Store},
};
use serde_json::{Value, json};
use tokio::sync::watch;

/// What happens to one request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// The process dies before the request is sent.
    DiesBefore,
    /// The request takes effect, and the process dies without having heard the answer.
    DiesUnheard,
    /// The connection breaks; when `done`, after the request took effect.
    Breaks { done: bool },
    /// The server answers this code; when `done`, after the request took effect.
    Refused {
        code: u16,
        retry_after: Option<u32>,
        done: bool,
    },
    /// No answer ever comes; when `done`, the request took effect.
    Silent { done: bool },
    /// A watch ends after this many pieces.
    Cut { after: usize, how: CutHow },
    /// A read is answered from the state of so many changes ago.
    Stale { changes: u64 },
}

/// How a watch ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CutHow {
    Ends,
    Breaks,
    Expires,
}

/// What a fault can be chosen by.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// How many requests there were up to and with this one.
    pub(crate) number: usize,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) is_watch: bool,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let watch = if self.is_watch { " (watch)" } else { "" };
        write!(f, "{} {} {}{watch}", self.number, self.method, self.path)
    }
}

type Choice = Box<dyn FnMut(&Asked) -> Fault + Send>;

/// The way of one process to the API.
pub(crate) struct Gate {
    client: Client,
    store: Store,
    choose: Mutex<Choice>,
    log: Mutex<Vec<String>>,
    dead: watch::Sender<bool>,
}

impl Gate {
    pub(crate) fn new(
        sandbox: &Sandbox,
        choose: impl FnMut(&Asked) -> Fault + Send + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            client: sandbox.client("default"),
            store: sandbox.store().clone(),
            choose: Mutex::new(Box::new(choose)),
            log: Mutex::default(),
            dead: watch::Sender::new(false),
        })
    }

    pub(crate) fn client(self: &Arc<Self>) -> Client {
        let gate = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let gate = gate.clone();
            async move { gate.pass(request).await }
        });
        Client::new(service, "default")
    }

    /// Returns once the process is dead.
    pub(crate) async fn death(&self) {
        let mut dead = self.dead.subscribe();
        dead.wait_for(|dead| *dead).await.unwrap();
    }

    /// Returns what was asked up to now, and what went wrong with it.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    async fn die(&self) -> ! {
        self.dead.send_replace(true);
        std::future::pending().await
    }

    async fn pass(&self, request: Request<Body>) -> Result<Response<Stream>, tower::BoxError> {
        if *self.dead.borrow() {
            self.die().await;
        }
        let (asked, fault) = self.chosen(&request);
        match fault {
            Fault::None => self.send(request).await,
            Fault::DiesBefore => self.die().await,
            Fault::DiesUnheard => {
                let _unheard = self.send(request).await?;
                self.die().await
            }
            Fault::Breaks { done } => {
                self.send_if(done, request).await?;
                Err("connection reset by peer".into())
            }
            Fault::Refused {
                code,
                retry_after,
                done,
            } => {
                self.send_if(done, request).await?;
                Ok(refusal(code, retry_after))
            }
            Fault::Silent { done } => {
                self.send_if(done, request).await?;
                std::future::pending().await
            }
            Fault::Cut { after, how } => Ok(cut(self.send(request).await?, after, how)),
            Fault::Stale { changes } => match self.earlier(&asked, changes) {
                Some(answer) => Ok(answer),
                None => self.send(request).await,
            },
        }
    }

    fn chosen(&self, request: &Request<Body>) -> (Asked, Fault) {
        let mut log = self.log.lock().unwrap();
        let query = request.uri().query().unwrap_or_default();
        let asked = Asked {
            number: log.len() + 1,
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            is_watch: query.contains("watch=true") || query.contains("watch=1"),
        };
        let fault = (self.choose.lock().unwrap())(&asked);
        log.push(match &fault {
            Fault::None => asked.to_string(),
            fault => format!("{asked}: {fault:?}"),
        });
        (asked, fault)
    }

    async fn send(&self, request: Request<Body>) -> Result<Response<Stream>, tower::BoxError> {
        Ok(self.client.send(request).await?.map(Stream::new))
    }

    async fn send_if(&self, done: bool, request: Request<Body>) -> Result<(), tower::BoxError> {
        if done {
            drop(self.send(request).await?);
        }
        Ok(())
    }

    /// Answers a read of one object as it was so many changes ago.
    fn earlier(&self, asked: &Asked, changes: u64) -> Option<Response<Stream>> {
        if asked.method != Method::GET || asked.is_watch {
            return None;
        }
        let (resource, namespace, name) = place(&asked.path)?;
        let revision = self.store.revision().saturating_sub(changes);
        let later = self.store.feed(revision).ok()?.ready().ok()?;
        let change = later.iter().find(|change| {
            change.resource == resource && change.namespace == namespace && change.name == name
        })?;
        Some(match &change.before {
            Some(object) => answer(200, None, object),
            None => refusal(404, None),
        })
    }
}

/// Returns what the path of one object names.
fn place(path: &str) -> Option<(Resource, &str, &str)> {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let (group, rest) = match parts.as_slice() {
        ["api", _, rest @ ..] => ("", rest),
        ["apis", group, _, rest @ ..] => (*group, rest),
        _ => return None,
    };
    match rest {
        ["namespaces", namespace, plural, name] => {
            Some((Resource::new(group, *plural), namespace, name))
        }
        [plural, name] => Some((Resource::new(group, *plural), "", name)),
        _ => None,
    }
}

fn refusal(code: u16, retry_after: Option<u32>) -> Response<Stream> {
    let (reason, message) = match code {
        404 => ("NotFound", "the object was not found"),
        409 => (
            "Conflict",
            "Operation cannot be fulfilled: the object has been modified; please apply your \
             changes to the latest version and try again",
        ),
        429 => (
            "TooManyRequests",
            "Too many requests, please try again later.",
        ),
        _ => ("InternalError", "Internal error occurred"),
    };
    let details = retry_after.map(|seconds| json!({"retryAfterSeconds": seconds}));
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "reason": reason, "message": message, "code": code, "details": details,
    });
    answer(code, retry_after, &status)
}

fn answer(code: u16, retry_after: Option<u32>, body: &Value) -> Response<Stream> {
    let mut answer = Response::builder()
        .status(code)
        .header("Content-Type", "application/json");
    if let Some(seconds) = retry_after {
        answer = answer.header("Retry-After", seconds);
    }
    answer.body(Stream::from(body.to_string())).unwrap()
}

fn cut(whole: Response<Stream>, after: usize, how: CutHow) -> Response<Stream> {
    let expired = json!({"type": "ERROR", "object": {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "reason": "Expired", "message": "too old resource version", "code": 410,
    }});
    let end = match how {
        CutHow::Ends => None,
        CutHow::Breaks => Some(Err(axum::Error::new("connection reset by peer"))),
        CutHow::Expires => Some(Ok(format!("{expired}\n").into())),
    };
    whole.map(|body| {
        let pieces = body.into_data_stream().take(after);
        Stream::from_stream(pieces.chain(stream::iter(end)))
    })
}
