//! The `kudo-rs` command: flags, terminal and environment around the engine.
//!
//! | module | what |
//! |---|---|
//! | [`cli`] | what can be typed |
//! | [`settings`] | what the environment says |
//! | [`connection`], [`sandbox`] | which cluster is spoken to |
//! | [`packages`], [`fetch`] | where packages come from |
//! | [`commands`] | arguments, one engine call, one presentation, each |
//! | [`suite`] | test suites in kuttl's format |
//! | [`ui`] | what people see |
//! | [`exit`] | exit codes |

mod cli;
mod commands;
mod connection;
mod exit;
mod fetch;
mod packages;
mod sandbox;
mod settings;
mod suite;
mod ui;

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::{EnvFilter, fmt};

use crate::{cli::Cli, settings::Settings, ui::Ui};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let settings = Settings::from_environment();
    let ui = Ui::new(&cli.global);
    log(&cli, &settings);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => {
            let outcome = runtime.block_on(commands::run(cli, &settings, &ui));
            // A watch that is still open must not keep the process.
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(anyhow::Error::new(error).context("starting the program")),
    };
    match outcome {
        Ok(status) => status.into(),
        Err(error) => exit::report(&error, &ui).into(),
    }
}

fn log(cli: &Cli, settings: &Settings) {
    let level = match cli.global.verbose {
        // What the client library calls an error is often one that is mended here, or told better.
        0 => "warn,kube_client=off",
        1 => "warn,kube_client=off,kudo_engine=info,kudo_rs=info",
        2 => "info,kudo_engine=debug,kudo_rs=debug,kube_client=debug",
        _ => "debug",
    };
    let filter = settings
        .log
        .as_deref()
        .map_or_else(|| EnvFilter::new(level), EnvFilter::new);
    fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .without_time()
        .init();
}
