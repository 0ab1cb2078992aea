//! One HTTP request at a time, for what a login needs from elsewhere: tokens and credentials. Over the same TCP and
//! TLS as everything else; no pool, no redirects, no cookies.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST, USER_AGENT};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;

use super::tls::Tls;
use super::{Duplex, Target};
use crate::cluster::error::printable;
use crate::cluster::route::Way;
use crate::model::Endpoint;

/// The largest answer that is read: a token of many groups, not a page.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// An address of the web, read.
#[derive(Debug, Clone)]
pub struct Url {
    pub endpoint: Endpoint,
    /// As the header `Host` names it.
    pub authority: String,
    pub secure: bool,
    /// Path and query.
    pub path: String,
}

impl Url {
    /// Reads `http://…` or `https://…`; the error is a sentence about the text.
    pub fn read(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is no address of the form https://host/path");
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        let host = uri
            .host()
            .filter(|host| !host.is_empty())
            .ok_or_else(wrong)?;
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            endpoint: Endpoint {
                host: bare.into(),
                port,
            },
            authority: match uri.port_u16() {
                Some(port) => format!("{host}:{port}"),
                None => host.to_owned(),
            },
            secure,
            path: path.to_owned(),
        })
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    pub method: Method,
    pub url: &'a Url,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl<'a> Question<'a> {
    /// A plain GET.
    pub fn get(url: &'a Url) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: Vec::new(),
            body: String::new(),
        }
    }
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub body: Bytes,
}

impl Reply {
    /// The body as text, made safe and cut for an error.
    pub fn excerpt(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let short: String = text.chars().take(200).collect();
        printable(short.trim()).to_string()
    }
}

/// Asks where nobody asks for TLS: on this machine.
pub async fn ask_openly(question: Question<'_>) -> Result<Reply, String> {
    ask(question, None).await
}

/// Asks. `tls` is for addresses with `https`. The caller keeps the deadline; the error is a sentence.
pub async fn ask(question: Question<'_>, tls: Option<&Tls>) -> Result<Reply, String> {
    let url = question.url;
    let target = Target {
        endpoint: url.endpoint.clone(),
        id: None,
    };
    let reached = Way::default().reach(&target).await;
    let mut stream = reached.map_err(|error| error.to_string())?.stream;
    if url.secure {
        let tls = tls.ok_or_else(|| format!("{}: TLS is not set up", url.endpoint))?;
        let spoken = tls.handshake(&url.endpoint, stream, &Arc::default()).await;
        stream = spoken.map_err(|error| error.to_string())?;
    }
    exchange(question, stream)
        .await
        .map_err(|error| format!("{}: {error}", url.endpoint))
}

async fn exchange(
    question: Question<'_>,
    stream: Box<dyn Duplex>,
) -> Result<Reply, Box<dyn std::error::Error + Send + Sync>> {
    let mut request = Request::builder()
        .method(question.method)
        .uri(&question.url.path)
        .header(HOST, &question.url.authority)
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, concat!("lookout/", env!("CARGO_PKG_VERSION")));
    for (name, value) in question.headers {
        request = request.header(name, value);
    }
    let request = request.body(Full::new(Bytes::from(question.body)))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut driver = JoinSet::new();
    // What ends the connection is what the answer fails with.
    driver.spawn(async move { connection.await.ok() });
    let answer = sender.send_request(request).await?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), MAX_BODY_BYTES)
        .collect()
        .await?;
    Ok(Reply {
        status,
        body: body.to_bytes(),
    })
}

/// Text as it may stand in a query or a form (RFC 3986: all but letters, digits and `-._~` in hexadecimal).
pub fn encoded(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string never fails.
            let _always = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let read = |text: &str| {
            let url = Url::read(text).expect("an address");
            (
                url.endpoint.to_string(),
                url.authority,
                url.secure,
                url.path,
            )
        };
        assert_eq!(
            read("https://idp.example/realms/a/token?x=1"),
            (
                "idp.example:443".into(),
                "idp.example".into(),
                true,
                "/realms/a/token?x=1".into()
            )
        );
        assert_eq!(
            read("http://[::1]:8080"),
            ("[::1]:8080".into(), "[::1]:8080".into(), false, "/".into())
        );
        for text in ["", "idp.example", "ftp://x/", "https://"] {
            assert!(Url::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_a_query_cannot_hold_is_encoded() {
        assert_eq!(
            encoded("a-b_c.d~e f/g:h=é"),
            "a-b_c.d~e%20f%2Fg%3Ah%3D%C3%A9"
        );
    }
}
