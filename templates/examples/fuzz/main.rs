//! Compares the engine with the Go oracle on random templates and data.
//!
//! ```text
//! fuzz ORACLE [-seed N] [-seconds N] [-save FILE] [-only NAME,...]
//! fuzz ORACLE -kinds NAME,... | all [-seed N] [-cases N] [-save FILE]
//! fuzz questions -kinds NAME,... | all [-seed N] [-cases N]
//! ```
//!
//! ORACLE is the Go program. Differences are printed, and saved as JSON lines in the form of the
//! corpus, with Go's answer. `-only` calls just these functions beyond those of the language.
//!
//! Without `-kinds` templates come from a grammar of the language. With it they come from the rules of
//! each kind (the files in `kinds/`), so many of each, and the counts are told kind by kind.
//! `questions` writes them as JSON lines for other programs.

#[path = "../../tests/support/answer.rs"]
mod answer;
#[path = "../../tests/support/case.rs"]
mod case;
mod data;
mod grammar;
mod kinds;
mod oracle;
mod random;
mod rules;
mod survey;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use case::{Answer, Case};
use grammar::Grammar;
use kudo_templates::Functions;
use oracle::Oracle;
use random::Random;

/// What to do.
struct Options {
    oracle: String,
    seed: u64,
    time: Duration,
    save: Option<String>,
    only: Vec<String>,
    kinds: Vec<String>,
    cases: usize,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match options(&arguments).and_then(|options| run(&options)) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(2),
        Err(error) => {
            // Where even that cannot be written there is nobody to tell.
            drop(writeln!(io::stderr(), "fuzz: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Does what is asked; returns how many differences there were.
fn run(options: &Options) -> io::Result<usize> {
    match (options.oracle.as_str(), options.kinds.as_slice()) {
        ("questions", _) => survey::questions(options).map(|()| 0),
        (_, []) => fuzz(options),
        _ => survey::survey(options),
    }
}

fn options(arguments: &[String]) -> io::Result<Options> {
    let usage = "usage: fuzz ORACLE|questions [-kinds NAME,...|all] [-cases N] [-seed N] [-seconds N] [-save FILE] [-only NAME,...]";
    let (oracle, mut rest) = arguments
        .split_first()
        .ok_or_else(|| io::Error::other(usage))?;
    let mut options = Options {
        oracle: oracle.clone(),
        seed: 1,
        time: Duration::from_mins(1),
        save: None,
        only: Vec::new(),
        kinds: Vec::new(),
        cases: 1000,
    };
    while let [flag, value, after @ ..] = rest {
        match flag.as_str() {
            "-seed" => options.seed = value.parse().map_err(io::Error::other)?,
            "-seconds" => {
                options.time = Duration::from_secs(value.parse().map_err(io::Error::other)?);
            }
            "-save" => options.save = Some(value.clone()),
            "-cases" => options.cases = value.parse().map_err(io::Error::other)?,
            "-kinds" if value == "all" => {
                options.kinds = kinds::names().map(str::to_owned).collect();
            }
            "-kinds" => options.kinds = value.split(',').map(str::to_owned).collect(),
            "-only" => options.only = value.split(',').map(str::to_owned).collect(),
            _ => return Err(io::Error::other(usage)),
        }
        rest = after;
    }
    if rest.is_empty() {
        Ok(options)
    } else {
        Err(io::Error::other(usage))
    }
}

/// Runs until the time is up; returns how many differences there were.
fn fuzz(options: &Options) -> io::Result<usize> {
    let functions = Functions::kudo();
    let grammar = Grammar::new(&functions, &options.only);
    let mut oracle = Oracle::start(&options.oracle)?;
    let mut saved = options.save.as_ref().map(File::create).transpose()?;
    let mut out = io::stdout().lock();
    let start = Instant::now();
    let (mut cases, mut rendered, mut different) = (0_usize, 0_usize, 0_usize);
    // One of a kind is enough to see.
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut random = Random::new(options.seed);
    while start.elapsed() < options.time {
        let mut case = grammar.case(&mut random);
        let Some(known) = oracle.answer(&case)? else {
            continue;
        };
        cases += 1;
        rendered += usize::from(known.error.is_none());
        let ours = guarded(&case, &functions);
        if same(&ours, &known) {
            continue;
        }
        different += 1;
        let seen = kinds.entry(kind(&ours, &known)).or_default();
        *seen += 1;
        if *seen > 3 {
            continue;
        }
        writeln!(out, "template {:?}", case.template)?;
        writeln!(out, "data     {}", serde_json::to_string(&case.data)?)?;
        writeln!(out, "  Go   {known:?}\n  ours {ours:?}")?;
        case.answer = known;
        if let Some(saved) = &mut saved {
            serde_json::to_writer(&mut *saved, &case)?;
            saved.write_all(b"\n")?;
        }
    }
    let seconds = start.elapsed().as_secs();
    writeln!(
        out,
        "{cases} cases ({rendered} rendered) in {seconds} s, {different} different, seed {}",
        options.seed
    )?;
    Ok(different)
}

fn guarded(case: &Case, functions: &Functions) -> Answer {
    let answer = AssertUnwindSafe(|| case.answered(functions));
    std::panic::catch_unwind(answer).unwrap_or_else(|_| Answer {
        error: Some("our engine panicked".to_owned()),
        ..Answer::default()
    })
}

/// Says whether the answers agree; where Go panics, any error of ours does.
fn same(ours: &Answer, known: &Answer) -> bool {
    let panicked = known
        .error
        .as_ref()
        .is_some_and(|error| error.starts_with("PANIC"));
    if panicked {
        return ours
            .error
            .as_ref()
            .is_some_and(|error| error != "our engine panicked");
    }
    ours.agrees(known) && ours.agrees_in_tree(known)
}

/// Returns what makes differences alike: the errors without their place and what is quoted.
fn kind(ours: &Answer, known: &Answer) -> String {
    let short = |answer: &Answer| match &answer.error {
        None => "output".to_owned(),
        Some(error) => {
            let after = error.rfind(">: ").map_or(error.as_str(), |at| &error[at..]);
            after
                .chars()
                .filter(|char| char.is_alphabetic())
                .take(60)
                .collect()
        }
    };
    format!("{} / {}", short(known), short(ours))
}
