//! The sandbox as processes share it: one has the state and serves it, the others ask that one.
//!
//! Whoever opens the state first serves it on the loopback address too, and leaves the address in
//! `server.json` beside it. A process that finds the state taken talks to that address, and takes the
//! state over when the other process ends.

use std::{
    fs, io,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use axum::{
    extract::{Request, State},
    http::{StatusCode, header::AUTHORIZATION},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use kube::{Client, Config, client::Body, config::AuthInfo};
use kudo_sandbox::{OpenError, Options, Sandbox};
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, sync::Mutex};

const SERVER_FILE: &str = "server.json";
const STATE_FILE: &str = "state.redb";
/// A process that has just taken the state needs a moment until it serves.
const PATIENCE: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How many processes in a row may end while they answer one request.
const MOST_OWNERS: usize = 20;

/// Where the process that has the state can be asked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Server {
    /// Address, as in `http://127.0.0.1:40123`.
    pub url: String,
    /// What requests must carry, in a header or as the first part of their path: other users of the
    /// machine reach the loopback address too.
    pub token: String,
    /// The process.
    pub pid: u32,
}

/// The folder of a sandbox.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    folder: PathBuf,
    options: Options,
}

/// How this process reaches the state.
enum Link {
    /// It has the state.
    Own(Own),
    /// Another process has it.
    Other(Client),
}

/// The link, and how often it had to be made anew.
struct Linked {
    link: Link,
    renewals: u64,
}

impl Linked {
    /// Returns whom to ask; with the number of the link, if that may end before it has answered.
    fn peer(&self) -> (Client, Option<u64>) {
        match &self.link {
            Link::Own(own) => (own.client.clone(), None),
            Link::Other(client) => (client.clone(), Some(self.renewals)),
        }
    }
}

/// The state, open and served.
pub(crate) struct Own {
    /// Its controllers run for as long as it is there.
    _sandbox: Sandbox,
    client: Client,
    server: Server,
    folder: PathBuf,
    serving: tokio::task::JoinHandle<()>,
}

impl Drop for Own {
    fn drop(&mut self) {
        self.serving.abort();
        let file = self.folder.join(SERVER_FILE);
        if read_server(&self.folder).as_ref() == Some(&self.server) {
            drop(fs::remove_file(file));
        }
    }
}

impl Server {
    /// Returns a kubeconfig that reaches the state.
    pub(crate) fn kubeconfig(&self) -> serde_json::Value {
        // kubectl sends no token over plain HTTP, so the address carries it.
        let address = format!("{}/{}", self.url, self.token);
        serde_json::json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "kudo-rs-sandbox",
            "clusters": [{"name": "kudo-rs-sandbox", "cluster": {"server": address}}],
            "users": [{"name": "kudo-rs-sandbox", "user": {}}],
            "contexts": [{"name": "kudo-rs-sandbox", "context": {
                "cluster": "kudo-rs-sandbox", "user": "kudo-rs-sandbox",
            }}],
        })
    }
}

impl Own {
    /// Returns a client that reaches the state within this process.
    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Returns the address under which the state is served.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }
}

impl Home {
    /// Returns the sandbox in `folder`.
    pub(crate) fn new(folder: PathBuf, options: Options) -> Self {
        Self { folder, options }
    }

    /// Returns the folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns a client that reaches the state wherever it is, for as long as it is used.
    pub(crate) async fn client(&self, namespace: &str) -> anyhow::Result<Client> {
        let linked = Arc::new(Mutex::new(Linked {
            link: self.link().await?,
            renewals: 0,
        }));
        let home = self.clone();
        let service = tower::service_fn(move |request: http::Request<Body>| {
            let (linked, home) = (linked.clone(), home.clone());
            async move { home.send(&linked, request).await }
        });
        Ok(Client::new(service, namespace))
    }

    /// Sends a request to whoever has the state.
    ///
    /// A process that had the state may end at any time, and take the answer along: what it had done
    /// is in the state, so the request is repeated on that.
    async fn send(
        &self,
        linked: &Mutex<Linked>,
        mut request: http::Request<Body>,
    ) -> Result<http::Response<Body>, tower::BoxError> {
        for _ in 0..MOST_OWNERS {
            let (client, renewals) = linked.lock().await.peer();
            let Some(renewals) = renewals else {
                return Ok(client.send(request).await?);
            };
            let again = copy(&request);
            let error = match client.send(request).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let Some(again) = again else {
                return Err(error.into());
            };
            request = again;
            self.renew(linked, renewals).await?;
        }
        let (client, _) = linked.lock().await.peer();
        Ok(client.send(request).await?)
    }

    /// Finds out who has the state now, unless another request has done so since the link was the one
    /// with this number: a process must not ask itself for a state that it has taken already.
    async fn renew(&self, linked: &Mutex<Linked>, failed: u64) -> anyhow::Result<()> {
        let mut linked = linked.lock().await;
        if linked.renewals == failed {
            linked.link = self.link().await?;
            linked.renewals += 1;
        }
        Ok(())
    }

    async fn link(&self) -> anyhow::Result<Link> {
        let mut waited = Duration::ZERO;
        loop {
            match self.open() {
                Ok(sandbox) => return Ok(Link::Own(self.serve(sandbox, 0).await?)),
                Err(OpenError::Locked { .. }) => {}
                Err(error) => return Err(self.explained(error)),
            }
            if let Some(server) = read_server(&self.folder)
                && is_listening(&server).await
            {
                return Ok(Link::Other(client_of(&server)?));
            }
            if waited >= PATIENCE {
                anyhow::bail!(
                    "another process has the sandbox in {} and does not answer; end it, or name \
                     another folder in KUDO_RS_SANDBOX",
                    self.folder.display()
                );
            }
            tokio::time::sleep(LOOK_EVERY).await;
            waited += LOOK_EVERY;
        }
    }

    /// Takes the state and serves it at `port`.
    pub(crate) async fn own(&self, port: u16) -> anyhow::Result<Own> {
        match self.open() {
            Ok(sandbox) => self.serve(sandbox, port).await,
            Err(OpenError::Locked { .. }) => match read_server(&self.folder) {
                Some(server) => anyhow::bail!(
                    "process {} has the sandbox and serves it at {}",
                    server.pid,
                    server.url
                ),
                None => anyhow::bail!("another process has the sandbox"),
            },
            Err(error) => Err(self.explained(error)),
        }
    }

    /// Serves a state that is forgotten with this process.
    pub(crate) async fn own_in_memory(&self) -> anyhow::Result<Own> {
        create_private_folder(&self.folder)
            .with_context(|| format!("making the folder {}", self.folder.display()))?;
        self.serve(Sandbox::in_memory(self.options.clone()), 0)
            .await
    }

    /// Returns where the state is served, if it is.
    pub(crate) async fn server(&self) -> Option<Server> {
        let server = read_server(&self.folder)?;
        is_listening(&server).await.then_some(server)
    }

    /// Deletes the state.
    pub(crate) fn reset(&self) -> anyhow::Result<()> {
        let file = self.folder.join(STATE_FILE);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("deleting {}", file.display()))
            }
            _ => Ok(()),
        }
    }

    fn open(&self) -> Result<Sandbox, OpenError> {
        create_private_folder(&self.folder).map_err(|source| OpenError::Io {
            path: self.folder.clone(),
            source,
        })?;
        Sandbox::open(&self.folder.join(STATE_FILE), self.options.clone())
    }

    fn explained(&self, error: OpenError) -> anyhow::Error {
        anyhow::Error::new(error).context(format!(
            "the sandbox in {} cannot be opened",
            self.folder.display()
        ))
    }

    async fn serve(&self, sandbox: Sandbox, port: u16) -> anyhow::Result<Own> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        let listener = listener.with_context(|| format!("listening on 127.0.0.1:{port}"))?;
        let server = Server {
            url: format!("http://{}", listener.local_addr()?),
            token: kudo_engine::clock::Ids::uid(&kudo_engine::clock::RandomIds),
            pid: std::process::id(),
        };
        let token: Arc<str> = format!("Bearer {}", server.token).into();
        let router = sandbox
            .router()
            .layer(middleware::from_fn_with_state(token, authorised))
            .nest(&format!("/{}", server.token), sandbox.router());
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::warn!(%error, "the sandbox is no longer served");
            }
        });
        write_server(&self.folder, &server)?;
        let client = sandbox.client("default");
        Ok(Own {
            _sandbox: sandbox,
            client,
            server,
            folder: self.folder.clone(),
            serving,
        })
    }
}

async fn authorised(State(token): State<Arc<str>>, request: Request, next: Next) -> Response {
    let given = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if given == Some(&*token) {
        return next.run(request).await;
    }
    let status = serde_json::json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "Unauthorized", "reason": "Unauthorized", "code": 401,
    });
    (StatusCode::UNAUTHORIZED, axum::Json(status)).into_response()
}

fn client_of(server: &Server) -> anyhow::Result<Client> {
    let mut config = Config::new(
        server
            .url
            .parse()
            .context("reading the sandbox's address")?,
    );
    config.auth_info = AuthInfo {
        token: Some(server.token.clone().into()),
        ..AuthInfo::default()
    };
    Ok(Client::try_from(config)?)
}

async fn is_listening(server: &Server) -> bool {
    let Some(address) = server.url.strip_prefix("http://") else {
        return false;
    };
    tokio::net::TcpStream::connect(address).await.is_ok()
}

fn read_server(folder: &Path) -> Option<Server> {
    serde_json::from_slice(&fs::read(folder.join(SERVER_FILE)).ok()?).ok()
}

fn write_server(folder: &Path, server: &Server) -> anyhow::Result<()> {
    let (file, fresh) = (
        folder.join(SERVER_FILE),
        folder.join(format!("{SERVER_FILE}.new")),
    );
    let text = serde_json::to_vec(server)?;
    fs::write(&fresh, text).with_context(|| format!("writing {}", fresh.display()))?;
    fs::rename(&fresh, &file).with_context(|| format!("writing {}", file.display()))
}

/// The folder holds a token and whatever Secrets packages make.
fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn copy(request: &http::Request<Body>) -> Option<http::Request<Body>> {
    let body = request.body().try_clone()?;
    let mut copy = http::Request::new(body);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}
