//! From a frame's bytes to the API that answers it, and from its answer back to a frame. Which APIs
//! are served says the list in `api/mod.rs`; no socket is touched here.

use std::future::Future;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use thiserror::Error;

use super::{Broker, Caller, Ctx};
use crate::auth::{NotAdmitted, Then};
use crate::config::Release;
use crate::tls::Stream;
use crate::wire::api_key::ApiKey;
use crate::wire::error::WireError;
use crate::wire::frame;
use crate::wire::header::{HeaderForm, RequestHeader};
use crate::wire::messages::{Message, ProduceResponse, Request};
use crate::wire::primitives::Reader;

/// Something that is known later; owned by the connection that asked.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A whole response frame, or why none can be made of the answer.
pub type Framed = Result<Vec<u8>, WireError>;

/// What a Produce request leads to, once its records are appended (rules 13 and 19).
pub enum Begun {
    /// `acks=0`: no answer is sent.
    None,
    /// `acks=0` and something failed: the connection closes, so that the client asks for metadata.
    Close,
    /// The answer is known.
    Now(ProduceResponse),
    /// The answer waits for replicas; the connection goes on reading meanwhile.
    Later(Later<ProduceResponse>),
}

/// What a connection does about a request.
pub enum Work {
    /// Answers before it takes up the next request (rule 2).
    InTurn(Later<Framed>),
    /// Takes up the next request at once; answers still go out in the order of the requests.
    Meanwhile(Later<Framed>),
    /// Answers before it takes up the next request, and perhaps never takes up another one. An
    /// empty answer is not sent.
    Ending(Later<(Framed, Then)>),
    /// Sends nothing and goes on.
    Silent,
    /// Closes.
    Close,
    /// Answers, and gives the connection away with what was read beyond the request: it speaks
    /// something else from here on, until this resolves.
    HandOver(Framed, HandOver),
}

/// What a connection that is given away becomes.
pub type HandOver = Box<dyn FnOnce(Stream, BytesMut) -> Later<()> + Send>;

/// Why a request is not even begun: the connection closes, as no answer could be read (rule 3).
#[derive(Debug, Error)]
pub enum Refused {
    /// Bytes that are no request.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// Who asks may not, or not yet.
    #[error(transparent)]
    NotAdmitted(#[from] NotAdmitted),
    /// An API that this listener does not serve, or not in this version.
    #[error("{key} version {version} is not served here")]
    NotServed {
        /// The API.
        key: ApiKey,
        /// The version.
        version: i16,
    },
}

/// The listeners on which an API is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Those for clients and brokers.
    Brokers,
    /// The controller's too.
    Everywhere,
}

/// One API that is served.
#[derive(Debug, Clone)]
pub struct Served {
    /// Its number.
    pub key: ApiKey,
    /// The versions that ApiVersions tells clients.
    pub advertised: RangeInclusive<i16>,
    /// The versions that the codec speaks; fewer than advertised for Produce (rule 5).
    pub spoken: RangeInclusive<i16>,
    /// First version with a tagged header.
    pub flexible_from: i16,
    /// Where it is served.
    pub reach: Reach,
}

impl Served {
    /// Whether a listener serves it.
    pub fn on(&self, controller: bool) -> bool {
        !controller || self.reach == Reach::Everywhere
    }

    /// The versions that clients are told by a node that passes for a release; `None` where it did not
    /// have the API.
    pub fn told(&self, as_release: Option<Release>) -> Option<RangeInclusive<i16>> {
        match as_release {
            Some(release) => release.limit(self.key.0, &self.advertised),
            None => Some(self.advertised.clone()),
        }
    }

    fn takes(&self, version: i16) -> bool {
        self.advertised.contains(&version) && self.spoken.contains(&version)
    }
}

/// The first eight bytes of every request, readable whatever follows.
#[derive(Debug, Clone, Copy)]
pub struct Opening {
    /// The API.
    pub key: ApiKey,
    /// Its version.
    pub version: i16,
    /// The number that the answer repeats.
    pub correlation_id: i32,
}

impl Opening {
    /// Reads them.
    pub fn read(content: &Bytes) -> Result<Self, WireError> {
        let mut reader = Reader::over(content);
        Ok(Self {
            key: ApiKey(reader.i16("RequestHeader.key")?),
            version: reader.i16("RequestHeader.version")?,
            correlation_id: reader.i32("RequestHeader.correlation_id")?,
        })
    }
}

/// Whether a client id is that of a node of this program: `node-3`.
fn is_node(client_id: &str) -> bool {
    let id = client_id.strip_prefix("node-").map(str::parse::<i32>);
    id.is_some_and(|id| id.is_ok())
}

/// A request of an API that is served, its header read.
pub(super) struct Asked {
    pub(super) ctx: Ctx,
    pub(super) key: ApiKey,
    pub(super) correlation_id: i32,
    body: Bytes,
    /// Of the whole request.
    bytes: usize,
}

impl Asked {
    /// Finds the API and reads the header.
    pub(super) fn read(
        served: &[Served],
        broker: &Arc<Broker>,
        caller: &Caller,
        content: &Bytes,
    ) -> Result<Self, Refused> {
        let Opening { key, version, .. } = Opening::read(content)?;
        let controller = caller.on_controller_listener(&broker.config);
        let api = served
            .iter()
            .find(|api| api.key == key && api.on(controller) && api.takes(version))
            .ok_or(Refused::NotServed { key, version })?;
        let mut reader = Reader::over(content);
        let header = RequestHeader::read(&mut reader, |_, version| {
            HeaderForm::of_request(version, api.flexible_from)
        })?;
        // Nodes of one cluster speak as this program does, whatever it passes for.
        let is_node = || header.client_id.as_deref().is_some_and(is_node);
        let told = api.told(broker.config.as_release);
        if !told.is_some_and(|told| told.contains(&version)) && !is_node() {
            return Err(Refused::NotServed { key, version });
        }
        let body = content.slice(content.len() - reader.left()..);
        let caller = Caller {
            client_id: header.client_id,
            ..caller.clone()
        };
        Ok(Self {
            ctx: Ctx {
                broker: Arc::clone(broker),
                caller,
                version,
            },
            key,
            correlation_id: header.correlation_id,
            body,
            bytes: content.len(),
        })
    }

    /// Reads the body. What follows the message is left unread, as in Kafka: librdkafka asks for the metadata of all
    /// topics, from version 9 on, with three bytes too many.
    pub(super) fn request<R: Request>(&self) -> Result<R, WireError> {
        R::decode(&mut Reader::over(&self.body), self.ctx.version)
    }

    /// Makes a frame of the answer.
    pub(super) fn framed<M: Message>(&self, answer: &M) -> Framed {
        frame::response_frame(answer, self.ctx.version, self.correlation_id)
    }

    /// Counts the time that an answer took, tells the client of a throttle, and makes a frame of it.
    pub(super) fn counted<M: Message>(&self, mut answer: M, spent: Duration) -> Framed {
        let throttle_ms = self.ctx.spent(spent);
        if let Some(told) = answer.throttle_time_ms() {
            *told = throttle_ms.max(*told);
        }
        self.framed(&answer)
    }

    /// What a Produce request that is begun means for its connection; counts what it brought.
    pub(super) fn pipelined(self, begun: Begun, spent: Duration) -> Work {
        let throttle_time_ms = self.ctx.produced(self.bytes, spent);
        let told = move |answer: ProduceResponse| ProduceResponse {
            throttle_time_ms,
            ..answer
        };
        match begun {
            Begun::None => Work::Silent,
            Begun::Close => Work::Close,
            Begun::Now(answer) => {
                let framed = self.framed(&told(answer));
                Work::Meanwhile(Box::pin(std::future::ready(framed)))
            }
            Begun::Later(answer) => {
                Work::Meanwhile(Box::pin(async move { self.framed(&told(answer.await)) }))
            }
        }
    }
}

/// Lists the APIs and begins requests to them.
macro_rules! served {
    ($(
        $module:ident::$how:ident($request:ident), $min:literal-$max:literal, $reach:ident;
    )*) => {
        /// Every API that is served.
        pub static SERVED: &[Served] = &[$(Served {
            key: <$request as Message>::KEY,
            advertised: $min..=$max,
            spoken: <$request as Message>::VERSIONS,
            flexible_from: <$request as Message>::FLEXIBLE_FROM,
            reach: Reach::$reach,
        },)*];

        /// Begins a request, given as the content of its frame. An error closes the connection.
        pub fn begin(
            broker: &Arc<Broker>,
            caller: &Caller,
            content: &Bytes,
        ) -> Result<Work, Refused> {
            if caller.session.takes_raw() {
                return Ok(sasl_authenticate::raw(caller, content));
            }
            if let Some(answer) = api_versions::fallback(broker.config.as_release, content) {
                return Ok(Work::InTurn(Box::pin(std::future::ready(answer))));
            }
            caller.session.admit(Opening::read(content)?.key)?;
            if caller.on_controller_listener(&broker.config)
                && let Some(work) = controllers::begin(broker, caller, content)?
            {
                return Ok(work);
            }
            if let Some(work) = registry::begin(broker, caller, content)? {
                return Ok(work);
            }
            let asked = Asked::read(SERVED, broker, caller, content)?;
            match asked.key {
                $(<$request as Message>::KEY => {
                    let request = asked.request::<$request>()?;
                    Ok(served!(@$how $module, asked, request))
                })*
                key => Err(Refused::NotServed { key, version: asked.ctx.version }),
            }
        }
    };
    (@answer $module:ident, $asked:ident, $request:ident) => {
        Work::InTurn(Box::pin(async move {
            let answer = $module::answer(&$asked.ctx, $request);
            let (answer, spent) = quotas::timed(answer).await;
            $asked.counted(answer, spent)
        }))
    };
    (@weigh $module:ident, $asked:ident, $request:ident) => {
        Work::InTurn(Box::pin(async move {
            $asked.framed(&$module::weigh(&$asked.ctx, $request).await)
        }))
    };
    (@end $module:ident, $asked:ident, $request:ident) => {
        Work::Ending(Box::pin(async move {
            let (answer, then) = $module::end(&$asked.ctx, $request).await;
            ($asked.framed(&answer), then)
        }))
    };
    (@begin $module:ident, $asked:ident, $request:ident) => {{
        let began = tokio::time::Instant::now();
        let begun = $module::begin(&$asked.ctx, $request);
        $asked.pipelined(begun, began.elapsed())
    }};
}
