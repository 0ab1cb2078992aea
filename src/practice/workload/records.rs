//! What the demo records say. Made from their number alone, so that any of them can be made again.

use serde_json::{Value, json};

use super::schemas::{self, Frame};

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Order,
    Payment,
    Click,
    Customer,
    Audit,
}

/// Customers there are.
const CUSTOMERS: u64 = 500;

/// Key and value of the record of this number.
pub(super) fn make(kind: Kind, frame: Frame, number: u64) -> (String, Vec<u8>) {
    let (key, value) = facts(kind, number);
    (key, schemas::written(kind, frame, &value))
}

/// Key and facts of the record of this number.
fn facts(kind: Kind, number: u64) -> (String, Value) {
    let dice = spread(number);
    let customer = format!("c-{}", dice % CUSTOMERS);
    let one_of = |words: &[&'static str]| {
        let at = usize::try_from((dice >> 20) % words.len() as u64).unwrap_or(0);
        words.get(at).copied().unwrap_or_default()
    };
    let value = match kind {
        Kind::Order => json!({
            "order": number,
            "customer": customer,
            "items": 1 + (dice >> 9) % 5,
            "total_cents": 500 + (dice >> 13) % 20_000,
            "status": one_of(&["new", "paid", "packed", "sent"]),
        }),
        Kind::Payment => json!({
            "payment": number,
            "customer": customer,
            "amount_cents": 500 + (dice >> 13) % 20_000,
            "method": one_of(&["card", "transfer", "voucher"]),
        }),
        Kind::Click => json!({
            "customer": customer,
            "page": one_of(&["/", "/search", "/basket", "/checkout", "/help"]),
            "ms": 1 + (dice >> 11) % 900,
        }),
        Kind::Customer => json!({
            "customer": customer,
            "city": one_of(&["Lisbon", "Oslo", "Graz", "Gdansk", "Cork"]),
            "points": (dice >> 17) % 10_000,
        }),
        Kind::Audit => json!({
            "entry": number,
            "by": customer,
            "did": one_of(&["login", "refund", "address change", "logout"]),
        }),
    };
    let key = match kind {
        Kind::Order | Kind::Audit => number.to_string(),
        Kind::Payment | Kind::Click | Kind::Customer => customer,
    };
    (key, value)
}

/// Numbers next to each other become far apart (`SplitMix64`).
fn spread(number: u64) -> u64 {
    let x = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [Kind; 5] = [
        Kind::Order,
        Kind::Payment,
        Kind::Click,
        Kind::Customer,
        Kind::Audit,
    ];

    #[test]
    fn a_record_is_the_same_again_and_its_neighbour_another() {
        for kind in KINDS {
            let make = |number| make(kind, Frame::Json, number);
            assert_eq!(make(7), make(7));
            assert_ne!(make(7), make(8));
            let (key, value) = make(7);
            assert!(!key.is_empty());
            assert!(serde_json::from_slice::<Value>(&value).is_ok());
        }
    }

    #[test]
    fn what_has_a_schema_is_framed_with_its_id_and_holds_the_facts() {
        let (_, facts) = facts(Kind::Payment, 7);
        let (_, avro) = make(Kind::Payment, Frame::Avro(258), 7);
        // Magic, id, then `payment` 7 as zigzag 14.
        assert_eq!(avro[..6], [0, 0, 0, 1, 2, 14]);
        let customer = facts["customer"].as_str().unwrap();
        assert_eq!(usize::from(avro[6]), customer.len() * 2);
        assert_eq!(&avro[7..7 + customer.len()], customer.as_bytes());
        let (_, facts) = self::facts(Kind::Customer, 7);
        let (_, protobuf) = make(Kind::Customer, Frame::Protobuf(3), 7);
        // Magic, id, the first message, then field 1 as text.
        assert_eq!(protobuf[..7], [0, 0, 0, 0, 3, 0, 10]);
        let city = facts["city"].as_str().unwrap().as_bytes();
        assert!(protobuf.windows(city.len()).any(|part| part == city));
    }
}
