//! Sprig's everyday functions and KUDO's `toYaml`, with Go's answers and Go's errors.
//!
//! * [`strings`], [`words`], [`quoting`], [`encoding`]: texts
//! * [`string_lists`], [`lists`], [`dicts`], [`merging`], [`copying`]: lists and dicts
//! * [`math`](self::math): numbers
//! * [`defaults`], [`reflection`], [`flow`]: decisions
//! * [`json`], [`yaml`]: texts that stand for values
//! * [`support`]: what they share

mod copying;
#[expect(clippy::unnecessary_wraps, reason = "a row of the function table")]
mod defaults;
#[expect(clippy::unnecessary_wraps, reason = "a row of the function table")]
mod dicts;
mod encoding;
mod flow;
mod json;
mod lists;
#[expect(clippy::unnecessary_wraps, reason = "a row of the function table")]
mod math;
mod merging;
mod quoting;
#[expect(clippy::unnecessary_wraps, reason = "a row of the function table")]
mod reflection;
mod string_lists;
#[expect(clippy::unnecessary_wraps, reason = "a row of the function table")]
mod strings;
pub(super) mod support;
mod words;
mod yaml;

use super::Function;

/// The functions of each part.
const PARTS: &[&[Function]] = &[
    strings::FUNCTIONS,
    words::FUNCTIONS,
    quoting::FUNCTIONS,
    encoding::FUNCTIONS,
    string_lists::FUNCTIONS,
    lists::FUNCTIONS,
    dicts::FUNCTIONS,
    merging::FUNCTIONS,
    copying::FUNCTIONS,
    math::FUNCTIONS,
    defaults::FUNCTIONS,
    reflection::FUNCTIONS,
    flow::FUNCTIONS,
    json::FUNCTIONS,
    yaml::FUNCTIONS,
];

/// The functions of this folder.
pub(crate) static FUNCTIONS: &[Function] = &JOINED;

static JOINED: [Function; length(PARTS)] = joined(PARTS);

const fn length(parts: &[&[Function]]) -> usize {
    let mut length = 0;
    let mut part = 0;
    while part < parts.len() {
        length += parts[part].len();
        part += 1;
    }
    length
}

/// Puts the parts one after the other; `SIZE` is their length.
const fn joined<const SIZE: usize>(parts: &[&[Function]]) -> [Function; SIZE] {
    let mut all = [strings::FUNCTIONS[0]; SIZE];
    let (mut part, mut at, mut filled) = (0, 0, 0);
    while part < parts.len() {
        if at == parts[part].len() {
            (part, at) = (part + 1, 0);
            continue;
        }
        all[filled] = parts[part][at];
        at += 1;
        filled += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_in_the_manual() {
        for function in FUNCTIONS {
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
            assert!(!doc.output.is_empty(), "{} needs an output", function.name);
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = FUNCTIONS.iter().map(|function| function.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FUNCTIONS.len());
    }
}
