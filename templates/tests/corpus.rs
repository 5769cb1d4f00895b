//! The corpora: what Go gave for some 2,600 templates, text for text.

#[path = "support/case.rs"]
mod case;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use case::Case;
use kudo_templates::Functions;

/// Cases that passed and that were tried, a group.
type Counts = BTreeMap<String, (usize, usize)>;

/// The folder with material that does not belong to this repository.
fn shared() -> PathBuf {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    option_env!("KUDO_RS_SHARED").map_or_else(beside, PathBuf::from)
}

/// Runs a corpus; returns the counts and prints what failed.
fn run(text: &str, functions: &Functions) -> (Counts, usize) {
    let mut counts = Counts::new();
    let mut failures = 0;
    for case in Case::read(text) {
        let answer = case.answered(functions);
        let variant = |known: &case::Answer| answer.agrees(known);
        let same = answer.agrees(&case.answer) || case.variants.values().any(variant);
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
                ..
            } = &case;
            println!("{group}: {name}\n  template {template:?}");
            println!("  Go   {:?}\n  ours {answer:?}", case.answer);
        }
    }
    for (group, (good, all)) in &counts {
        println!("{good:>5} of {all:>5} {group}");
    }
    (counts, failures)
}

#[test]
fn own_corpus_is_answered_as_go_does() {
    let text = include_str!("data/gotemplate-own.jsonl");
    let (_, failures) = run(text, &Functions::kudo());
    assert_eq!(failures, 0);
}

#[test]
fn sprig_3_corpus_is_answered_as_go_does() {
    let text = include_str!("data/gotemplate-sprig3.jsonl");
    let (_, failures) = run(text, &Functions::kudo().with_sprig3());
    assert_eq!(failures, 0);
}

#[test]
fn upstream_corpus_is_answered_as_go_does() {
    let path = shared().join("corpus/gotemplate-upstream.jsonl");
    let Ok(text) = fs::read_to_string(&path) else {
        println!("skipped: {} is not there", path.display());
        return;
    };
    let (_, failures) = run(&text, &Functions::kudo());
    assert_eq!(failures, 0);
}
