//! The way to an address: which rule leads where (`rules`), and through what (`tcp`, `socks5`, `http_connect`, `ssh`).
//!
//! Hands over a raw stream. Speaks neither TLS nor Kafka, and never changes whom the stream is for: the identity stays
//! the advertised name, whatever is dialled.

mod http_connect;
mod names;
mod rules;
mod socks5;
mod ssh;
mod tcp;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub use self::names::Names;
use self::rules::plan;
use super::dialer::{Duplex, Target, elapsed};
use super::error::{DialError, printable};
use crate::config::route::{Resolver, Route, Rule, Via, spelled};
use crate::model::{BrokerId, Endpoint, Rung, Span};

/// How long a TCP connection to all addresses of a name may take together (operations.md §1.3).
const TCP_DEADLINE: Duration = Duration::from_secs(3);
/// How long a proxy or ssh may take to let us in, and again to reach a target.
const WAY_DEADLINE: Duration = Duration::from_secs(10);

/// A raw stream, and how it came to be.
pub struct Opened {
    pub stream: Box<dyn Duplex>,
    /// Times of the rungs below TLS.
    pub rungs: Vec<(Rung, Span)>,
    /// What was dialled, and through what.
    pub address: Arc<str>,
    /// The rule that led there.
    pub rule: Option<Arc<str>>,
    /// Whether the rule leads several brokers to one place, so that any of them may answer.
    pub shared: bool,
}

/// The way to the addresses of one cluster. Clones share the look-ups under way, and whose addresses are known.
#[derive(Debug, Clone, Default)]
pub struct Way {
    route: Arc<Route>,
    bootstrap: Arc<[Endpoint]>,
    names: Names,
    /// Where brokers were last said to be, for those who ask by address alone. Two may be said to be at one place.
    known: Arc<Mutex<BTreeMap<BrokerId, Endpoint>>>,
}

impl Way {
    /// The way that a route describes.
    pub fn new(route: &Route, bootstrap: &[Endpoint]) -> Self {
        Self {
            route: Arc::new(route.clone()),
            bootstrap: bootstrap.into(),
            ..Self::default()
        }
    }

    /// Opens a stream to the target.
    pub async fn reach(&self, target: &Target) -> Result<Opened, DialError> {
        open(&self.route, target, &self.bootstrap, &self.names).await
    }

    /// What will be dialled for a target, in words, and by which rule. Where that cannot be said, dialling says why.
    pub fn outlook(&self, target: &Target) -> (Option<Arc<str>>, Option<Arc<str>>) {
        let Ok(plan) = plan(&self.route, target, &self.bootstrap) else {
            return (None, None);
        };
        let address = plan.to.first().map(|to| through(to, &self.route.via));
        (address, plan.rule.map(|rule| printable(&rule.text)))
    }

    /// The same way with one rule in the place of all others.
    pub fn led_by(&self, rule: Rule) -> Self {
        let route = Route {
            rules: vec![rule],
            ..Route::clone(&self.route)
        };
        Self {
            route: Arc::new(route),
            ..self.clone()
        }
    }

    /// Notes where a broker is said to be.
    pub fn learn(&self, id: BrokerId, endpoint: &Endpoint) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(id, endpoint.clone());
    }

    /// Whose address it is said to be.
    pub fn id_of(&self, endpoint: &Endpoint) -> Option<BrokerId> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut there = known.iter().filter(|(_, known)| *known == endpoint);
        there.next().map(|(id, _)| *id)
    }

    /// Every broker that is said to be somewhere.
    pub fn ids(&self) -> BTreeSet<BrokerId> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.keys().copied().collect()
    }
}

/// A stream before it is told where it came from: with its rungs and its address.
type Leg = (Box<dyn Duplex>, Vec<(Rung, Span)>, Arc<str>);

/// Opens a stream to a target by the first rule that matches it. Errors name target, proxy and rule.
pub async fn open(
    route: &Route,
    target: &Target,
    bootstrap: &[Endpoint],
    names: &Names,
) -> Result<Opened, DialError> {
    let plan = plan(route, target, bootstrap)?;
    let mut last = None;
    for endpoint in &plan.to {
        match leg(route, endpoint, names).await {
            Ok((stream, rungs, address)) => {
                return Ok(Opened {
                    stream,
                    rungs,
                    address,
                    rule: plan.rule.map(|rule| printable(&rule.text)),
                    shared: plan.shared,
                });
            }
            Err(error) => last = Some(error),
        }
    }
    Err(match last {
        Some(error) => plan.explain(target, error),
        None => rules::nowhere(target),
    })
}

/// One connection to one address, through whatever lies between.
async fn leg(route: &Route, endpoint: &Endpoint, names: &Names) -> Result<Leg, DialError> {
    let patience = Patience::of(route);
    match &route.via {
        Via::Direct => {
            let (addresses, dns) = resolved(names, endpoint).await?;
            let began = Instant::now();
            let stream = tcp::connect(endpoint, &addresses, patience.tcp).await?;
            let address = tcp::reached(endpoint, &stream)?;
            Ok((
                Box::new(stream),
                vec![dns, (Rung::Tcp, elapsed(began))],
                printable(&address.to_string()),
            ))
        }
        Via::Socks5 {
            proxy,
            login,
            names: whose,
        } => {
            let (place, mut rungs) = match whose {
                Resolver::Proxy => (socks5::Place::Name(endpoint), Vec::new()),
                Resolver::Here => {
                    let (addresses, dns) = resolved(names, endpoint).await?;
                    // A name that resolves has an address.
                    let address = addresses.first().copied();
                    (
                        address.map_or(socks5::Place::Name(endpoint), socks5::Place::Address),
                        vec![dns],
                    )
                }
            };
            let way = socks5::Way {
                proxy,
                login: login.as_ref(),
                target: endpoint,
                place,
            };
            let (stream, climbed) = socks5::open(&way, names, patience).await?;
            rungs.extend(climbed);
            Ok((Box::new(stream), rungs, through(endpoint, &route.via)))
        }
        Via::HttpConnect { proxy, login } => {
            let way = http_connect::Way {
                proxy,
                login: login.as_ref(),
                target: endpoint,
            };
            let (stream, rungs) = http_connect::open(&way, names, patience).await?;
            Ok((Box::new(stream), rungs, through(endpoint, &route.via)))
        }
        Via::Ssh { destination, port } => {
            let (stream, rungs) = ssh::open(destination, *port, endpoint, patience.way).await?;
            Ok((Box::new(stream), rungs, through(endpoint, &route.via)))
        }
    }
}

async fn resolved(
    names: &Names,
    endpoint: &Endpoint,
) -> Result<(Vec<SocketAddr>, (Rung, Span)), DialError> {
    let began = Instant::now();
    let addresses = names.resolve(endpoint).await?;
    Ok((addresses, (Rung::Dns, elapsed(began))))
}

/// How long the parts of a way may take.
#[derive(Debug, Clone, Copy)]
struct Patience {
    tcp: Duration,
    way: Duration,
}

impl Patience {
    fn of(route: &Route) -> Self {
        Self {
            tcp: route.timeout.unwrap_or(TCP_DEADLINE),
            way: route.timeout.unwrap_or(WAY_DEADLINE),
        }
    }
}

/// What lies between us and an address, as errors and the broker page name it; `None` for nothing.
pub fn way(via: &Via) -> Option<String> {
    match via {
        Via::Direct => None,
        Via::Socks5 { proxy, .. } => Some(socks5::called(proxy)),
        Via::HttpConnect { proxy, .. } => Some(http_connect::called(proxy)),
        Via::Ssh { destination, .. } => Some(ssh::called(destination)),
    }
}

fn through(endpoint: &Endpoint, via: &Via) -> Arc<str> {
    match way(via) {
        None => printable(&endpoint.to_string()),
        Some(way) => printable(&format!("{endpoint} through {way}")),
    }
}

/// A proxy that could not be reached at all: what befell the connection to it, told of the target.
fn unreached(called: &str, target: &Endpoint, error: &DialError) -> DialError {
    DialError {
        refused: error.refused,
        ..DialError::silence(
            Rung::Route,
            &format!(
                "{called} cannot be reached on the way to {target}: {}; check dial.via",
                error.text
            ),
        )
    }
}

/// A proxy that was reached and does not do what it should.
fn failed(called: &str, target: &Endpoint, why: &str) -> DialError {
    let text = format!("{called} does not lead to {target}: {why}");
    DialError::silence(Rung::Route, &text)
}

/// A target that a proxy could not reach.
fn behind(called: &str, target: &Endpoint, why: &str, refused: bool) -> DialError {
    DialError {
        refused,
        ..DialError::silence(Rung::Tcp, &format!("{called} cannot reach {target}: {why}"))
    }
}

/// An answer of a proxy that stayed out, or broke off.
fn broken_off(called: &str, target: &Endpoint, error: &io::Error) -> DialError {
    let why = match error.kind() {
        io::ErrorKind::UnexpectedEof => {
            "it closed the connection; is this the right kind of proxy, and may we use it?"
                .to_owned()
        }
        _ => format!("the connection to it broke: {}", tcp::reason(error)),
    };
    failed(called, target, &why)
}

/// A proxy that does not answer in time.
fn late(called: &str, target: &Endpoint, patience: Duration) -> DialError {
    let waited = spelled(patience);
    let why = format!(
        "no answer within {waited}; it may be waiting for {target}, and dial.timeout gives it longer"
    );
    failed(called, target, &why)
}
