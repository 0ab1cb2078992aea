//! The protocol's numbers: varints, uuids, API keys, error codes.

use std::collections::BTreeSet;

use broker::wire::api_key::ApiKey;
use broker::wire::error::WireError;
use broker::wire::error_code::{ErrorCode, Retry};
use broker::wire::primitives::{Reader, put_unsigned_varint, put_varint, put_varlong};
use broker::wire::uuid::Uuid;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn varints_come_back_as_they_were(unsigned: u32, int: i32, long: i64) {
        let mut out = Vec::new();
        put_unsigned_varint(&mut out, unsigned);
        put_varint(&mut out, int);
        put_varlong(&mut out, long);
        let mut reader = Reader::new(&out);
        prop_assert_eq!(reader.unsigned_varint("x"), Ok(unsigned));
        prop_assert_eq!(reader.varint("x"), Ok(int));
        prop_assert_eq!(reader.varlong("x"), Ok(long));
        prop_assert_eq!(reader.left(), 0);
    }

    #[test]
    fn a_uuids_text_is_read_back(bytes: [u8; 16]) {
        let text = Uuid(bytes).to_string();
        prop_assert_eq!(text.len(), 22);
        prop_assert_eq!(text.parse(), Ok(Uuid(bytes)));
    }
}

#[test]
fn varints_have_the_protocols_bytes() {
    let mut out = Vec::new();
    put_unsigned_varint(&mut out, 300);
    put_varint(&mut out, -1);
    put_varint(&mut out, i32::MIN);
    put_varlong(&mut out, 64);
    assert_eq!(
        out,
        [0xac, 0x02, 0x01, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x80, 0x01]
    );
}

#[test]
fn a_varint_that_does_not_end_is_an_error() {
    let endless = WireError::BadVarint { what: "x" };
    assert_eq!(
        Reader::new(&[0xff; 6]).unsigned_varint("x"),
        Err(endless.clone())
    );
    assert_eq!(Reader::new(&[0xff; 11]).varlong("x"), Err(endless.clone()));
    // Five bytes that carry more than 32 bits.
    assert_eq!(
        Reader::new(&[0xff, 0xff, 0xff, 0xff, 0x1f]).varint("x"),
        Err(endless)
    );
}

#[test]
fn uuids_are_written_as_kafkas_tools_write_them() {
    assert_eq!(Uuid::ZERO.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
    let mut one = [0; 16];
    one[15] = 1;
    assert_eq!(Uuid(one).to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
    assert_eq!(Uuid([0xff; 16]).to_string(), "_____________________w");
    assert!("too short".parse::<Uuid>().is_err());
    assert!("AAAAAAAAAAAAAAAAAAAA+A".parse::<Uuid>().is_err());
}

#[test]
fn error_codes_have_names_and_unknown_ones_keep_their_number() {
    assert_eq!(ErrorCode(0), ErrorCode::NONE);
    assert!(ErrorCode::NONE.is_ok());
    assert_eq!(ErrorCode(3).to_string(), "UNKNOWN_TOPIC_OR_PARTITION");
    assert_eq!(ErrorCode(-1).name(), Some("UNKNOWN_SERVER_ERROR"));
    assert_eq!(ErrorCode(9_999).to_string(), "error 9999");
    assert_eq!(ErrorCode(9_999).retry(), Retry::Final);
    assert_eq!(ErrorCode(9_999).say(), None);
    let distinct: BTreeSet<_> = ErrorCode::ALL.iter().collect();
    assert_eq!(distinct.len(), ErrorCode::ALL.len());
    assert!(ErrorCode::ALL.iter().all(|code| code.name().is_some()));
}

#[test]
fn errors_are_retriable_where_the_protocol_says_so() {
    let codes = |retry: Retry| -> Vec<i16> {
        ErrorCode::ALL
            .iter()
            .filter(|code| code.retry() == retry)
            .map(|code| code.0)
            .collect()
    };
    let after_refresh = [3, 5, 6, 9, 13, 15, 16, 56, 72, 74, 80, 83, 84, 100, 103];
    assert_eq!(codes(Retry::AfterRefresh), after_refresh);
    let again = [
        2, 7, 14, 19, 20, 41, 51, 70, 71, 75, 78, 88, 89, 106, 122, 123, 133,
    ];
    assert_eq!(codes(Retry::Again), again);
}

#[test]
fn errors_an_operator_meets_have_words() {
    assert_eq!(ErrorCode::GROUP_ID_NOT_FOUND.say(), Some("no such group"));
    assert_eq!(
        ErrorCode::KAFKA_STORAGE_ERROR.say(),
        Some("disk error on the broker")
    );
    assert_eq!(ErrorCode::NONE.say(), None);
}

#[test]
fn api_keys_have_names_and_unknown_ones_keep_their_number() {
    assert_eq!(ApiKey::METADATA.to_string(), "Metadata");
    assert_eq!(ApiKey(1).name(), Some("Fetch"));
    assert_eq!(ApiKey(500).to_string(), "API 500");
    let distinct: BTreeSet<_> = ApiKey::ALL.iter().collect();
    assert_eq!(distinct.len(), ApiKey::ALL.len());
}
