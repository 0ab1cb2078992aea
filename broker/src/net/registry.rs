//! The schema registry over HTTP/1.1: requests in, JSON out, with the types that its clients know. Bodies
//! are bounded; what a request means is not decided here.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::time::timeout;

use super::http::{Answering, Site};
use crate::registry::refusal::Refusal;
use crate::registry::{Answer, Asked, Registry};

/// The longest body. A schema must fit into a record of `_schemas`, which brokers hold to a megabyte
/// themselves.
pub const MAX_BODY_BYTES: usize = 1 << 20;
/// How long a body may take.
const BODY: Duration = Duration::from_secs(30);

const JSON: &str = "application/vnd.schemaregistry.v1+json";
const PLAIN: &str = "application/json";
/// The types that clients send and take, the first the one that is sent.
const TYPES: [&str; 4] = [
    JSON,
    "application/vnd.schemaregistry+json",
    PLAIN,
    "application/octet-stream",
];

/// The registry of a node.
#[derive(Debug)]
pub struct RegistrySite(pub Arc<Registry>);

impl Site for RegistrySite {
    const NAME: &'static str = "the schema registry";
    const HEAD: Duration = Duration::from_mins(1);
    const CONNECTION: Duration = Duration::from_mins(10);
    const CONNECTIONS: usize = 256;

    fn answer(&self, request: Request<Incoming>) -> Answering {
        let registry = Arc::clone(&self.0);
        Box::pin(async move {
            let is_head = request.method() == Method::HEAD;
            let kind = wanted(request.headers());
            let answer = match read(request).await {
                Ok(asked) => registry.answer(asked).await,
                Err(refusal) => Answer::of(Err(refusal)),
            };
            response(answer, kind, is_head)
        })
    }
}

/// Takes a request in.
async fn read(request: Request<Incoming>) -> Result<Asked, Refusal> {
    let (head, body) = request.into_parts();
    if !names_one(&head.headers, &ACCEPT, &["*/*", "application/*"]) {
        return Err(Refusal::not_acceptable("HTTP 406 Not Acceptable"));
    }
    let reads = matches!(head.method, Method::GET | Method::HEAD | Method::DELETE);
    if !reads && !names_one(&head.headers, &CONTENT_TYPE, &[]) {
        return Err(Refusal::unsupported_media_type(
            "HTTP 415 Unsupported Media Type",
        ));
    }
    let collected = timeout(BODY, Limited::new(body, MAX_BODY_BYTES).collect()).await;
    let collected = collected.map_err(|_| Refusal::malformed("the request's body did not come"))?;
    let body = collected.map_err(|error| {
        if error.is::<LengthLimitError>() {
            let why = format_args!("the request's body is longer than {MAX_BODY_BYTES} bytes");
            Refusal::body_too_large(why)
        } else {
            Refusal::malformed(format_args!("the request's body: {error}"))
        }
    })?;
    let method = if head.method == Method::HEAD {
        "GET"
    } else {
        head.method.as_str()
    };
    Ok(Asked {
        method: method.to_owned(),
        target: head
            .uri
            .path_and_query()
            .map_or_else(String::new, ToString::to_string),
        body: body.to_bytes(),
    })
}

/// Whether a header names a type that is spoken here; one that is not there does.
fn names_one(headers: &HeaderMap, name: &HeaderName, also: &[&str]) -> bool {
    let mut values = headers.get_all(name).iter().peekable();
    values.peek().is_none()
        || values.any(|value| {
            let text = value.to_str().unwrap_or_default();
            text.split(',').any(|one| {
                let one = one.split(';').next().unwrap_or_default().trim();
                let mut known = TYPES.iter().chain(also);
                known.any(|known| known.eq_ignore_ascii_case(one))
            })
        })
}

/// The type of the answer: the registry's own, unless a client asks for plain JSON alone.
fn wanted(headers: &HeaderMap) -> &'static str {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    if accept == Some(PLAIN) { PLAIN } else { JSON }
}

fn response(answer: Answer, kind: &'static str, is_head: bool) -> Response<Full<Bytes>> {
    let body = if is_head { Bytes::new() } else { answer.body };
    let mut response = Response::new(Full::from(body));
    let status = StatusCode::from_u16(answer.status);
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
