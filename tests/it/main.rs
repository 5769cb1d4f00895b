//! Tests of the command as a user sees it, and of the house as a whole.
//!
//! Commands run as processes with a home of their own. Those of [`backends`] run on the sandbox and,
//! where `KUDO_RS_TEST_KUBECONFIG` names one, on a real API server too.

#![cfg(test)]

mod architecture;
mod children;
mod compatibility;
mod conformance;
mod control;
mod crash;
mod dependencies;
mod differential;
mod errors;
mod galera;
mod history;
mod manager;
mod pipe;
mod prune;
mod readme;
mod repository;
mod support;
mod tour;
mod upgrade;
