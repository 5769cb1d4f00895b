//! What a template uses: groups and names as KUDO's verifier has them, and where each stands, in bytes.

#![cfg(test)]

#[path = "support/answer.rs"]
mod answer;
#[path = "support/case.rs"]
mod case;
#[path = "support/file.rs"]
mod file;

use case::Case;
use kudo_templates::{Functions, Template};

/// Returns group, name, first byte, and the text of the span.
fn uses(text: &str) -> Vec<(String, String, usize, &str)> {
    let template = Template::parse("tpl", text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let references = template.references().into_iter();
    references
        .map(|found| (found.group, found.name, found.span.start, &text[found.span]))
        .collect()
}

fn assert_uses(text: &str, wanted: &[(&str, &str, usize, &str)]) {
    let found = uses(text);
    let found: Vec<_> = found
        .iter()
        .map(|(group, name, at, text)| (group.as_str(), name.as_str(), *at, *text))
        .collect();
    assert_eq!(found, wanted, "{text}");
}

#[test]
fn spans_begin_at_the_first_character_and_cover_the_path() {
    assert_uses("{{ .Name }}", &[("Implicits", "Name", 3, ".Name")]);
    assert_uses("{{.Params.A}}", &[("Params", "A", 2, ".Params.A")]);
    assert_uses(
        "{{ .Params.A.b.c }}",
        &[("Params", "A", 3, ".Params.A.b.c")],
    );
    assert_uses("{{ $.Params.A }}", &[("Params", "A", 3, "$.Params.A")]);
    assert_uses("{{ $.Name }}", &[("Implicits", "Name", 3, "$.Name")]);
    assert_uses("{{ $.Pipes.p.q }}", &[("Pipes", "p", 3, "$.Pipes.p.q")]);
}

#[test]
fn spans_are_bytes_and_count_what_stands_before() {
    assert_uses(
        "é日本\n  {{- print .Params.é  $.Params.Bb -}}\n",
        &[
            ("Params", "é", 21, ".Params.é"),
            ("Params", "Bb", 33, "$.Params.Bb"),
        ],
    );
    assert_uses(
        "{{/* .Params.C */}}{{ \".Params.D\" }}{{ `.Params.E` | print .Params.F }}",
        &[("Params", "F", 59, ".Params.F")],
    );
}

#[test]
fn blocks_are_looked_into_and_what_the_verifier_does_not_see_is_not_there() {
    assert_uses(
        "{{ if .Params.A }}{{ .Params.B }}{{ else if .Params.C }}{{ .Params.D }}{{ else }}{{ .Params.E }}{{ end }}",
        &[
            ("Params", "A", 6, ".Params.A"),
            ("Params", "B", 21, ".Params.B"),
            ("Params", "C", 44, ".Params.C"),
            ("Params", "D", 59, ".Params.D"),
            ("Params", "E", 84, ".Params.E"),
        ],
    );
    // The dot has moved; the verifier does not follow it.
    assert_uses(
        "{{ with .Params }}{{ .A }}{{ end }}",
        &[
            ("Implicits", "Params", 8, ".Params"),
            ("Implicits", "A", 21, ".A"),
        ],
    );
    // The else part of a range, other templates, and keys that are texts are blind spots of KUDO.
    assert_uses(
        "{{ range .Params.A }}{{ $.Params.B }}{{ else }}{{ .Params.C }}{{ end }}",
        &[
            ("Params", "A", 9, ".Params.A"),
            ("Params", "B", 24, "$.Params.B"),
        ],
    );
    assert_uses(
        "{{ define \"t\" }}{{ .Params.A }}{{ end }}{{ template \"t\" .Params.B }}",
        &[],
    );
    assert_uses(
        "{{ index .Params \"X\" }}",
        &[("Implicits", "Params", 9, ".Params")],
    );
    assert_uses(
        "{{ (.Params.A).b }}{{ $x := .Params.B }}{{ $x.Params.C }}",
        &[("Params", "B", 28, ".Params.B")],
    );
    // What follows a single name in its pipeline.
    assert_uses(
        "{{ print .Name .Params.A }}",
        &[("Implicits", "Name", 9, ".Name")],
    );
    assert_uses(
        "{{ print (print .Name .Params.A) .Params.B }}",
        &[
            ("Implicits", "Name", 16, ".Name"),
            ("Params", "B", 33, ".Params.B"),
        ],
    );
}

/// All corpora: the names are Go's, and each span is the path that it claims to be.
#[test]
fn corpora_have_the_references_of_go_and_spans_that_hold_them() {
    let functions = Functions::kudo();
    let (mut compared, mut spans) = (0, 0);
    for text in [
        include_str!("data/gotemplate-own.jsonl"),
        include_str!("data/gotemplate-kinds.jsonl"),
    ] {
        for case in file::cases(text) {
            let Ok(template) = case.parse(&functions) else {
                continue;
            };
            let answer = case.answered(&functions);
            if !answer.agrees(&case.answer) {
                // The answer of another Go is ours: it parsed less.
                continue;
            }
            assert!(answer.agrees_in_tree(&case.answer), "{}", case.template);
            compared += 1;
            for found in template.references() {
                check_span(&case, &found);
                spans += 1;
            }
        }
    }
    println!("{compared} templates, {spans} spans");
    assert!(compared > 1500 && spans > 500);
}

fn check_span(case: &Case, found: &kudo_templates::Reference) {
    let at = &case.template[found.span.clone()];
    let path = at.strip_prefix('$').unwrap_or(at);
    let mut names = path.split('.').skip(1);
    let first = names.next();
    if found.group == "Implicits" && names.clone().next().is_none() {
        assert_eq!(first, Some(found.name.as_str()), "{}", case.template);
    } else {
        assert_eq!(first, Some(found.group.as_str()), "{}", case.template);
        assert_eq!(names.next(), Some(found.name.as_str()), "{}", case.template);
    }
    // Nothing of the path is left out.
    let after = case.template[found.span.end..].chars().next();
    assert!(
        after.is_none_or(|after| !after.is_alphanumeric() && after != '_' && after != '.'),
        "{}: {at}",
        case.template
    );
}
