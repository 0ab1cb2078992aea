//! The layout of `_schemas`, as other registries write it and read it.

use broker::registry::read;
use broker::registry::record::{Entry, Key, Reference, SchemaValue};
use broker::registry::state::{Seen, State};
use serde_json::{Value, json};

#[test]
fn keys_and_values_are_written_as_other_registries_write_them() {
    assert_eq!(
        read::key_text("s", 1),
        "{magic=1,keytype=SCHEMA,subject=s,version=1}"
    );
    let value = SchemaValue {
        subject: "s".into(),
        version: 1,
        id: 7,
        schema_type: Some("PROTOBUF".into()),
        references: Some(vec![Reference {
            name: "a.proto".into(),
            subject: "a".into(),
            version: 2,
        }]),
        metadata: None,
        rule_set: None,
        schema: "x".into(),
        deleted: false,
    };
    let entry = Entry::set(&Key::schema("s", 1), &value).unwrap();
    let key: Value = serde_json::from_str(&entry.key).unwrap();
    assert_eq!(
        key,
        json!({"keytype": "SCHEMA", "subject": "s", "version": 1, "magic": 1})
    );
    let value: Value = serde_json::from_str(&entry.value.unwrap()).unwrap();
    assert_eq!(
        value,
        json!({
            "subject": "s", "version": 1, "id": 7, "schemaType": "PROTOBUF", "schema": "x", "deleted": false,
            "references": [{"name": "a.proto", "subject": "a", "version": 2}],
        })
    );
    for (key, text) in [
        (
            Key::config(None),
            json!({"keytype": "CONFIG", "subject": null, "magic": 0}),
        ),
        (
            Key::mode(Some("s")),
            json!({"keytype": "MODE", "subject": "s", "magic": 0}),
        ),
        (
            Key::delete_subject("s"),
            json!({"keytype": "DELETE_SUBJECT", "subject": "s", "magic": 0}),
        ),
    ] {
        assert_eq!(serde_json::to_value(&key).unwrap(), text);
    }
}

#[test]
fn a_topic_that_another_registry_wrote_is_read_and_what_is_unknown_is_left_alone() {
    let mut state = State::default();
    let schema = |subject: &str, version: i32, id: i32, text: &str| {
        let key = json!({"keytype": "SCHEMA", "subject": subject, "version": version, "magic": 1});
        let value = json!({
            "subject": subject, "version": version, "id": id, "md5": "pqR=", "schema": text,
            "deleted": false, "offset": 9, "ts": 1,
        });
        (key, value)
    };
    let (key, value) = schema("s", 1, 1, "\"int\"");
    let (key_2, value_2) = schema("s", 2, 5, "\"long\"");
    let (key_t, value_t) = schema("t", 1, 6, "\"string\"");
    let clear = json!({"keytype": "CLEAR_SUBJECT", "subject": "t", "magic": 0});
    let delete = json!({"keytype": "DELETE_SUBJECT", "subject": "s", "magic": 0});
    let config = json!({"keytype": "CONFIG", "subject": null, "magic": 0});
    let level = json!({"compatibilityLevel": "FULL", "alias": "x"});
    let noop = json!({"keytype": "NOOP", "magic": 0});
    for (key, value) in [
        (&noop, None),
        (&key, Some(value)),
        (&key_2, Some(value_2)),
        (&key_t, Some(value_t)),
        (&config, Some(level)),
        (&delete, Some(json!({"subject": "s", "version": 1}))),
        (&clear, Some(json!({"subject": "t", "version": 1}))),
    ] {
        let value = value.map(|value| value.to_string());
        let value = value.as_ref().map(String::as_bytes);
        state.take(key.to_string().as_bytes(), value).unwrap();
    }
    assert_eq!(state.versions("s", Seen::Live), [2]);
    assert_eq!(state.versions("s", Seen::All), [1, 2]);
    assert!(state.versions("t", Seen::All).is_empty());
    assert_eq!((state.schema(6), state.last_id()), (None, 6));
    assert_eq!(read::word(&state.level_of(Some("s"))), "FULL");
    let context = json!({"keytype": "CONTEXT", "tenant": "default", "context": ".x", "magic": 0});
    assert!(
        state
            .take(context.to_string().as_bytes(), Some(b"{}"))
            .is_err()
    );
    assert!(state.take(b"\xff", None).is_err());
    state.take(key_2.to_string().as_bytes(), None).unwrap();
    assert!(state.schema(5).is_none());
}
