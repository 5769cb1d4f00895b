//! `plan ...`

use std::time::Duration;

use clap::{Args, Subcommand};

use super::{
    InstanceArg, Output, Waiting,
    parse::{duration, phase_and_step},
};

/// `plan ...`
#[derive(Debug, Subcommand)]
pub(crate) enum Plan {
    /// Show how the plans of an instance fare
    Status {
        #[command(flatten)]
        instance: InstanceArg,
        #[command(flatten)]
        output: Output,
    },
    /// Show the last executions of an instance's plans, newest first
    History(PlanHistory),
    /// Start a plan by hand
    Trigger {
        #[command(flatten)]
        instance: InstanceArg,
        /// Name of the plan
        #[arg(long, value_name = "PLAN")]
        name: String,
        #[command(flatten)]
        wait: Waiting,
    },
    /// Keep the running plan from starting anything more until it is resumed
    Pause {
        #[command(flatten)]
        instance: InstanceArg,
    },
    /// Run a failed plan again from the steps that failed
    Retry {
        #[command(flatten)]
        instance: InstanceArg,
        #[command(flatten)]
        wait: Waiting,
    },
    /// Let a step of a paused or failed plan count as complete
    Skip {
        #[command(flatten)]
        instance: InstanceArg,
        /// The step, as PHASE.STEP
        #[arg(long, value_name = "PHASE.STEP", value_parser = phase_and_step)]
        step: (String, String),
    },
    /// End the running plan as it stands
    Cancel {
        #[command(flatten)]
        instance: InstanceArg,
    },
    /// Go on with a plan that was interrupted or paused
    Resume {
        #[command(flatten)]
        instance: InstanceArg,
        /// Give up waiting after this time, as in 90s, 10m or 1h
        #[arg(long, value_name = "TIME", value_parser = duration)]
        timeout: Option<Duration>,
    },
    /// Wait until the plan that runs has ended; goes on with it if nobody drives it
    Wait {
        #[command(flatten)]
        instance: InstanceArg,
        /// Give up waiting after this time, as in 90s, 10m or 1h
        #[arg(long, value_name = "TIME", value_parser = duration)]
        timeout: Option<Duration>,
    },
}

impl Plan {
    /// Returns the command as it is typed.
    pub(super) fn words(&self) -> &'static str {
        match self {
            Self::Status { .. } => "plan status",
            Self::History(_) => "plan history",
            Self::Trigger { .. } => "plan trigger",
            Self::Pause { .. } => "plan pause",
            Self::Retry { .. } => "plan retry",
            Self::Skip { .. } => "plan skip",
            Self::Cancel { .. } => "plan cancel",
            Self::Resume { .. } => "plan resume",
            Self::Wait { .. } => "plan wait",
        }
    }
}

/// `plan history`
#[derive(Args, Debug)]
pub(crate) struct PlanHistory {
    #[command(flatten)]
    pub instance: InstanceArg,
    /// Show one execution in detail: its changed parameters, its error and where its time went
    #[arg(long, value_name = "UID", conflicts_with = "last")]
    pub uid: Option<String>,
    /// Show the newest execution in detail; -v shows all of them so
    #[arg(long)]
    pub last: bool,
    /// Show KUDO's tree instead: each plan with its last run
    #[arg(long, conflicts_with_all = ["uid", "last", "output"])]
    pub tree: bool,
    #[command(flatten)]
    pub output: Output,
}
