//! One connection to one broker: negotiates versions, then sends typed requests and reads typed answers.
//!
//! At most one task runs per connection; it ends with the last handle. Never dials.

use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use broker::wire::api_key::ApiKey;
use broker::wire::error::WireError;
use broker::wire::error_code::ErrorCode;
use broker::wire::frame::{read_response, request_frame};
use broker::wire::messages::api_versions::{ApiVersionsRequest, ApiVersionsResponse};
use broker::wire::messages::{Message, Request};
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use super::dialer::Dialled;
use super::error::{CallError, printable};
use super::pipeline::{End, Outgoing, Pipeline, Waiting};
use super::versions::{Versions, fall_back};

/// Requests that may wait for their turn; beyond that callers wait.
const QUEUE: usize = 16;
/// How long `ApiVersions` may take (operations.md §1.3).
pub const API_VERSIONS_DEADLINE: Duration = Duration::from_secs(3);
/// An open, negotiated connection. It ends when the last handle is dropped.
#[derive(Debug)]
pub struct Connection {
    shared: Arc<Shared>,
    requests: mpsc::Sender<Outgoing>,
    versions: Versions,
    task: AbortHandle,
}

/// What handle and task both know.
#[derive(Debug)]
struct Shared {
    peer: Arc<str>,
    client_id: Arc<str>,
    correlation: AtomicI32,
    /// Why the connection ended, once it has.
    ended: Arc<OnceLock<End>>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Connection {
    /// Starts a connection over a stream and negotiates versions: 4, then what the broker lists or 3, then 0.
    pub async fn open(
        dialled: Dialled,
        peer: Arc<str>,
        client_id: Arc<str>,
    ) -> Result<Self, CallError> {
        let (requests, queue) = mpsc::channel(QUEUE);
        let shared = Arc::new(Shared {
            peer,
            client_id,
            correlation: AtomicI32::new(0),
            ended: Arc::default(),
        });
        let pipeline = Pipeline::new(dialled.stream, shared.ended.clone());
        let task = tokio::spawn(pipeline.run(queue)).abort_handle();
        let mut connection = Self {
            shared,
            requests,
            versions: Versions::default(),
            task,
        };
        connection.versions = Versions::of(&connection.negotiate().await?);
        Ok(connection)
    }

    async fn negotiate(&self) -> Result<ApiVersionsResponse, CallError> {
        let mut version = *ApiVersionsRequest::VERSIONS.end();
        loop {
            let response = self.api_versions(version).await?;
            if response.error_code.is_ok() {
                return Ok(response);
            }
            let listed = response
                .api_keys
                .iter()
                .find(|api| api.api_key == ApiKey::API_VERSIONS)
                .map(|api| api.max_version);
            let next = fall_back(version, listed)
                .filter(|_| response.error_code == ErrorCode::UNSUPPORTED_VERSION);
            version =
                next.ok_or_else(|| self.refused::<ApiVersionsRequest>(response.error_code))?;
        }
    }

    /// Asks for the broker's versions once more; what a probe measures.
    pub async fn ping(&self) -> Result<(), CallError> {
        let version = self
            .version::<ApiVersionsRequest>(0)
            .unwrap_or(*ApiVersionsRequest::VERSIONS.start());
        self.api_versions(version).await.map(drop)
    }

    async fn api_versions(&self, version: i16) -> Result<ApiVersionsResponse, CallError> {
        let request = ApiVersionsRequest {
            client_software_name: "lookout".to_owned(),
            client_software_version: env!("CARGO_PKG_VERSION").to_owned(),
            ..ApiVersionsRequest::default()
        };
        let content = self.send(&request, version, API_VERSIONS_DEADLINE).await?;
        // A broker that does not know the version answers in version 0, whatever was asked (KIP-511).
        let understood = content.get(4..6) != Some(&ErrorCode::UNSUPPORTED_VERSION.0.to_be_bytes());
        let version = if understood { version } else { 0 };
        self.decode::<ApiVersionsResponse>(&content, version)
    }

    /// Who is at the other end, as errors name it.
    pub fn peer(&self) -> &Arc<str> {
        &self.shared.peer
    }

    /// What the broker offers.
    pub fn versions(&self) -> &Versions {
        &self.versions
    }

    /// The version `R` will be sent in, if it is at least `need`.
    pub fn version<R: Request>(&self, need: i16) -> Result<i16, CallError> {
        self.versions
            .choose(R::KEY, &R::VERSIONS)
            .filter(|version| *version >= need)
            .ok_or_else(|| CallError::NotOffered {
                peer: self.shared.peer.clone(),
                api: R::KEY,
                need: need.max(*R::VERSIONS.start()),
                offered: self.versions.offered(R::KEY),
            })
    }

    /// Sends a request in the highest version both sides speak and waits for its answer.
    pub async fn call<R: Request>(
        &self,
        request: &R,
        deadline: Duration,
    ) -> Result<R::Response, CallError> {
        let version = self.version::<R>(0)?;
        let content = self.send(request, version, deadline).await?;
        self.decode(&content, version)
    }

    /// An error code of an answer as an error.
    pub fn refused<R: Request>(&self, code: ErrorCode) -> CallError {
        CallError::Refused {
            peer: self.shared.peer.clone(),
            api: R::KEY,
            code,
            detail: "".into(),
        }
    }

    /// Whether it has ended.
    pub fn is_closed(&self) -> bool {
        self.requests.is_closed()
    }

    /// Waits until it ends.
    pub async fn closed(&self) {
        self.requests.closed().await;
    }

    async fn send<R: Request>(
        &self,
        request: &R,
        version: i16,
        patience: Duration,
    ) -> Result<Bytes, CallError> {
        let correlation = self.shared.correlation.fetch_add(1, Ordering::Relaxed);
        let frame = request_frame(request, version, correlation, Some(&self.shared.client_id))
            .map_err(|source| self.garbled(R::KEY, version, source))?;
        let (reply, answer) = oneshot::channel();
        let waiting = Waiting {
            correlation,
            patience,
            reply,
        };
        let sent = self.requests.send(Outgoing { frame, waiting }).await;
        // What could not be sent holds the other end of `answer`: it must be gone before that is waited for.
        sent.map_err(|_| self.ended(R::KEY))?;
        answer.await.map_err(|_| self.ended(R::KEY))
    }

    fn ended(&self, asked: ApiKey) -> CallError {
        let peer = self.shared.peer.clone();
        match self.shared.ended.get() {
            // Whoever waits behind a request that gets no answer gets none either.
            Some(End::Silent(after)) => CallError::Silent {
                peer,
                api: asked,
                after: *after,
            },
            Some(End::Refused(error)) => CallError::Dial(error.clone()),
            Some(End::Broken(why)) => CallError::Broken {
                peer,
                why: why.clone(),
            },
            None => CallError::Broken {
                peer,
                why: printable(&format!(
                    "the connection was given up before {asked} was answered"
                )),
            },
        }
    }

    fn decode<M: Message>(&self, content: &Bytes, version: i16) -> Result<M, CallError> {
        read_response(content, version)
            .map(|(_, message)| message)
            .map_err(|source| self.garbled(M::KEY, version, source))
    }

    fn garbled(&self, api: ApiKey, version: i16, source: WireError) -> CallError {
        CallError::Garbled {
            peer: self.shared.peer.clone(),
            api,
            version,
            source,
        }
    }
}

#[cfg(test)]
mod tests {
    use broker::wire::frame::response_frame;
    use broker::wire::messages::api_versions::ApiVersion;
    use broker::wire::messages::list_groups::ListGroupsRequest;
    use broker::wire::messages::metadata::{MetadataRequest, MetadataResponse};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
    use tokio::time::Instant;

    use super::*;

    /// A connection to a broker that knows Metadata 1 and ListGroups 9, and the broker's end of it.
    async fn pair() -> (Connection, DuplexStream) {
        let (ours, mut theirs) = tokio::io::duplex(4096);
        let dialled = Dialled {
            stream: Box::new(ours),
            rungs: Vec::new(),
            address: "127.0.0.1:1".into(),
        };
        let api = |api_key, version| ApiVersion {
            api_key,
            min_version: version,
            max_version: version,
            ..ApiVersion::default()
        };
        let greeting = ApiVersionsResponse {
            api_keys: vec![api(ApiKey::METADATA, 1), api(ApiKey::LIST_GROUPS, 9)],
            ..ApiVersionsResponse::default()
        };
        let (opened, ()) = tokio::join!(
            Connection::open(dialled, "broker 1 (a:1)".into(), "test".into()),
            async {
                hear(&mut theirs).await;
                let frame = response_frame(&greeting, 4, 0).expect("fits");
                theirs.write_all(&frame).await.expect("open");
            }
        );
        (opened.expect("greeted"), theirs)
    }

    /// Reads one request, whatever it is.
    async fn hear(theirs: &mut DuplexStream) {
        let length = theirs.read_i32().await.expect("a request");
        let mut content = vec![0; usize::try_from(length).expect("a length")];
        theirs.read_exact(&mut content).await.expect("whole");
    }

    /// Answers one request after so many seconds.
    async fn answer_after(theirs: &mut DuplexStream, secs: u64, correlation: i32) {
        hear(theirs).await;
        tokio::time::sleep(Duration::from_secs(secs)).await;
        let frame = response_frame(&MetadataResponse::default(), 1, correlation);
        theirs.write_all(&frame.expect("fits")).await.expect("open");
    }

    fn question() -> MetadataRequest {
        MetadataRequest {
            topics: None,
            ..MetadataRequest::default()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_without_answer_fails_all_that_wait_behind_it() {
        let (connection, _theirs) = pair().await;
        let began = Instant::now();
        let question = question();
        let (first, second) = tokio::join!(
            connection.call(&question, Duration::from_secs(2)),
            connection.call(&question, Duration::from_hours(1)),
        );
        assert!(matches!(first, Err(CallError::Silent { .. })));
        assert!(matches!(second, Err(CallError::Silent { .. })));
        assert!(began.elapsed() < Duration::from_secs(3));
        assert!(connection.is_closed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_after_the_end_of_the_connection_fails_at_once() {
        let (connection, theirs) = pair().await;
        drop(theirs);
        connection.closed().await;
        let question = question();
        let asked = connection.call(&question, Duration::from_hours(1));
        let asked = tokio::time::timeout(Duration::from_secs(1), asked).await;
        assert!(asked.expect("it does not wait").is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_behind_a_slow_one_has_its_time_from_when_the_broker_can_begin() {
        let (connection, mut theirs) = pair().await;
        let question = question();
        let slow = async {
            answer_after(&mut theirs, 4, 1).await;
            answer_after(&mut theirs, 1, 2).await;
        };
        let (first, second, ()) = tokio::join!(
            connection.call(&question, Duration::from_secs(5)),
            connection.call(&question, Duration::from_secs(2)),
            slow
        );
        assert!(first.is_ok() && second.is_ok(), "{second:?}");
    }

    #[tokio::test]
    async fn an_answer_to_another_request_ends_the_connection() {
        let (connection, mut theirs) = pair().await;
        let answer = response_frame(&MetadataResponse::default(), 1, 99).expect("fits");
        let question = question();
        let (asked, sent) =
            tokio::join!(connection.call(&question, Duration::from_hours(1)), async {
                hear(&mut theirs).await;
                theirs.write_all(&answer).await
            });
        sent.expect("open");
        let error = asked.expect_err("wrong number").to_string();
        assert!(error.contains("another request than was asked"), "{error}");
    }

    #[tokio::test]
    async fn versions_that_do_not_meet_are_an_error_before_anything_is_sent() {
        let (connection, _theirs) = pair().await;
        let asked = connection
            .call(&ListGroupsRequest::default(), Duration::from_hours(1))
            .await;
        let error = asked.expect_err("9 is not ours").to_string();
        assert!(
            error.contains("does not offer ListGroups from version 0 on (it lists 9 to 9)"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_broker_that_hangs_up_after_its_greeting_is_said_to_expect_sasl() {
        let (connection, mut theirs) = pair().await;
        let question = question();
        let (asked, ()) = tokio::join!(
            connection.call(&question, Duration::from_hours(1)),
            async move { hear(&mut theirs).await }
        );
        let error = asked.expect_err("closed").to_string();
        assert!(
            error.contains("usually means that SASL is expected"),
            "{error}"
        );
    }
}
