//! Nothing panics or overflows the stack, whatever comes in.

use kudo_schema::{
    ApplyError, CrdSchema, Discovery, FieldSet, Reset, Schemas, StrategicError, Writer,
    collapse_doubled_keys, decode_problem, default_crd, defaults, json_merge_patch,
    managed_fields_after_update, normalize, prune, server_side_apply, strategic_merge_patch,
    validate_crd,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Deeper than we walk, not too deep for `Value` itself to be dropped on a small stack.
const DEEP: usize = 400;

fn writer() -> Writer<'static> {
    let now = "2026-01-02T03:04:05Z";
    Writer {
        manager: "a",
        api_version: "apps/v1",
        subresource: "",
        now,
        reset: Reset::Nothing,
    }
}

/// A value nested deeper than JSON text may be.
fn deep(wrap: impl Fn(Value) -> Value) -> Value {
    (0..DEEP).fold(json!(1), |inner, _| wrap(inner))
}

#[test]
fn deep_values_are_refused_or_left_alone() {
    let schema = Schemas::built_in()
        .kind("apps", "v1", "Deployment")
        .unwrap();
    let free = CrdSchema::anything();
    for value in [
        deep(|inner| json!({"spec": inner})),
        deep(|inner| json!([inner])),
    ] {
        let config = json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": value});
        for schema in [schema, free.schema()] {
            let refused = server_side_apply(schema, None, &config, true, &writer());
            assert_eq!(refused, Err(ApplyError::TooDeep));
            let refused = strategic_merge_patch(schema, &config, &json!({}));
            assert_eq!(refused, Err(StrategicError::TooDeep));
            assert_eq!(
                managed_fields_after_update(schema, None, &config, &writer()),
                json!([])
            );
            let mut object = config.clone();
            prune(schema, &mut object);
            collapse_doubled_keys(schema, &mut object);
            normalize(schema, &mut object);
            default_crd(schema, &mut object);
            validate_crd(schema, &object);
            decode_problem(schema, &object);
            json_merge_patch(&mut object, &config);
        }
        assert!(FieldSet::from_value(&config["spec"]).is_err());
        CrdSchema::new(&config["spec"]);
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "apiVersion",
        "kind",
        "metadata",
        "name",
        "labels",
        "spec",
        "template",
        "containers",
        "env",
        "ports",
        "containerPort",
        "volumes",
        "secret",
        "resources",
        "limits",
        "cpu",
        "data",
        "$patch",
        "delete",
        "replace",
        "$retainKeys",
        "$setElementOrder/containers",
        "status",
        "managedFields",
        "f:spec",
        "strategy",
        "type",
        "versions",
        "names",
        "image",
        "rules",
        "webhooks",
        "v1",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
        "[ -~]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        let field = (word.clone(), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::from),
            prop::collection::vec(field, 0..6).prop_map(|fields| {
                let fields = fields
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value));
                Value::Object(fields.collect::<Map<String, Value>>())
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn odd_objects_of_every_kind(live in any_value(), other in any_value(), pick in 0_usize..140) {
        let resources: Vec<_> = Discovery::built_in().resources().collect();
        let resource = resources[pick % resources.len()];
        let schema = Schemas::built_in()
            .kind(&resource.group, &resource.version, &resource.kind)
            .unwrap();
        let mut object = live.clone();
        decode_problem(schema, &object);
        prune(schema, &mut object);
        collapse_doubled_keys(schema, &mut object);
        normalize(schema, &mut object);
        defaults::fill(&resource.group, &resource.kind, &mut object);
        managed_fields_after_update(schema, Some(&live), &other, &writer());
        drop(server_side_apply(schema, Some(&live), &other, false, &writer()));
        drop(strategic_merge_patch(schema, &live, &other));
        json_merge_patch(&mut object, &other);
        let crd = CrdSchema::new(&other);
        let mut object = live;
        prune(crd.schema(), &mut object);
        default_crd(crd.schema(), &mut object);
        validate_crd(crd.schema(), &object);
        Discovery::default().add_crd(&object);
    }

    /// Applying the same again changes nothing and nobody's fields.
    #[test]
    fn a_second_apply_changes_nothing(config in any_value()) {
        let free = CrdSchema::anything();
        let config = json!({"apiVersion": "apps/v1", "kind": "A", "spec": config});
        if let Ok(first) = server_side_apply(free.schema(), None, &config, false, &writer()) {
            let second =
                server_side_apply(free.schema(), Some(&first.object), &config, false, &writer());
            let second = second.unwrap();
            prop_assert!(!second.changed && !second.owners_changed);
            prop_assert_eq!(second.object, first.object);
        }
    }
}
