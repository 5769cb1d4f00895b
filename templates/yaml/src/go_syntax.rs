//! Values as Go's `%#v` prints them, for go-yaml's messages about map keys.

use crate::Value;
use crate::emit::sorted_entries;
use crate::float::format_float;

/// Returns `value` as `fmt.Sprintf("%#v")` of what go-yaml decodes it to.
pub(crate) fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".to_owned(),
        Value::Bool(bool) => bool.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => format!("{number:#x}"),
        Value::Float(number) => format_float(*number),
        Value::String(text) => quote(text),
        Value::Bytes(bytes) => quote(&String::from_utf8_lossy(bytes)),
        Value::Sequence(items) => {
            let items: Vec<String> = items.iter().map(go_syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Mapping(mapping) => {
            let entries: Vec<String> = sorted_entries(mapping, crate::emit::KeyOrder::Fmt)
                .iter()
                .map(|(key, value)| format!("{}:{}", go_syntax(key), go_syntax(value)))
                .collect();
            format!(
                "map[interface {{}}]interface {{}}{{{}}}",
                entries.join(", ")
            )
        }
    }
}

/// Go's `strconv.Quote`.
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for each in text.chars() {
        match each {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            '\0'..='\u{1f}' | '\u{7f}' => push_code(&mut quoted, "x", 2, each),
            // What Go does not print: separators other than the space, controls, byte-order marks.
            '\u{80}'..='\u{a0}'
            | '\u{ad}'
            | '\u{2000}'..='\u{200f}'
            | '\u{2028}'..='\u{202f}'
            | '\u{205f}'..='\u{206f}'
            | '\u{3000}'
            | '\u{feff}' => {
                push_code(&mut quoted, "u", 4, each);
            }
            _ => quoted.push(each),
        }
    }
    quoted.push('"');
    quoted
}

fn push_code(quoted: &mut String, letter: &str, digits: usize, each: char) {
    let code = format!("\\{letter}{:0digits$x}", u32::from(each));
    quoted.push_str(&code);
}
