//! Test suites in kuttl's format: what package authors check their operators with (kudo-spec 8.1).
//!
//! | module | what |
//! |---|---|
//! | [`model`] | a suite, its cases and their steps, as values |
//! | [`load`], [`document`] | reading them from folders of YAML files |
//! | [`matching`] | whether an object has what was asked for, and what it has instead |
//! | [`objects`] | creating, changing, finding and deleting the objects of steps |
//! | [`command`] | running the commands of steps |
//! | [`place`] | where a suite runs: a sandbox of its own, or a cluster |
//! | [`case`] | running one case |
//! | [`report`] | what is said about it |

mod case;
mod command;
mod document;
mod load;
mod matching;
mod model;
mod objects;
mod place;
mod report;

pub(crate) use case::{Outcome, Run, failure_before, run_case};
pub(crate) use command::{Background, Environment};
pub(crate) use load::read;
pub(crate) use model::{Case, Suite};
pub(crate) use objects::Objects;
pub(crate) use place::{Place, Wanted};
pub(crate) use report::{as_json, as_junit, case_line, failure_text, summary};
