//! Laws that hold for any schema, and no text that is too much.

use std::collections::BTreeMap;

use broker::registry::avro::{Defaults, Names, Schema, parse, unreadable};
use proptest::prelude::*;
use serde_json::{Value, json};

fn leaf() -> impl Strategy<Value = Value> {
    let names = [
        "null", "boolean", "int", "long", "float", "double", "bytes", "string",
    ];
    prop::sample::select(names.to_vec()).prop_map(|name| json!(name))
}

/// Types without names of their own: names are given by place afterwards.
fn shape() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            inner
                .clone()
                .prop_map(|items| json!({"type": "array", "items": items})),
            inner
                .clone()
                .prop_map(|values| json!({"type": "map", "values": values})),
            prop::collection::vec((inner, any::<bool>()), 0..4).prop_map(|fields| {
                let fields = fields
                    .into_iter()
                    .enumerate()
                    .map(|(at, (kind, optional))| {
                        let name = format!("f{at}");
                        if optional && kind != json!("null") {
                            return json!({"name": name, "type": ["null", kind], "default": null});
                        }
                        json!({"name": name, "type": kind})
                    });
                json!({"type": "record", "name": "", "fields": fields.collect::<Vec<_>>()})
            }),
        ]
    })
}

/// Gives every record a name by its place.
fn name(value: &mut Value, at: &str) {
    match value {
        Value::Object(map) => {
            if map.get("type") == Some(&json!("record")) {
                map.insert("name".to_owned(), json!(format!("R{at}")));
            }
            for (key, part) in map {
                name(part, &format!("{at}_{key}"));
            }
        }
        Value::Array(all) => {
            for (index, part) in all.iter_mut().enumerate() {
                name(part, &format!("{at}_{index}"));
            }
        }
        _ => {}
    }
}

fn named(mut value: Value) -> Value {
    name(&mut value, "");
    value
}

fn read(text: &str) -> Schema {
    parse(text, BTreeMap::new(), Defaults::Checked).unwrap()
}

proptest! {
    #[test]
    fn every_schema_reads_its_own_data_and_is_the_same_when_written(value in shape()) {
        let schema = read(&named(value).to_string());
        prop_assert_eq!(unreadable(&schema, &schema), Vec::<String>::new());
        for names in [Names::Relative, Names::Full] {
            let text = schema.text(names);
            let again = read(&text);
            prop_assert_eq!(&again, &schema);
            prop_assert_eq!(again.text(names), text);
        }
    }

    #[test]
    fn a_field_with_a_default_may_come_and_go(value in shape(), extra in shape()) {
        let fields = |all: Value| {
            named(json!({"type": "record", "name": "", "fields": all}))
        };
        let one = json!({"name": "own", "type": value});
        let more = json!({"name": "more", "type": ["null", {"type": "array", "items": extra}], "default": null});
        let small = read(&fields(json!([one.clone()])).to_string());
        let large = read(&fields(json!([one, more])).to_string());
        prop_assert_eq!(unreadable(&large, &small), Vec::<String>::new());
        prop_assert_eq!(unreadable(&small, &large), Vec::<String>::new());
    }

    #[test]
    fn no_text_breaks_the_reader(text in "[\\[\\]{}:,\"a-z0-9 ]{0,200}") {
        let _read = parse(&text, BTreeMap::new(), Defaults::Checked);
    }
}

#[test]
fn a_chain_of_ten_thousand_records_is_given_up_and_nothing_breaks() {
    let mut all = vec![json!({"type": "record", "name": "R0", "fields": []})];
    for at in 1..10_000 {
        let before = format!("R{}", at - 1);
        all.push(json!({"type": "record", "name": format!("R{at}"), "fields": [{"name": "f", "type": before}]}));
    }
    all.reverse();
    all.sort_by_key(|one| one["name"].as_str().unwrap()[1..].parse::<u32>().unwrap());
    let chain = read(&json!(all).to_string());
    let told = unreadable(&chain, &chain);
    assert!(
        told.iter().any(|why| why.contains("TOO_LARGE")),
        "{}",
        told.len()
    );
}
