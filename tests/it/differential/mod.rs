//! The same package and the same commands and patches on KUDO itself and on ours, state by state.
//!
//! After every action the instance, the objects around it, its events and what was refused are
//! compared, less what differs by nature or on purpose ([`state`]). What KUDO did with the sequences
//! made by hand is kept in `kudo-0.19.jsonl`, so that they are compared everywhere; with
//! `KUDO_RS_TEST_KUDO` (its command) and `KUDO_RS_TEST_KUDO_KUBECONFIG` (a cluster with its manager)
//! they are played on KUDO again, and random ones too:
//!
//! * `KUDO_RS_TEST_SEED=7` or `=1-100` plays the random sequences of these seeds
//! * `KUDO_RS_TEST_SEQUENCE=upgrade,hang` plays only sequences made by hand whose names begin so
//! * `KUDO_RS_TEST_RECORD=1` writes `kudo-0.19.jsonl` anew

mod action;
mod package;
mod play;
mod random;
mod record;
mod refusal;
mod state;

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fmt::Write as _,
    path::PathBuf,
    sync::Mutex,
    thread,
};

use crate::support::{Backend, backends};

use action::{Action, Sequence};
use play::{Kudo, Outcome, play_ours};
use state::{compared, differing};

/// How many sequences are played at a time here, and on KUDO, whose manager has one worker and may make
/// twenty requests in a second.
const AT_ONCE: usize = 4;
const AT_ONCE_ON_KUDO: usize = 5;
/// The random sequences that are played when no seed is asked for.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=12;

#[expect(
    clippy::disallowed_methods,
    reason = "tests choose their backend by the environment"
)]
fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

fn kudo() -> Option<Kudo> {
    let binary = variable("KUDO_RS_TEST_KUDO").map(PathBuf::from);
    let kubeconfig = variable("KUDO_RS_TEST_KUDO_KUBECONFIG").map(PathBuf::from);
    let (Some(binary), Some(kubeconfig)) = (binary, kubeconfig) else {
        eprintln!(
            "skipped: KUDO itself, KUDO_RS_TEST_KUDO and KUDO_RS_TEST_KUDO_KUBECONFIG are not set"
        );
        return None;
    };
    Some(Kudo { binary, kubeconfig })
}

/// Calls `play` with every sequence, several at a time.
fn each<T: Send>(
    at_once: usize,
    sequences: &[Sequence],
    play: impl Fn(&Sequence) -> T + Sync,
) -> BTreeMap<String, T> {
    let left = Mutex::new(sequences.iter());
    let played = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let Some(sequence) = left.lock().unwrap().next() else {
                        return;
                    };
                    let outcome = play(sequence);
                    played
                        .lock()
                        .unwrap()
                        .insert(sequence.name.clone(), outcome);
                }
            });
        }
    });
    played.into_inner().unwrap()
}

/// What differs between KUDO and ours in a sequence.
fn difference(sequence: &Sequence, kudo: &[Outcome], ours: &[Outcome]) -> String {
    let mut text = String::new();
    let mut was_refused = false;
    for (number, (theirs, ours)) in kudo.iter().zip(ours).enumerate() {
        let action = &sequence.actions[number];
        was_refused |= theirs.refusal.is_some() && matches!(action, Action::Kudo(_));
        let mut lines = Vec::new();
        if refusal::is_ours_alone(theirs.refusal.as_deref(), ours.refusal.as_deref()) {
            break;
        }
        let is_alike = match (&theirs.refusal, &ours.refusal) {
            (Some(theirs), Some(ours)) => refusal::says_the_same(theirs, ours),
            (None, None) => true,
            _ => false,
        };
        if !is_alike {
            let refusals =
                [&theirs.refusal, &ours.refusal].map(|one| one.as_deref().unwrap_or("-"));
            lines.push(format!(
                "  refusal\n    KUDO: {}\n    ours: {}",
                refusals[0], refusals[1]
            ));
        }
        let wanted = compared(&theirs.state, was_refused);
        let found = compared(&ours.state, was_refused);
        for key in wanted.keys().chain(found.keys()).collect::<BTreeSet<_>>() {
            differing(key, wanted.get(key), found.get(key), &mut lines);
        }
        if !lines.is_empty() {
            let name = &sequence.name;
            writeln!(
                text,
                "{name}, action {number} {action:?}\n{}",
                lines.join("\n")
            )
            .unwrap();
        }
    }
    text
}

/// Plays the sequences on every backend and checks that they end as on KUDO.
fn compare(sequences: &[Sequence], kudo: &record::Record) {
    let mut text = String::new();
    for backend in backends() {
        let place = match &backend {
            Backend::Sandbox => "the sandbox",
            Backend::ApiServer(_) => "the cluster",
        };
        let ours = each(AT_ONCE, sequences, |sequence| {
            let theirs = &kudo[&sequence.name];
            let difference = difference(sequence, theirs, &play_ours(&backend, sequence, theirs));
            if difference.is_empty() {
                return String::new();
            }
            eprintln!("on {place}: {difference}");
            format!("on {place}: {difference}")
        });
        let mut count = 0;
        for sequence in sequences {
            let difference = &ours[&sequence.name];
            count += usize::from(difference.is_empty());
            text.push_str(difference);
        }
        eprintln!(
            "{count} of {} sequences ended alike on {place}",
            sequences.len()
        );
    }
    assert!(text.is_empty(), "{text}");
}

/// Returns the sequences made by hand, or those that are asked for.
fn by_hand() -> Vec<Sequence> {
    let mut sequences = action::by_hand();
    if let Some(only) = variable("KUDO_RS_TEST_SEQUENCE") {
        let only = only.to_str().unwrap();
        sequences.retain(|sequence| only.split(',').any(|one| sequence.name.starts_with(one)));
    }
    sequences
}

#[test]
fn sequences_end_as_they_did_on_kudo() {
    compare(&by_hand(), &record::read());
}

#[test]
fn kudo_still_does_what_is_recorded() {
    let Some(kudo) = kudo() else { return };
    let sequences = by_hand();

    let played = each(AT_ONCE_ON_KUDO, &sequences, |sequence| kudo.play(sequence));

    let mut recorded = record::read();
    if variable("KUDO_RS_TEST_RECORD").is_some() {
        recorded.extend(played.clone());
        record::write(&recorded);
    }
    for (name, outcomes) in &played {
        assert_eq!(recorded.get(name), Some(outcomes), "{name}");
    }
}

#[test]
fn random_sequences_end_as_on_kudo_itself() {
    let Some(kudo) = kudo() else { return };
    let seeds = match variable("KUDO_RS_TEST_SEED") {
        None => SEEDS,
        Some(text) => {
            let text = text.to_str().unwrap();
            let (from, to) = text.split_once('-').unwrap_or((text, text));
            from.parse().unwrap()..=to.parse().unwrap()
        }
    };
    eprintln!(
        "KUDO_RS_TEST_SEED={}-{} plays these again",
        seeds.start(),
        seeds.end()
    );
    let sequences: Vec<Sequence> = seeds.map(random::sequence).collect();

    let played = each(AT_ONCE_ON_KUDO, &sequences, |sequence| kudo.play(sequence));

    compare(&sequences, &played);
}
