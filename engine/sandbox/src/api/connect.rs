//! Connections to pretend pods: logs, exec, attach and port-forward.

use std::sync::Arc;

use axum::extract::FromRequestParts as _;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use http::header;
use http::request::Parts;
use serde_json::{Value, json};

use super::Api;
use super::request::Call;
use super::respond::text;
use crate::pods::{Outcome, Shell, log_lines};
use crate::refusal::Refusal;
use crate::store::{object, resources};

/// The channels of `channel.k8s.io`.
const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const ERROR: u8 = 3;
/// In v5 a client closes a channel by naming it after this byte.
const CLOSE: u8 = 255;

fn pod(api: &Api, namespace: &str, name: &str) -> Result<Arc<Value>, Refusal> {
    api.store.get(&resources::PODS, namespace, name)
}

/// Returns the container that is meant, by name or because there is one.
fn container(pod: &Value, wanted: &str, verb: &str) -> Result<Value, Refusal> {
    let containers: Vec<&Value> = object::list(pod, "/spec/containers")
        .iter()
        .chain(object::list(pod, "/spec/initContainers"))
        .collect();
    let name = object::name(pod);
    if wanted.is_empty() {
        if let [only, rest @ ..] = containers.as_slice()
            && (rest.is_empty()
                || verb != "log"
                || object::list(pod, "/spec/containers").len() == 1)
        {
            return Ok((*only).clone());
        }
        let names: Vec<&str> = object::list(pod, "/spec/containers")
            .iter()
            .map(|container| object::text(container, "/name"))
            .collect();
        return Err(Refusal::bad_request(format!(
            "a container name must be specified for pod {name}, choose one of: [{}]",
            names.join(" ")
        )));
    }
    let found = containers
        .iter()
        .find(|container| object::text(container, "/name") == wanted);
    found.map(|container| (*container).clone()).ok_or_else(|| {
        Refusal::bad_request(format!("container {wanted} is not valid for pod {name}"))
    })
}

/// True once the container was started.
fn has_started(pod: &Value, container: &str) -> bool {
    let statuses = object::list(pod, "/status/containerStatuses")
        .iter()
        .chain(object::list(pod, "/status/initContainerStatuses"));
    let mut known = statuses.filter(|status| object::text(status, "/name") == container);
    let phase = object::text(pod, "/status/phase");
    match known.next() {
        Some(status) => {
            status.pointer("/state/running").is_some()
                || status.pointer("/state/terminated").is_some()
        }
        None => ["Running", "Succeeded", "Failed"].contains(&phase),
    }
}

/// `GET` of `pods/log`: what the container would have to say.
pub(super) fn log(
    api: &Arc<Api>,
    namespace: &str,
    name: &str,
    call: &Call,
) -> Result<Response, Refusal> {
    let pod = pod(api, namespace, name)?;
    let container = container(&pod, call.parameter("container"), "log")?;
    let container_name = object::text(&container, "/name");
    if !has_started(&pod, container_name) {
        return Err(Refusal::bad_request(format!(
            "container \"{container_name}\" in pod \"{name}\" is waiting to start: \
             ContainerCreating"
        )));
    }
    let mut lines = log_lines(&pod, &container, call.flag("timestamps"));
    if let Some(tail) = call
        .integer("tailLines")?
        .and_then(|tail| usize::try_from(tail).ok())
    {
        lines.drain(..lines.len().saturating_sub(tail));
    }
    let mut body = lines.join("\n");
    if !body.is_empty() {
        body.push('\n');
    }
    if call.flag("follow") {
        return Ok(followed(api, namespace, name, body));
    }
    Ok(text(200, body))
}

/// A followed log stays open until the pod is gone or has ended.
fn followed(api: &Arc<Api>, namespace: &str, name: &str, body: String) -> Response {
    let (api, namespace, name) = (Arc::clone(api), namespace.to_owned(), name.to_owned());
    let feed = api.store.changes();
    let state = (Some(body), api, feed);
    let stream = futures::stream::unfold(state, move |(body, api, mut feed)| {
        let (namespace, name) = (namespace.clone(), name.clone());
        async move {
            if let Some(body) = body {
                return Some((Ok::<_, std::convert::Infallible>(body), (None, api, feed)));
            }
            loop {
                let pod = api.store.find(&resources::PODS, &namespace, &name);
                let over = pod.is_none_or(|pod| {
                    ["Succeeded", "Failed"].contains(&object::text(&pod, "/status/phase"))
                });
                if over || feed.next().await.is_err() {
                    return None;
                }
            }
        }
    });
    text(200, axum::body::Body::from_stream(stream))
}

/// Upgrades to a stream: exec, attach or port-forward.
pub(super) async fn stream(
    api: &Arc<Api>,
    namespace: &str,
    name: &str,
    verb: &str,
    call: &Call,
    parts: &mut Parts,
) -> Result<Response, Refusal> {
    let pod = pod(api, namespace, name)?;
    if verb == "portforward" {
        return forward(parts, call).await;
    }
    let container = container(&pod, call.parameter("container"), verb)?;
    let container_name = object::text(&container, "/name").to_owned();
    if !has_started(&pod, &container_name) {
        return Err(Refusal::internal(format!(
            "unable to upgrade connection: container not found (\"{container_name}\")"
        )));
    }
    let upgrade = upgrade(parts, &["v5.channel.k8s.io", "v4.channel.k8s.io"]).await?;
    let command: Vec<String> = call.parameters("command").map(str::to_owned).collect();
    if verb == "exec" && command.is_empty() {
        return Err(Refusal::bad_request(
            "you must specify at least 1 command for the container",
        ));
    }
    let shell = Shell::new(api.store.clone(), pod, container, call.flag("stdin"));
    let attach = verb == "attach";
    Ok(upgrade.on_upgrade(move |socket| async move {
        if attach {
            attached(socket, &shell).await;
        } else {
            executed(socket, shell, command).await;
        }
    }))
}

async fn upgrade(
    parts: &mut Parts,
    protocols: &[&'static str],
) -> Result<WebSocketUpgrade, Refusal> {
    let wanted = parts
        .headers
        .get(header::UPGRADE)
        .and_then(|value| value.to_str().ok());
    if !wanted.is_some_and(|wanted| wanted.eq_ignore_ascii_case("websocket")) {
        return Err(Refusal::bad_request(
            "Upgrade request required: the sandbox speaks WebSocket here, not SPDY",
        ));
    }
    let upgrade = WebSocketUpgrade::from_request_parts(parts, &())
        .await
        .map_err(|rejection| Refusal::bad_request(rejection.body_text()))?;
    Ok(upgrade.protocols(protocols.iter().copied()))
}

async fn send(socket: &mut WebSocket, channel: u8, bytes: &[u8]) -> bool {
    let message = [&[channel], bytes].concat();
    socket.send(Message::Binary(message.into())).await.is_ok()
}

/// Runs a command with the client's stdin until it ends or the client goes.
async fn executed(mut socket: WebSocket, mut shell: Shell, command: Vec<String>) {
    let mut outcome = shell.start(&command);
    loop {
        if !send_output(&mut socket, &outcome).await {
            return;
        }
        if let Some(code) = outcome.exit {
            return finish(socket, code).await;
        }
        let input = tokio::select! {
            input = stdin(&mut socket) => input,
            () = shell.timer() => Some(Input::Timer),
        };
        outcome = match input {
            None => return,
            Some(Input::Bytes(bytes)) => shell.feed(&bytes),
            Some(Input::End) => shell.end_of_input(),
            Some(Input::Timer) => shell.timer_ended(),
        };
    }
}

enum Input {
    Bytes(Vec<u8>),
    End,
    Timer,
}

/// Waits for input; `None` when the client is gone.
async fn stdin(socket: &mut WebSocket) -> Option<Input> {
    loop {
        let message = socket.recv().await?.ok()?;
        let bytes = match message {
            Message::Binary(bytes) => bytes.to_vec(),
            Message::Text(text) => text.as_bytes().to_vec(),
            Message::Close(_) => return None,
            Message::Ping(_) | Message::Pong(_) => continue,
        };
        match bytes.split_first() {
            Some((&STDIN, rest)) => return Some(Input::Bytes(rest.to_vec())),
            Some((&CLOSE, [STDIN])) => return Some(Input::End),
            _ => {}
        }
    }
}

async fn send_output(socket: &mut WebSocket, outcome: &Outcome) -> bool {
    // Clients give up on messages beyond a frame; 32 KiB is what the real server sends.
    for (channel, bytes) in [(STDOUT, &outcome.stdout), (STDERR, &outcome.stderr)] {
        for chunk in bytes.chunks(32 * 1024) {
            if !send(socket, channel, chunk).await {
                return false;
            }
        }
    }
    true
}

async fn finish(mut socket: WebSocket, code: u8) {
    let status = match code {
        0 => json!({"metadata": {}, "status": "Success"}),
        code => json!({
            "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
            "message": format!("command terminated with non-zero exit code: {code}"),
            "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]},
        }),
    };
    send(&mut socket, ERROR, status.to_string().as_bytes()).await;
    close(socket).await;
}

/// Closes and waits for the client to do so too, or it would miss what was sent last.
async fn close(mut socket: WebSocket) {
    if socket
        .send(Message::Close(Some(CloseFrame {
            code: close_code::NORMAL,
            reason: "".into(),
        })))
        .await
        .is_err()
    {
        return;
    }
    while let Some(Ok(_)) = socket.recv().await {}
}

/// Shows the log, then nothing happens until the client goes.
async fn attached(mut socket: WebSocket, shell: &Shell) {
    let mut lines = shell.log().join("\n");
    lines.push('\n');
    send(&mut socket, STDOUT, lines.as_bytes()).await;
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, Message::Close(_)) {
            return;
        }
    }
}

/// Nothing listens in a pretend pod: each port says so on its error channel.
async fn forward(parts: &mut Parts, call: &Call) -> Result<Response, Refusal> {
    let ports: Vec<u16> = call
        .parameters("ports")
        .flat_map(|ports| ports.split(','))
        .filter_map(|port| port.parse().ok())
        .collect();
    let refusal =
        || Refusal::bad_request("the sandbox pretends its pods: nothing listens on their ports");
    let upgrade = upgrade(parts, &["v4.channel.k8s.io"])
        .await
        .map_err(|_| refusal())?;
    if upgrade.selected_protocol().is_none() {
        return Err(refusal());
    }
    Ok(upgrade.on_upgrade(move |mut socket| async move {
        for (index, port) in ports.iter().enumerate() {
            let Ok(index) = u8::try_from(index * 2) else {
                break;
            };
            send(&mut socket, index, &port.to_le_bytes()).await;
            send(&mut socket, index + 1, &port.to_le_bytes()).await;
            let why = format!("the sandbox pretends its pods: nothing listens on port {port}");
            send(&mut socket, index + 1, why.as_bytes()).await;
        }
        close(socket).await;
    }))
}
