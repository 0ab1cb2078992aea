//! JSON Schema: what is refused, and whose documents are taken.

use std::collections::BTreeMap;

use broker::registry::json::{Schema, parse, unreadable};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::deleting::Desk;

fn schema(value: &Value) -> Schema {
    parse(&value.to_string(), BTreeMap::new()).unwrap()
}

fn takes(reader: &Value, writer: &Value) -> bool {
    unreadable(&schema(reader), &schema(writer)).is_empty()
}

fn closed(properties: &Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// Pairs of schemas, and whether each takes the other's documents.
fn compare<const N: usize>(pairs: [(Value, Value, (bool, bool)); N]) {
    for (one, other, both) in pairs {
        let found = (takes(&one, &other), takes(&other, &one));
        assert_eq!(found, both, "{one} {other}");
    }
}

#[test]
fn whose_objects_are_taken() {
    let (int, text) = (json!({"type": "integer"}), json!({"type": "string"}));
    let open = |properties: Value| json!({"type": "object", "properties": properties});
    let with_default = json!({"type": "integer", "default": 0});
    let tree = |leaf: &str| {
        json!({
            "$ref": "#/definitions/node",
            "definitions": {"node": {
                "type": "object", "additionalProperties": false,
                "properties": {"leaf": {"type": leaf}, "next": {"$ref": "#/definitions/node"}},
            }},
        })
    };
    compare([
        (
            closed(&json!({"a": int, "b": text}), &["a"]),
            closed(&json!({"a": int}), &["a"]),
            (true, false),
        ),
        (
            open(json!({"a": int, "b": text})),
            open(json!({"a": int})),
            (false, true),
        ),
        (
            closed(&json!({"a": int}), &[]),
            closed(&json!({"a": int}), &["a"]),
            (true, false),
        ),
        (
            closed(&json!({"a": with_default}), &["a"]),
            closed(&json!({"a": int}), &[]),
            (true, true),
        ),
        (tree("number"), tree("integer"), (true, false)),
    ]);
}

#[test]
fn whose_values_are_taken() {
    let (int, text) = (json!({"type": "integer"}), json!({"type": "string"}));
    let at_most = |key: &str, most: u32| json!({"type": "string", key: most});
    compare([
        (json!(true), int.clone(), (true, false)),
        (json!({}), json!(false), (true, false)),
        (json!({"type": "number"}), int.clone(), (true, false)),
        (
            json!({"type": ["string", "null"]}),
            text.clone(),
            (true, false),
        ),
        (
            at_most("maxLength", 9),
            at_most("maxLength", 5),
            (true, false),
        ),
        (
            at_most("minLength", 1),
            at_most("minLength", 2),
            (true, false),
        ),
        (
            json!({"enum": ["a", "b"]}),
            json!({"enum": ["a"]}),
            (true, false),
        ),
        (text.clone(), json!({"enum": ["a"]}), (true, false)),
        (
            json!({"type": "integer", "multipleOf": 2}),
            json!({"type": "integer", "multipleOf": 4}),
            (true, false),
        ),
        (
            json!({"type": "array", "items": {"type": "number"}}),
            json!({"type": "array", "items": int}),
            (true, false),
        ),
        (json!({"oneOf": [int, text]}), text.clone(), (true, false)),
        (
            json!({"anyOf": [text, int]}),
            json!({"oneOf": [int, text]}),
            (true, true),
        ),
    ]);
}

#[test]
fn every_objection_names_its_kind_and_its_place() {
    let before = closed(&json!({"a": {"type": "integer"}}), &[]);
    let after = closed(&json!({"a": {"type": "string"}, "b": {}}), &["b"]);
    let told = unreadable(&schema(&after), &schema(&before));
    assert_eq!(
        told,
        [
            "TYPE_NARROWED at #/properties/a",
            "REQUIRED_ATTRIBUTE_ADDED at #/properties/b"
        ]
    );
    let told = unreadable(&schema(&before), &schema(&after));
    assert!(
        told.contains(&"PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL at #/properties/b".to_owned()),
        "{told:?}"
    );
}

#[test]
fn what_is_no_schema_is_refused_with_its_place() {
    for (wrong, at) in [
        (json!(7), "/"),
        (json!({"type": "text"}), "/type"),
        (
            json!({"properties": {"a": {"minLength": -1}}}),
            "/properties/a/minLength",
        ),
        (json!({"required": [1]}), "/required"),
        (json!({"allOf": {}}), "/allOf"),
        (
            json!({"items": {"$ref": "#/definitions/none"}}),
            "/items/$ref",
        ),
        (json!({"$ref": "other.json"}), "/$ref"),
    ] {
        let told = parse(&wrong.to_string(), BTreeMap::new()).unwrap_err();
        assert!(told.contains(at), "{wrong}: {told}");
    }
}

#[test]
fn a_schema_is_registered_with_what_it_refers_to_and_keeps_the_order_of_its_keys() {
    let mut desk = Desk::default();
    let body = |text: &str, references: Value| json!({"schemaType": "JSON", "schema": text, "references": references});
    desk.ask(
        "POST",
        "/subjects/id/versions",
        &body("{\"type\": \"string\"}", json!([])),
    )
    .unwrap();
    let text = "{ \"type\": \"object\",\n \"properties\": {\"a b\": {\"$ref\": \"id.json\"}} }";
    let references = json!([{"name": "id.json", "subject": "id", "version": 1}]);
    let registered = desk.ask(
        "POST",
        "/subjects/s/versions",
        &body(text, references.clone()),
    );
    assert_eq!(registered, Ok(json!({"id": 2})));
    let found = desk.get("/subjects/s/versions/1").unwrap();
    let stored = "{\"type\":\"object\",\"properties\":{\"a b\":{\"$ref\":\"id.json\"}}}";
    assert_eq!(
        (&found["schema"], &found["schemaType"]),
        (&json!(stored), &json!("JSON"))
    );
    let turned = "{\"properties\":{\"a b\":{\"$ref\":\"id.json\"}},\"type\":\"object\"}";
    let again = desk.ask("POST", "/subjects/s", &body(turned, references.clone()));
    assert_eq!(
        again.unwrap()["id"],
        json!(2),
        "whatever the order of its keys"
    );
    let other = text.replace("id.json", "none.json");
    let refused = desk.ask("POST", "/subjects/s/versions", &body(&other, references));
    assert_eq!(refused.unwrap_err().code, 42201);
    assert_eq!(
        desk.register("s", &json!("int")).unwrap_err().code,
        409,
        "of another type"
    );
}

fn any_schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(true)),
        Just(json!({"type": "string", "maxLength": 7})),
        Just(json!({"type": "integer", "minimum": 0})),
        Just(json!({"enum": ["a", 1, null]})),
        Just(json!({"type": ["null", "boolean"]})),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let properties = prop::collection::btree_map("[a-c]", inner.clone(), 0..3);
        prop_oneof![
            inner
                .clone()
                .prop_map(|items| json!({"type": "array", "items": items})),
            prop::collection::vec(inner.clone(), 1..3).prop_map(|all| json!({"oneOf": all})),
            prop::collection::vec(inner, 1..3).prop_map(|all| json!({"allOf": all})),
            (properties, any::<bool>()).prop_map(|(all, open)| {
                json!({"type": "object", "properties": all, "additionalProperties": open})
            }),
        ]
    })
}

proptest! {
    #[test]
    fn every_schema_takes_its_own_documents(value in any_schema()) {
        let schema = schema(&value);
        prop_assert_eq!(unreadable(&schema, &schema), Vec::<String>::new());
    }

    #[test]
    fn no_text_breaks_the_reader(text in "[\\[\\]{}:,\"$#/a-z0-9 ]{0,200}") {
        let _read = parse(&text, BTreeMap::new());
    }
}
