//! The KUDO engine: packages, plans, tasks and health, over any Kubernetes API.

pub mod api;
