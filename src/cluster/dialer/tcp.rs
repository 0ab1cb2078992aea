//! From an advertised address to an open TCP stream. Names are resolved anew on every dial.
//!
//! Never speaks TLS or Kafka and never remembers an address: what a name meant a minute ago is not what it means now.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::{TcpStream, lookup_host};
use tokio::sync::watch;

use super::{Duplex, Target, elapsed};
use crate::cluster::error::DialError;
use crate::config::route::{From, Route, Rule, To};
use crate::model::{Endpoint, Rung, Span};

/// How long a name may take to resolve (operations.md §1.3).
const DNS_DEADLINE: Duration = Duration::from_secs(2);
/// How long a TCP connection to all addresses of a name may take together.
const TCP_DEADLINE: Duration = Duration::from_secs(3);

/// An open stream, how long each rung took, and the address that was reached.
pub struct Reached {
    pub stream: Box<dyn Duplex>,
    pub rungs: Vec<(Rung, Span)>,
    pub address: SocketAddr,
}

/// What the resolver said of a name: its addresses, or why it has none.
type Found = Result<Vec<IpAddr>, String>;

/// A look-up that others may wait for too.
type Lookup = watch::Receiver<Option<Found>>;

/// The way to the addresses of one cluster. Clones share the look-ups under way.
#[derive(Debug, Clone, Default)]
pub struct Way {
    /// Names under way. A thread that waits for a dead resolver cannot be called back, so a name has one at most.
    lookups: Arc<Mutex<HashMap<Arc<str>, Lookup>>>,
    /// Advertised address → address to dial instead.
    map: Arc<BTreeMap<Endpoint, Endpoint>>,
    /// The address to dial for everything that the map does not know.
    instead: Option<Endpoint>,
}

impl Way {
    /// The way that a route describes.
    pub fn new(route: &Route, bootstrap: &[Endpoint]) -> Self {
        let exact = |rule: &Rule| match (&rule.from, &rule.to) {
            (From::Address { host, port }, To::Address(to)) => {
                let host = host.as_str().into();
                let port = (*port)?;
                Some((Endpoint { host, port }, to.clone()))
            }
            _ => None,
        };
        let rules = &route.rules;
        let to_bootstrap = |rule: &Rule| (&rule.from, &rule.to) == (&From::Any, &To::Bootstrap);
        let instead = bootstrap.first().filter(|_| rules.iter().any(to_bootstrap));
        Self {
            lookups: Arc::default(),
            map: Arc::new(rules.iter().filter_map(exact).collect()),
            instead: instead.cloned(),
        }
    }

    /// Opens a stream to the target, trying every address its name resolves to.
    pub async fn reach(&self, target: &Target) -> Result<Reached, DialError> {
        let began = Instant::now();
        let mapped = self.map.get(&target.endpoint).or(self.instead.as_ref());
        let endpoint = mapped.unwrap_or(&target.endpoint);
        let addresses = self.resolve(endpoint).await?;
        let dns = elapsed(began);
        let began = Instant::now();
        let stream = connect(endpoint, &addresses).await?;
        let address = stream
            .peer_addr()
            .map_err(|error| tcp_error(endpoint, &error))?;
        // Requests are small and wait for their answers: Nagle's algorithm would only delay them.
        stream
            .set_nodelay(true)
            .map_err(|error| tcp_error(endpoint, &error))?;
        Ok(Reached {
            stream: Box::new(stream),
            rungs: vec![(Rung::Dns, dns), (Rung::Tcp, elapsed(began))],
            address,
        })
    }

    async fn resolve(&self, endpoint: &Endpoint) -> Result<Vec<SocketAddr>, DialError> {
        let mut lookup = self.look_up(&endpoint.host);
        let told = tokio::time::timeout(DNS_DEADLINE, lookup.wait_for(Option::is_some)).await;
        let found = match told {
            Ok(Ok(found)) => found.clone().unwrap_or_else(|| Ok(Vec::new())),
            Ok(Err(_)) => Err("the look-up was given up".to_owned()),
            Err(_) => {
                let seconds = DNS_DEADLINE.as_secs();
                Err(format!("no answer from the resolver within {seconds} s"))
            }
        };
        let why = match found {
            Ok(addresses) if addresses.is_empty() => "it has no address".to_owned(),
            Ok(addresses) => {
                let with_port = |address| SocketAddr::new(address, endpoint.port);
                return Ok(addresses.into_iter().map(with_port).collect());
            }
            Err(why) => why,
        };
        Err(unresolved(endpoint, &why))
    }

    /// The look-up of a name: the one under way, or a new one.
    fn look_up(&self, host: &Arc<str>) -> Lookup {
        let mut lookups = self.lookups.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(under_way) = lookups.get(host) {
            return under_way.clone();
        }
        let (tell, told) = watch::channel(None);
        lookups.insert(host.clone(), told.clone());
        let (way, host) = (self.clone(), host.clone());
        // It ends with the resolver's answer, whoever still waits for it.
        tokio::spawn(async move {
            let found = lookup_host((&*host, 0)).await;
            let found = found.map(|all| all.map(|address| address.ip()).collect());
            way.lookups
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&host);
            tell.send_replace(Some(found.map_err(|error| reason(&error))));
        });
        told
    }
}

fn unresolved(endpoint: &Endpoint, why: &str) -> DialError {
    let Endpoint { host, port } = endpoint;
    let text = format!(
        "name {host} (port {port}) does not resolve from here: {why}; check its spelling, this host's resolver and advertised.listeners"
    );
    DialError::silence(Rung::Dns, &text)
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
    match error.kind() {
        io::ErrorKind::ConnectionRefused => DialError::refusal(Rung::Tcp, &text),
        _ => DialError::silence(Rung::Tcp, &text),
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
    async fn a_name_is_looked_up_once_at_a_time_and_anew_for_the_next_dial() {
        let way = Way::default();
        let host: Arc<str> = "localhost".into();
        let under_way = || way.lookups.lock().expect("whole").len();
        let (mut first, mut second) = (way.look_up(&host), way.look_up(&host));
        assert_eq!(under_way(), 1);
        assert!(first.same_channel(&second));
        for told in [&mut first, &mut second] {
            assert!(told.wait_for(Option::is_some).await.is_ok());
        }
        assert_eq!(under_way(), 0);
        assert!(!way.look_up(&host).same_channel(&first));
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
        let error = Way::default()
            .reach(&target)
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
