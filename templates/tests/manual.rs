//! The manual's list of functions: made from the table, and every example gives what it says.

#![cfg(test)]

use std::fs;
use std::path::PathBuf;

use kudo_templates::functions::Function;
use kudo_templates::{Environment, Functions, Parser, Value};

const BEGIN: &str =
    "<!-- functions: made by `KUDO_RS_BLESS=1 cargo test -p kudo-templates --test manual` -->\n";
const END: &str = "<!-- end of functions -->";

fn manual() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/templates.md")
}

/// A code span, whatever backquotes the text has; line ends are written as in Go.
fn code(text: &str) -> String {
    let text = text.replace('\n', "\\n");
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}

fn entry(function: &Function) -> String {
    let doc = function.doc;
    let output = if doc.output.is_empty() {
        String::new()
    } else {
        format!(" gives {}", code(doc.output))
    };
    format!(
        "* **`{}`**: {}<br>{}{output}\n",
        function.name,
        doc.summary,
        code(doc.example)
    )
}

/// The entries of these functions, in order of their names.
fn entries<'f>(title: &str, functions: impl Iterator<Item = &'f Function>) -> String {
    let mut functions: Vec<_> = functions.collect();
    functions.sort_by_key(|function| function.name.to_lowercase());
    let list: String = functions.into_iter().map(entry).collect();
    format!("### {title}\n\n{list}\n")
}

/// Says whether a set has exactly this function: Sprig replaces `slice`.
fn has(functions: &Functions, function: &Function) -> bool {
    let found = functions.find(function.name.as_bytes());
    found.is_some_and(|found| std::ptr::eq(found, function))
}

fn made() -> String {
    let (builtin, kudo) = (Functions::builtin(), Functions::kudo());
    let more = Functions::kudo().with_sprig3();
    let of_language = kudo.iter().filter(|function| has(&builtin, function));
    let of_kudo = kudo.iter().filter(|function| !has(&builtin, function));
    let of_sprig3 = more.iter().filter(|function| !has(&kudo, function));
    entries("Of the language", of_language)
        + &entries("Of Sprig 2.22, and `toYaml`", of_kudo)
        + &entries("Of Sprig 3 alone", of_sprig3)
}

#[test]
fn the_manual_lists_every_function_of_the_table() {
    let text = fs::read_to_string(manual()).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (list, after) = rest.split_once(END).unwrap();
    let made = format!("\n{}", made());
    if option_env!("KUDO_RS_BLESS").is_some() {
        fs::write(manual(), [before, BEGIN, &made, END, after].concat()).unwrap();
        return;
    }
    assert_eq!(list, made);
}

#[test]
fn every_function_has_a_sentence_and_an_example_that_gives_what_it_says() {
    let functions = Functions::kudo().with_sprig3();
    for function in functions.iter() {
        let doc = function.doc;
        assert!(
            doc.summary.ends_with('.'),
            "{} needs a sentence",
            function.name
        );
        assert!(
            doc.example.contains(function.name),
            "{} needs an example",
            function.name
        );
        let template = Parser::new(&functions)
            .parse("example", doc.example)
            .unwrap();
        let output = template
            .render(&Value::Nil, &Environment::default())
            .unwrap();
        let output = String::from_utf8(output).unwrap();
        assert!(
            doc.output.is_empty() || output == doc.output,
            "{}: {output}",
            function.name
        );
    }
}

/// What the examples of errors see.
fn data() -> Value {
    let params = Value::dict([
        ("X", Value::from("3")),
        ("F", Value::Float(1.5)),
        ("L", Value::list(vec![Value::from("x"), Value::from("y")])),
        (
            "M",
            Value::dict([("a", Value::from("b")), ("n", Value::Nil)]),
        ),
    ]);
    Value::dict([("Params", params)])
}

/// Reads a code span of a table.
fn span(cell: &str) -> String {
    let cell = cell.trim();
    let inside = cell
        .strip_prefix("`` ")
        .and_then(|cell| cell.strip_suffix(" ``"))
        .or_else(|| cell.strip_prefix('`')?.strip_suffix('`'));
    let inside = inside.unwrap_or_else(|| panic!("{cell} is no code span"));
    inside.replace('\u{0}', "|")
}

#[test]
fn every_error_of_the_catalogue_is_the_one_of_its_example() {
    let text = fs::read_to_string(manual()).unwrap();
    let (_, text) = text.split_once("## Errors and what to do").unwrap();
    let (text, _) = text.split_once("## Limits").unwrap();
    let mut checked = 0;
    for line in text.lines() {
        // A pipe within a cell is written `\|`.
        let line = line.replace("\\|", "\u{0}");
        let cells: Vec<&str> = line.split('|').collect();
        let &[_, message, example, _, _] = cells.as_slice() else {
            continue;
        };
        if !message.contains('`') {
            continue;
        }
        let (message, example) = (span(message), span(example));
        let said = match Parser::new(&Functions::kudo()).parse("a.yaml", &example) {
            Err(error) => error.text,
            Ok(template) => {
                let rendered = template.render(&data(), &Environment::default());
                rendered.expect_err(&example).text
            }
        };
        assert!(said.ends_with(&message), "{example}: {said}");
        checked += 1;
    }
    assert!(checked > 50, "{checked}");
}
