//! Every message in every version: round trips of any value, and no harm from any bytes.

use std::collections::BTreeSet;

use broker::wire::error::WireError;
use broker::wire::messages::arbitrary::Source;
use broker::wire::messages::{
    APIS, AlterConfigsResponse, ApiVersionsRequest, ApiVersionsResponse, DescribeConfigsRequest,
    Message, MetadataRequest, MetadataResponse, ProduceRequest, Request, Sample, alter_configs,
    decode_all, metadata,
};
use broker::wire::primitives::Reader;
use broker::wire::tagged::Tags;
use bytes::Bytes;
use proptest::prelude::*;

fn samples() -> impl Iterator<Item = (&'static Sample, i16)> {
    APIS.iter()
        .flat_map(|api| [&api.request, &api.response])
        .flat_map(|sample| {
            sample
                .versions
                .clone()
                .map(move |version| (sample, version))
        })
}

fn encoded<M: Message>(message: &M, version: i16) -> Vec<u8> {
    let mut out = Vec::new();
    message.encode(version, &mut out).unwrap();
    out
}

/// Each case walks every message in every version, so few are enough.
fn few_cases() -> ProptestConfig {
    ProptestConfig {
        cases: 32,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(few_cases())]

    #[test]
    fn a_decoded_message_encodes_to_the_same_bytes(seed: u64) {
        for (sample, version) in samples() {
            let bytes = Bytes::from((sample.generate)(&mut Source::new(seed), version).unwrap());
            let again = (sample.recode)(&bytes, version).map(Bytes::from);
            prop_assert_eq!(again.as_ref(), Ok(&bytes), "{} v{}", sample.name, version);
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let bytes = Bytes::from(bytes);
        for (sample, version) in samples() {
            let _ = (sample.recode)(&bytes, version);
        }
    }

    #[test]
    fn a_damaged_message_never_panics_and_what_still_decodes_is_stable(seed: u64) {
        let mut damage = Source::new(seed ^ 0x5eed);
        for (sample, version) in samples() {
            let mut bytes = (sample.generate)(&mut Source::new(seed), version).unwrap();
            for _ in 0..=damage.below(3) {
                let at = damage.below(u32::try_from(bytes.len()).unwrap()) as usize;
                let [byte] = damage.bytes();
                if let Some(target) = bytes.get_mut(at) {
                    *target = byte;
                }
            }
            // Once decoded and encoded, the bytes are canonical and stay as they are.
            if let Ok(once) = (sample.recode)(&Bytes::from(bytes), version) {
                let once = Bytes::from(once);
                let twice = (sample.recode)(&once, version).map(Bytes::from);
                prop_assert_eq!(twice.as_ref(), Ok(&once), "{} v{}", sample.name, version);
            }
        }
    }
}

#[test]
fn every_truncation_of_a_message_is_an_error() {
    for (sample, version) in samples() {
        let bytes = Bytes::from((sample.generate)(&mut Source::new(7), version).unwrap());
        for length in 0..bytes.len() {
            let result = (sample.recode)(&bytes.slice(..length), version);
            assert!(
                result.is_err(),
                "{} v{version} cut at {length}",
                sample.name
            );
        }
    }
}

#[test]
fn every_message_refuses_versions_outside_its_range() {
    for api in APIS {
        for sample in [&api.request, &api.response] {
            for version in [-1, *sample.versions.start() - 1, *sample.versions.end() + 1] {
                let refused = WireError::UnknownVersion {
                    message: sample.name,
                    version,
                };
                assert_eq!((sample.recode)(&Bytes::new(), version), Err(refused));
            }
        }
    }
}

#[test]
fn the_list_of_apis_is_in_order_and_its_requests_and_responses_belong_together() {
    let keys: Vec<i16> = APIS.iter().map(|api| api.key.0).collect();
    assert!(keys.is_sorted());
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
    for api in APIS {
        let name = api.key.name().unwrap();
        assert_eq!(api.request.name, format!("{name}Request"));
        assert_eq!(api.response.name, format!("{name}Response"));
        assert_eq!(api.request.versions, api.response.versions);
    }
}

#[test]
fn a_hostile_count_is_an_error_and_reserves_nothing() {
    let plain = [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    let error = decode_all::<MetadataResponse>(Reader::new(&plain), 1).unwrap_err();
    let what = "MetadataResponse.brokers";
    assert_eq!(
        error,
        WireError::BadLength {
            what,
            length: 0x7fff_ffff
        }
    );
    // Throttle time, then a compact count of 2^32 - 2.
    let compact = [0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0];
    let error = decode_all::<MetadataResponse>(Reader::new(&compact), 9).unwrap_err();
    assert_eq!(
        error,
        WireError::BadLength {
            what,
            length: 0xffff_fffe
        }
    );
}

#[test]
fn a_count_of_elements_that_do_not_follow_is_an_error() {
    // A million elements are claimed in a million bytes, none of which is an element.
    let count = 1_000_000_u32;
    let mut bytes = count.to_be_bytes().to_vec();
    bytes.resize(4 + count as usize, 0xff);
    let error = decode_all::<MetadataRequest>(Reader::new(&bytes), 1).unwrap_err();
    assert_eq!(
        error,
        WireError::UnexpectedNull {
            what: "MetadataRequestTopic.name"
        }
    );
}

#[test]
fn a_negative_count_other_than_null_is_an_error() {
    let error = decode_all::<MetadataRequest>(Reader::new(&[0xff, 0xff, 0xff, 0xfe]), 1);
    assert_eq!(
        error,
        Err(WireError::BadLength {
            what: "MetadataRequest.topics",
            length: -2
        })
    );
}

#[test]
fn null_is_refused_where_the_version_has_none() {
    let all = MetadataRequest {
        topics: None,
        ..MetadataRequest::default()
    };
    let null = WireError::UnexpectedNull {
        what: "MetadataRequest.topics",
    };
    assert_eq!(all.encode(0, &mut Vec::new()), Err(null.clone()));
    let minus_one = [0xff, 0xff, 0xff, 0xff];
    assert_eq!(
        decode_all::<MetadataRequest>(Reader::new(&minus_one), 0),
        Err(null)
    );
    assert_eq!(decode_all(Reader::new(&minus_one), 1), Ok(all));
}

#[test]
fn a_value_the_version_cannot_carry_is_refused() {
    let request = MetadataRequest {
        allow_auto_topic_creation: false,
        ..MetadataRequest::default()
    };
    let refused = WireError::NotInVersion {
        message: "MetadataRequest",
        version: 3,
        field: "MetadataRequest.allow_auto_topic_creation",
    };
    assert_eq!(request.encode(3, &mut Vec::new()), Err(refused));
    assert_eq!(request.encode(4, &mut Vec::new()), Ok(()));
}

#[test]
fn a_value_that_may_be_left_out_is_left_out() {
    let request = ApiVersionsRequest {
        client_software_name: "lookout".to_owned(),
        ..ApiVersionsRequest::default()
    };
    assert_eq!(encoded(&request, 2), b"");
    assert_eq!(encoded(&request, 3), b"\x08lookout\x01\0");
}

#[test]
fn bytes_after_a_message_are_an_error() {
    let mut bytes = encoded(&MetadataRequest::default(), 12);
    bytes.push(0);
    let left_over = WireError::LeftOver {
        message: "MetadataRequest",
        left: 1,
    };
    assert_eq!(
        decode_all::<MetadataRequest>(Reader::new(&bytes), 12),
        Err(left_over)
    );
}

#[test]
fn a_string_longer_than_the_protocol_allows_is_refused() {
    let topic = metadata::MetadataRequestTopic {
        name: Some("x".repeat(0x8000)),
        ..metadata::MetadataRequestTopic::default()
    };
    let request = MetadataRequest {
        topics: Some(vec![topic]),
        ..MetadataRequest::default()
    };
    let what = "MetadataRequestTopic.name";
    for version in [1, 12] {
        let refused = WireError::BadLength {
            what,
            length: 0x8000,
        };
        assert_eq!(request.encode(version, &mut Vec::new()), Err(refused));
    }
}

#[test]
fn defaults_are_the_protocols() {
    let request = MetadataRequest::default();
    assert_eq!(request.topics, Some(Vec::new()));
    assert!(request.allow_auto_topic_creation);
    assert_eq!(MetadataResponse::default().controller_id, -1);
    assert_eq!(
        MetadataResponse::default().cluster_authorized_operations,
        i32::MIN
    );
    assert_eq!(ApiVersionsResponse::default().finalized_features_epoch, -1);
    assert_eq!(ProduceRequest::default().transactional_id, None);
}

#[test]
fn record_bytes_share_the_frames_memory() {
    use broker::wire::messages::fetch::{FetchResponse, FetchableTopicResponse, PartitionData};
    let records = Bytes::from_static(b"not parsed here");
    let partition = PartitionData {
        records: Some(records.clone()),
        ..PartitionData::default()
    };
    let topic = FetchableTopicResponse {
        partitions: vec![partition],
        ..FetchableTopicResponse::default()
    };
    let response = FetchResponse {
        responses: vec![topic],
        ..FetchResponse::default()
    };
    let frame = Bytes::from(encoded(&response, 12));
    let decoded: FetchResponse = decode_all(Reader::over(&frame), 12).unwrap();
    let got = decoded.responses[0].partitions[0].records.clone().unwrap();
    assert_eq!(got, records);
    assert!(frame.as_ptr_range().contains(&got.as_ptr()));
}

#[test]
fn unknown_tags_survive_and_are_written_in_order_among_the_known() {
    let mut response = ApiVersionsResponse {
        finalized_features_epoch: 5,
        ..Default::default()
    };
    response
        .unknown_tags
        .push(300, Bytes::from_static(b"later"));
    response.unknown_tags.push(9, Bytes::from_static(b"sooner"));
    let bytes = encoded(&response, 3);
    let tags = b"\x03\x01\x08\0\0\0\0\0\0\0\x05\x09\x06sooner\xac\x02\x05later";
    assert!(bytes.ends_with(tags), "{bytes:02x?}");
    let decoded: ApiVersionsResponse = decode_all(Reader::new(&bytes), 3).unwrap();
    assert_eq!(decoded.finalized_features_epoch, 5);
    let order: Vec<u32> = decoded.unknown_tags.0.iter().map(|raw| raw.tag).collect();
    assert_eq!(order, [9, 300]);
    assert_eq!(encoded(&decoded, 3), bytes);
}

#[test]
fn unknown_tags_are_refused_where_the_version_has_no_room_for_them() {
    let mut response = ApiVersionsResponse::default();
    response.unknown_tags.push(9, Bytes::new());
    let message = "ApiVersionsResponse";
    let refused = WireError::NotInVersion {
        message,
        version: 2,
        field: "unknown_tags",
    };
    assert_eq!(response.encode(2, &mut Vec::new()), Err(refused));
}

#[test]
fn a_tag_given_twice_is_an_error() {
    let twice = WireError::Invalid {
        what: "x",
        why: "a tag is given twice".to_owned(),
    };
    let mut reader = Reader::new(b"\x02\x07\x00\x07\x00");
    assert_eq!(Tags::read(&mut reader, "x"), Err(twice));
}

#[test]
fn a_known_tag_with_bytes_to_spare_is_an_error() {
    // Error, no keys, throttle time, then tag 1 (an INT64) with nine bytes.
    let bytes = b"\0\0\x01\0\0\0\0\x01\x01\x09\0\0\0\0\0\0\0\x05\0";
    let message = "ApiVersionsResponse.finalized_features_epoch";
    let left_over = WireError::LeftOver { message, left: 1 };
    assert_eq!(
        decode_all::<ApiVersionsResponse>(Reader::new(bytes), 3),
        Err(left_over)
    );
}

#[test]
fn a_request_names_its_response() {
    fn response_of<R: Request>() -> (&'static str, &'static str) {
        (R::NAME, <R::Response as Message>::NAME)
    }
    let pair = response_of::<DescribeConfigsRequest>();
    assert_eq!(pair, ("DescribeConfigsRequest", "DescribeConfigsResponse"));
}

#[test]
fn what_is_said_of_a_failure_is_cut_where_it_is_too_long_and_nothing_else_is() {
    let said = |error_message: String| AlterConfigsResponse {
        responses: vec![alter_configs::AlterConfigsResourceResponse {
            error_message: Some(error_message),
            ..alter_configs::AlterConfigsResourceResponse::default()
        }],
        ..AlterConfigsResponse::default()
    };
    for version in AlterConfigsResponse::VERSIONS {
        let bytes = Bytes::from(encoded(&said("ж".repeat(30_000)), version));
        let told: AlterConfigsResponse = decode_all(Reader::over(&bytes), version).unwrap();
        let told = told.responses[0].error_message.as_deref().unwrap();
        assert_eq!(told.len(), 32_766);
    }
    let mut other = said(String::new());
    other.responses[0].resource_name = "x".repeat(40_000);
    assert!(other.encode(0, &mut Vec::new()).is_err());
}
