//! Through a SOCKS5 proxy (RFC 1928), with a login where it wants one (RFC 1929). Total over whatever the proxy answers;
//! reads no byte that is not the proxy's own.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Names, Patience, behind, broken_off, failed, late, tcp, unreached};
use crate::cluster::dialer::elapsed;
use crate::cluster::error::DialError;
use crate::config::secret::Secret;
use crate::model::{Endpoint, Rung, Span};

const VERSION: u8 = 5;
/// Methods of RFC 1928 §3.
const NO_LOGIN: u8 = 0;
const BY_PASSWORD: u8 = 2;
const NONE_FITS: u8 = 0xff;
/// The version of the login's own protocol, RFC 1929 §2.
const LOGIN_VERSION: u8 = 1;
const CONNECT: u8 = 1;
/// Kinds of addresses, RFC 1928 §5.
const V4: u8 = 1;
const NAME: u8 = 3;
const V6: u8 = 4;

/// Which proxy, who we are to it, and where it is to lead.
pub(super) struct Way<'a> {
    pub proxy: &'a Endpoint,
    pub login: Option<&'a (String, Secret)>,
    /// As errors name it.
    pub target: &'a Endpoint,
    pub place: Place<'a>,
}

/// What the proxy is told: a name that it resolves, or an address.
pub(super) enum Place<'a> {
    Name(&'a Endpoint),
    Address(SocketAddr),
}

/// How errors name the proxy.
pub(super) fn called(proxy: &Endpoint) -> String {
    format!("the SOCKS5 proxy {proxy}")
}

/// Reaches the proxy, then lets it reach the target.
pub(super) async fn open(
    way: &Way<'_>,
    names: &Names,
    patience: Patience,
) -> Result<(TcpStream, Vec<(Rung, Span)>), DialError> {
    let name = called(way.proxy);
    let began = Instant::now();
    let unreached = |error| unreached(&name, way.target, &error);
    let addresses = names.resolve(way.proxy).await.map_err(unreached)?;
    let stream = tcp::connect(way.proxy, &addresses, patience.tcp).await;
    let mut stream = stream.map_err(unreached)?;
    let late = |_| late(&name, way.target, patience.way);
    let greeted = tokio::time::timeout(patience.way, greet(&mut stream, way));
    greeted.await.map_err(late)??;
    let route = elapsed(began);
    let began = Instant::now();
    let asked = tokio::time::timeout(patience.way, ask(&mut stream, way));
    asked.await.map_err(late)??;
    Ok((
        stream,
        vec![(Rung::Route, route), (Rung::Tcp, elapsed(began))],
    ))
}

/// Agrees on a method, and logs in where that is the method.
async fn greet<S>(stream: &mut S, way: &Way<'_>) -> Result<(), DialError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let name = called(way.proxy);
    let wrong = |why: &str| failed(&name, way.target, why);
    let broken = |error: io::Error| broken_off(&name, way.target, &error);
    let greeting: &[u8] = match way.login {
        Some(_) => &[VERSION, 2, NO_LOGIN, BY_PASSWORD],
        None => &[VERSION, 1, NO_LOGIN],
    };
    stream.write_all(greeting).await.map_err(broken)?;
    let mut answer = [0; 2];
    stream.read_exact(&mut answer).await.map_err(broken)?;
    match (answer, way.login) {
        ([VERSION, NO_LOGIN], _) => Ok(()),
        ([VERSION, BY_PASSWORD], Some((user, password))) => {
            let request = login(user, password).ok_or_else(|| {
                wrong("its login is longer than 255 bytes; shorten it in dial.via")
            })?;
            stream.write_all(&request).await.map_err(broken)?;
            stream.read_exact(&mut answer).await.map_err(broken)?;
            match answer {
                [_, 0] => Ok(()),
                _ => Err(wrong(&format!(
                    "it refuses the login of {user}; check user and password in dial.via"
                ))),
            }
        }
        ([VERSION, NONE_FITS], None) => Err(wrong(
            "it wants a login; write it into dial.via as socks5://user:password@host:port",
        )),
        ([VERSION, NONE_FITS], Some(_)) => Err(wrong(
            "it takes no login by password; ask for one it takes, or for an exception by address",
        )),
        ([VERSION, method], _) => Err(wrong(&format!(
            "it wants the login method {method}, which was not offered"
        ))),
        ([b'H', b'T'], _) => Err(wrong(
            "it speaks HTTP; write http:// instead of socks5:// in dial.via",
        )),
        ([0, _], _) => Err(wrong("it speaks SOCKS4; SOCKS5 is needed")),
        ([first, _], _) => Err(wrong(&format!(
            "it does not speak SOCKS5 (its answer begins with {first:#04x}); check dial.via"
        ))),
    }
}

fn login(user: &str, password: &Secret) -> Option<Vec<u8>> {
    let mut request = vec![LOGIN_VERSION];
    for text in [user, password.reveal()] {
        request.push(u8::try_from(text.len()).ok()?);
        request.extend_from_slice(text.as_bytes());
    }
    Some(request)
}

/// Asks for a connection, and reads the answer to its last byte: what follows is the target's.
async fn ask<S>(stream: &mut S, way: &Way<'_>) -> Result<(), DialError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let name = called(way.proxy);
    let wrong = |why: &str| failed(&name, way.target, why);
    let broken = |error: io::Error| broken_off(&name, way.target, &error);
    let request = request(&way.place).ok_or_else(|| {
        wrong("the name is longer than 255 bytes; lead it elsewhere with dial.map")
    })?;
    stream.write_all(&request).await.map_err(broken)?;
    let mut head = [0; 4];
    stream.read_exact(&mut head).await.map_err(broken)?;
    let [version, reply, _, kind] = head;
    if version != VERSION {
        return Err(wrong(&format!(
            "it does not keep to SOCKS5 (its answer begins with {version:#04x})"
        )));
    }
    if reply != 0 {
        return Err(refusal(way, reply));
    }
    // The address that the proxy uses; its length depends on its kind.
    let length = match kind {
        V4 => 4,
        V6 => 16,
        NAME => usize::from(stream.read_u8().await.map_err(broken)?),
        other => {
            return Err(wrong(&format!(
                "it answers with an address of kind {other}, which SOCKS5 does not have"
            )));
        }
    };
    let mut rest = [0; 255 + 2];
    let rest = rest.get_mut(..length + 2).unwrap_or_default();
    stream.read_exact(rest).await.map_err(broken)?;
    Ok(())
}

fn request(place: &Place<'_>) -> Option<Vec<u8>> {
    let mut request = vec![VERSION, CONNECT, 0];
    let port = match place {
        Place::Address(SocketAddr::V4(address)) => {
            request.push(V4);
            request.extend_from_slice(&address.ip().octets());
            address.port()
        }
        Place::Address(SocketAddr::V6(address)) => {
            request.push(V6);
            request.extend_from_slice(&address.ip().octets());
            address.port()
        }
        // An address written as a name is an address: not every proxy resolves those.
        Place::Name(endpoint) => {
            if let Ok(ip) = endpoint.host.parse() {
                let address = SocketAddr::new(ip, endpoint.port);
                return self::request(&Place::Address(address));
            }
            request.push(NAME);
            request.push(u8::try_from(endpoint.host.len()).ok()?);
            request.extend_from_slice(endpoint.host.as_bytes());
            endpoint.port
        }
    };
    request.extend_from_slice(&port.to_be_bytes());
    Some(request)
}

/// RFC 1928 §6.
fn refusal(way: &Way<'_>, reply: u8) -> DialError {
    let name = called(way.proxy);
    let behind = |why: &str| behind(&name, way.target, why, reply == 5);
    let port = way.target.port;
    match reply {
        2 => failed(
            &name,
            way.target,
            "its rules do not allow the connection; ask for this host and port to be let through",
        ),
        3 => behind("the network is unreachable from there"),
        4 => behind("the host is unreachable from there, or its name does not resolve there"),
        5 => behind(&format!(
            "host answers, nothing listens on {port}; is the broker running, and is this its port?"
        )),
        6 => behind("no answer; host down, network cut or a firewall"),
        7 => failed(
            &name,
            way.target,
            "it makes no connections for others; is it a SOCKS5 proxy?",
        ),
        8 => failed(
            &name,
            way.target,
            "it does not take this kind of address; try socks5h:// or socks5:// instead",
        ),
        1 => behind("it only says that it failed; see the proxy's own log"),
        other => behind(&format!("it answers with the unknown code {other}")),
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

    /// What becomes of a proxy that says these bytes, and how many of them are left for the target.
    fn told(bytes: &[u8], login: Option<(&str, &str)>) -> (Result<(), DialError>, usize) {
        let (proxy, target) = (endpoint("proxy", 1080), endpoint("kafka-3", 9092));
        let login = login.map(|(user, password)| (user.to_owned(), Secret::new(password)));
        let way = Way {
            proxy: &proxy,
            login: login.as_ref(),
            target: &target,
            place: Place::Name(&target),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("a runtime").block_on(async {
            let mut stream = tokio::io::join(bytes, tokio::io::sink());
            let mut done = greet(&mut stream, &way).await;
            if done.is_ok() {
                done = ask(&mut stream, &way).await;
            }
            (done, stream.reader().len())
        })
    }

    fn complaint(bytes: &[u8], login: Option<(&str, &str)>) -> (Rung, bool, String) {
        let error = told(bytes, login).0.expect_err("must fail");
        (error.rung, error.refused, error.text.to_string())
    }

    #[test]
    fn what_follows_the_answer_is_left_to_the_target() {
        let v4 = [5, 0, 5, 0, 0, 1, 10, 0, 0, 1, 0, 80, 42];
        assert_eq!(told(&v4, None), (Ok(()), 1));
        let name = [5, 2, 1, 0, 5, 0, 0, 3, 2, b'a', b'b', 0, 80, 42, 43];
        assert_eq!(told(&name, Some(("me", "hunter2"))), (Ok(()), 2));
        let v6 = [&[5, 0, 5, 0, 0, 4][..], &[0; 18]].concat();
        assert_eq!(told(&v6, Some(("me", "hunter2"))), (Ok(()), 0));
    }

    #[test]
    fn what_the_proxy_refuses_is_said_with_what_to_do() {
        let cases: [(&[u8], _, Rung, bool, &str); 11] = [
            (&[5, 0xff], None, Rung::Route, false, "wants a login"),
            (
                &[5, 0xff],
                Some(("me", "p")),
                Rung::Route,
                false,
                "no login by password",
            ),
            (
                &[5, 2, 1, 1],
                Some(("me", "p")),
                Rung::Route,
                false,
                "refuses the login of me",
            ),
            (b"HTTP/1.1 400", None, Rung::Route, false, "write http://"),
            (&[0, 91], None, Rung::Route, false, "SOCKS4"),
            (&[5], None, Rung::Route, false, "closed the connection"),
            (
                &[5, 0, 5, 2, 0, 1],
                None,
                Rung::Route,
                false,
                "do not allow",
            ),
            (
                &[5, 0, 5, 4, 0, 1],
                None,
                Rung::Tcp,
                false,
                "does not resolve there",
            ),
            (
                &[5, 0, 5, 5, 0, 1],
                None,
                Rung::Tcp,
                true,
                "nothing listens on 9092",
            ),
            (
                &[5, 0, 5, 99, 0, 1],
                None,
                Rung::Tcp,
                false,
                "unknown code 99",
            ),
            (&[5, 0, 5, 0, 0, 9], None, Rung::Route, false, "kind 9"),
        ];
        for (bytes, login, rung, refused, wanted) in cases {
            let (at, saw, said) = complaint(bytes, login);
            assert_eq!((at, saw), (rung, refused), "{said}");
            assert!(said.contains(wanted), "{said}");
            assert!(said.contains("the SOCKS5 proxy proxy:1080"), "{said}");
            assert!(said.contains("kafka-3:9092"), "{said}");
        }
    }

    #[test]
    fn an_address_that_stands_where_a_name_may_is_sent_as_an_address() {
        let (v4, v6) = (endpoint("10.0.0.1", 9092), endpoint("::1", 1));
        let sent = |endpoint| request(&Place::Name(endpoint)).expect("short");
        assert_eq!(sent(&v4), [5, 1, 0, 1, 10, 0, 0, 1, 35, 132]);
        assert_eq!(sent(&v6).len(), 4 + 16 + 2);
        let name = endpoint("ab", 258);
        assert_eq!(sent(&name), [5, 1, 0, 3, 2, b'a', b'b', 1, 2]);
        assert_eq!(request(&Place::Name(&endpoint(&"a".repeat(256), 1))), None);
    }

    proptest! {
        #[test]
        fn any_answer_is_taken_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..600), whole: bool) {
            let greeted = [&[5, 0, 5, 0, 0][..], &bytes].concat();
            let (done, left) = told(if whole { &bytes } else { &greeted }, None);
            prop_assert!(left <= bytes.len());
            if let Err(error) = done {
                prop_assert!(!error.text.contains(char::is_control));
            }
        }
    }
}
