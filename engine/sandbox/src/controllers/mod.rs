//! The pretend controllers: what makes pods of workloads and lets them become ready.

use std::sync::Arc;

use crate::Options;
use crate::clock::Clock;
use crate::ids::Ids;
use crate::store::Store;

/// Runs the pretend controllers until the future is dropped.
pub(crate) async fn run(store: Store, clock: Arc<dyn Clock>, ids: Arc<dyn Ids>, options: Options) {
    tracing::debug!(
        nodes = options.nodes,
        ?store,
        ?clock,
        ?ids,
        "no pretend controllers"
    );
    std::future::pending().await
}
