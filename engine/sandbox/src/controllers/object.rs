//! Reading and writing the fields of objects that are plain JSON.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::kind::Kind;

/// Returns the value at `pointer`, whose keys hold no `~`: controllers ask so often that the
/// copies which [`Value::pointer`] makes of keys would be most of their work.
fn at<'a>(object: &'a Value, pointer: &str) -> Option<&'a Value> {
    pointer
        .split('/')
        .skip(1)
        .try_fold(object, |value, key| match value {
            Value::Object(members) => members.get(key),
            Value::Array(items) => items.get(key.parse::<usize>().ok()?),
            _ => None,
        })
}

/// Returns the string at `pointer`, empty when there is none.
pub(super) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    at(object, pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Returns the whole number at `pointer`.
pub(super) fn int(object: &Value, pointer: &str) -> Option<i64> {
    at(object, pointer).and_then(Value::as_i64)
}

/// Returns the count at `pointer`, zero when there is none.
pub(super) fn count(object: &Value, pointer: &str) -> i64 {
    int(object, pointer).unwrap_or_default()
}

/// Tells whether `pointer` holds `true`.
pub(super) fn flag(object: &Value, pointer: &str) -> bool {
    at(object, pointer)
        .and_then(Value::as_bool)
        .unwrap_or_default()
}

/// Returns the list at `pointer`, empty when there is none.
pub(super) fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    at(object, pointer)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Returns the moment at `pointer`.
pub(super) fn time(object: &Value, pointer: &str) -> Option<Timestamp> {
    text(object, pointer).parse().ok()
}

/// Returns `metadata.name`.
pub(super) fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

/// Returns `metadata.namespace`, empty for cluster-scoped objects.
pub(super) fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// Returns `metadata.uid`.
pub(super) fn uid(object: &Value) -> &str {
    text(object, "/metadata/uid")
}

/// Returns `metadata.generation`, zero when the kind has none.
pub(super) fn generation(object: &Value) -> i64 {
    count(object, "/metadata/generation")
}

/// Tells whether `metadata.deletionTimestamp` is set.
pub(super) fn is_terminating(object: &Value) -> bool {
    !text(object, "/metadata/deletionTimestamp").is_empty()
}

/// Returns a label, empty when there is none.
pub(super) fn label<'a>(object: &'a Value, key: &str) -> &'a str {
    member(object, "/metadata/labels", key)
}

/// Returns an annotation, empty when there is none.
pub(super) fn annotation<'a>(object: &'a Value, key: &str) -> &'a str {
    member(object, "/metadata/annotations", key)
}

/// Returns the string member `key` of the map at `pointer`; keys hold slashes, so no pointer.
fn member<'a>(object: &'a Value, pointer: &str, key: &str) -> &'a str {
    at(object, pointer)
        .and_then(|members| members.get(key))
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Tells whether a finalizer is on the object.
pub(super) fn has_finalizer(object: &Value, finalizer: &str) -> bool {
    list(object, "/metadata/finalizers")
        .iter()
        .any(|one| one == finalizer)
}

/// Takes a finalizer off the object.
pub(super) fn remove_finalizer(object: &mut Value, finalizer: &str) {
    if let Some(Value::Array(all)) = object.pointer_mut("/metadata/finalizers") {
        all.retain(|one| one != finalizer);
    }
}

/// Sets the field at `path`, making the objects on the way; null takes the field out.
pub(super) fn set(object: &mut Value, path: &[&str], value: Value) {
    let Some((last, parents)) = path.split_last() else {
        return;
    };
    let mut place = object;
    for key in parents {
        place = members(place).entry(*key).or_insert(Value::Null);
    }
    if value.is_null() {
        members(place).remove(*last);
    } else {
        members(place).insert((*last).to_owned(), value);
    }
}

/// Returns the members of a value, which becomes an object when it was none.
fn members(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("it was made an object above")
}

/// Returns the owner reference that controls the object.
pub(super) fn controller(object: &Value) -> Option<&Value> {
    list(object, "/metadata/ownerReferences")
        .iter()
        .find(|owner| flag(owner, "/controller"))
}

/// Tells whether the object with `uid` controls this one.
pub(super) fn is_controlled_by(object: &Value, owner_uid: &str) -> bool {
    controller(object).is_some_and(|owner| text(owner, "/uid") == owner_uid)
}

/// Returns the owner reference of a controller (`metav1.NewControllerRef`).
pub(super) fn controller_reference(owner: &Value, kind: Kind) -> Value {
    json!({
        "apiVersion": kind.api_version(),
        "kind": kind.name(),
        "name": name(owner),
        "uid": uid(owner),
        "controller": true,
        "blockOwnerDeletion": true,
    })
}

/// Returns a copy of the object that `owner` controls from now on.
pub(super) fn adopted(object: &Value, owner: &Value, kind: Kind) -> Value {
    let mut owners = list(object, "/metadata/ownerReferences").to_vec();
    owners.push(controller_reference(owner, kind));
    let mut object = object.clone();
    set(
        &mut object,
        &["metadata", "ownerReferences"],
        Value::Array(owners),
    );
    object
}

/// Tells whether a `metav1.LabelSelector` chooses an object with these labels.
///
/// A selector that is absent chooses nothing, an empty one everything.
pub(super) fn selects(selector: Option<&Value>, labels: Option<&Value>) -> bool {
    let Some(selector) = selector.filter(|selector| selector.is_object()) else {
        return false;
    };
    let value = |key: &str| {
        labels
            .and_then(|labels| labels.get(key))
            .and_then(Value::as_str)
    };
    let wanted = selector.get("matchLabels").and_then(Value::as_object);
    wanted
        .into_iter()
        .flatten()
        .all(|(key, wanted)| value(key) == wanted.as_str())
        && list(selector, "/matchExpressions")
            .iter()
            .all(|expression| expression_holds(expression, value(text(expression, "/key"))))
}

/// Tells whether one requirement (`In`, `NotIn`, `Exists`, `DoesNotExist`, and a node's `Gt` and
/// `Lt`) holds for a label's value.
pub(super) fn expression_holds(expression: &Value, value: Option<&str>) -> bool {
    let listed = || {
        let value = value.unwrap_or_default();
        list(expression, "/values").iter().any(|one| one == value)
    };
    let bound = || text(expression, "/values/0").parse::<i64>().ok();
    let number = || value.and_then(|value| value.parse::<i64>().ok());
    match text(expression, "/operator") {
        "In" => value.is_some() && listed(),
        "NotIn" => value.is_none() || !listed(),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => number()
            .zip(bound())
            .is_some_and(|(number, bound)| number > bound),
        "Lt" => number()
            .zip(bound())
            .is_some_and(|(number, bound)| number < bound),
        _ => false,
    }
}

/// Returns a count given as a number or as a percentage of `total` (`intstr.IntOrString`).
pub(super) fn scaled(value: Option<&Value>, total: i64, round_up: bool) -> Option<i64> {
    match value? {
        Value::Number(number) => number.as_i64(),
        Value::String(percent) => {
            let percent = percent.strip_suffix('%')?.parse::<i64>().ok()?;
            let hundredths = total.saturating_mul(percent);
            let extra = if round_up { 99 } else { 0 };
            Some(hundredths.saturating_add(extra).div_euclid(100))
        }
        _ => None,
    }
}

/// Returns a short name for a value, the same for equal values whatever the order of their keys.
///
/// Kubernetes hashes Go's memory layout here, which nobody else can repeat; the alphabet and the
/// length are those of `rand.SafeEncodeString` over a 32-bit FNV-1a sum.
pub(super) fn hash(value: &Value) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let sum = canonical(value).bytes().fold(0x811c_9dc5_u32, |sum, byte| {
        (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    sum.to_string()
        .bytes()
        .map(|digit| char::from(ALPHABET[usize::from(digit) % 27]))
        .collect()
}

/// Returns 64 bits of the FNV-1a sum of a text, in hexadecimal.
pub(super) fn fingerprint(text: &str) -> String {
    let sum = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{sum:016x}")
}

/// Writes a value as JSON with sorted keys and without nulls.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members
                .iter()
                .filter(|(_, value)| !value.is_null())
                .collect();
            members.sort_by_key(|(key, _)| key.as_str());
            let members: Vec<String> = members
                .into_iter()
                .map(|(key, value)| format!("{key:?}:{}", canonical(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        scalar => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_hold_as_the_api_defines_them() {
        let labels = json!({"app": "db", "tier": "1"});
        let chosen = |selector: Value| selects(Some(&selector), Some(&labels));

        assert!(chosen(json!({})));
        assert!(chosen(json!({"matchLabels": {"app": "db"}})));
        assert!(!chosen(json!({"matchLabels": {"app": "web"}})));
        let expression = |operator: &str, values: Value| json!({"matchExpressions": [{"key": "tier", "operator": operator, "values": values}]});
        assert!(chosen(expression("In", json!(["1", "2"]))));
        assert!(!chosen(expression("NotIn", json!(["1"]))));
        assert!(chosen(expression("Exists", json!([]))));
        assert!(!chosen(expression("DoesNotExist", json!([]))));
        assert!(!selects(None, Some(&labels)));
    }

    #[test]
    fn percentages_round_as_asked() {
        assert_eq!(scaled(Some(&json!("25%")), 3, true), Some(1));
        assert_eq!(scaled(Some(&json!("25%")), 3, false), Some(0));
        assert_eq!(scaled(Some(&json!(2)), 3, false), Some(2));
        assert_eq!(scaled(Some(&json!("many")), 3, false), None);
        assert_eq!(scaled(None, 3, false), None);
    }

    #[test]
    fn equal_values_have_equal_hashes() {
        let one = json!({"a": 1, "b": {"c": [true], "d": null}});
        let other = json!({"b": {"c": [true]}, "a": 1});

        assert_eq!(hash(&one), hash(&other));
        assert_ne!(hash(&one), hash(&json!({"a": 2})));
    }

    #[test]
    fn set_makes_parents_and_null_takes_out() {
        let mut object = json!({"metadata": {}});

        set(&mut object, &["metadata", "annotations", "a/b"], json!("c"));
        assert_eq!(annotation(&object, "a/b"), "c");

        set(
            &mut object,
            &["metadata", "annotations", "a/b"],
            Value::Null,
        );
        assert_eq!(object, json!({"metadata": {"annotations": {}}}));
    }
}
