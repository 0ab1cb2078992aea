//! Which broker answers at an address: only a broker itself tells its own settings (`DescribeConfigs` of a broker, which
//! every other one refuses). Where that is not permitted, nobody is accused.

use std::collections::BTreeSet;
use std::io;
use std::time::Duration;

use broker::wire::api_key::ApiKey;
use broker::wire::error_code::ErrorCode;
use broker::wire::frame::{read_response, request_frame};
use broker::wire::messages::api_versions::ApiVersionsRequest;
use broker::wire::messages::describe_configs::{
    DescribeConfigsRequest, DescribeConfigsResource, DescribeConfigsResponse,
};
use broker::wire::messages::{Message as _, Request};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::connection::Connection;
use super::dialer::Target;
use super::error::{CallError, DialError};
use super::versions::Versions;
use crate::model::{BrokerId, Rung};

/// How long one of its questions may take.
const DEADLINE: Duration = Duration::from_secs(3);
/// `resource_type` of a broker.
const BROKER_RESOURCE: i8 = 4;
/// The one setting that is asked for, to keep the answer short.
const SETTING: &str = "node.id";
/// Brokers that are asked about at once to name the one that answers.
const NAMED: usize = 200;
/// Longest answer that is read.
const ANSWER_BYTES: u64 = 1024 * 1024;
/// What brokers see of this question in their logs.
const CLIENT_ID: &str = "lookout";

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answering {
    Expected,
    /// Another broker, named where it is one of the known ones.
    Other(Option<BrokerId>),
    /// It did not say.
    Untold,
}

/// Asks whether it is this broker or one of the known ones.
fn question(expected: BrokerId, known: &BTreeSet<BrokerId>) -> DescribeConfigsRequest {
    let others = known.iter().filter(|id| **id != expected).take(NAMED);
    let resource = |id: &BrokerId| DescribeConfigsResource {
        resource_type: BROKER_RESOURCE,
        resource_name: id.to_string(),
        configuration_keys: Some(vec![SETTING.to_owned()]),
        ..DescribeConfigsResource::default()
    };
    DescribeConfigsRequest {
        resources: std::iter::once(&expected)
            .chain(others)
            .map(resource)
            .collect(),
        ..DescribeConfigsRequest::default()
    }
}

/// A broker answers for itself, and refuses to answer for others (Kafka's error 42).
fn reading(response: &DescribeConfigsResponse, expected: BrokerId) -> Answering {
    let of = |id: &str| response.results.iter().find(|r| r.resource_name == id);
    match of(&expected.to_string()).map(|result| result.error_code) {
        Some(code) if code.is_ok() => Answering::Expected,
        Some(ErrorCode::INVALID_REQUEST) => {
            let mut own = response.results.iter().filter(|r| r.error_code.is_ok());
            let id = own
                .next()
                .and_then(|result| result.resource_name.parse().ok());
            Answering::Other(id.map(BrokerId))
        }
        Some(_) | None => Answering::Untold,
    }
}

/// The first of the known brokers that answers over a connection; `None` where it does not say.
pub async fn who(
    connection: &Connection,
    expected: BrokerId,
    known: &BTreeSet<BrokerId>,
) -> Result<Answering, CallError> {
    if connection.version::<DescribeConfigsRequest>(1).is_err() {
        return Ok(Answering::Untold);
    }
    let asked = connection.call(&question(expected, known), DEADLINE).await;
    Ok(reading(&asked?, expected))
}

/// Checks over a raw stream, before anybody else uses it, that the expected broker answers.
pub async fn check<S>(
    stream: &mut S,
    (expected, target): (BrokerId, &Target),
    known: &BTreeSet<BrokerId>,
    rule: Option<&str>,
) -> Result<(), DialError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let broken = |error: io::Error| {
        DialError::within(&error).unwrap_or_else(|| {
            let text = format!(
                "{}: port is open, but it does not say which broker it is ({}); is it a Kafka listener, and does it expect TLS or SASL?",
                target.name(),
                error.kind()
            );
            DialError::silence(Rung::ApiVersions, &text)
        })
    };
    let answering = tokio::time::timeout(DEADLINE, ask(stream, expected, known));
    let answering = answering
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
    match answering.map_err(broken)? {
        Answering::Other(other) => Err(mismatch(target, other, rule)),
        Answering::Expected | Answering::Untold => Ok(()),
    }
}

async fn ask<S>(
    stream: &mut S,
    expected: BrokerId,
    known: &BTreeSet<BrokerId>,
) -> io::Result<Answering>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let versions = Versions::of(&exchange(stream, &ApiVersionsRequest::default(), 0).await?);
    let ours = &DescribeConfigsRequest::VERSIONS;
    let Some(version) = versions.choose(ApiKey::DESCRIBE_CONFIGS, ours) else {
        return Ok(Answering::Untold);
    };
    let answer = exchange(stream, &question(expected, known), version).await?;
    Ok(reading(&answer, expected))
}

async fn exchange<S, R>(stream: &mut S, request: &R, version: i16) -> io::Result<R::Response>
where
    S: AsyncRead + AsyncWrite + Unpin,
    R: Request,
{
    let garbled = |_| io::Error::from(io::ErrorKind::InvalidData);
    let frame = request_frame(request, version, 0, Some(CLIENT_ID)).map_err(garbled)?;
    stream.write_all(&frame).await?;
    stream.flush().await?;
    let length = u64::try_from(stream.read_i32().await?).unwrap_or(u64::MAX);
    if length > ANSWER_BYTES {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut content = Vec::new();
    // Grows with what arrives, whatever the length claims.
    let read = stream.take(length).read_to_end(&mut content).await?;
    if u64::try_from(read).unwrap_or(u64::MAX) < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let (_, answer) = read_response(&Bytes::from(content), version).map_err(garbled)?;
    Ok(answer)
}

/// Another broker answers where this one should.
pub fn mismatch(target: &Target, other: Option<BrokerId>, rule: Option<&str>) -> DialError {
    let who = other.map_or_else(
        || "another broker of the cluster".to_owned(),
        |id| format!("broker {id}"),
    );
    let advice = match (rule, target.id) {
        (Some(rule), Some(id)) => format!(
            "the rule `{rule}` leads several brokers to one place; forward every broker to a port of its own, and lead it there with a rule before that one: `node {id} -> HOST:PORT`"
        ),
        _ => "check advertised.listeners and what stands before the broker".to_owned(),
    };
    let text = format!("{}: {who} answers there; {advice}", target.name());
    DialError::refusal(Rung::Node, &text)
}

#[cfg(test)]
mod tests {
    use broker::wire::messages::describe_configs::DescribeConfigsResult;

    use super::*;

    fn answer(rows: &[(&str, ErrorCode)]) -> DescribeConfigsResponse {
        let result = |(name, code): &(&str, ErrorCode)| DescribeConfigsResult {
            error_code: *code,
            resource_name: (*name).to_owned(),
            ..DescribeConfigsResult::default()
        };
        DescribeConfigsResponse {
            results: rows.iter().map(result).collect(),
            ..DescribeConfigsResponse::default()
        }
    }

    #[test]
    fn a_broker_that_answers_for_itself_only_is_known_by_that() {
        let (own, other) = (ErrorCode::NONE, ErrorCode::INVALID_REQUEST);
        let read = |rows: &[(&str, ErrorCode)]| reading(&answer(rows), BrokerId(3));
        assert_eq!(read(&[("3", own), ("1", other)]), Answering::Expected);
        let first = Answering::Other(Some(BrokerId(1)));
        assert_eq!(read(&[("3", other), ("1", own), ("2", other)]), first);
        assert_eq!(read(&[("3", other)]), Answering::Other(None));
        let denied = ErrorCode::CLUSTER_AUTHORIZATION_FAILED;
        assert_eq!(read(&[("3", denied), ("1", denied)]), Answering::Untold);
        assert_eq!(read(&[]), Answering::Untold);
    }

    #[test]
    fn a_mismatch_names_both_brokers_the_rule_and_what_to_write() {
        let target = Target {
            endpoint: crate::model::Endpoint {
                host: "kafka-3".into(),
                port: 9092,
            },
            id: Some(BrokerId(3)),
        };
        let error = mismatch(&target, Some(BrokerId(1)), Some("* -> bootstrap"));
        assert_eq!(error.rung, Rung::Node);
        assert_eq!(
            &*error.text,
            "broker 3 (kafka-3:9092): broker 1 answers there; the rule `* -> bootstrap` leads several brokers to one place; forward every broker to a port of its own, and lead it there with a rule before that one: `node 3 -> HOST:PORT`"
        );
    }
}
