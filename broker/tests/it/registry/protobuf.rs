//! Protobuf: files and descriptors, what is refused, who reads whose messages.

use broker::registry::protobuf::{Schema, file, unreadable};
use proptest::prelude::*;
use serde_json::json;

use super::deleting::Desk;

fn read(text: &str) -> Schema {
    Schema::read(text, Vec::new()).unwrap()
}

const WHOLE: &str = r#"
// A file with a bit of everything.
syntax = "proto3";
package shop.v1;
import "google/protobuf/timestamp.proto";
option java_package = "org.shop"; option java_multiple_files = true;
message Order {
  reserved 8, 10 to 12; reserved "old";
  string id = 1; /* the id */
  optional int64 cents = 2 [deprecated = true];
  repeated Line lines = 3;
  map<string, Line.Kind> kinds = 4;
  google.protobuf.Timestamp at = 5;
  oneof paid { string card = 6; Line voucher = 7; }
  message Line { enum Kind { NONE = 0; GOOD = 1; } Kind kind = 1; sint32 n = 2; }
}
enum State { UNKNOWN = 0; SENT = 1; }
service Shop { rpc Buy (Order) returns (stream Order.Line); }
"#;

#[test]
fn a_file_is_the_same_as_text_and_as_a_descriptor() {
    let schema = read(WHOLE);
    let text = schema.file.text();
    assert_eq!(read(&text).file.text(), text);
    let again = file(&schema.serialized()).unwrap();
    let again = Schema::read(&again.text(), Vec::new()).unwrap();
    assert_eq!(unreadable(&again, &schema), [""; 0]);
    assert_eq!(unreadable(&schema, &again), [""; 0]);
    assert_eq!(again.serialized(), schema.serialized());
    for part in [
        "  optional int64 cents = 2 [deprecated = true];\n",
        "  map<string, Line.Kind> kinds = 4;\n",
        "  oneof paid {\n    string card = 6;\n",
        "  reserved 8, 10 to 12;\n  reserved \"old\";\n",
        "  rpc Buy (Order) returns (stream Order.Line);\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let told = again.file.text();
    assert!(
        told.contains("optional int64 cents")
            && told.contains("map<string, .shop.v1.Order.Line.Kind>"),
        "{told}"
    );
}

#[test]
fn what_is_no_protobuf_is_refused_with_its_place() {
    let proto3 = |rest: &str| format!("syntax = \"proto3\";\n{rest}");
    for (wrong, why) in [
        (proto3("message A {"), "the end"),
        (
            proto3("message A { int32 a = 1; int32 a = 2; }"),
            "field a twice",
        ),
        (
            proto3("message A { int32 a = 1; int32 b = 1; }"),
            "number 1 twice",
        ),
        (proto3("message A { int32 a = 0; }"), "number 0"),
        (proto3("message A { int32 a = 19500; }"), "number 19500"),
        (
            proto3("message A { Missing a = 1; }"),
            "\"Missing\" is not defined",
        ),
        (
            proto3("message A { required int32 a = 1; }"),
            "nothing is required",
        ),
        (proto3("message A { reserved 2; int32 a = 2; }"), "reserved"),
        (
            proto3("message A { map<float, int32> a = 1; }"),
            "key of a map",
        ),
        (proto3("message A {} message A {}"), "defined twice"),
        (proto3("enum E { A = 1; }"), "must be zero"),
        (proto3("enum E {}"), "no value"),
        (proto3("import \"other.proto\";"), "no reference brings it"),
        (proto3("/* "), "comment without end"),
        ("syntax = \"proto4\";".to_owned(), "proto4"),
        ("{\"type\": \"string\"}".to_owned(), "line 1"),
    ] {
        let told = Schema::read(&wrong, Vec::new()).unwrap_err();
        assert!(told.contains(why), "{wrong}: {told}");
    }
}

#[test]
fn fields_come_and_go_but_keep_what_they_are_on_the_wire() {
    let message = |fields: &str| {
        read(&format!(
            "syntax = \"proto2\"; message M {{ {fields} }} message X {{}} message Y {{}} enum E {{ A = 0; }}"
        ))
    };
    for (one, other, is_fine) in [
        ("", "optional int32 a = 1;", true),
        ("optional int32 a = 1;", "optional int64 b = 1;", true),
        ("optional int32 a = 1;", "optional E a = 1;", true),
        ("optional int32 a = 1;", "optional sint32 a = 1;", false),
        ("optional string a = 1;", "optional bytes a = 1;", true),
        ("optional string a = 1;", "optional int32 a = 1;", false),
        ("optional fixed32 a = 1;", "optional fixed64 a = 1;", false),
        ("optional X a = 1;", "optional Y a = 1;", false),
        ("optional X a = 1;", "optional int32 a = 1;", false),
        ("optional int32 a = 1;", "repeated int32 a = 1;", false),
        ("optional string a = 1;", "repeated string a = 1;", true),
        ("", "required int32 a = 1;", false),
        (
            "map<string, int32> a = 1;",
            "map<string, int64> a = 1;",
            true,
        ),
        ("map<string, int32> a = 1;", "map<string, X> a = 1;", false),
    ] {
        let (one_read, other_read) = (message(one), message(other));
        let both = unreadable(&one_read, &other_read).is_empty()
            && unreadable(&other_read, &one_read).is_empty();
        assert_eq!(both, is_fine, "{one} {other}");
    }
    let apart = message("optional int32 a = 1; optional int32 b = 2;");
    let together = message("oneof o { int32 a = 1; int32 b = 2; }");
    assert!(unreadable(&together, &apart)[0].starts_with("MULTIPLE_FIELDS_MOVED_TO_ONEOF"));
    let less = message("oneof o { int32 a = 1; }");
    assert!(unreadable(&less, &together)[0].starts_with("ONEOF_FIELD_REMOVED"));
    let gone = read("message X {} message Y {} enum E { A = 0; }");
    assert_eq!(unreadable(&gone, &apart), ["MESSAGE_REMOVED at M"]);
    assert_eq!(unreadable(&apart, &gone), [""; 0]);
}

#[test]
fn a_file_is_registered_with_what_it_imports_in_either_form() {
    let mut desk = Desk::default();
    let body = |schema: &str, references: serde_json::Value| json!({"schemaType": "PROTOBUF", "schema": schema, "references": references});
    let customer = "syntax = \"proto3\"; package c; message Customer { string id = 1; }";
    let order =
        "syntax = \"proto3\"; import \"customer.proto\"; message Order { c.Customer by = 1; }";
    let refused = desk.ask("POST", "/subjects/order/versions", &body(order, json!([])));
    assert_eq!(refused.unwrap_err().code, 42201);
    desk.ask(
        "POST",
        "/subjects/customer/versions",
        &body(customer, json!([])),
    )
    .unwrap();
    let references = json!([{"name": "customer.proto", "subject": "customer", "version": 1}]);
    let registered = desk.ask(
        "POST",
        "/subjects/order/versions",
        &body(order, references.clone()),
    );
    assert_eq!(registered, Ok(json!({"id": 2})));
    let found = desk.get("/schemas/ids/2?format=serialized").unwrap();
    assert_eq!(
        (&found["schemaType"], &found["references"]),
        (&json!("PROTOBUF"), &references)
    );
    let serialized = found["schema"].as_str().unwrap();
    let again = file(serialized).unwrap();
    assert_eq!(again.imports.len(), 1);
    assert!(again.text().contains(".c.Customer by = 1;"));
    // A file as its descriptor is found again, whoever asks in which form.
    let whole = read(WHOLE).serialized();
    desk.ask("POST", "/subjects/whole/versions", &body(&whole, json!([])))
        .unwrap();
    let again = desk
        .ask("POST", "/subjects/whole", &body(&whole, json!([])))
        .unwrap();
    assert_eq!(again["id"], json!(3));
    let text = again["schema"].as_str().unwrap().to_owned();
    assert!(text.starts_with("syntax = \"proto3\";\npackage shop.v1;\n"));
    assert_eq!(
        desk.ask("POST", "/subjects/whole", &body(&text, json!([])))
            .unwrap()["id"],
        json!(3)
    );
}

proptest! {
    #[test]
    fn no_text_and_no_bytes_break_the_reader(
        text in "[a-zA-Z0-9 {};=<>,\"\\[\\]().-]{0,200}",
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        use base64::Engine as _;
        let _read = Schema::read(&text, Vec::new());
        let encoded = base64::engine::general_purpose::STANDARD.encode(bytes);
        let _read = Schema::read(&encoded, Vec::new());
    }

    #[test]
    fn a_descriptor_that_is_damaged_anywhere_gives_a_file_or_an_error(at in 0_usize..2000, to in any::<u8>()) {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        let mut bytes = STANDARD.decode(read(WHOLE).serialized()).unwrap();
        let at = at % bytes.len();
        bytes[at] = to;
        if let Ok(schema) = Schema::read(&STANDARD.encode(bytes), Vec::new()) {
            let _text = schema.file.text();
        }
    }
}
