//! The HTTP API: paths, verbs, and what each kind of request does.
//!
//! A request is taken apart ([`request`]), its kind looked up in the [`catalog`], its body read and
//! made ready ([`objects`]), admitted ([`crate::admission`]) and stored. Everything that is refused
//! is a [`Refusal`], which answers as `metav1.Status`.

mod body;
pub(crate) mod catalog;
mod connect;
mod convert;
mod delete;
mod discovery;
mod objects;
mod openapi;
mod patch;
mod protobuf;
mod read;
mod request;
mod respond;
mod reviews;
mod scale;
mod subresources;
mod table;
pub(crate) mod typing;
mod watch;
mod write;

use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{Method, Request};
use tokio::task::JoinHandle;

use self::catalog::{Catalog, Served};
use self::request::{Call, Target, segments};
use crate::refusal::Refusal;
use crate::store::object::{name, text};
use crate::store::{Selector, Store, resources};
use crate::{admission, crd, gc, namespaces};

/// The largest body that is read (`MaxRequestBodyBytes`).
const MAX_BODY: usize = 3 * 1024 * 1024;

/// What requests are answered from.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) store: Store,
    catalog: RwLock<Arc<Catalog>>,
}

/// Returns the router of an API, and the tasks that keep its promises.
pub(crate) fn start(api: &Arc<Api>) -> (Router, Vec<JoinHandle<()>>) {
    let tasks = vec![
        tokio::spawn(gc::run(Arc::clone(api))),
        tokio::spawn(namespaces::run(Arc::clone(api))),
    ];
    let router = Router::new().fallback(answer).with_state(Arc::clone(api));
    (router, tasks)
}

impl Api {
    /// Opens the API of a store, and makes what every cluster has.
    pub(crate) fn new(store: &Store) -> Result<Arc<Self>, Refusal> {
        let catalog = RwLock::new(Arc::new(Catalog::new(Vec::new())));
        let api = Arc::new(Self {
            store: store.clone(),
            catalog,
        });
        namespaces::make_first(store)?;
        api.refresh();
        Ok(api)
    }

    /// Makes of a controller's new object what a request would have made of it: defaults, what
    /// admission adds, and the rules of its kind.
    pub(crate) fn complete(&self, object: &mut serde_json::Value) -> Result<(), Refusal> {
        let catalog = self.catalog();
        let (version, kind) = (text(object, "/apiVersion"), text(object, "/kind"));
        let Some(served) = catalog.storage_of(version, kind) else {
            return Ok(());
        };
        if served.info.has_subresource("status") {
            admission::first_status(served, object);
        }
        typing::complete(served, object);
        admission::complete(self, served, None, object)?;
        let causes = admission::causes(served, "", None, object);
        if causes.is_empty() {
            return Ok(());
        }
        Err(served.invalid(name(object), &causes))
    }

    /// What is served at the moment. A CRD that was written by anybody is known at once.
    pub(crate) fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the CRDs again.
    pub(crate) fn refresh(&self) {
        let definitions = self
            .store
            .list(&resources::CRDS, None, &Selector::everything())
            .items;
        let mut catalog = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
        let same = catalog.definitions.len() == definitions.len()
            && catalog
                .definitions
                .iter()
                .zip(&definitions)
                .all(|(a, b)| Arc::ptr_eq(a, b));
        if !same {
            *catalog = Arc::new(Catalog::new(definitions));
        }
    }

    /// Makes a written definition serve its kind.
    pub(crate) fn definition_written(&self, definition: &serde_json::Value) -> Result<(), Refusal> {
        crd::establish(&self.store, definition)?;
        self.refresh();
        Ok(())
    }
}

async fn answer(State(api): State<Arc<Api>>, request: Request<Body>) -> Response {
    let (mut parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, MAX_BODY).await else {
        let message = format!("Request entity too large: limit is {MAX_BODY}");
        return Refusal::new(413, "RequestEntityTooLarge", message).into_response();
    };
    let path = segments(parts.uri.path());
    let now = api.store.clock().now();
    let call = Call::new(
        parts.method.clone(),
        &parts.uri,
        parts.headers.clone(),
        body,
        now,
    );
    let result = match path.first().map(String::as_str) {
        Some("api") if path.len() > 2 => {
            resource(&api, call, "", &path[1], &path[2..], &mut parts).await
        }
        Some("apis") if path.len() > 3 => {
            resource(&api, call, &path[1], &path[2], &path[3..], &mut parts).await
        }
        _ => Ok(discovery::answer_path(&api, &call, &path)),
    };
    result.unwrap_or_else(Refusal::into_response)
}

async fn resource(
    api: &Arc<Api>,
    call: Call,
    group: &str,
    version: &str,
    rest: &[String],
    parts: &mut Parts,
) -> Result<Response, Refusal> {
    let catalog = api.catalog();
    if catalog.group_version(group, version).is_empty() {
        return match catalog.discovery.group(group) {
            Some(_) => Err(Refusal::no_such_path()),
            None => Ok(respond::text(404, "404 page not found\n")),
        };
    }
    let target = Target::new(group, version, rest).ok_or_else(Refusal::no_such_path)?;
    let served = catalog
        .find(group, version, &target.plural)
        .filter(|served| served.info.namespaced || target.namespace.is_none())
        .ok_or_else(Refusal::no_such_path)?;
    match (&target.name, &target.subresource) {
        (Some(_), Some(_)) => subresources::answer(api, served, &target, &call, parts).await,
        (Some(name), None) => item(api, served, &target, name, &call),
        (None, _) => collection(api, served, &target, &call),
    }
}

fn item(
    api: &Arc<Api>,
    served: &Arc<Served>,
    target: &Target,
    name: &str,
    call: &Call,
) -> Result<Response, Refusal> {
    // Without a namespace in the path only the collection of a namespaced kind exists.
    if served.info.namespaced && target.namespace.is_none() {
        return Err(Refusal::no_such_path());
    }
    let namespace = target.namespace.as_deref().unwrap_or_default();
    match call.method {
        Method::GET => read::get(api, served, namespace, name, call),
        Method::PUT => write::update(api, served, namespace, name, call),
        Method::PATCH => patch::patch(api, served, namespace, name, call),
        Method::DELETE => delete::one(api, served, namespace, name, call),
        _ => Err(Refusal::method_not_allowed()),
    }
}

fn collection(
    api: &Arc<Api>,
    served: &Arc<Served>,
    target: &Target,
    call: &Call,
) -> Result<Response, Refusal> {
    let namespace = target.namespace.as_deref();
    match call.method {
        Method::GET if !served.info.has_verb("list") => Err(Refusal::method_not_allowed()),
        Method::GET if call.flag("watch") => watch::watch(api, served, namespace, call),
        Method::GET => read::list(api, served, namespace, call),
        Method::POST if !served.info.has_verb("create") => Err(Refusal::method_not_allowed()),
        Method::POST if served.info.namespaced && namespace.is_none() => {
            Err(Refusal::method_not_allowed())
        }
        Method::POST => match reviews::answer(api, served, namespace, call)? {
            Some(response) => Ok(response),
            None => write::create(api, served, namespace.unwrap_or_default(), call),
        },
        Method::DELETE if served.info.has_verb("deletecollection") => {
            delete::collection(api, served, namespace, call)
        }
        _ => Err(Refusal::method_not_allowed()),
    }
}
