//! The schemas of the demo records, and records written by them in Confluent's frame. Pure.

use serde_json::Value;

use super::records::Kind;

/// How a topic's records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Avro,
    Protobuf,
}

/// The same with the schema's id, where there is a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame {
    Json,
    Avro(u32),
    Protobuf(u32),
}

/// The methods of a payment, in the order in which the schema numbers them.
const METHODS: [&str; 3] = ["card", "transfer", "voucher"];

const PAYMENT: &str = r#"{"type":"record","name":"Payment","namespace":"demo","fields":[
{"name":"payment","type":"long"},
{"name":"customer","type":"string"},
{"name":"amount_cents","type":"long"},
{"name":"method","type":{"type":"enum","name":"Method","symbols":["card","transfer","voucher"]}}]}"#;

const CUSTOMER: &str = "syntax = \"proto3\";
package demo;

message Customer {
  string customer = 1;
  string city = 2;
  int64 points = 3;
}
";

/// The type of a format's schemas and the schema of a kind of record; `None` where nothing is registered.
pub(super) fn of(format: Format) -> Option<(&'static str, &'static str)> {
    match format {
        Format::Json => None,
        Format::Avro => Some(("AVRO", PAYMENT)),
        Format::Protobuf => Some(("PROTOBUF", CUSTOMER)),
    }
}

/// A record's value.
pub(super) fn written(kind: Kind, frame: Frame, facts: &Value) -> Vec<u8> {
    let id = match frame {
        Frame::Json => return facts.to_string().into_bytes(),
        Frame::Avro(id) | Frame::Protobuf(id) => id,
    };
    let mut out = vec![0];
    out.extend_from_slice(&id.to_be_bytes());
    let text = |name: &str| facts.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| facts.get(name).and_then(Value::as_u64).unwrap_or_default();
    match kind {
        Kind::Payment => {
            let method = METHODS.iter().position(|name| *name == text("method"));
            zigzag(&mut out, number("payment"));
            zigzag(&mut out, text("customer").len() as u64);
            out.extend_from_slice(text("customer").as_bytes());
            zigzag(&mut out, number("amount_cents"));
            zigzag(&mut out, method.unwrap_or(0) as u64);
        }
        Kind::Customer => {
            // The first message of the file.
            out.push(0);
            for (field, name) in [(1_u64, "customer"), (2, "city")] {
                varint(&mut out, field << 3 | 2);
                varint(&mut out, text(name).len() as u64);
                out.extend_from_slice(text(name).as_bytes());
            }
            varint(&mut out, 3 << 3);
            varint(&mut out, number("points"));
        }
        Kind::Order | Kind::Click | Kind::Audit => out.extend(facts.to_string().bytes()),
    }
    out
}

/// A number that is not below zero, as Avro writes it.
fn zigzag(out: &mut Vec<u8>, number: u64) {
    varint(out, number << 1);
}

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        out.push(u8::try_from(number & 0x7f).unwrap_or(0) | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or(0));
}
