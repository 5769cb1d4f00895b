//! The KUDO engine: packages, plans, tasks and health, over any Kubernetes API.

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
pub mod offline;
pub mod operations;
pub mod package;
pub mod parameters;
pub mod plan;
pub mod render;
pub mod subject;
pub mod task;
pub mod tasks;
