//! Avro: what is a schema, how it is written, who reads whose data.

use std::collections::BTreeMap;

use broker::registry::avro::{Defaults, Names, Schema, parse, unreadable};
use serde_json::{Value, json};

fn schema(value: &Value) -> Schema {
    parse(&value.to_string(), BTreeMap::new(), Defaults::Checked).unwrap()
}

fn reads(reader: &Value, writer: &Value) -> bool {
    unreadable(&schema(reader), &schema(writer)).is_empty()
}

fn record(fields: &Value) -> Value {
    json!({"type": "record", "name": "R", "fields": fields})
}

#[test]
fn who_reads_whose_data() {
    let letters = |symbols: &[&str]| json!({"type": "enum", "name": "E", "symbols": symbols});
    let fixed = |size: u32| json!({"type": "fixed", "name": "F", "size": size});
    let list = |kind: &str| json!({"type": "array", "items": kind});
    let mut safe = letters(&["A"]);
    safe["default"] = json!("A");
    for (reader, writer, both) in [
        (json!("int"), json!("int"), (true, true)),
        (json!("long"), json!("int"), (true, false)),
        (json!("double"), json!("long"), (true, false)),
        (json!("double"), json!("float"), (true, false)),
        (json!("bytes"), json!("string"), (true, true)),
        (json!("int"), json!("string"), (false, false)),
        (json!(["null", "int"]), json!("int"), (true, false)),
        (
            json!(["int", "string"]),
            json!(["string", "int"]),
            (true, true),
        ),
        (json!("long"), json!(["int", "long"]), (true, true)),
        (json!("float"), json!(["int", "string"]), (false, false)),
        (list("long"), list("int"), (true, false)),
        (
            list("int"),
            json!({"type": "map", "values": "int"}),
            (false, false),
        ),
        (fixed(4), fixed(4), (true, true)),
        (fixed(4), fixed(5), (false, false)),
        (letters(&["A", "B"]), letters(&["A"]), (true, false)),
        (safe, letters(&["A", "B"]), (true, true)),
    ] {
        let found = (reads(&reader, &writer), reads(&writer, &reader));
        assert_eq!(found, both, "{reader} {writer}");
    }
}

#[test]
fn a_record_is_read_by_the_names_of_its_fields() {
    let one = record(&json!([{"name": "a", "type": "int"}]));
    let renamed = record(&json!([{"name": "b", "type": "int", "aliases": ["a"]}]));
    assert!(reads(&renamed, &one) && !reads(&one, &renamed));
    let none = record(&json!([]));
    assert!(reads(&none, &one) && !reads(&one, &none));
    let mut other = one.clone();
    other["name"] = json!("Q");
    assert!(!reads(&other, &one));
    other["aliases"] = json!(["R"]);
    assert!(reads(&other, &one));
    let mut elsewhere = one.clone();
    elsewhere["namespace"] = json!("x.y");
    assert!(reads(&elsewhere, &one), "namespaces do not count");
}

#[test]
fn a_type_that_holds_itself_is_compared_to_the_end() {
    let tree = |leaf: &str| {
        record(&json!([
            {"name": "leaf", "type": leaf},
            {"name": "next", "type": ["null", "R"]},
        ]))
    };
    assert!(reads(&tree("long"), &tree("int")));
    assert!(!reads(&tree("int"), &tree("long")));
}

#[test]
fn what_is_no_schema_is_refused_with_the_part_that_is_wrong() {
    let field = |kind: Value, default: Value| {
        record(&json!([{"name": "a", "type": kind, "default": default}]))
    };
    for (wrong, why) in [
        (json!("integer"), "undefined name: \"integer\""),
        (json!(17), "no schema: 17"),
        (json!({"name": "R"}), "without \"type\""),
        (json!({"type": "record", "name": "R"}), "without \"fields\""),
        (json!({"type": "record", "fields": []}), "without \"name\""),
        (
            json!({"type": "record", "name": "7", "fields": []}),
            "illegal name",
        ),
        (
            record(&json!([{"name": "a", "type": "int"}, {"name": "a", "type": "int"}])),
            "twice",
        ),
        (
            record(&json!([{"name": "a-b", "type": "int"}])),
            "illegal name",
        ),
        (
            json!({"type": "enum", "name": "E", "symbols": ["A", "A"]}),
            "twice",
        ),
        (
            json!({"type": "enum", "name": "E", "symbols": ["A"], "default": "B"}),
            "no symbol",
        ),
        (json!({"type": "fixed", "name": "F"}), "size"),
        (json!({"type": "array"}), "items"),
        (json!(["int", "int"]), "twice in a union"),
        (json!(["int", ["string"]]), "union directly inside"),
        (field(json!("int"), json!("x")), "invalid default"),
        (
            field(json!("int"), json!(3_000_000_000_u32)),
            "invalid default",
        ),
        (field(json!("string"), Value::Null), "invalid default"),
        (field(record(&json!([])), json!({})), "defined twice"),
    ] {
        let told = parse(&wrong.to_string(), BTreeMap::new(), Defaults::Checked).unwrap_err();
        assert!(told.contains(why), "{wrong}: {told}");
    }
    assert!(parse("{", BTreeMap::new(), Defaults::Checked).is_err());
    let known = field(json!("int"), json!("x"));
    assert!(parse(&known.to_string(), BTreeMap::new(), Defaults::Taken).is_ok());
}

#[test]
fn a_schema_is_written_in_one_form() {
    let given = json!({
        "fields": [
            {"default": null, "type": ["null", {"type": "a.b.C"}], "name": "again"},
            {"order": "ascending", "name": "at", "type": {"logicalType": "date", "type": "int"}, "doc": "when"},
        ],
        "doc": "d", "type": "record", "namespace": "a.b", "name": "C", "aliases": ["D", "x.E"],
    });
    let written = schema(&given).text(Names::Relative);
    assert_eq!(
        written,
        concat!(
            r#"{"type":"record","name":"C","namespace":"a.b","doc":"d","fields":["#,
            r#"{"name":"again","type":["null","C"],"default":null},"#,
            r#"{"name":"at","type":{"type":"int","logicalType":"date"},"doc":"when"}],"#,
            r#""aliases":["D","x.E"]}"#
        )
    );
    let full = schema(&given).text(Names::Full);
    assert!(full.contains(r#""name":"a.b.C","#) && full.contains(r#"["null","a.b.C"]"#));
    assert_eq!(
        parse(" int ", BTreeMap::new(), Defaults::Checked)
            .unwrap()
            .text(Names::Full),
        "\"int\""
    );
}
