//! A Kubernetes API server in a box: storage, API semantics and pretend controllers.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`store`] | objects, revisions, the change feed and the state file |
//! | `api` | the HTTP API over the store: paths, verbs, patches, watches, tables |
//! | `admission` | what is added to objects, and what is refused |
//! | `crd`, `gc`, `namespaces` | custom kinds, garbage collection, emptying of namespaces |
//! | `controllers` | pretend controllers, scheduler and kubelet |
//! | `pods` | what a pretend pod logs, and what a command in it does |
//! | [`clock`], [`ids`] | time and identifiers, handed in |
//! | [`names`] | the rules for names |
//!
//! ```
//! use k8s_openapi::api::core::v1::Namespace;
//! use kudo_sandbox::{Options, Sandbox};
//!
//! # tokio::runtime::Runtime::new()?.block_on(async {
//! let sandbox = Sandbox::in_memory(Options::default());
//! let namespaces: kube::Api<Namespace> = kube::Api::all(sandbox.client("default"));
//! let default = namespaces.get("default").await?;
//! assert_eq!(default.status.and_then(|status| status.phase).as_deref(), Some("Active"));
//! # Ok::<(), kube::Error>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod admission;
mod api;
mod base64;
mod client;
pub mod clock;
mod controllers;
mod crd;
mod gc;
pub mod ids;
pub mod names;
mod namespaces;
mod pods;
mod refusal;
mod sandbox;
pub mod store;
mod yaml;

pub use refusal::{Cause, Refusal};
pub use sandbox::{Options, Sandbox};
pub use store::OpenError;
