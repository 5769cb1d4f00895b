//! The KUDO engine: packages, plans, tasks and health, over any Kubernetes API.
//!
//! Plain functions over values, in the order in which a package meets them:
//!
//! | module | what |
//! |---|---|
//! | [`package`] | reading and checking packages, and the objects they become |
//! | [`parameters`] | values of parameters: checks, and what templates see |
//! | [`admission`] | which plan a change starts, or why it is refused |
//! | [`task`], [`plan`] | what there is to do, and where it stands |
//! | [`render`], [`offline`] | from templates to objects, with and without a cluster |
//! | [`enhance`], [`dependency_hash`] | what marks an object as the instance's |
//! | [`health`] | whether an object is what was asked for |
//! | [`history`], [`inventory`] | what an instance remembers: executions, applied objects |
//! | [`readiness`] | whether an instance does what it is there for, after its plans |
//!
//! The shell around them:
//!
//! | module | what |
//! |---|---|
//! | [`api`] | KUDO's kinds |
//! | [`cluster`] | requests, watches, leases and events |
//! | [`tasks`] | what tasks do to a cluster |
//! | [`driver`] | driving what is scheduled to its end |
//! | [`manager`] | driving whatever instances need, for as long as it runs |
//! | [`operations`] | what users ask for: install, change, uninstall |
//!
//! ```
//! use kudo_engine::health::{Health, judge};
//!
//! let deployment = serde_json::json!({
//!     "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"generation": 1},
//!     "spec": {"replicas": 2},
//!     "status": {
//!         "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 1,
//!     },
//! });
//! assert_eq!(judge(&deployment), Health::Waiting("1 of 2 pods ready".to_owned()));
//! ```

pub mod admission;
pub mod api;
pub mod clock;
pub mod cluster;
pub mod dependency_hash;
pub mod driver;
pub mod enhance;
pub mod error;
mod expand;
pub mod health;
pub mod history;
pub mod inventory;
pub mod manager;
pub mod offline;
pub mod operations;
pub mod package;
pub mod parameters;
pub mod plan;
pub mod readiness;
pub mod render;
pub mod subject;
pub mod task;
pub mod tasks;
