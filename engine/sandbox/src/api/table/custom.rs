//! Cells of custom resources (`additionalPrinterColumns`).

use jiff::Timestamp;
use serde_json::Value;

use super::{Column, age, since};
use crate::crd::Custom;
use crate::store::object;

/// The columns a definition names, or its age alone.
pub(super) fn columns(custom: &Custom) -> Vec<Column> {
    let mut columns = vec![Column::new("Name", "string", 0)];
    for column in &custom.columns {
        let kind = match object::text(column, "/type") {
            "integer" => "integer",
            "number" => "number",
            "boolean" => "boolean",
            "date" => "date",
            _ => "string",
        };
        let priority = column.get("priority").and_then(Value::as_i64).unwrap_or(0);
        let mut made = Column::new(object::text(column, "/name"), kind, priority);
        object::text(column, "/description").clone_into(&mut made.description);
        columns.push(made);
    }
    if custom.columns.is_empty() {
        columns.push(Column::new("Age", "date", 0));
    }
    columns
}

/// The cells of one custom resource.
pub(super) fn cells(custom: &Custom, item: &Value, now: Timestamp) -> Vec<Value> {
    let mut cells = vec![Value::from(object::name(item))];
    for column in &custom.columns {
        let value = found(item, object::text(column, "/jsonPath"));
        cells.push(match (object::text(column, "/type"), value) {
            (_, None | Some(Value::Null)) => Value::Null,
            ("date", Some(value)) => since(value.as_str().unwrap_or_default(), now),
            ("string", Some(Value::String(text))) => text.into(),
            ("string", Some(other)) => other.to_string().into(),
            (_, Some(value)) => value,
        });
    }
    if custom.columns.is_empty() {
        cells.push(age(item, now));
    }
    cells
}

/// Follows a JSON path: members, indexes, and `[?(@.key=="value")]`.
fn found(item: &Value, path: &str) -> Option<Value> {
    let (mut places, mut rest) = (vec![item], path);
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix('[') {
            let (inner, tail) = tail.split_once(']')?;
            places = places
                .into_iter()
                .flat_map(|place| indexed(place, inner))
                .collect();
            rest = tail;
            continue;
        }
        let tail = rest.strip_prefix('.').unwrap_or(rest);
        let end = member_end(tail);
        let name = tail[..end].replace("\\.", ".");
        if !name.is_empty() {
            places = places
                .into_iter()
                .filter_map(|place| place.get(&name))
                .collect();
        }
        if end == 0 && tail.len() == rest.len() {
            return None;
        }
        rest = &tail[end..];
    }
    places.first().map(|place| (*place).clone())
}

/// Where a member's name ends; a dot after a backslash belongs to it.
fn member_end(text: &str) -> usize {
    let mut escaped = false;
    for (index, letter) in text.char_indices() {
        if !escaped && (letter == '.' || letter == '[') {
            return index;
        }
        escaped = letter == '\\' && !escaped;
    }
    text.len()
}

fn indexed<'a>(place: &'a Value, inner: &str) -> Vec<&'a Value> {
    if inner == "*" {
        return place.as_array().into_iter().flatten().collect();
    }
    if let Ok(index) = inner.parse::<usize>() {
        return place.get(index).into_iter().collect();
    }
    if let Some(name) = inner
        .strip_prefix('\'')
        .and_then(|name| name.strip_suffix('\''))
    {
        return place.get(name).into_iter().collect();
    }
    let condition = inner
        .strip_prefix("?(@.")
        .and_then(|inner| inner.strip_suffix(')'));
    let Some((key, wanted)) = condition.and_then(|condition| condition.split_once("==")) else {
        return Vec::new();
    };
    let wanted = wanted
        .trim()
        .trim_matches(|letter| letter == '"' || letter == '\'');
    let pointer = format!("/{}", key.trim().replace('.', "/"));
    object::list(place, "")
        .iter()
        .filter(|item| object::text(item, &pointer) == wanted)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_are_followed_through_lists_and_conditions() {
        let item = json!({"spec": {"n": 3, "a.b": "x"},
                          "status": {"conditions": [{"type": "A", "status": "False"},
                                                    {"type": "Ready", "status": "True"}]}});
        assert_eq!(found(&item, ".spec.n"), Some(json!(3)));
        assert_eq!(found(&item, ".spec.a\\.b"), Some(json!("x")));
        assert_eq!(found(&item, ".status.conditions[0].type"), Some(json!("A")));
        let ready = ".status.conditions[?(@.type==\"Ready\")].status";
        assert_eq!(found(&item, ready), Some(json!("True")));
        assert_eq!(found(&item, ".absent.x"), None);
        assert_eq!(found(&item, "]["), None);
    }
}
