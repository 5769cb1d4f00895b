//! Times parses and renders as the Go oracle does: the best of five rounds.

use std::hint::black_box;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use kudo_templates::{Environment, Template, Value};
use serde::Serialize;

use super::case::{self, Case};
use super::rival::{rival, rival_data};
use super::{file, functions_of};

/// One line of the report; what the Go oracle says too has its names.
#[derive(Serialize)]
struct Figures<'c> {
    group: &'c str,
    name: &'c str,
    bytes: usize,
    parse_ns: f64,
    exec_ns: f64,
    /// Into a buffer, as the engine does it.
    exec_text_ns: f64,
    /// From the JSON text of the data to values.
    data_ns: f64,
    data_and_exec_ns: f64,
    /// The crate gtmpl, where it gives the same.
    #[serde(flatten)]
    gtmpl: Option<Gtmpl>,
    go: &'static str,
}

#[derive(Serialize)]
struct Gtmpl {
    gtmpl_parse_ns: f64,
    gtmpl_exec_ns: f64,
}

/// What is to be timed.
pub(crate) struct Wanted<'a> {
    /// Time for each figure.
    pub(crate) budget: Duration,
    /// Part of the group or name.
    text: &'a str,
    pub(crate) files: &'a [&'a str],
}

impl<'a> Wanted<'a> {
    /// Reads `[-time D] [-match TEXT] FILE...`.
    pub(crate) fn new(mut arguments: &'a [&'a str]) -> io::Result<Self> {
        let (mut budget, mut text) = (Duration::from_millis(200), "");
        loop {
            match arguments {
                ["-time", time, rest @ ..] => {
                    budget = duration(time)?;
                    arguments = rest;
                }
                ["-match", wanted, rest @ ..] => {
                    text = wanted;
                    arguments = rest;
                }
                files => {
                    return Ok(Self {
                        budget,
                        text,
                        files,
                    });
                }
            }
        }
    }

    /// Reads the cases.
    fn cases(&self) -> io::Result<Vec<Case>> {
        let mut cases = Vec::new();
        for path in self.files {
            cases.extend(file::cases(&std::fs::read_to_string(path)?));
        }
        cases.retain(|case| format!("{} {}", case.group, case.name).contains(self.text));
        Ok(cases)
    }
}

/// Times the cases of files; writes a JSON line for each that renders.
pub(crate) fn run(wanted: &Wanted<'_>, out: &mut impl Write) -> io::Result<()> {
    for case in wanted.cases()? {
        measure(&case, wanted.budget, out)?;
    }
    Ok(())
}

fn measure(case: &Case, budget: Duration, out: &mut impl Write) -> io::Result<()> {
    let functions = functions_of(&case.group);
    let (Ok(template), Ok(data)) = (case.parse(&functions), case.dot()) else {
        return Ok(());
    };
    let Ok(text) = case::render(&template, &data) else {
        return Ok(());
    };
    let json = serde_json::to_string(&case.data)?;
    let environment = Environment::default();
    let figures = Figures {
        group: &case.group,
        name: &case.name,
        bytes: case.template.len(),
        parse_ns: per_run(budget, || drop(black_box(case.parse(&functions)))),
        exec_ns: per_run(budget, || sink(&template, &data)),
        exec_text_ns: per_run(budget, || {
            drop(black_box(template.render(&data, &environment)));
        }),
        data_ns: per_run(budget, || drop(black_box(decoded(case, &json)))),
        data_and_exec_ns: per_run(budget, || sink(&template, &decoded(case, &json))),
        gtmpl: gtmpl(case, &text, budget),
        go: "kudo-rs",
    };
    serde_json::to_writer(&mut *out, &figures)?;
    out.write_all(b"\n")
}

/// Renders to nowhere, as the Go oracle does.
fn sink(template: &Template, data: &Value) {
    drop(black_box(template.render_to(
        &mut io::sink(),
        data,
        &Environment::default(),
    )));
}

/// Turns the JSON text of the data into values, as the Go oracle's `dot` does.
fn decoded(case: &Case, json: &str) -> Value {
    let data = Value::from_json_text(json, case.numbers()).unwrap_or_default();
    case.typed(data).unwrap_or_default()
}

fn gtmpl(case: &Case, text: &[u8], budget: Duration) -> Option<Gtmpl> {
    let template = rival(case)?;
    let context = gtmpl::Context::from(rival_data(case.data.as_ref()));
    if template.render(&context).ok()?.as_bytes() != text {
        return None;
    }
    Some(Gtmpl {
        gtmpl_parse_ns: per_run(budget, || drop(black_box(rival(case)))),
        gtmpl_exec_ns: per_run(budget, || drop(black_box(template.render(&context)))),
    })
}

/// Reads `200ms`, `1.5s` or `50us`.
fn duration(text: &str) -> io::Result<Duration> {
    let unit = text.trim_start_matches(|char: char| char.is_ascii_digit() || char == '.');
    let scale = match unit {
        "ns" => 1e-9,
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        _ => return Err(io::Error::other(format!("`{text}` is no duration"))),
    };
    let number: f64 = text[..text.len() - unit.len()]
        .parse()
        .map_err(io::Error::other)?;
    Duration::try_from_secs_f64(number * scale).map_err(io::Error::other)
}

/// Returns the best of five rounds, in ns a run.
fn per_run(budget: Duration, mut run: impl FnMut()) -> f64 {
    let mut runs = 1_u32;
    let rounds = loop {
        let start = Instant::now();
        for _ in 0..runs {
            run();
        }
        let took = start.elapsed();
        if took > budget / 10 {
            let one = took.as_secs_f64() / f64::from(runs);
            break (budget.as_secs_f64() / 5.0 / one).clamp(1.0, 1e9);
        }
        runs = runs.saturating_mul(2);
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is clamped"
    )]
    let runs = rounds as u32;
    let round = |_| {
        let start = Instant::now();
        for _ in 0..runs {
            run();
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(runs)
    };
    (0..5).map(round).fold(f64::INFINITY, f64::min)
}
