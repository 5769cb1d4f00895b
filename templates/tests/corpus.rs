//! The corpora: what Go gave for some 2,600 templates, text for text.

#[path = "support/answer.rs"]
mod answer;
#[path = "support/case.rs"]
mod case;
#[path = "support/file.rs"]
mod file;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use case::Case;
use kudo_templates::Functions;

/// The folder with material that does not belong to this repository.
fn shared() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    option_env!("KUDO_RS_SHARED").map_or_else(beside, PathBuf::from)
}

/// Runs a corpus; returns how many cases failed, and a report with counts a group.
fn run(text: &str, functions: &Functions) -> (usize, String) {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut failures = 0;
    let mut report = String::new();
    for case in file::cases(text) {
        let answer = case.answered(functions);
        let same = answer.agrees(&case.answer)
            || case.variants.values().any(|variant| answer.agrees(variant));
        let passed = same && answer.agrees_in_tree(&case.answer);
        let (good, all) = counts.entry(case.group.clone()).or_default();
        *all += 1;
        *good += usize::from(passed);
        if !passed {
            failures += 1;
            let Case {
                group,
                name,
                template,
                answer: known,
                ..
            } = &case;
            writeln!(report, "{group}: {name}\n  template {template:?}")
                .expect("a string takes all");
            writeln!(report, "  Go   {known:?}\n  ours {answer:?}").expect("a string takes all");
        }
    }
    for (group, (good, all)) in &counts {
        writeln!(report, "{good:>5} of {all:>5} {group}").expect("a string takes all");
    }
    (failures, report)
}

#[test]
fn own_corpus_is_answered_as_go_does() {
    let text = include_str!("data/gotemplate-own.jsonl");
    let (failures, report) = run(text, &Functions::kudo());
    println!("{report}");
    assert_eq!(failures, 0);
}

/// What the fuzzer found, and what it was near; answers of Go 1.26.
#[test]
fn findings_of_the_fuzzer_are_answered_as_go_does() {
    let text = include_str!("data/gotemplate-fuzz.jsonl");
    let (failures, report) = run(text, &Functions::kudo());
    println!("{report}");
    assert_eq!(failures, 0);
}

/// A sample of each kind of the fuzzer's rules; answers of Go 1.26.
#[test]
fn a_sample_of_each_kind_is_answered_as_go_does() {
    let text = include_str!("data/gotemplate-kinds.jsonl");
    let (failures, report) = run(text, &Functions::kudo());
    println!("{report}");
    assert_eq!(failures, 0);
}

#[test]
fn sprig_3_corpus_is_answered_as_go_does() {
    let text = include_str!("data/gotemplate-sprig3.jsonl");
    let (failures, report) = run(text, &Functions::kudo().with_sprig3());
    println!("{report}");
    assert_eq!(failures, 0);
}

#[test]
fn upstream_corpus_is_answered_as_go_does() {
    let path = shared().join("corpus/gotemplate-upstream.jsonl");
    let Ok(text) = fs::read_to_string(&path) else {
        println!("skipped: {} is not there", path.display());
        return;
    };
    let (failures, report) = run(&text, &Functions::kudo());
    println!("{report}");
    assert_eq!(failures, 0);
}
