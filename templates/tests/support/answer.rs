//! Answering questions, and comparing answers.

use std::collections::BTreeMap;

use kudo_templates::{Functions, Template};

use super::case::{Answer, Case, render};

impl Answer {
    fn failed(self, phase: &str, error: String) -> Self {
        Self {
            error: Some(error),
            phase: Some(phase.to_owned()),
            ..self
        }
    }

    /// Says whether output and error are the same.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        if self.error.is_some() || other.error.is_some() {
            return self.error == other.error && self.phase == other.phase;
        }
        self.expected_b64 == other.expected_b64
            && self.expected.as_deref().unwrap_or("") == other.expected.as_deref().unwrap_or("")
    }

    /// Says whether trees and references are the same, where the other has them.
    ///
    /// Go 1.19 prints an assignment as a declaration; newer ones and we do not.
    pub(crate) fn agrees_in_tree(&self, other: &Self) -> bool {
        let declared =
            |tree: &Option<String>| tree.clone().unwrap_or_default().replace(" = ", " := ");
        let same_tree = other.tree.is_none() || declared(&self.tree) == declared(&other.tree);
        let same_fields = other.fields.is_none()
            || self.fields.clone().unwrap_or_default() == other.fields.clone().unwrap_or_default();
        same_tree && same_fields
    }
}

impl Case {
    /// Answers the question.
    pub(crate) fn answered(&self, functions: &Functions) -> Answer {
        let answer = Answer::default();
        let template = match self.parse(functions) {
            Ok(template) => template,
            Err(error) => return answer.failed("parse", error.text),
        };
        let answer = Answer {
            tree: Some(template.tree_text()).filter(|text| !text.is_empty()),
            fields: Some(fields(&template)).filter(|fields| !fields.is_empty()),
            ..answer
        };
        let data = match self.dot() {
            Ok(data) => data,
            Err(error) => return answer.failed("data", error),
        };
        match render(&template, &data) {
            Ok(bytes) => output(answer, bytes),
            Err(error) => answer.failed("exec", error.text),
        }
    }
}

fn fields(template: &Template) -> BTreeMap<String, Vec<String>> {
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for reference in template.references() {
        fields
            .entry(reference.group)
            .or_default()
            .push(reference.name);
    }
    for names in fields.values_mut() {
        names.sort_unstable();
        names.dedup();
    }
    fields
}

fn output(answer: Answer, bytes: Vec<u8>) -> Answer {
    match String::from_utf8(bytes) {
        Ok(text) => Answer {
            expected: Some(text),
            ..answer
        },
        Err(error) => Answer {
            expected: Some(one_replacement_a_run(error.as_bytes())),
            expected_b64: Some(base64(error.as_bytes())),
            ..answer
        },
    }
}

/// Go's `strings.ToValidUTF8`: one U+FFFD for each run of bad bytes.
fn one_replacement_a_run(bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut bad_before = false;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        bad_before &= chunk.valid().is_empty();
        if !chunk.invalid().is_empty() && !bad_before {
            text.push('\u{FFFD}');
            bad_before = true;
        }
    }
    text
}

/// Base64 with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit) & 63) as usize;
            text.push(if digit <= group.len() {
                char::from(DIGITS[value])
            } else {
                '='
            });
        }
    }
    text
}
