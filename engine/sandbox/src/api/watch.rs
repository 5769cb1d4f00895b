//! Watch: a stream of changes, one JSON document a line.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures::stream;
use http::{HeaderValue, header};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::catalog::Served;
use super::request::Call;
use super::respond::{View, partial};
use super::{Api, convert, read, table};
use crate::clock::{Clock, later};
use crate::refusal::Refusal;
use crate::store::{Change, Feed, Selector, object};

/// How often an idle watch says how far it has come, when the client allows it.
const BOOKMARKS: Duration = Duration::from_mins(1);
/// How long a watch lasts when the client does not say (`MinRequestTimeout`).
const LIFETIME: Duration = Duration::from_mins(30);

/// One running watch.
struct Watcher {
    served: Arc<Served>,
    namespace: Option<String>,
    selector: Selector,
    call: Call,
    view: View,
    feed: Feed,
    clock: Arc<dyn Clock>,
    end: Timestamp,
    bookmarks: bool,
    /// Lines to send before the feed is read.
    first: Option<Bytes>,
    /// Tables name their columns once.
    columns_sent: bool,
    finished: bool,
}

/// `GET` of a collection with `watch=true`.
pub(super) fn watch(
    api: &Arc<Api>,
    served: &Arc<Served>,
    namespace: Option<&str>,
    call: &Call,
) -> Result<Response, Refusal> {
    let view = View::of_list(call)?;
    let selector = read::selector(served, call)?;
    let initial = initial_events(call)?;
    let wanted = read::revision(call)?;
    let timeout = call
        .integer("timeoutSeconds")?
        .and_then(|seconds| u64::try_from(seconds).ok());
    let lifetime = timeout
        .filter(|seconds| *seconds > 0)
        .map_or(LIFETIME, Duration::from_secs);
    let clock = Arc::clone(api.store.clock());
    let whole_state = initial.unwrap_or_else(|| wanted.is_none_or(|revision| revision == 0));
    let listing = api.store.list(&served.storage, namespace, &selector);
    let start = match wanted {
        Some(revision) if revision > 0 && !whole_state => revision,
        _ => listing.revision,
    };
    let feed = match api.store.feed(start) {
        Ok(feed) => feed,
        // An expired start is an event of the stream, not an answer: reflectors expect it there.
        Err(refusal) => return Ok(streamed(Body::from(line("ERROR", &refusal.status())))),
    };
    let mut watcher = Watcher {
        served: Arc::clone(served),
        namespace: namespace.map(str::to_owned),
        selector,
        call: call.clone(),
        view,
        feed,
        end: later(clock.now(), lifetime),
        clock,
        bookmarks: call.flag("allowWatchBookmarks"),
        first: None,
        columns_sent: false,
        finished: false,
    };
    if whole_state {
        let mut lines = Vec::new();
        for item in &listing.items {
            lines.extend(watcher.event("ADDED", item));
        }
        if initial == Some(true) && watcher.bookmarks {
            lines.extend(watcher.bookmark(listing.revision, true));
        }
        watcher.first = Some(lines.into());
    }
    Ok(streamed(Body::from_stream(stream::unfold(watcher, step))))
}

/// Reads `sendInitialEvents`, which has rules of its own (`ValidateListOptions`).
fn initial_events(call: &Call) -> Result<Option<bool>, Refusal> {
    let initial = match call.parameter("sendInitialEvents") {
        "" => {
            if !call.parameter("resourceVersionMatch").is_empty() {
                return Err(read::match_refusal(
                    "FieldValueForbidden",
                    "Forbidden: resourceVersionMatch is forbidden for watch unless \
                     sendInitialEvents is provided",
                ));
            }
            return Ok(None);
        }
        _ => call.flag("sendInitialEvents"),
    };
    if call.parameter("resourceVersionMatch") != "NotOlderThan" {
        return Err(read::match_refusal(
            "FieldValueForbidden",
            "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        ));
    }
    Ok(Some(initial))
}

fn streamed(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache, private"),
    );
    response
}

/// Waits for the next lines of a watch; `None` ends it.
async fn step(mut watcher: Watcher) -> Option<(Result<Bytes, Infallible>, Watcher)> {
    if watcher.finished {
        return None;
    }
    if let Some(first) = watcher.first.take().filter(|first| !first.is_empty()) {
        return Some((Ok(first), watcher));
    }
    loop {
        let bookmark = later(watcher.clock.now(), BOOKMARKS);
        let deadline = if watcher.bookmarks {
            bookmark.min(watcher.end)
        } else {
            watcher.end
        };
        let timer = watcher.clock.sleep_until(deadline);
        let changes = tokio::select! {
            changes = watcher.feed.next() => Some(changes),
            () = timer => None,
        };
        let lines = match changes {
            None if watcher.clock.now() >= watcher.end => return None,
            None => watcher.bookmark(watcher.feed.revision(), false),
            Some(Ok(changes)) => changes
                .iter()
                .flat_map(|change| watcher.change(change))
                .collect(),
            Some(Err(refusal)) => {
                watcher.finished = true;
                line("ERROR", &refusal.status())
            }
        };
        if !lines.is_empty() {
            return Some((Ok(lines.into()), watcher));
        }
    }
}

impl Watcher {
    /// Returns the line of a change, none when it is about something else. An object that comes
    /// to match the selector is added, one that no longer does is deleted.
    fn change(&mut self, change: &Change) -> Vec<u8> {
        let here = change.resource == self.served.storage
            && self
                .namespace
                .as_ref()
                .is_none_or(|namespace| *namespace == change.namespace);
        if !here {
            return Vec::new();
        }
        let chosen = |side: &Option<Arc<Value>>| {
            side.as_ref()
                .filter(|object| self.selector.matches(object))
                .cloned()
        };
        match (chosen(&change.before), chosen(&change.after)) {
            (None, None) => Vec::new(),
            (None, Some(after)) => self.event("ADDED", &after),
            (Some(_), Some(after)) => self.event("MODIFIED", &after),
            (Some(before), None) => {
                let mut last = (*before).clone();
                object::metadata_mut(&mut last).insert(
                    "resourceVersion".to_owned(),
                    change.revision.to_string().into(),
                );
                self.event("DELETED", &Arc::new(last))
            }
        }
    }

    fn event(&mut self, kind: &str, stored: &Arc<Value>) -> Vec<u8> {
        let shown = convert::from_storage(&self.served, Arc::clone(stored));
        match self.view {
            View::Object => {
                let mut line = format!("{{\"type\":\"{kind}\",\"object\":{shown}}}");
                line.push('\n');
                line.into_bytes()
            }
            View::Partial => line(kind, &partial((*shown).clone())),
            View::Table => {
                let mut rows = table::of_objects(&self.served, &self.call, &[&shown], &shown);
                if self.columns_sent {
                    rows["columnDefinitions"] = Value::Null;
                }
                self.columns_sent = true;
                line(kind, &rows)
            }
        }
    }

    fn bookmark(&self, revision: u64, initial: bool) -> Vec<u8> {
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if initial {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let object = json!({"kind": self.served.info.kind, "metadata": metadata,
                            "apiVersion": self.served.api_version()});
        match self.view {
            View::Object => line("BOOKMARK", &object),
            View::Partial => line("BOOKMARK", &partial(object)),
            View::Table => {
                let rows = table::of_objects(&self.served, &self.call, &[&object], &object);
                line("BOOKMARK", &rows)
            }
        }
    }
}

fn line(kind: &str, object: &Value) -> Vec<u8> {
    format!("{}\n", json!({"type": kind, "object": object})).into_bytes()
}
