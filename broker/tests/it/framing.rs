//! Frames, headers and what answers on the wrong port.

use broker::wire::api_key::ApiKey;
use broker::wire::error::WireError;
use broker::wire::frame::{
    FrameError, MAX_FRAME_BYTES, Stranger, correlation_id, next_frame, read_response,
    request_frame, response_frame,
};
use broker::wire::header::{HeaderForm, RequestHeader, ResponseHeader};
use broker::wire::messages::{
    ApiVersionsRequest, ApiVersionsResponse, Message, MetadataRequest, MetadataResponse,
    SaslHandshakeRequest,
};
use broker::wire::primitives::Reader;
use broker::wire::tagged::Tags;
use bytes::{Bytes, BytesMut};

fn buffer(bytes: &[u8]) -> BytesMut {
    BytesMut::from(bytes)
}

#[test]
fn frames_are_cut_one_by_one_and_the_rest_waits() {
    let mut stream = buffer(b"\0\0\0\x03one\0\0\0\x00\0\0\0\x05tw");
    assert_eq!(
        next_frame(&mut stream, 10),
        Ok(Some(Bytes::from_static(b"one")))
    );
    assert_eq!(next_frame(&mut stream, 10), Ok(Some(Bytes::new())));
    assert_eq!(next_frame(&mut stream, 10), Ok(None));
    stream.extend_from_slice(b"oo!\0\0\0\x0b");
    assert_eq!(
        next_frame(&mut stream, 10),
        Ok(Some(Bytes::from_static(b"twoo!")))
    );
    assert_eq!(
        next_frame(&mut stream, 10),
        Err(FrameError::BadLength {
            length: 11,
            max: 10
        })
    );
}

#[test]
fn a_length_above_the_limit_or_below_zero_is_an_error() {
    let mut long = buffer(&11_i32.to_be_bytes());
    assert_eq!(
        next_frame(&mut long, 10),
        Err(FrameError::BadLength {
            length: 11,
            max: 10
        })
    );
    let mut negative = buffer(&(-1_i32).to_be_bytes());
    assert_eq!(
        next_frame(&mut negative, 10),
        Err(FrameError::BadLength {
            length: -1,
            max: 10
        })
    );
}

#[test]
fn what_answers_on_the_wrong_port_is_named() {
    let cases: [(&[u8], Stranger); 4] = [
        (b"HTTP/1.1 400 Bad Request\r\n", Stranger::Http),
        (b"SSH-2.0-OpenSSH_9.6\r\n", Stranger::Ssh),
        (b"\x15\x03\x03\0\x02\x02\x28", Stranger::TlsAlert),
        (b"\x16\x03\x01\0\xf0\x01\0", Stranger::TlsHandshake),
    ];
    for (bytes, stranger) in cases {
        let named = next_frame(&mut buffer(bytes), MAX_FRAME_BYTES);
        assert_eq!(named, Err(FrameError::Stranger(stranger)));
    }
    assert_eq!(Stranger::TlsAlert.to_string(), "this listener speaks TLS");
}

#[test]
fn a_request_frame_has_length_header_and_message() {
    let request = MetadataRequest {
        topics: None,
        ..MetadataRequest::default()
    };
    let plain = request_frame(&request, 1, 7, Some("me")).unwrap();
    let expected = b"\0\0\0\x10\0\x03\0\x01\0\0\0\x07\0\x02me\xff\xff\xff\xff";
    assert_eq!(plain, expected);
    // The client id keeps its two-byte length in flexible versions; a tag section follows it.
    let flexible = request_frame(&request, 9, 7, Some("me")).unwrap();
    let expected = b"\0\0\0\x12\0\x03\0\x09\0\0\0\x07\0\x02me\0\0\x01\0\0\0";
    assert_eq!(flexible, expected);
    let nameless = request_frame(&request, 1, 7, None).unwrap();
    assert_eq!(
        nameless,
        b"\0\0\0\x0e\0\x03\0\x01\0\0\0\x07\xff\xff\xff\xff\xff\xff"
    );
}

#[test]
fn a_response_frame_comes_back_as_it_was() {
    let response = MetadataResponse {
        controller_id: 4,
        ..MetadataResponse::default()
    };
    for version in MetadataResponse::VERSIONS.skip(1) {
        let mut stream = BytesMut::from(&response_frame(&response, version, 9).unwrap()[..]);
        let content = next_frame(&mut stream, MAX_FRAME_BYTES).unwrap().unwrap();
        assert_eq!(correlation_id(&content), Ok(9));
        assert_eq!(read_response(&content, version), Ok((9, response.clone())));
    }
}

#[test]
fn the_header_before_an_api_versions_response_never_has_tags() {
    let frame = response_frame(&ApiVersionsResponse::default(), 3, 1).unwrap();
    // Length, correlation id, error, no keys, throttle time, no tags.
    assert_eq!(frame, b"\0\0\0\x0c\0\0\0\x01\0\0\x01\0\0\0\0\0");
    let form = HeaderForm::of_request(3, ApiVersionsRequest::FLEXIBLE_FROM);
    assert_eq!(form, HeaderForm::Tagged);
}

#[test]
fn a_sasl_handshake_is_never_flexible() {
    for version in SaslHandshakeRequest::VERSIONS {
        let flexible_from = SaslHandshakeRequest::FLEXIBLE_FROM;
        assert_eq!(
            HeaderForm::of_request(version, flexible_from),
            HeaderForm::Plain
        );
    }
}

#[test]
fn headers_keep_tags_they_do_not_know() {
    let mut unknown_tags = Tags::NONE;
    unknown_tags.push(3, Bytes::from_static(b"new"));
    let request = RequestHeader {
        key: ApiKey(999),
        version: 2,
        correlation_id: -5,
        client_id: None,
        unknown_tags: unknown_tags.clone(),
    };
    let response = ResponseHeader {
        correlation_id: -5,
        unknown_tags,
    };
    let mut out = Vec::new();
    request.write(HeaderForm::Tagged, &mut out).unwrap();
    response.write(HeaderForm::Tagged, &mut out).unwrap();
    let mut reader = Reader::new(&out);
    assert_eq!(
        RequestHeader::read(&mut reader, |_, _| HeaderForm::Tagged),
        Ok(request)
    );
    assert_eq!(
        ResponseHeader::read(&mut reader, HeaderForm::Tagged),
        Ok(response)
    );
    assert_eq!(reader.left(), 0);
}

#[test]
fn a_response_with_bytes_to_spare_is_an_error() {
    let mut content = response_frame(&MetadataResponse::default(), 9, 1)
        .unwrap()
        .split_off(4);
    content.push(0);
    let left_over = WireError::LeftOver {
        message: "MetadataResponse",
        left: 1,
    };
    assert_eq!(
        read_response::<MetadataResponse>(&content.into(), 9),
        Err(left_over)
    );
}
