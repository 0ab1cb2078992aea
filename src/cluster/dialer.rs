//! Opens a byte stream to one listener of a cluster, by the route that the operator chose.
//!
//! Speaks Kafka only to find out who answers where a rule leads several brokers to one place. Never remembers an
//! address: what a name meant a minute ago is not what it means now.

use std::sync::Arc;
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite};

use super::error::{DialError, printable};
use super::identity;
use super::route::Way;
use crate::config::route::{Route, Rule};
use crate::model::{BrokerId, Endpoint, Rung, Span};

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
    /// What was dialled, and through what.
    pub address: Arc<str>,
}

/// The way to the brokers, the same for every connection of a cluster.
#[derive(Debug, Clone, Default)]
pub struct Dialer {
    way: Way,
}

impl Dialer {
    /// A dialer that goes by this route. `bootstrap` is where a rule `-> bootstrap` leads.
    pub fn new(route: &Route, bootstrap: &[Endpoint]) -> Self {
        Self {
            way: Way::new(route, bootstrap),
        }
    }

    /// Opens a stream to the target. Where a rule leads several brokers there, it is the target that answers, or else
    /// the error says who does.
    pub async fn dial(&self, target: &Target) -> Result<Dialled, DialError> {
        let mut reached = self.way.reach(target).await?;
        if let Some(id) = target.id.filter(|_| reached.shared) {
            let began = Instant::now();
            let rule = reached.rule.as_deref();
            let known = self.way.ids();
            identity::check(&mut reached.stream, (id, target), &known, rule).await?;
            reached.rungs.push((Rung::Node, elapsed(began)));
        }
        Ok(Dialled {
            stream: reached.stream,
            rungs: reached.rungs,
            address: reached.address,
        })
    }

    /// The same dialer with one rule in the place of all others.
    pub fn led_by(&self, rule: Rule) -> Self {
        Self {
            way: self.way.led_by(rule),
        }
    }

    /// The way below TLS and login.
    pub fn way(&self) -> &Way {
        &self.way
    }
}

/// Time since `began` in whole milliseconds.
pub fn elapsed(began: Instant) -> Span {
    Span::from_ms(u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

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
