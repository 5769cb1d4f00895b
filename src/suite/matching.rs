//! Whether an object has what was asked for (kudo-spec 8.1), and what it has instead.
//!
//! What is found may have more keys in its maps; lists must be of the same length and match item by
//! item; everything else must be equal, type and value. KUDO's Instances have one condition, ours have
//! more: of these only those are looked at that are asked for.

use serde_json::{Map, Value};

/// How many lines of a difference are shown.
const MOST_LINES: usize = 200;

/// Returns whether `found` has all that is `wanted`.
pub(super) fn matches(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => wanted
            .iter()
            .all(|(key, value)| found.get(key).is_some_and(|found| matches(value, found))),
        (Value::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len()
                && wanted
                    .iter()
                    .zip(found)
                    .all(|(wanted, found)| matches(wanted, found))
        }
        _ => wanted == found,
    }
}

/// Returns `found` without the conditions that KUDO's Instances do not have, unless they are asked for.
pub(super) fn with_conditions_of(wanted: &Value, found: &Value) -> Value {
    let mut found = found.clone();
    let is_instance = wanted["kind"] == "Instance"
        && wanted["apiVersion"]
            .as_str()
            .is_some_and(|version| version.starts_with("kudo.dev/"));
    let asked = wanted["status"]["conditions"].as_array();
    let there = found["status"]["conditions"].as_array_mut();
    if let (true, Some(asked), Some(there)) = (is_instance, asked, there) {
        there.retain(|one| {
            one["type"] == "Ready" || asked.iter().any(|asked| asked["type"] == one["type"])
        });
    }
    found
}

/// Returns how many of the values that are wanted are not found; the nearest object has the fewest.
pub(super) fn distance(wanted: &Value, found: &Value) -> usize {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => wanted
            .iter()
            .map(|(key, value)| {
                found
                    .get(key)
                    .map_or_else(|| leaves(value), |f| distance(value, f))
            })
            .sum(),
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            wanted.iter().zip(found).map(|(w, f)| distance(w, f)).sum()
        }
        _ if wanted == found => 0,
        _ => leaves(wanted),
    }
}

fn leaves(value: &Value) -> usize {
    let inner: usize = match value {
        Value::Object(map) => map.values().map(leaves).sum(),
        Value::Array(items) => items.iter().map(leaves).sum(),
        _ => 1,
    };
    inner.max(1)
}

/// Returns lines of YAML: `-` what is wanted and not found, `+` what is found instead.
pub(super) fn difference(wanted: &Value, found: &Value) -> String {
    let (wanted, found) = if wanted["kind"] == "Secret" {
        masked(wanted, found)
    } else {
        (wanted.clone(), found.clone())
    };
    let text = |value: &Value| kudo_yaml::emit(&kudo_yaml::from_json(value));
    let (old, new) = (text(&wanted), text(&shaped(&wanted, &found)));
    let lines = changes(
        &old.lines().collect::<Vec<_>>(),
        &new.lines().collect::<Vec<_>>(),
    );
    let left_out = lines.len().saturating_sub(MOST_LINES);
    let mut shown = lines.into_iter().take(MOST_LINES).collect::<Vec<_>>();
    if left_out > 0 {
        shown.push(format!("  ... and {left_out} lines more"));
    }
    shown.join("\n")
}

/// Returns of `found` only what `wanted` speaks of.
fn shaped(wanted: &Value, found: &Value) -> Value {
    match (wanted, found) {
        (Value::Object(wanted), Value::Object(found)) => Value::Object(
            wanted
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), shaped(value, found.get(key)?))))
                .collect(),
        ),
        (Value::Array(wanted), Value::Array(found)) if wanted.len() == found.len() => {
            let items = wanted.iter().zip(found);
            items.map(|(wanted, found)| shaped(wanted, found)).collect()
        }
        _ => found.clone(),
    }
}

/// Hides the values of Secrets; whether they are equal still shows.
fn masked(wanted: &Value, found: &Value) -> (Value, Value) {
    let (mut wanted, mut found) = (wanted.clone(), found.clone());
    for field in ["data", "stringData"] {
        let original = wanted[field].clone();
        if let Some(values) = wanted.get_mut(field).and_then(Value::as_object_mut) {
            hide(values, |_, _| "(hidden)");
        }
        if let Some(values) = found.get_mut(field).and_then(Value::as_object_mut) {
            hide(values, |key, value| {
                if original[key] == *value {
                    "(hidden)"
                } else {
                    "(hidden, another value)"
                }
            });
        }
    }
    (wanted, found)
}

fn hide(values: &mut Map<String, Value>, shown: impl Fn(&str, &Value) -> &'static str) {
    for (key, value) in values {
        *value = shown(key, value).into();
    }
}

/// Returns the lines of both, those of the longest common subsequence once.
fn changes(old: &[&str], new: &[&str]) -> Vec<String> {
    const MOST_CELLS: usize = 4_000_000;
    if old.len().saturating_mul(new.len()) > MOST_CELLS {
        return vec![format!(
            "  {} lines are wanted, {} are found",
            old.len(),
            new.len()
        )];
    }
    // common[i][j]: how long the longest common subsequence of old[i..] and new[j..] is.
    let mut common = vec![vec![0_u32; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] = if old[i] == new[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut lines = Vec::new();
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            lines.push(format!("  {}", old[i]));
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || common[i + 1][j] >= common[i][j + 1]) {
            lines.push(format!("- {}", old[i]));
            i += 1;
        } else {
            lines.push(format!("+ {}", new[j]));
            j += 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn conditions_that_kudo_does_not_have_are_no_difference() {
        let ready = json!({"type": "Ready", "status": "True"});
        let stalled = json!({"type": "Stalled", "status": "False"});
        let of = |version: &str, conditions: &[&Value]| json!({"apiVersion": version, "kind": "Instance", "status": {"conditions": conditions}});
        let is_met = |version: &str, conditions: &[&Value]| {
            let wanted = of(version, conditions);
            let found = of(version, &[&ready, &stalled]);
            matches(&wanted, &with_conditions_of(&wanted, &found))
        };

        assert!(is_met("kudo.dev/v1beta1", &[&ready]));
        assert!(is_met("kudo.dev/v1beta1", &[&ready, &stalled]));
        assert!(!is_met("kudo.dev/v1beta1", &[]) && !is_met("example.com/v1", &[&ready]));
    }

    // kudo-spec 8.1, matching.
    #[test]
    fn maps_may_have_more_and_lists_may_not() {
        for (wanted, found, does) in [
            (json!({"a": 1}), json!({"a": 1, "b": 2}), true),
            (json!({"a": 1}), json!({"b": 2}), false),
            (json!({"a": {}}), json!({"a": {"b": 1}}), true),
            (json!({"a": null}), json!({}), false),
            (json!([1, 2]), json!([1, 2]), true),
            (json!([1]), json!([1, 2]), false),
            (json!([2, 1]), json!([1, 2]), false),
            (json!([{"a": 1}]), json!([{"a": 1, "b": 2}]), true),
            (json!([]), json!([1]), false),
            (json!("1"), json!(1), false),
            (json!(true), json!("true"), false),
            (json!({"a": []}), json!({"a": {}}), false),
        ] {
            assert_eq!(matches(&wanted, &found), does, "{wanted} {found}");
            assert_eq!(distance(&wanted, &found) == 0, does, "{wanted} {found}");
        }
    }

    #[test]
    fn a_difference_shows_only_what_is_spoken_of() {
        let wanted = json!({"metadata": {"name": "a"}, "status": {"plan": "COMPLETE"}});
        let found = json!({
            "metadata": {"name": "a", "uid": "1"}, "status": {"plan": "IN_PROGRESS"},
        });

        let shown = difference(&wanted, &found);

        assert_eq!(
            shown,
            "  metadata:\n    name: a\n  status:\n-   plan: COMPLETE\n+   plan: IN_PROGRESS"
        );
    }

    #[test]
    fn the_values_of_secrets_are_never_shown() {
        let wanted = json!({"kind": "Secret", "data": {"password": "aHVudGVy"}});
        let found = json!({"kind": "Secret", "data": {"password": "b3RoZXI="}});

        let shown = difference(&wanted, &found);

        assert_eq!(
            shown,
            "  data:\n-   password: (hidden)\n+   password: (hidden, another value)\n  kind: Secret"
        );
    }
}
