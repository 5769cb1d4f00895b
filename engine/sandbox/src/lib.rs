//! A Kubernetes API server in a box: storage, API semantics and pretend controllers.
//!
//! | module | what it does |
//! | --- | --- |
//! | [`store`] | objects, revisions, the change feed and the state file |
//! | `api` | the HTTP API over the store |
//! | `controllers` | pretend controllers and a pretend kubelet |
//! | [`clock`], [`ids`] | time and identifiers, handed in |
//! | [`names`] | the rules for names |

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
