//! The order of a merged list.

use serde_json::Value;

use crate::typed::equal;

/// Tells whether two items are one: by their merge key, or by value where there is none.
pub(super) fn same_item(left: &Value, right: &Value, key: Option<&str>) -> bool {
    let Some(key) = key else {
        return equal(left, right);
    };
    match (left.get(key), right.get(key)) {
        (Some(left), Some(right)) => equal(left, right),
        _ => false,
    }
}

/// Brings items into the wanted order; items it does not name keep their place in the live list as
/// far as that is possible, and new items come before them.
pub(super) fn ordered(
    items: Vec<Value>,
    wanted: &[Value],
    live: Option<&[Value]>,
    key: Option<&str>,
) -> Vec<Value> {
    let place =
        |list: &[Value], item: &Value| list.iter().position(|known| same_item(known, item, key));
    let live = live.map_or_else(|| items.clone(), <[Value]>::to_vec);
    let (mut named, mut others): (Vec<_>, Vec<_>) = items
        .into_iter()
        .partition(|item| place(wanted, item).is_some());
    named.sort_by_key(|item| place(wanted, item));
    others.sort_by_key(|item| place(&live, item));

    let mut result = Vec::with_capacity(named.len() + others.len());
    let mut others = others.into_iter().peekable();
    for item in named {
        let before = place(&live, &item);
        while let Some(other) = others.next_if(|other| place(&live, other) < before) {
            result.push(other);
        }
        result.push(item);
    }
    result.extend(others);
    result
}
