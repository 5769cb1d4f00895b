//! What every request gets before anybody hears of its failure: a limit of time, the pause that an
//! overloaded server asks for, and, for reads, a few more tries.
//!
//! Nothing here repeats a write that may have taken effect: what that would mean only its sender
//! knows.

use std::{sync::Arc, time::Duration};

use http::{Method, Request, Response, StatusCode, header};
use kube::{Client, client::Body};
use tower::BoxError;

use crate::clock::Clock;

/// A request that was not answered for so long is given up: its connection is dead.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);
/// How often a server may ask to be left alone, as in client-go.
const MOST_PAUSES: u32 = 10;
/// The longest pause that a server is given.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How often a read is tried.
const MOST_READS: u32 = 4;
/// The pause before a read is tried again, doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Returns a client whose requests are patient, and do not wait for ever.
pub(super) fn patient(client: Client, clock: Arc<dyn Clock>) -> Client {
    let namespace = client.default_namespace().to_owned();
    let patience = Patience { client, clock };
    let service = tower::service_fn(move |request: Request<Body>| {
        let patience = patience.clone();
        async move { patience.answer(request).await }
    });
    Client::new(service, namespace)
}

#[derive(Clone)]
struct Patience {
    client: Client,
    clock: Arc<dyn Clock>,
}

/// What is to be expected of an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Expected {
    /// All of it, soon.
    Whole,
    /// A beginning soon, and the rest some time: watches, logs, connections into pods.
    Stream,
}

impl Patience {
    async fn answer(&self, mut request: Request<Body>) -> Result<Response<Body>, BoxError> {
        let (mut pauses, mut reads) = (0, 1);
        loop {
            let again = copy(&request);
            let expected = expected(&request);
            let is_read = request.method() == Method::GET && expected == Expected::Whole;
            let outcome = self.once(request, expected).await;
            let Some(again) = again else {
                return outcome;
            };
            let pause = match &outcome {
                Ok(answer) if pauses < MOST_PAUSES && asked_pause(answer).is_some() => {
                    pauses += 1;
                    asked_pause(answer).unwrap_or_default()
                }
                Ok(answer) if !answer.status().is_server_error() => return outcome,
                _ if is_read && reads < MOST_READS => {
                    reads += 1;
                    FIRST_PAUSE * 2_u32.pow(reads - 2)
                }
                _ => return outcome,
            };
            tracing::debug!(
                ?pause,
                path = again.uri().path(),
                "the request is sent again"
            );
            self.clock.sleep(pause).await;
            request = again;
        }
    }

    async fn once(
        &self,
        request: Request<Body>,
        expected: Expected,
    ) -> Result<Response<Body>, BoxError> {
        let answered = async {
            let answer = self.client.send(request).await?;
            if expected == Expected::Stream {
                return Ok(answer);
            }
            let (parts, body) = answer.into_parts();
            let body = body.collect_bytes().await?;
            Ok(Response::from_parts(parts, Body::from(body)))
        };
        tokio::select! {
            biased;
            answer = answered => answer,
            () = self.clock.sleep(ANSWER_WITHIN) => {
                Err(format!("no answer within {} s", ANSWER_WITHIN.as_secs()).into())
            }
        }
    }
}

fn expected(request: &Request<Body>) -> Expected {
    let query = request.uri().query().unwrap_or_default();
    let is_asked = |key: &str| {
        query.split('&').any(|one| match one.split_once('=') {
            Some((name, value)) => name == key && !matches!(value, "false" | "0"),
            None => one == key,
        })
    };
    if is_asked("watch") || is_asked("follow") || request.headers().contains_key(header::UPGRADE) {
        Expected::Stream
    } else {
        Expected::Whole
    }
}

/// Returns the pause that a server asks for before it does anything; client-go honours the same.
fn asked_pause(answer: &Response<Body>) -> Option<Duration> {
    let code = answer.status();
    if code != StatusCode::TOO_MANY_REQUESTS && !code.is_server_error() {
        return None;
    }
    let asked = answer.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    let asked = Duration::from_secs(asked.trim().parse().ok()?);
    Some(asked.min(LONGEST_PAUSE))
}

fn copy(request: &Request<Body>) -> Option<Request<Body>> {
    let mut copy = Request::new(request.body().try_clone()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy.extensions_mut().clone_from(request.extensions());
    Some(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(uri: &str) -> Request<Body> {
        Request::get(uri).body(Body::empty()).unwrap()
    }

    #[test]
    fn watches_and_logs_may_take_their_time() {
        for uri in [
            "/api/v1/pods?watch=true",
            "/log?tail=1&follow=true",
            "/pods?watch",
        ] {
            assert_eq!(expected(&get(uri)), Expected::Stream, "{uri}");
        }
        for uri in [
            "/api/v1/pods",
            "/pods?watch=false",
            "/pods?labelSelector=watch%3Dtrue",
        ] {
            assert_eq!(expected(&get(uri)), Expected::Whole, "{uri}");
        }
    }

    #[test]
    fn a_server_that_asks_for_a_pause_gets_it_up_to_a_minute() {
        let answer = |code: u16, after: Option<&str>| {
            let mut answer = Response::builder().status(code);
            if let Some(after) = after {
                answer = answer.header("Retry-After", after);
            }
            asked_pause(&answer.body(Body::empty()).unwrap())
        };

        assert_eq!(answer(429, Some("7")), Some(Duration::from_secs(7)));
        assert_eq!(answer(503, Some("1")), Some(Duration::from_secs(1)));
        assert_eq!(answer(429, Some("86400")), Some(Duration::from_mins(1)));
        assert_eq!(answer(429, None), None);
        assert_eq!(answer(200, Some("7")), None);
        assert_eq!(answer(429, Some("Wed, 21 Oct 2026 07:28:00 GMT")), None);
    }
}
