//! Plans among seeded random faults of the API.

use std::sync::{Arc, Mutex};

use http::Method;
use kudo_sandbox::ids::{Ids as _, SeededIds};

use crate::{
    exhaustion::{Ran, difference, play, undisturbed},
    gate::{Asked, CutHow, Fault},
    packages::{self, Scenario},
};

/// How many runs a usual test run makes.
const RUNS: u64 = 100;
/// How many faults hit a run at most: a run without end would say nothing.
const MOST_FAULTS: usize = 25;

/// Chooses faults by a seed.
struct Dice {
    ids: SeededIds,
    faults: usize,
    /// Of a hundred requests, so many go wrong.
    rate: u64,
    kills: bool,
}

impl Dice {
    fn new(seed: u64) -> Self {
        let ids = SeededIds::new(seed);
        let rate = 3 + ids.bits() % 25;
        let kills = ids.bits().is_multiple_of(2);
        Self {
            ids,
            faults: 0,
            rate,
            kills,
        }
    }

    fn below(&self, end: u64) -> u64 {
        self.ids.bits() % end
    }

    fn choose(&mut self, asked: &Asked) -> Fault {
        if self.faults == MOST_FAULTS || self.below(100) >= self.rate {
            return Fault::None;
        }
        self.faults += 1;
        let done = self.below(2) == 0;
        match self.below(10) {
            0 | 1 | 7 if asked.is_watch => self.cut(),
            0 if asked.method != Method::GET => Fault::Refused {
                code: 409,
                retry_after: None,
                done: false,
            },
            0 | 1 => Fault::Stale {
                changes: 1 + self.below(60),
            },
            2 => Fault::Refused {
                code: 429,
                retry_after: Some(1 + u32::try_from(self.below(20)).unwrap()),
                done: false,
            },
            3 | 4 => Fault::Refused {
                code: [500, 502, 503, 504][usize::try_from(self.below(4)).unwrap()],
                retry_after: None,
                done,
            },
            5 => Fault::Silent { done },
            6 if self.kills && done => Fault::DiesUnheard,
            6 if self.kills => Fault::DiesBefore,
            _ => Fault::Breaks { done },
        }
    }

    fn cut(&self) -> Fault {
        let how = [CutHow::Ends, CutHow::Breaks, CutHow::Expires];
        Fault::Cut {
            after: usize::try_from(self.below(4)).unwrap(),
            how: how[usize::try_from(self.below(3)).unwrap()],
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "how much is tested is chosen by the environment"
)]
pub(crate) fn number_in(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().expect("the variable holds a number"))
}

/// The scenarios, each with what comes of it when nothing goes wrong.
fn references() -> Vec<(Scenario, Ran)> {
    let scenarios = packages::all().into_iter();
    let ran = scenarios.map(|scenario| {
        let reference = undisturbed(&scenario);
        (scenario, reference)
    });
    ran.collect()
}

fn run(references: &[(Scenario, Ran)], seed: u64) -> (Ran, &'static str, String) {
    let index = usize::try_from(seed).unwrap() % references.len();
    let (scenario, reference) = &references[index];
    let dice = Arc::new(Mutex::new(Dice::new(seed)));
    let ran = play(scenario, 1, |_| {
        let dice = dice.clone();
        Box::new(move |asked| dice.lock().unwrap().choose(asked))
    });
    let difference = difference(reference, &ran);
    (ran, scenario.name, difference)
}

/// `KUDO_RS_FAULT_RUNS` makes more runs, `KUDO_RS_FAULT_SEED` repeats one.
#[test]
fn plans_come_to_the_same_end_among_faults() {
    if let Some(seed) = number_in("KUDO_RS_FAULT_SEED") {
        let (ran, name, difference) = run(&references(), seed);
        println!("{name}\n{}\n{difference}", ran.log.join("\n"));
        assert!(difference.is_empty());
        return;
    }
    let runs = number_in("KUDO_RS_FAULT_RUNS").unwrap_or(RUNS);
    let references = references();
    let (mut failed, mut processes, mut requests) = (Vec::new(), 0, 0);
    for seed in 0..runs {
        let caught = std::panic::catch_unwind(|| run(&references, seed));
        let Ok((ran, name, difference)) = caught else {
            failed.push(format!("KUDO_RS_FAULT_SEED={seed}: came to no end"));
            continue;
        };
        processes += ran.processes;
        requests += ran.requests;
        if !difference.is_empty() {
            failed.push(format!("KUDO_RS_FAULT_SEED={seed} ({name}):\n{difference}"));
        }
    }
    println!("{runs} runs, {processes} processes, {requests} requests");
    assert!(
        failed.is_empty(),
        "{} of {runs} runs ended otherwise:\n{}",
        failed.len(),
        failed.join("\n\n")
    );
}
