//! The HTTP API.

use axum::Router;
use tokio::task::JoinHandle;

use crate::store::Store;

/// Returns the router of a store, and the tasks that keep the API's promises.
pub(crate) fn start(store: &Store) -> (Router, Vec<JoinHandle<()>>) {
    let _ = store;
    (Router::new(), Vec::new())
}
