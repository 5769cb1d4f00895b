//! Every request of a plan is once the last one that its process made.

use crate::{
    faults::number_in,
    gate::{Asked, Fault},
    packages::{self, Scenario},
    state::End,
    time::Time,
    world::{Ended, World},
};

/// How the process of an interrupted plan ends at its request number `n`.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// It hears the answer and dies.
    Heard,
    /// It dies after the effect and before the answer.
    Unheard,
    /// The connection breaks before the effect; the process lives.
    NeverSent,
    /// The connection breaks after the effect; the process lives.
    AnswerLost,
    /// No answer ever comes; the process lives.
    Silent,
}

const CUTS: [Cut; 5] = [
    Cut::Heard,
    Cut::Unheard,
    Cut::NeverSent,
    Cut::AnswerLost,
    Cut::Silent,
];

impl Cut {
    fn at(self, n: usize, asked: &Asked) -> Fault {
        match self {
            Self::Heard if asked.number == n + 1 => Fault::DiesBefore,
            _ if asked.number != n => Fault::None,
            Self::Heard => Fault::None,
            Self::Unheard => Fault::DiesUnheard,
            Self::NeverSent => Fault::Breaks { done: false },
            Self::AnswerLost => Fault::Breaks { done: true },
            Self::Silent => Fault::Silent { done: true },
        }
    }
}

/// Returns the cuts that are tried at request `n`: all of them where time does not matter
/// (`KUDO_RS_FAULT_RUNS` is set), else a different one at every other request.
fn cuts_at(n: usize) -> &'static [Cut] {
    match number_in("KUDO_RS_FAULT_RUNS") {
        Some(_) => &CUTS,
        None if n.is_multiple_of(2) => &CUTS[n / 2 % CUTS.len()..][..1],
        None => &[],
    }
}

/// What came of one run.
pub(crate) struct Ran {
    pub(crate) end: End,
    pub(crate) requests: usize,
    pub(crate) ended: Ended,
    pub(crate) processes: usize,
    pub(crate) log: Vec<String>,
}

/// Plays a scenario; `choose` says what happens to each request of each process of its last command.
pub(crate) fn play(
    scenario: &Scenario,
    seed: u64,
    mut choose: impl FnMut(usize) -> Box<dyn FnMut(&Asked) -> Fault + Send>,
) -> Ran {
    Time::run(|time| async move {
        let mut world = World::new(time, seed);
        for command in &scenario.before {
            world
                .carry_out(&scenario.instance, command, |_| Box::new(|_| Fault::None))
                .await;
        }
        world.log.clear();
        let mut processes = 0;
        let count = |process| {
            processes = process + 1;
            choose(process)
        };
        let (requests, ended) = world
            .carry_out(&scenario.instance, &scenario.command, count)
            .await;
        Ran {
            end: world.end().await,
            requests,
            ended,
            processes,
            log: world.log,
        }
    })
}

pub(crate) fn undisturbed(scenario: &Scenario) -> Ran {
    let ran = play(scenario, 1, |_| Box::new(|_| Fault::None));
    assert_eq!(ran.processes, 1, "{}", ran.log.join("\n"));
    ran
}

/// Returns what came out otherwise, for people.
pub(crate) fn difference(reference: &Ran, ran: &Ran) -> String {
    let mut said = reference.end.difference(&ran.end);
    if let Ended::Badly(why) = &ran.ended {
        said += why;
    }
    said
}

fn exhaust(scenario: &Scenario) {
    let reference = undisturbed(scenario);
    let (mut failures, mut points) = (Vec::new(), 0);
    for n in 0..=reference.requests {
        for cut in cuts_at(n) {
            points += 1;
            let ran = play(scenario, 1, |process| {
                if process > 0 {
                    return Box::new(|_| Fault::None);
                }
                Box::new(move |asked| cut.at(n, asked))
            });
            let difference = difference(&reference, &ran);
            if !difference.is_empty() {
                failures.push(format!(
                    "{}: {cut:?} at request {n}:\n{difference}\n{}\n",
                    scenario.name,
                    ran.log.join("\n")
                ));
            }
        }
    }
    println!(
        "{}: {} requests, {points} crash points",
        scenario.name, reference.requests
    );
    assert!(
        failures.is_empty(),
        "{} of them end otherwise; the first:\n{}",
        failures.len(),
        failures[0]
    );
}

#[test]
fn a_serial_deploy_survives_every_crash() {
    exhaust(&packages::serial());
}

#[test]
fn a_parallel_deploy_survives_every_crash() {
    exhaust(&packages::parallel());
}

#[test]
fn jobs_that_come_and_go_run_once() {
    exhaust(&packages::jobs());
}

#[test]
fn a_plan_that_fails_fails_whatever_happens() {
    exhaust(&packages::failing());
}

#[test]
fn an_update_survives_every_crash() {
    exhaust(&packages::update());
}

#[test]
fn a_toggle_survives_every_crash() {
    exhaust(&packages::toggle_off());
}

#[test]
fn a_plan_by_hand_survives_every_crash() {
    exhaust(&packages::run_by_hand());
}

#[test]
fn an_uninstall_survives_every_crash() {
    exhaust(&packages::cleanup());
}

#[test]
fn artifacts_of_pipes_are_made_once() {
    exhaust(&packages::pipes());
}

#[test]
fn a_tree_of_operators_survives_every_crash() {
    exhaust(&packages::tree());
}

#[test]
fn an_upgrade_prunes_whatever_happens() {
    exhaust(&packages::upgrade());
}
