//! Through an HTTP proxy by CONNECT (RFC 9110 §9.3.6), with Basic authentication where a login is set (RFC 7617). The
//! answer is bounded; whatever follows its head belongs to the target.

use std::io;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use super::{Names, Patience, behind, broken_off, failed, late, tcp, unreached};
use crate::cluster::dialer::elapsed;
use crate::cluster::error::DialError;
use crate::config::secret::Secret;
use crate::model::{Endpoint, Rung, Span};

/// Longest head of an answer; proxies send a few hundred bytes.
const HEAD_BYTES: usize = 16 * 1024;
/// Longest reason that is repeated.
const REASON_CHARS: usize = 80;
const GREETING: &[u8] = b"HTTP/";

/// Which proxy, who we are to it, and where it is to lead.
pub(super) struct Way<'a> {
    pub proxy: &'a Endpoint,
    pub login: Option<&'a (String, Secret)>,
    pub target: &'a Endpoint,
}

/// How errors name the proxy.
pub(super) fn called(proxy: &Endpoint) -> String {
    format!("the HTTP proxy {proxy}")
}

/// Reaches the proxy, then lets it reach the target.
pub(super) async fn open(
    way: &Way<'_>,
    names: &Names,
    patience: Patience,
) -> Result<(BufReader<TcpStream>, Vec<(Rung, Span)>), DialError> {
    let name = called(way.proxy);
    let began = Instant::now();
    let unreached = |error| unreached(&name, way.target, &error);
    let addresses = names.resolve(way.proxy).await.map_err(unreached)?;
    let stream = tcp::connect(way.proxy, &addresses, patience.tcp).await;
    let mut stream = BufReader::new(stream.map_err(unreached)?);
    let route = elapsed(began);
    let began = Instant::now();
    let asked = tokio::time::timeout(patience.way, ask(&mut stream, way)).await;
    asked.map_err(|_| late(&name, way.target, patience.way))??;
    Ok((
        stream,
        vec![(Rung::Route, route), (Rung::Tcp, elapsed(began))],
    ))
}

async fn ask<S>(stream: &mut BufReader<S>, way: &Way<'_>) -> Result<(), DialError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let name = called(way.proxy);
    let broken = |error: io::Error| broken_off(&name, way.target, &error);
    let request = request(way).ok_or_else(|| {
        failed(
            &name,
            way.target,
            "the name has signs that no name has; lead it elsewhere with dial.map",
        )
    })?;
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let head = head(stream).await.map_err(broken)?;
    judge(way, &head)
}

/// `None` for a host that would be more than a host in there.
fn request(way: &Way<'_>) -> Option<String> {
    let target = way.target.to_string();
    if target.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return None;
    }
    let login = way.login.map_or_else(String::new, |(user, password)| {
        let pair = STANDARD.encode(format!("{user}:{}", password.reveal()));
        format!("Proxy-Authorization: Basic {pair}\r\n")
    });
    Some(format!(
        "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{login}\r\n"
    ))
}

/// Reads to the empty line, to the limit, or to the first sign that this is not HTTP.
async fn head<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while head.len() < HEAD_BYTES && !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") {
        head.push(stream.read_u8().await?);
        if head.len() == GREETING.len() && head != GREETING {
            break;
        }
    }
    Ok(head)
}

/// What the head of an answer means.
fn judge(way: &Way<'_>, head: &[u8]) -> Result<(), DialError> {
    let name = called(way.proxy);
    let wrong = |why: &str| Err(failed(&name, way.target, why));
    if !head.starts_with(GREETING) {
        return match head.first() {
            Some(5) => wrong("it speaks SOCKS5; write socks5:// instead of http:// in dial.via"),
            Some(0x15 | 0x16) => wrong("it speaks TLS; dial.via needs its port without TLS"),
            _ => wrong("it does not speak HTTP; check dial.via"),
        };
    }
    if head.len() >= HEAD_BYTES {
        return wrong("its answer does not end; check dial.via");
    }
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let mut words = line.trim_end().splitn(3, ' ');
    let (_, code, reason) = (words.next(), words.next(), words.next());
    let Some(code) = code.and_then(|code| code.parse::<u16>().ok()) else {
        return wrong("its answer has no status; check dial.via");
    };
    let reason: String = reason
        .unwrap_or_default()
        .chars()
        .take(REASON_CHARS)
        .collect();
    let said = format!("it answers {code} {reason}");
    let said = said.trim_end();
    match code {
        200..300 => Ok(()),
        407 if way.login.is_some() => wrong(&format!(
            "{said}: it refuses the login; check user and password in dial.via"
        )),
        407 => wrong(&format!(
            "{said}: it wants a login; write it into dial.via as http://user:password@host:port"
        )),
        401 | 403 | 405 => wrong(&format!(
            "{said}: its rules do not allow it; ask for CONNECT to {} to be let through",
            way.target
        )),
        502..=504 => Err(behind(
            &name,
            way.target,
            &format!("{said}: the name may not resolve there, or nothing answers behind it"),
            false,
        )),
        _ => wrong(said),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn endpoint(host: &str, port: u16) -> Endpoint {
        Endpoint {
            host: host.into(),
            port,
        }
    }

    /// What becomes of a proxy that says these bytes, and the bytes that are left for the target.
    fn told(bytes: &[u8], login: Option<(&str, &str)>) -> (Result<(), DialError>, Vec<u8>) {
        let (proxy, target) = (endpoint("proxy", 3128), endpoint("kafka-3", 9092));
        let login = login.map(|(user, password)| (user.to_owned(), Secret::new(password)));
        let way = Way {
            proxy: &proxy,
            login: login.as_ref(),
            target: &target,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime").block_on(async {
            let mut stream = BufReader::new(tokio::io::join(bytes, tokio::io::sink()));
            let done = ask(&mut stream, &way).await;
            let mut left = Vec::new();
            stream.read_to_end(&mut left).await.expect("memory");
            (done, left)
        })
    }

    fn complaint(answer: &str, login: Option<(&str, &str)>) -> (Rung, String) {
        let error = told(answer.as_bytes(), login).0.expect_err(answer);
        (error.rung, error.text.to_string())
    }

    #[test]
    fn what_follows_the_head_is_left_to_the_target() {
        let answer = b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n\0\0rest";
        assert_eq!(told(answer, None), (Ok(()), b"\0\0rest".to_vec()));
        assert_eq!(told(b"HTTP/1.0 200\n\n", None), (Ok(()), Vec::new()));
    }

    #[test]
    fn the_request_names_the_target_and_carries_the_login_encoded() {
        let (proxy, target) = (endpoint("proxy", 3128), endpoint("fd00::3", 9092));
        let login = ("Aladdin".to_owned(), Secret::new("open sesame"));
        let way = Way {
            proxy: &proxy,
            login: Some(&login),
            target: &target,
        };
        // The pair is the example of RFC 7617.
        assert_eq!(
            request(&way).as_deref(),
            Some(
                "CONNECT [fd00::3]:9092 HTTP/1.1\r\nHost: [fd00::3]:9092\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\r\n"
            )
        );
        let smuggled = endpoint("a\r\nX: y", 1);
        let target = &smuggled;
        assert_eq!(request(&Way { target, ..way }), None);
    }

    #[test]
    fn what_the_proxy_refuses_is_said_with_what_to_do() {
        let me = Some(("me", "hunter2"));
        let cases = [
            (
                "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
                None,
                Rung::Route,
                "wants a login",
            ),
            (
                "HTTP/1.1 407 No\r\n\r\n",
                me,
                Rung::Route,
                "refuses the login",
            ),
            (
                "HTTP/1.1 403 Forbidden\r\n\r\n",
                None,
                Rung::Route,
                "ask for CONNECT to kafka-3:9092",
            ),
            (
                "HTTP/1.1 502 Bad Gateway\r\n\r\n",
                None,
                Rung::Tcp,
                "it answers 502 Bad Gateway",
            ),
            (
                "HTTP/1.1 302 Found\r\n\r\n",
                None,
                Rung::Route,
                "it answers 302 Found",
            ),
            ("HTTP/1.1 oops\r\n\r\n", None, Rung::Route, "has no status"),
            ("\u{5}\0\0\0\0\0", None, Rung::Route, "write socks5://"),
            ("\u{15}\u{3}\u{3}\0\0", None, Rung::Route, "it speaks TLS"),
            (
                "220 mail ESMTP\r\n",
                None,
                Rung::Route,
                "does not speak HTTP",
            ),
            ("HTTP/1.1 200", None, Rung::Route, "closed the connection"),
        ];
        for (answer, login, rung, wanted) in cases {
            let (at, said) = complaint(answer, login);
            assert_eq!(at, rung, "{said}");
            assert!(said.contains(wanted), "{said}");
            assert!(said.starts_with("the HTTP proxy proxy:3128"), "{said}");
            assert!(
                said.contains("kafka-3:9092") && !said.contains("hunter2"),
                "{said}"
            );
        }
        let endless = format!("HTTP/1.1 200 OK\r\n{}", "X: y\r\n".repeat(HEAD_BYTES));
        assert!(complaint(&endless, None).1.contains("does not end"));
    }

    proptest! {
        #[test]
        fn any_answer_is_taken_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600), greets: bool) {
            let answer = if greets { [b"HTTP/1.1 ", &bytes[..]].concat() } else { bytes };
            if let (Err(error), _) = told(&answer, None) {
                prop_assert!(!error.text.contains(char::is_control));
            }
        }
    }
}
