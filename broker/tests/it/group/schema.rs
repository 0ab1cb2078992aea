//! The records of `__consumer_offsets`: bytes as Kafka's schemas say, and any other bytes.

use broker::group::schema::{GroupValue, Key, MemberValue, OffsetValue};
use bytes::Bytes;
use proptest::prelude::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|digit| *digit != b' ').collect();
    let pair = |pair: &[u8]| std::str::from_utf8(pair).unwrap().to_owned();
    digits
        .chunks(2)
        .map(|two| u8::from_str_radix(&pair(two), 16).unwrap())
        .collect()
}

fn offset_key() -> Key {
    Key::Offset {
        group: "g".into(),
        topic: "t1".into(),
        partition: 3,
    }
}

fn offset() -> OffsetValue {
    OffsetValue {
        offset: 42,
        leader_epoch: 5,
        metadata: "m".into(),
        committed_ms: 1000,
        expires_ms: None,
    }
}

fn group() -> GroupValue {
    GroupValue {
        protocol_type: "consumer".into(),
        generation: 7,
        protocol: Some("range".into()),
        leader: Some("a".into()),
        state_since_ms: 1000,
        members: vec![MemberValue {
            member_id: "a".into(),
            instance_id: Some("i".into()),
            client_id: "c".into(),
            client_host: "/h".into(),
            rebalance_timeout_ms: 60_000,
            session_timeout_ms: 45_000,
            subscription: Bytes::from_static(&[1, 2]),
            assignment: Bytes::from_static(&[3]),
        }],
    }
}

#[test]
fn keys_are_kafkas() {
    let golden = bytes("0001 0001 67 0002 7431 00000003");
    assert_eq!(offset_key().write().unwrap(), golden);
    assert_eq!(Key::read(&golden).unwrap(), offset_key());
    let older = bytes("0000 0001 67 0002 7431 00000003");
    assert_eq!(Key::read(&older).unwrap(), offset_key());
    let golden = bytes("0002 0001 67");
    let key = Key::Group { group: "g".into() };
    assert_eq!(key.write().unwrap(), golden);
    assert_eq!(Key::read(&golden).unwrap(), key);
}

#[test]
fn keys_of_newer_kinds_of_groups_are_told_apart() {
    // ConsumerGroupMetadataKey, version 3 (KIP-848).
    assert_eq!(Key::read(&bytes("0003 0001 67")).unwrap(), Key::Other(3));
    assert_eq!(Key::read(&bytes("000f")).unwrap(), Key::Other(15));
}

#[test]
fn an_offset_is_written_as_version_three_and_with_an_expiry_as_version_one() {
    let golden = bytes("0003 000000000000002a 00000005 0001 6d 00000000000003e8");
    assert_eq!(offset().write().unwrap(), golden);
    let expiring = OffsetValue {
        expires_ms: Some(2000),
        ..offset()
    };
    let golden = bytes("0001 000000000000002a 0001 6d 00000000000003e8 00000000000007d0");
    assert_eq!(expiring.write().unwrap(), golden);
}

#[test]
fn offsets_of_every_version_are_read() {
    let without_epoch = OffsetValue {
        leader_epoch: -1,
        ..offset()
    };
    for (hex, value) in [
        (
            "0000 000000000000002a 0001 6d 00000000000003e8",
            without_epoch.clone(),
        ),
        (
            "0001 000000000000002a 0001 6d 00000000000003e8 ffffffffffffffff",
            without_epoch.clone(),
        ),
        (
            "0001 000000000000002a 0001 6d 00000000000003e8 00000000000007d0",
            OffsetValue {
                expires_ms: Some(2000),
                ..without_epoch.clone()
            },
        ),
        (
            "0002 000000000000002a 0001 6d 00000000000003e8",
            without_epoch,
        ),
        (
            "0003 000000000000002a 00000005 0001 6d 00000000000003e8",
            offset(),
        ),
        (
            "0004 000000000000002a 00000005 02 6d 00000000000003e8 00",
            offset(),
        ),
        // With the topic's id, as Kafka 4.2 may write it.
        (
            "0004 000000000000002a 00000005 02 6d 00000000000003e8 01 00 10
             000102030405060708090a0b0c0d0e0f",
            offset(),
        ),
    ] {
        let hex: String = hex.split_whitespace().collect();
        assert_eq!(OffsetValue::read(&bytes(&hex)).unwrap(), value, "{hex}");
    }
    assert!(OffsetValue::read(&bytes("0005 000000000000002a")).is_err());
}

#[test]
fn a_group_is_written_as_version_three() {
    let golden = bytes(
        "0003 0008 636f6e73756d6572 00000007 0005 72616e6765 0001 61 00000000000003e8 00000001 \
         0001 61 0001 69 0001 63 0002 2f68 0000ea60 0000afc8 00000002 0102 00000001 03",
    );
    assert_eq!(group().write().unwrap(), golden);
    assert_eq!(GroupValue::read(&golden).unwrap(), group());
}

#[test]
fn groups_of_older_and_newer_versions_are_read() {
    let mut older = group();
    older.state_since_ms = -1;
    older.members[0].instance_id = None;
    older.members[0].rebalance_timeout_ms = 45_000;
    let version0 = bytes(
        "0000 0008 636f6e73756d6572 00000007 0005 72616e6765 0001 61 00000001 \
         0001 61 0001 63 0002 2f68 0000afc8 00000002 0102 00000001 03",
    );
    assert_eq!(GroupValue::read(&version0).unwrap(), older);
    let version4 = bytes(
        "0004 09 636f6e73756d6572 00000007 06 72616e6765 02 61 00000000000003e8 02 \
         02 61 02 69 02 63 03 2f68 0000ea60 0000afc8 03 0102 02 03 00 00",
    );
    assert_eq!(GroupValue::read(&version4).unwrap(), group());
    let empty = bytes("0003 0000 00000002 ffff ffff ffffffffffffffff 00000000");
    let read = GroupValue::read(&empty).unwrap();
    assert_eq!(
        (read.protocol, read.leader, read.members.len()),
        (None, None, 0)
    );
}

#[test]
fn a_claimed_count_of_members_costs_nothing() {
    let claimed = bytes("0003 0000 00000002 ffff ffff ffffffffffffffff 7fffffff");
    assert!(GroupValue::read(&claimed).is_err());
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Key::read(&bytes);
        for version in 0_u8..6 {
            let mut versioned = vec![0, version];
            versioned.extend_from_slice(&bytes);
            let _ = Key::read(&versioned);
            let _ = OffsetValue::read(&versioned);
            let _ = GroupValue::read(&versioned);
            let _ = broker::group::replay::Replay::default().take(&versioned);
        }
    }
}
