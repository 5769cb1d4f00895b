//! The handle of a running sandbox: opening, serving, and the tasks behind it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinHandle};

use crate::clock::{Clock, SystemClock};
use crate::ids::{Ids, RandomIds};
use crate::refusal::Refusal;
use crate::store::{OpenError, Store};
use crate::{api, client, controllers};

/// What a sandbox is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The clock, timers included.
    pub clock: Arc<dyn Clock>,
    /// Where uids and generated names come from.
    pub ids: Arc<dyn Ids>,
    /// How long a pretend pod takes to become ready.
    pub pod_ready_after: Duration,
    /// How many pretend nodes there are.
    pub nodes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
            pod_ready_after: Duration::from_secs(1),
            nodes: 3,
        }
    }
}

/// A running Kubernetes API server in a box. Clones share it; its tasks end with the last one.
#[derive(Debug, Clone)]
pub struct Sandbox {
    store: Store,
    router: Router,
    _tasks: Arc<Tasks>,
}

/// Background tasks that end when the sandbox does.
#[derive(Debug)]
struct Tasks(Vec<AbortHandle>);

impl Drop for Tasks {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

impl Sandbox {
    /// Starts a sandbox that forgets everything with its process. Needs a tokio runtime.
    pub fn in_memory(options: Options) -> Self {
        let store = Store::in_memory(Arc::clone(&options.clock), Arc::clone(&options.ids));
        Self::start(store, options).expect("memory takes every write")
    }

    /// Starts a sandbox whose state is the file at `path`. Needs a tokio runtime.
    pub fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let store = Store::open(path, Arc::clone(&options.clock), Arc::clone(&options.ids))?;
        Self::start(store, options).map_err(|refusal| OpenError::Unwritable {
            path: path.to_owned(),
            refusal,
        })
    }

    fn start(store: Store, options: Options) -> Result<Self, Refusal> {
        let api = api::Api::new(&store)?;
        let (router, mut tasks) = api::start(&api);
        tasks.push(tokio::spawn(controllers::run(api, options)));
        let tasks = tasks.iter().map(JoinHandle::abort_handle).collect();
        Ok(Self {
            store,
            router,
            _tasks: Arc::new(Tasks(tasks)),
        })
    }

    /// The storage, for what has no API.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The API as a tower service.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Returns a client whose requests stay in this process.
    pub fn client(&self, namespace: &str) -> kube::Client {
        client::client(self.router(), namespace)
    }

    /// Serves the API on a listener until `shutdown` ends. Open watches end with it.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        // A graceful shutdown would wait for watches, and those never end by themselves.
        tokio::select! {
            served = async { axum::serve(listener, self.router()).await } => served,
            () = shutdown => Ok(()),
        }
    }
}
