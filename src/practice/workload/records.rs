//! What the demo records say. Made from their number alone, so that any of them can be made again.

use serde_json::json;

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
pub(super) fn make(kind: Kind, number: u64) -> (String, String) {
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
    (key, value.to_string())
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

    #[test]
    fn a_record_is_the_same_again_and_its_neighbour_another() {
        for kind in [
            Kind::Order,
            Kind::Payment,
            Kind::Click,
            Kind::Customer,
            Kind::Audit,
        ] {
            assert_eq!(make(kind, 7), make(kind, 7));
            assert_ne!(make(kind, 7), make(kind, 8));
            let (key, value) = make(kind, 7);
            assert!(!key.is_empty());
            assert!(serde_json::from_str::<serde_json::Value>(&value).is_ok());
        }
    }
}
