//! What people see: data on stdout, talk on stderr.
//!
//! | module | what |
//! |---|---|
//! | [`progress`] | a plan while it runs |
//! | [`tree`] | `plan status` and other trees |
//! | [`table`] | lists |
//! | [`timeline`] | where the time of a plan went |
//! | [`diagnostic`] | errors with their source line |

pub(crate) mod diagnostic;
pub(crate) mod progress;
pub(crate) mod table;
pub(crate) mod timeline;
pub(crate) mod tree;

use std::io::{IsTerminal as _, Write as _};

use serde::Serialize;

use crate::cli::{Color, Format, Global};

/// Where and how things are shown.
#[derive(Clone, Debug)]
pub(crate) struct Ui {
    is_quiet: bool,
    /// Whether more was asked for.
    pub is_verbose: bool,
    /// Whether stderr is a terminal that can be redrawn.
    pub is_live: bool,
    /// Whether stderr takes colour.
    pub has_color: bool,
}

impl Ui {
    /// Returns the terminal as the flags want it used.
    pub(crate) fn new(global: &Global) -> Self {
        let choice = match global.color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
        let chosen = anstream::AutoStream::choice(&std::io::stderr());
        Self {
            is_quiet: global.quiet,
            is_verbose: global.verbose > 0,
            is_live: std::io::stderr().is_terminal() && !global.quiet && global.verbose == 0,
            has_color: chosen != anstream::ColorChoice::Never,
        }
    }

    /// Prints data.
    ///
    /// # Errors
    ///
    /// When stdout is closed or full.
    #[expect(
        clippy::unused_self,
        reason = "whoever speaks was given the terminal to do so"
    )]
    pub(crate) fn print(&self, text: &str) -> std::io::Result<()> {
        let mut out = anstream::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Says something in passing; not when quiet.
    pub(crate) fn note(&self, text: &str) {
        if !self.is_quiet {
            self.say(text);
        }
    }

    /// Says something that must be heard.
    #[expect(
        clippy::unused_self,
        reason = "whoever speaks was given the terminal to do so"
    )]
    pub(crate) fn say(&self, text: &str) {
        let mut err = anstream::stderr().lock();
        // Where stderr is closed there is nobody to tell.
        drop(writeln!(err, "{text}"));
    }

    /// Returns `value` in a format for programs.
    pub(crate) fn data<T: Serialize>(format: Format, value: &T) -> anyhow::Result<String> {
        let json = serde_json::to_value(value)?;
        Ok(match format {
            Format::Json => format!("{}\n", serde_json::to_string_pretty(&json)?),
            Format::Yaml => kudo_yaml::emit(&kudo_yaml::from_json(&json)),
        })
    }
}
