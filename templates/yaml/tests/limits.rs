//! Documents made to hurt: each gets an error or an answer, none a crash or a gigabyte.

use kudo_yaml::{MAX_ALIAS_BYTES, MAX_DEPTH, MAX_SIZE, NodeKind, Value, load, parse, parse_all};

fn refusal(text: &str) -> String {
    parse(text).expect_err("must be refused").to_string()
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn nesting_has_a_limit_in_every_style() {
    let deep = 100_000;
    let message = format!("exceeded max depth of {MAX_DEPTH}");
    let documents = [
        "[".repeat(deep),
        "{a: ".repeat(deep),
        "- ".repeat(deep),
        "? ".repeat(deep),
        "[? ".repeat(deep),
        "!!seq [".repeat(deep),
        lines((0..2000).map(|level| format!("{}a:", " ".repeat(level)))),
    ];
    for document in documents {
        let refusal = refusal(&document);
        assert!(refusal.ends_with(&message), "{refusal}");
    }
}

#[test]
fn nesting_within_the_limit_can_be_printed_and_dropped() {
    let depth = MAX_DEPTH;
    let node = parse(&format!("{}x{}", "[".repeat(depth), "]".repeat(depth))).expect("allowed");
    assert!(format!("{node:?}").len() > depth);
    let value = node.resolve();
    assert!(format!("{value:?}").len() > depth);
    assert_eq!(
        kudo_yaml::emit(&value),
        format!("{}x\n", "- ".repeat(depth))
    );
}

#[test]
fn aliases_cannot_deepen_a_document_beyond_the_limit() {
    let first = "a0: &a0 [x]".to_owned();
    let further = (1..1000).map(|level| format!("a{level}: &a{level} [*a{}]", level - 1));
    let document = lines(std::iter::once(first).chain(further));
    assert_eq!(
        refusal(&document),
        format!("yaml: exceeded max depth of {MAX_DEPTH}")
    );
}

#[test]
fn an_alias_bomb_is_refused_as_go_does() {
    let first = format!("a0: &a0 [{}]", ["x"; 9].join(", "));
    let further = (1..9).map(|level| {
        let items = vec![format!("*a{}", level - 1); 9].join(", ");
        format!("a{level}: &a{level} [{items}]")
    });
    let document = lines(std::iter::once(first).chain(further));
    assert_eq!(
        refusal(&document),
        "yaml: document contains excessive aliasing"
    );
}

#[test]
fn text_repeated_by_aliases_has_a_limit() {
    let text = "x".repeat(1024 * 1024);
    let uses = "- *a\n".repeat(MAX_ALIAS_BYTES / text.len() + 1);
    assert_eq!(
        refusal(&format!("- &a {text}\n{uses}")),
        "yaml: document contains excessive aliasing"
    );
}

#[test]
fn an_anchor_that_contains_itself_is_refused() {
    assert_eq!(
        refusal("a: &a [*a]"),
        "yaml: anchor 'a' value contains itself"
    );
    assert_eq!(
        refusal("a: &a {b: {c: *a}}"),
        "yaml: anchor 'a' value contains itself"
    );
    assert_eq!(
        refusal("a: &a\n  <<: *a"),
        "yaml: anchor 'a' value contains itself"
    );
}

#[test]
fn a_document_that_is_too_large_is_refused() {
    let refusal = refusal(&"#".repeat(MAX_SIZE + 1));
    assert_eq!(
        refusal,
        "yaml: document of 16777217 bytes exceeds the limit of 16777216"
    );
}

#[test]
fn many_keys_take_no_time_worth_speaking_of() {
    let document = lines((0..100_000).rev().map(|key| format!("k{key}: {key}")));
    let Value::Mapping(mapping) = load(&document).expect("valid") else {
        panic!("a mapping was expected");
    };
    assert_eq!(mapping.len(), 100_000);
    assert_eq!(mapping.get("k77777"), Some(&Value::Int(77_777)));
}

#[test]
fn forbidden_characters_are_found_where_go_finds_them() {
    let early = "a: b\nc: \u{1}\n";
    let error = parse(early).expect_err("must be refused");
    assert_eq!(
        error.to_string(),
        "yaml: control characters are not allowed"
    );
    assert_eq!((error.line, error.column), (2, 4));
    // A grammar error more than a block of 512 bytes before it comes first.
    let late = format!("a: b: c\n{}\n\u{1}", "#".repeat(1024));
    assert_eq!(
        refusal(&late),
        "yaml: mapping values are not allowed in this context"
    );
}

#[test]
fn positions_are_kept_through_anchors_quotes_and_blocks() {
    let node = parse("é: &x\n  - 'q'\n  - |\n    text\nuse: *x\n").expect("valid");
    let list = node.get("é").and_then(|list| list.items()).expect("a list");
    let places: Vec<_> = list
        .iter()
        .map(|item| (item.span.line, item.span.column))
        .collect();
    assert_eq!(places, [(2, 5), (3, 5)]);
    let used = node.get("use").expect("there");
    assert_eq!(
        (used.span.line, used.span.column, used.span.offset),
        (5, 6, 35)
    );
    assert!(matches!(used.kind, NodeKind::Sequence(_)));
}

#[test]
fn a_key_is_found_through_merges_as_its_value_is_resolved() {
    let documents = [
        "{<<: {a: 1}, a: 2}",
        "{a: 2, <<: {a: 1}}",
        "{<<: [{a: 1}, {a: 2}]}",
        "{<<: [{b: 1}, {a: 2, <<: {a: 3}}]}",
        "{a: 1, a: 2}",
    ];
    for document in documents {
        let node = parse(document).expect("valid");
        let found = node.get("a").map(kudo_yaml::Node::resolve);
        assert_eq!(found.as_ref(), node.resolve().get("a"), "{document}");
        assert!(found.is_some());
    }
}

#[test]
fn every_document_of_a_stream_is_read() {
    let documents = parse_all("a\n---\nb: c\n...\n# no more\n").expect("valid");
    let values: Vec<Value> = documents.iter().map(kudo_yaml::Node::resolve).collect();
    assert_eq!(values, [Value::from("a"), load("b: c").expect("valid")]);
    assert_eq!(parse_all("").expect("valid"), []);
}
