//! Both directions against a codec of other hands. It keeps headers in a map with UTF-8 keys, so only
//! such headers are compared here.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use kafka_protocol::indexmap::IndexMap;
use kafka_protocol::protocol::StrBytes;
use kafka_protocol::records as other;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::*;

type Headers = BTreeMap<String, Option<Vec<u8>>>;
type Parts = (i64, Option<Vec<u8>>, Option<Vec<u8>>, Headers);

fn parts() -> impl Strategy<Value = Vec<Parts>> {
    let bytes = || option::of(vec(any::<u8>(), 0..200));
    let headers = btree_map(".{0,8}", bytes(), 0..3);
    vec((0..1_i64 << 50, bytes(), bytes(), headers), 1..30)
}

fn ours(parts: &[Parts], base_offset: i64) -> Vec<Owned> {
    (base_offset..)
        .zip(parts)
        .map(|(offset, (timestamp_ms, key, value, headers))| Owned {
            offset,
            timestamp_ms: *timestamp_ms,
            key: key.clone(),
            value: value.clone(),
            headers: headers
                .iter()
                .map(|(k, v)| (k.clone().into_bytes(), v.clone()))
                .collect(),
        })
        .collect()
}

fn theirs(parts: &[Parts], base_offset: i64) -> Vec<other::Record> {
    (0..)
        .zip(parts)
        .map(|(index, (timestamp, key, value, headers))| other::Record {
            transactional: true,
            control: false,
            delete_horizon: false,
            partition_leader_epoch: 4,
            producer_id: 99,
            producer_epoch: 3,
            timestamp_type: other::TimestampType::Creation,
            offset: base_offset + i64::from(index),
            // Where offset minus sequence is not constant, it writes several batches.
            sequence: 500 + index,
            timestamp: *timestamp,
            key: key.clone().map(Bytes::from),
            value: value.clone().map(Bytes::from),
            headers: headers
                .iter()
                .map(|(k, v)| (StrBytes::from_string(k.clone()), v.clone().map(Bytes::from)))
                .collect::<IndexMap<_, _>>(),
        })
        .collect()
}

fn their(compression: Compression) -> other::Compression {
    match compression {
        Compression::None => other::Compression::None,
        Compression::Gzip => other::Compression::Gzip,
        Compression::Snappy => other::Compression::Snappy,
        Compression::Lz4 => other::Compression::Lz4,
        Compression::Zstd => other::Compression::Zstd,
    }
}

proptest! {
    #[test]
    fn its_batches_are_read_by_us(parts in parts(), base_offset in 0..1_i64 << 40) {
        for compression in Compression::ALL {
            let mut bytes = BytesMut::new();
            let options =
                other::RecordEncodeOptions { version: 2, compression: their(compression) };
            let records = theirs(&parts, base_offset);
            other::RecordBatchEncoder::encode(&mut bytes, &records, &options).unwrap();
            prop_assert_eq!(read(&bytes), Ok((ours(&parts, base_offset), None)));
            let header = Batch::parse(&bytes).unwrap().header;
            prop_assert_eq!(header.producer(), Some(Producer { id: 99, epoch: 3, base_sequence: 500 }));
            prop_assert_eq!(header.leader_epoch, 4);
            prop_assert_eq!(header.attributes.kind(), BatchKind::Transactional);
        }
    }

    #[test]
    fn our_batches_are_read_by_it(parts in parts(), base_offset in 0..1_i64 << 40) {
        for compression in Compression::ALL {
            let settings = BatchSettings {
                base_offset,
                leader_epoch: 4,
                compression,
                timestamps: TimestampType::CreateTime,
                kind: BatchKind::Transactional,
                producer: Some(Producer { id: 99, epoch: 3, base_sequence: 500 }),
            };
            let mut bytes = Bytes::from(build(settings, &ours(&parts, base_offset)));
            let set = other::RecordBatchDecoder::decode(&mut bytes).unwrap();
            prop_assert_eq!(set.compression, their(compression));
            prop_assert_eq!(set.records, theirs(&parts, base_offset));
        }
    }
}
