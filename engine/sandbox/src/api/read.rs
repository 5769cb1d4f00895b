//! Get and list.

use std::sync::Arc;

use axum::response::Response;
use serde_json::{Value, json};

use super::catalog::Served;
use super::objects::current;
use super::request::Call;
use super::respond::{View, bytes, json as answer, partial};
use super::{Api, body, convert, table};
use crate::refusal::{Cause, Refusal};
use crate::store::{Listing, Selector, object};

/// `GET` of an object.
pub(super) fn get(
    api: &Arc<Api>,
    served: &Arc<Served>,
    namespace: &str,
    name: &str,
    call: &Call,
) -> Result<Response, Refusal> {
    let view = View::of(call)?;
    let stored = current(api, served, namespace, name)?;
    if view == View::Object {
        return Ok(bytes(200, stored.to_string().into()));
    }
    Ok(answer(200, &view.object(served, call, (*stored).clone())))
}

/// `GET` of a collection.
pub(super) fn list(
    api: &Arc<Api>,
    served: &Arc<Served>,
    namespace: Option<&str>,
    call: &Call,
) -> Result<Response, Refusal> {
    let view = View::of_list(call)?;
    let selector = selector(served, call)?;
    let page = page(api, served, namespace, &selector, call)?;
    let mut metadata = json!({"resourceVersion": page.revision.to_string()});
    if let Some(token) = page.token {
        metadata["continue"] = token.into();
        // The server does not count what a selector would have to look through.
        if selector == Selector::everything() {
            metadata["remainingItemCount"] = page.remaining.into();
        }
    }
    let items: Vec<Arc<Value>> = page
        .items
        .into_iter()
        .map(|item| convert::from_storage(served, item))
        .collect();
    Ok(answer(
        200,
        &document(view, served, call, &metadata, &items),
    ))
}

fn document(
    view: View,
    served: &Served,
    call: &Call,
    metadata: &Value,
    items: &[Arc<Value>],
) -> Value {
    match view {
        View::Object => {
            let built_in = served.custom.is_none();
            let items: Vec<Value> = items
                .iter()
                .map(|item| list_item(built_in, (**item).clone()))
                .collect();
            json!({"kind": format!("{}List", served.info.kind), "apiVersion": served.api_version(),
                   "metadata": metadata, "items": items})
        }
        View::Table => {
            let items: Vec<&Value> = items.iter().map(|item| &**item).collect();
            table::of_objects(served, call, &items, &json!({"metadata": metadata}))
        }
        View::Partial => {
            let items: Vec<Value> = items.iter().map(|item| partial((**item).clone())).collect();
            json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                   "metadata": metadata, "items": items})
        }
    }
}

/// Items of a typed list do not repeat their kind; those of custom resources do.
fn list_item(built_in: bool, mut item: Value) -> Value {
    if built_in {
        let members = object::as_members(&mut item);
        members.remove("kind");
        members.remove("apiVersion");
    }
    item
}

/// Reads the selectors of a request and refuses fields this kind cannot be chosen by.
pub(super) fn selector(served: &Served, call: &Call) -> Result<Selector, Refusal> {
    let selector = call.selector()?;
    let extra = served
        .custom
        .as_ref()
        .map_or(&[][..], |custom| &custom.selectable);
    let renamed = convert::selector(served, selector);
    renamed.check(&served.storage, extra)?;
    Ok(renamed)
}

struct Page {
    revision: u64,
    items: Vec<Arc<Value>>,
    token: Option<String>,
    remaining: usize,
}

/// Reads a resource version of a list or watch: `None` when it is not given.
pub(super) fn revision(call: &Call) -> Result<Option<u64>, Refusal> {
    match call.parameter("resourceVersion") {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| {
            Refusal::bad_request(format!(
                "invalid resource version: resourceVersion: Invalid value: \"{text}\": \
                 strconv.ParseUint: parsing \"{text}\": invalid syntax"
            ))
        }),
    }
}

fn page(
    api: &Api,
    served: &Served,
    namespace: Option<&str>,
    selector: &Selector,
    call: &Call,
) -> Result<Page, Refusal> {
    let limit = call.integer("limit")?.unwrap_or(0);
    let limit = usize::try_from(limit).ok().filter(|limit| *limit > 0);
    let (listing, start) = match call.parameter("continue") {
        "" => (first(api, served, namespace, selector, call)?, None),
        token => {
            let (revision, start) = read_token(token)?;
            let listing = api
                .store
                .list_at(&served.storage, namespace, selector, revision)?;
            (listing, Some(start))
        }
    };
    let Listing {
        revision,
        mut items,
    } = listing;
    if let Some(start) = start {
        items.retain(|item| key(item) > start);
    }
    let Some(limit) = limit.filter(|limit| *limit < items.len()) else {
        return Ok(Page {
            revision,
            items,
            token: None,
            remaining: 0,
        });
    };
    let remaining = items.len() - limit;
    items.truncate(limit);
    let token = items.last().map(|last| token(revision, &key(last)));
    Ok(Page {
        revision,
        items,
        token,
        remaining,
    })
}

fn first(
    api: &Api,
    served: &Served,
    namespace: Option<&str>,
    selector: &Selector,
    call: &Call,
) -> Result<Listing, Refusal> {
    let wanted = revision(call)?;
    let exact = match call.parameter("resourceVersionMatch") {
        "" => {
            wanted.is_some_and(|revision| revision > 0)
                && !call.parameter("limit").is_empty()
                && call.parameter("limit") != "0"
        }
        "Exact" => true,
        "NotOlderThan" => false,
        other => {
            return Err(match_refusal(
                "FieldValueNotSupported",
                &format!(
                    "Unsupported value: \"{other}\": supported values: \"Exact\", \"NotOlderThan\", \"\""
                ),
            ));
        }
    };
    if wanted.is_none() && !call.parameter("resourceVersionMatch").is_empty() {
        return Err(match_refusal(
            "FieldValueForbidden",
            "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
        ));
    }
    let Some(wanted) = wanted else {
        return Ok(api.store.list(&served.storage, namespace, selector));
    };
    if exact && wanted == 0 {
        return Err(match_refusal(
            "FieldValueForbidden",
            "Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
        ));
    }
    let now = api.store.revision();
    if wanted > now {
        return Err(Refusal {
            code: 504,
            reason: "Timeout",
            message: format!("Too large resource version: {wanted}, current: {now}"),
            details: Some(Box::new(json!({
                "causes": [{"reason": "ResourceVersionTooLarge",
                            "message": "Too large resource version"}],
                "retryAfterSeconds": 1,
            }))),
        });
    }
    if exact {
        return api
            .store
            .list_at(&served.storage, namespace, selector, wanted);
    }
    Ok(api.store.list(&served.storage, namespace, selector))
}

pub(super) fn match_refusal(reason: &'static str, message: &str) -> Refusal {
    let field = "resourceVersionMatch".to_owned();
    let cause = Cause {
        reason,
        field,
        message: message.to_owned(),
    };
    Refusal::invalid("meta.k8s.io", "ListOptions", "", &[cause])
}

fn key(item: &Value) -> (String, String) {
    (
        object::namespace(item).to_owned(),
        object::name(item).to_owned(),
    )
}

/// A continue token says at which revision to go on and after which object. Clients must not look
/// into it, so its form is ours.
fn token(revision: u64, (namespace, name): &(String, String)) -> String {
    body::hexadecimal(format!("{revision}/{namespace}/{name}").as_bytes())
}

fn read_token(token: &str) -> Result<(u64, (String, String)), Refusal> {
    let refusal = || {
        Refusal::bad_request(
            "invalid continue token: continue key is not valid: invalid character 'i' looking for \
             beginning of value",
        )
    };
    let digits = |start: usize| token.get(start..start + 2);
    let bytes: Option<Vec<u8>> = (0..token.len())
        .step_by(2)
        .map(|start| digits(start).and_then(|digits| u8::from_str_radix(digits, 16).ok()))
        .collect();
    let text = bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(refusal)?;
    let mut parts = text.splitn(3, '/');
    let revision = parts
        .next()
        .and_then(|part| part.parse().ok())
        .ok_or_else(refusal)?;
    let mut part = || parts.next().map(str::to_owned).ok_or_else(refusal);
    Ok((revision, (part()?, part()?)))
}
