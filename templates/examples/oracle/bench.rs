//! Times parses and renders as the Go oracle does: the best of five rounds.

use std::hint::black_box;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::case::{self, Case};
use super::{file, functions_of};

/// One line of the report, with the names of the Go oracle's.
#[derive(Serialize)]
struct Figures<'c> {
    group: &'c str,
    name: &'c str,
    bytes: usize,
    parse_ns: f64,
    exec_ns: f64,
    /// Conversion of the data included.
    data_and_exec_ns: f64,
    go: &'static str,
}

/// Times the cases of files.
pub(crate) fn run(arguments: &[&str]) -> io::Result<()> {
    let mut budget = Duration::from_millis(200);
    let mut wanted = "";
    let mut rest = arguments;
    loop {
        match rest {
            ["-time", time, after @ ..] => {
                budget = duration(time)?;
                rest = after;
            }
            ["-match", text, after @ ..] => {
                wanted = text;
                rest = after;
            }
            _ => break,
        }
    }
    let mut out = io::stdout().lock();
    for path in rest {
        for case in file::cases(&std::fs::read_to_string(path)?) {
            if format!("{} {}", case.group, case.name).contains(wanted) {
                measure(&case, budget, &mut out)?;
            }
        }
    }
    Ok(())
}

fn measure(case: &Case, budget: Duration, out: &mut impl Write) -> io::Result<()> {
    let functions = functions_of(&case.group);
    let (Ok(template), Ok(data)) = (case.parse(&functions), case.dot()) else {
        return Ok(());
    };
    if case::render(&template, &data).is_err() {
        return Ok(());
    }
    let figures = Figures {
        group: &case.group,
        name: &case.name,
        bytes: case.template.len(),
        parse_ns: per_run(budget, || drop(black_box(case.parse(&functions)))),
        exec_ns: per_run(budget, || drop(black_box(case::render(&template, &data)))),
        data_and_exec_ns: per_run(budget, || {
            let data = case.dot().unwrap_or_default();
            drop(black_box(case::render(&template, &data)));
        }),
        go: "kudo-rs",
    };
    serde_json::to_writer(&mut *out, &figures)?;
    out.write_all(b"\n")
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
