//! Random data: a map with keys that the grammar knows.

use serde_json::{Map, Value, json};

use super::random::Random;

/// Strings that functions have opinions on.
const STRINGS: &[&str] = &[
    "",
    "a",
    "b",
    "foo",
    "Foo Bar",
    "hello world",
    "x\ny",
    "  pad  ",
    "true",
    "false",
    "1",
    "-3",
    "3.5",
    "0x10",
    "1e3",
    "äöü",
    "日本語",
    "<a href='x'>&\"",
    "a,b,c",
    "snake_case",
    "camelCase",
    "kebab-case",
    "1.2.3",
    "v1.2.3-beta.1+5",
    "2017-12-31",
    "https://u:p@h.io:8080/p/q?x=1#f",
    "YWJj",
    "%d%s",
    "{{",
    "null",
    "\t",
    "\u{0}",
    "é",
    "😀",
    "- a",
    "key: value",
    "#",
    "'",
    "\\",
];

/// Returns the data of a case.
pub(crate) fn data(random: &mut Random) -> Value {
    if random.once_in(40) {
        return value(random, 2);
    }
    let mut map = Map::new();
    map.insert("s".to_owned(), string(random));
    map.insert("t".to_owned(), string(random));
    map.insert("i".to_owned(), number(random));
    map.insert("n".to_owned(), json!(random.below(5)));
    map.insert("f".to_owned(), json!(float(random)));
    map.insert("b".to_owned(), json!(random.once_in(2)));
    map.insert("l".to_owned(), list(random, 1));
    map.insert("w".to_owned(), words(random));
    map.insert("m".to_owned(), dict(random, 2));
    map.insert("x".to_owned(), value(random, 2));
    map.insert("nil".to_owned(), Value::Null);
    map.insert("Params".to_owned(), dict(random, 2));
    map.insert("Name".to_owned(), string(random));
    Value::Object(map)
}

fn value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 5 } else { 7 }) {
        0 => Value::Null,
        1 => json!(random.once_in(2)),
        2 => number(random),
        3 => json!(float(random)),
        4 => string(random),
        5 => list(random, depth - 1),
        _ => dict(random, depth - 1),
    }
}

fn string(random: &mut Random) -> Value {
    json!(random.pick(STRINGS))
}

fn number(random: &mut Random) -> Value {
    let numbers = [
        0_i64,
        1,
        2,
        3,
        7,
        -1,
        -7,
        10,
        42,
        255,
        1000,
        1_000_000,
        123_456_789_012,
    ];
    json!(numbers[random.below(numbers.len())])
}

fn float(random: &mut Random) -> f64 {
    let numbers = [
        0.5,
        1.5,
        -2.25,
        3.0,
        1e6,
        1e21,
        1.0e-7,
        0.1,
        123_456.789,
        2.5,
        -0.5,
    ];
    numbers[random.below(numbers.len())]
}

fn list(random: &mut Random, depth: usize) -> Value {
    let length = random.below(4);
    Value::Array((0..length).map(|_| value(random, depth)).collect())
}

fn words(random: &mut Random) -> Value {
    let length = random.below(4);
    Value::Array((0..length).map(|_| string(random)).collect())
}

fn dict(random: &mut Random, depth: usize) -> Value {
    let mut map = Map::new();
    for key in ["a", "b", "c", "Params", "k 1"] {
        if !random.once_in(3) {
            map.insert(key.to_owned(), value(random, depth.saturating_sub(1)));
        }
    }
    Value::Object(map)
}
