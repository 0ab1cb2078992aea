//! Turns names into addresses, anew for every dial: what a name meant a minute ago is not what it means now.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::sync::watch;

use super::tcp::reason;
use crate::cluster::error::DialError;
use crate::model::{Endpoint, Rung};

/// How long a name may take to resolve (operations.md §1.3).
const DNS_DEADLINE: Duration = Duration::from_secs(2);

/// What the resolver said of a name: its addresses, or why it has none.
type Found = Result<Vec<IpAddr>, String>;

/// A look-up that others may wait for too.
type Lookup = watch::Receiver<Option<Found>>;

/// The names under way. A thread that waits for a dead resolver cannot be called back, so a name has one at most.
#[derive(Debug, Clone, Default)]
pub struct Names {
    lookups: Arc<Mutex<HashMap<Arc<str>, Lookup>>>,
}

impl Names {
    /// The addresses of a host, with its port.
    pub async fn resolve(&self, endpoint: &Endpoint) -> Result<Vec<SocketAddr>, DialError> {
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
        let (names, host) = (self.clone(), host.clone());
        // It ends with the resolver's answer, whoever still waits for it.
        tokio::spawn(async move {
            let found = lookup_host((&*host, 0)).await;
            let found = found.map(|all| all.map(|address| address.ip()).collect());
            names
                .lookups
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
    DialError::silence(
        Rung::Dns,
        &format!(
            "name {host} (port {port}) does not resolve from here: {why}; check its spelling, this host's resolver and advertised.listeners, or lead it elsewhere with dial.map"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_is_looked_up_once_at_a_time_and_anew_for_the_next_dial() {
        let names = Names::default();
        let host: Arc<str> = "localhost".into();
        let under_way = || names.lookups.lock().expect("whole").len();
        let (mut first, mut second) = (names.look_up(&host), names.look_up(&host));
        assert_eq!(under_way(), 1);
        assert!(first.same_channel(&second));
        for told in [&mut first, &mut second] {
            assert!(told.wait_for(Option::is_some).await.is_ok());
        }
        assert_eq!(under_way(), 0);
        assert!(!names.look_up(&host).same_channel(&first));
    }
}
