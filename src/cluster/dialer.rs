//! Opens a byte stream to one listener of a cluster. Plain TCP; names are resolved anew on every dial.
//!
//! Never speaks Kafka and never remembers an address: what a name meant a minute ago is not what it means now.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::error::{DialError, printable};
use crate::model::{BrokerId, Endpoint, Rung, Span};

/// How long a name may take to resolve (operations.md §1.3).
const DNS_DEADLINE: Duration = Duration::from_secs(2);
/// How long a TCP connection to all addresses of a name may take together.
const TCP_DEADLINE: Duration = Duration::from_secs(3);

/// What to dial: the advertised address, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Host and port as the cluster advertises them or the operator named them.
    pub endpoint: Endpoint,
    /// The broker expected there; `None` for a bootstrap address.
    pub id: Option<BrokerId>,
}

impl Target {
    /// How errors name it: `broker 3 (kafka-3:9092)` or `kafka-3:9092`.
    pub fn name(&self) -> Arc<str> {
        match self.id {
            Some(id) => printable(&format!("broker {id} ({})", self.endpoint)),
            None => printable(&self.endpoint.to_string()),
        }
    }
}

/// Bytes in both directions.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// An open stream, how long each rung took, and the address that was reached.
pub struct Dialled {
    pub stream: Box<dyn Duplex>,
    pub rungs: Vec<(Rung, Span)>,
    pub address: SocketAddr,
}

/// The way to the brokers, the same for every connection of a cluster.
#[derive(Debug, Clone, Default)]
pub struct Dialer {}

impl Dialer {
    /// Opens a stream to the target, trying every address its name resolves to.
    pub async fn dial(&self, target: &Target) -> Result<Dialled, DialError> {
        let began = Instant::now();
        let addresses = resolve(&target.endpoint).await?;
        let dns = elapsed(began);
        let began = Instant::now();
        let stream = connect(&target.endpoint, &addresses).await?;
        let address = stream
            .peer_addr()
            .map_err(|error| tcp_error(&target.endpoint, &error))?;
        // Requests are small and wait for their answers: Nagle's algorithm would only delay them.
        stream
            .set_nodelay(true)
            .map_err(|error| tcp_error(&target.endpoint, &error))?;
        Ok(Dialled {
            stream: Box::new(stream),
            rungs: vec![(Rung::Dns, dns), (Rung::Tcp, elapsed(began))],
            address,
        })
    }
}

/// Time since `began` in whole milliseconds.
pub fn elapsed(began: Instant) -> Span {
    Span::from_ms(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX))
}

async fn resolve(endpoint: &Endpoint) -> Result<Vec<SocketAddr>, DialError> {
    let host: &str = &endpoint.host;
    let lookup = tokio::net::lookup_host((host, endpoint.port));
    let why = match tokio::time::timeout(DNS_DEADLINE, lookup).await {
        Ok(Ok(found)) => {
            let addresses: Vec<SocketAddr> = found.collect();
            if !addresses.is_empty() {
                return Ok(addresses);
            }
            "it has no address".to_owned()
        }
        Ok(Err(error)) => reason(&error),
        Err(_) => format!(
            "no answer from the resolver within {} s",
            DNS_DEADLINE.as_secs()
        ),
    };
    Err(DialError {
        rung: Rung::Dns,
        text: printable(&format!(
            "name {host} (port {}) does not resolve from here: {why}; check its spelling, this host's resolver and advertised.listeners",
            endpoint.port
        )),
        refused: false,
    })
}

async fn connect(endpoint: &Endpoint, addresses: &[SocketAddr]) -> Result<TcpStream, DialError> {
    let all = async {
        let mut last = io::Error::from(io::ErrorKind::TimedOut);
        // A silent first address must leave time for the others.
        let share = TCP_DEADLINE / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
        for address in addresses {
            match tokio::time::timeout(share, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = error,
                Err(_) => {}
            }
        }
        Err(last)
    };
    all.await.map_err(|error| tcp_error(endpoint, &error))
}

fn tcp_error(endpoint: &Endpoint, error: &io::Error) -> DialError {
    let port = endpoint.port;
    let refused = error.kind() == io::ErrorKind::ConnectionRefused;
    let text = match error.kind() {
        io::ErrorKind::ConnectionRefused => format!(
            "{endpoint}: host answers, nothing listens on {port}; is the broker running, and is this its port?"
        ),
        io::ErrorKind::TimedOut => format!(
            "no answer from {endpoint}: host down, network cut or a firewall; try from another host"
        ),
        _ => format!(
            "no answer from {endpoint}: {}; check the route to it and the firewall",
            reason(error)
        ),
    };
    DialError {
        rung: Rung::Tcp,
        text: printable(&text),
        refused,
    }
}

/// The system's words without Rust's `(os error 1)`.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let end = text.find(" (os error").unwrap_or(text.len());
    let text = text.get(..end).unwrap_or(&text);
    text.strip_prefix("failed to lookup address information: ")
        .unwrap_or(text)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_port_and_a_silent_host_are_told_apart() {
        let endpoint = Endpoint {
            host: "kafka-1".into(),
            port: 9092,
        };
        let refused = tcp_error(&endpoint, &io::ErrorKind::ConnectionRefused.into());
        let silent = tcp_error(&endpoint, &io::ErrorKind::TimedOut.into());
        assert!(refused.refused && !silent.refused);
        assert!(
            refused
                .text
                .starts_with("kafka-1:9092: host answers, nothing listens on 9092")
        );
        assert!(silent.text.starts_with("no answer from kafka-1:9092"));
    }

    #[tokio::test]
    async fn a_name_without_address_fails_on_the_dns_rung() {
        let target = Target {
            endpoint: Endpoint {
                host: "no-such-host.invalid".into(),
                port: 9092,
            },
            id: None,
        };
        let error = Dialer::default()
            .dial(&target)
            .await
            .err()
            .expect("must fail");
        assert_eq!(error.rung, Rung::Dns);
        assert!(
            error
                .text
                .starts_with("name no-such-host.invalid (port 9092) does not resolve")
        );
    }
}
