//! Answers template questions as the Go oracle does: JSON lines in, the same lines with the answer out.
//!
//! ```text
//! oracle < CASES > ANSWERS                       one answer a line, at once
//! oracle check FILE...                           compares a corpus with what we say
//! oracle bench [-time 200ms] [-match TEXT] FILE...
//!                                                ns a parse and a render, one JSON line a case
//! oracle report [-go FOLDER] [-passes N] [-time 20ms] CORPUS|PACKAGE...
//!                                                Go, gtmpl and us in turns, as the tables of the manual
//! oracle functions                               the names of the functions beyond text/template
//! ```
//!
//! Cases of the group `sprig3-only` may call Sprig 3's functions.

#[path = "../../tests/support/answer.rs"]
mod answer;
mod bench;
#[path = "../../tests/support/case.rs"]
mod case;
#[path = "../../tests/support/file.rs"]
mod file;
#[path = "../../tests/support/package.rs"]
mod package;
mod report;
#[path = "../../tests/support/rival.rs"]
mod rival;
mod table;

use std::io::{self, BufRead, Write};
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use bench::Wanted;
use case::{Answer, Case};
use kudo_templates::Functions;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        [] => answer_all(),
        ["check", files @ ..] if !files.is_empty() => check(files),
        ["bench", rest @ ..] => {
            Wanted::new(rest).and_then(|wanted| bench::run(&wanted, &mut io::stdout().lock()))
        }
        ["report", rest @ ..] => report::run(rest),
        ["functions"] => list_functions(),
        _ => Err(io::Error::other(
            "usage: oracle < CASES | oracle check FILE... | oracle bench [-time D] [-match TEXT] FILE... | oracle report [-go FOLDER] [-passes N] [-time D] CORPUS|PACKAGE... | oracle functions",
        )),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where even that cannot be written there is nobody to tell.
            drop(writeln!(io::stderr(), "oracle: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Returns the functions that cases of a group may call.
fn functions_of(group: &str) -> Functions {
    match group {
        "sprig3-only" => Functions::kudo().with_sprig3(),
        _ => Functions::kudo(),
    }
}

/// Answers each line on its own line; a line that is no question gets an answer too.
fn answer_all() -> io::Result<()> {
    let mut out = io::stdout().lock();
    let functions = Functions::kudo();
    for line in io::stdin().lock().split(b'\n') {
        let line = line?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let answered = match question(&line) {
            Ok(mut case) => {
                case.answer = match case.group.as_str() {
                    "sprig3-only" => guarded(&case, &functions_of(&case.group)),
                    _ => guarded(&case, &functions),
                };
                case
            }
            Err(error) => Case {
                answer: Answer {
                    error: Some(error.to_string()),
                    phase: Some("data".to_owned()),
                    ..Answer::default()
                },
                ..Case::default()
            },
        };
        serde_json::to_writer(&mut out, &answered)?;
        out.write_all(b"\n")?;
        out.flush()?;
    }
    Ok(())
}

/// Reads a question as Go's JSON does: a bad byte is U+FFFD, and null is as if nothing were there.
fn question(line: &[u8]) -> serde_json::Result<Case> {
    let mut text = String::with_capacity(line.len());
    for chunk in line.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    match serde_json::from_str(&text)? {
        serde_json::Value::Null => Ok(Case::default()),
        serde_json::Value::Object(mut fields) => {
            fields.retain(|_, value| !value.is_null());
            serde_json::from_value(fields.into())
        }
        other => serde_json::from_value(other),
    }
}

/// Answers a question; should the engine panic, that is the answer.
fn guarded(case: &Case, functions: &Functions) -> Answer {
    let answer = AssertUnwindSafe(|| case.answered(functions));
    std::panic::catch_unwind(answer).unwrap_or_else(|_| Answer {
        error: Some("PANIC".to_owned()),
        phase: Some("exec".to_owned()),
        ..Answer::default()
    })
}

/// Prints each case of the files that we answer otherwise, unless a listed variant does.
fn check(files: &[&str]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let (mut same, mut variant, mut other) = (0, 0, 0);
    for path in files {
        for case in file::cases(&std::fs::read_to_string(path)?) {
            let answer = case.answered(&functions_of(&case.group));
            if answer.agrees(&case.answer) && answer.agrees_in_tree(&case.answer) {
                same += 1;
            } else if case.variants.values().any(|known| answer.agrees(known)) {
                variant += 1;
            } else {
                other += 1;
                let Case {
                    group,
                    name,
                    template,
                    answer: known,
                    ..
                } = &case;
                writeln!(out, "{group}: {name}\n  template {template:?}")?;
                writeln!(out, "  corpus   {known:?}\n  now      {answer:?}")?;
            }
        }
    }
    writeln!(
        out,
        "kudo-rs: {same} same, {variant} as a listed variant, {other} other"
    )
}

fn list_functions() -> io::Result<()> {
    let builtin = Functions::builtin();
    let mut out = io::stdout().lock();
    for function in Functions::kudo().iter() {
        if builtin.find(function.name.as_bytes()).is_none() {
            writeln!(out, "{}", function.name)?;
        }
    }
    Ok(())
}
