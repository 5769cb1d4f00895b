//! Differential tests against other readers: where YAML 1.1 and 1.2 agree, all read the same.

use kudo_yaml::{Mapping, Value, emit, load, parse};
use proptest::prelude::*;

/// Texts whose meaning no version of YAML disputes once they are quoted as needed.
fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        (-1e9..1e9_f64).prop_map(|number| Value::Float(number + 0.5)),
        "[a-zA-Z \n:#'\"\\\\{}\\[\\],&*!|>%@`~_.0-9éß😀-]{0,24}".prop_map(Value::String),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 48, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::Sequence),
            prop::collection::vec(("[a-z \n:#é]{0,8}", inner), 0..5).prop_map(|entries| {
                let entries = entries
                    .into_iter()
                    .map(|(key, value)| (Value::String(key), value));
                Value::Mapping(entries.collect::<Mapping>())
            }),
        ]
    })
}

fn same(ours: &Value, rival: &serde_yaml::Value) -> bool {
    match (ours, rival) {
        (Value::Null, serde_yaml::Value::Null) => true,
        (Value::Bool(ours), serde_yaml::Value::Bool(rival)) => ours == rival,
        (Value::Int(ours), serde_yaml::Value::Number(rival)) => rival.as_i64() == Some(*ours),
        (Value::Uint(ours), serde_yaml::Value::Number(rival)) => rival.as_u64() == Some(*ours),
        (Value::Float(ours), serde_yaml::Value::Number(rival)) => rival.as_f64() == Some(*ours),
        (Value::String(ours), serde_yaml::Value::String(rival)) => ours == rival,
        (Value::Sequence(ours), serde_yaml::Value::Sequence(rival)) => {
            ours.len() == rival.len()
                && ours
                    .iter()
                    .zip(rival)
                    .all(|(ours, rival)| same(ours, rival))
        }
        (Value::Mapping(ours), serde_yaml::Value::Mapping(rival)) => {
            ours.len() == rival.len()
                && ours.iter().all(|(key, value)| {
                    let key = key.as_str().map(serde_yaml::Value::from);
                    key.and_then(|key| rival.get(key))
                        .is_some_and(|rival| same(value, rival))
                })
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn what_we_write_reads_back_as_the_same_value(value in value()) {
        let text = emit(&value);
        prop_assert_eq!(load(&text).expect("our own text"), value, "{}", text);
    }

    #[test]
    fn serde_yaml_reads_what_we_write_as_we_do(value in value()) {
        let text = emit(&value);
        let rival: serde_yaml::Value = serde_yaml::from_str(&text).expect("valid YAML 1.2");
        prop_assert!(same(&value, &rival), "{:?} {:?} {}", value, rival, text);
    }

    #[test]
    fn we_read_what_serde_yaml_writes_as_it_does(value in value()) {
        let json = kudo_yaml::to_json(&value).expect("no infinities are drawn");
        let text = serde_yaml::to_string(&json).expect("JSON is YAML");
        let rival: serde_yaml::Value = serde_yaml::from_str(&text).expect("its own text");
        // serde_yaml leaves words bare that only YAML 1.1 takes for booleans.
        let ours = load(&text).expect("valid YAML 1.1");
        prop_assert!(same(&ours, &rival) || has_old_boolean(&ours), "{:?} {:?}", ours, rival);
    }

    #[test]
    fn granit_parser_accepts_what_we_write(value in value()) {
        let text = emit(&value);
        for event in granit_parser::Parser::new_from_str(&text) {
            prop_assert!(event.is_ok(), "{:?} in {:?}", event, text);
        }
    }

    #[test]
    fn any_text_gets_an_answer(text in "[ -~\n\té\u{2028}]{0,200}") {
        if let Ok(node) = parse(&text) {
            let value = node.resolve();
            let written = emit(&value);
            prop_assert!(load(&written).is_ok(), "{:?}", written);
        }
    }
}

fn has_old_boolean(value: &Value) -> bool {
    match value {
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => true,
        Value::Sequence(items) => items.iter().any(has_old_boolean),
        Value::Mapping(mapping) => mapping
            .iter()
            .any(|(key, value)| has_old_boolean(key) || has_old_boolean(value)),
        Value::Null | Value::Uint(_) | Value::String(_) | Value::Bytes(_) => false,
    }
}
