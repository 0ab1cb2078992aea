//! One TCP connection to one of a name's addresses. Knows nothing of what goes through.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::cluster::error::DialError;
use crate::model::{Endpoint, Rung};

/// Connects to the first address that answers; each has its share of the patience.
pub(super) async fn connect(
    endpoint: &Endpoint,
    addresses: &[SocketAddr],
    patience: Duration,
) -> Result<TcpStream, DialError> {
    let mut last = io::Error::from(io::ErrorKind::TimedOut);
    // A silent first address must leave time for the others.
    let share = patience / u32::try_from(addresses.len()).unwrap_or(u32::MAX).max(1);
    for address in addresses {
        match tokio::time::timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                // Requests are small and wait for their answers: Nagle's algorithm would only delay them.
                return match stream.set_nodelay(true) {
                    Ok(()) => Ok(stream),
                    Err(error) => Err(tcp_error(endpoint, &error)),
                };
            }
            Ok(Err(error)) => last = error,
            Err(_) => {}
        }
    }
    Err(tcp_error(endpoint, &last))
}

/// The address that was reached.
pub(super) fn reached(endpoint: &Endpoint, stream: &TcpStream) -> Result<SocketAddr, DialError> {
    stream
        .peer_addr()
        .map_err(|error| tcp_error(endpoint, &error))
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
        refused,
        ..DialError::silence(Rung::Tcp, &text)
    }
}

/// The system's words without Rust's `(os error 1)`.
pub(super) fn reason(error: &io::Error) -> String {
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
}
