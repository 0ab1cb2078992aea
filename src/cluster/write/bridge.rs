//! Joins librdkafka's ends of socket pairs to streams that the Dialer opens. Knows no byte of what goes through.

use std::collections::HashMap;
use std::io;
use std::net::Shutdown;
use std::os::fd::{IntoRawFd as _, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::copy_bidirectional;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::cluster::address;
use crate::cluster::dialer::{Dialer, Target};
use crate::model::BrokerId;

/// A connection that librdkafka wants: whom it names, and the end of the pair that is ours.
pub(super) type Ask = (String, UnixStream);

/// The side that librdkafka's threads call. Never waits.
#[derive(Debug)]
pub(super) struct Bridge {
    /// Our ends of pairs whose other end librdkafka has made and not connected yet, by its descriptor.
    ends: Mutex<HashMap<RawFd, UnixStream>>,
    asks: mpsc::Sender<Ask>,
}

impl Bridge {
    pub(super) fn new(asks: mpsc::Sender<Ask>) -> Self {
        Self {
            ends: Mutex::default(),
            asks,
        }
    }

    /// A new pair: the descriptor is librdkafka's to use and to close.
    pub(super) fn socket(&self) -> io::Result<RawFd> {
        let (theirs, ours) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let theirs = theirs.into_raw_fd();
        // An end left over under the same number belongs to a socket that was closed unconnected: it goes.
        self.ends().insert(theirs, ours);
        Ok(theirs)
    }

    /// Asks for the stream behind a socket made by [`Self::socket`].
    pub(super) fn connect(&self, socket: RawFd, name: String) -> io::Result<()> {
        let ours = self.ends().remove(&socket);
        let ours = ours.ok_or(io::ErrorKind::NotConnected)?;
        let asked = self.asks.try_send((name, ours));
        asked.map_err(|_| io::ErrorKind::ConnectionRefused.into())
    }

    fn ends(&self) -> std::sync::MutexGuard<'_, HashMap<RawFd, UnixStream>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Dials for every ask and carries bytes until either side ends. Ends with the producer.
pub(super) async fn carry(dialer: Dialer, mut asked: mpsc::Receiver<Ask>) {
    let mut streams = JoinSet::new();
    loop {
        tokio::select! {
            ask = asked.recv() => match ask {
                Some((name, ours)) => {
                    let dialer = dialer.clone();
                    streams.spawn(async move {
                        if let Err(error) = join(&dialer, &name, ours).await {
                            log::info!("producer: {name}: {error}");
                        }
                    });
                }
                None => return,
            },
            Some(ended) = streams.join_next() => if let Err(error) = ended {
                log::warn!("producer: a stream's task: {error}");
            },
        }
    }
}

async fn join(dialer: &Dialer, name: &str, ours: UnixStream) -> io::Result<()> {
    let kept = ours.try_clone()?;
    let done = async {
        let target = target(dialer, name).map_err(|wrong| io::Error::other(wrong.to_string()))?;
        let dialled = dialer.dial(&target).await;
        let mut stream = dialled.map_err(|e| io::Error::other(e.to_string()))?.stream;
        let mut ours = tokio::net::UnixStream::from_std(ours)?;
        copy_bidirectional(&mut ours, &mut stream).await?;
        Ok(())
    };
    let done = done.await;
    // Whatever ended it: the other side must see the end at once. An end that is gone already is no error.
    let _gone = kept.shutdown(Shutdown::Both);
    done
}

/// Whom a name means. librdkafka calls a broker `host:port/3`, and a bootstrap address `plaintext://host:port/bootstrap`;
/// an address without an id is that of the broker which was last said to be there.
fn target(dialer: &Dialer, name: &str) -> Result<Target, Arc<str>> {
    let bare = name.split_once("://").map_or(name, |(_, rest)| rest);
    let (address, whose) = bare.split_once('/').unwrap_or((bare, ""));
    let endpoint = address::endpoint(address)?;
    let way = dialer.way();
    let id = match whose {
        "bootstrap" => None,
        id => id.parse().ok().map(BrokerId).or(way.id_of(&endpoint)),
    };
    if let Some(id) = id {
        way.learn(id, &endpoint);
    }
    Ok(Target { endpoint, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_known_by_its_name_or_by_where_it_was_last_said_to_be() {
        let dialer = Dialer::default();
        let id = |name: &str| target(&dialer, name).expect("an address").id;
        assert_eq!(id("plaintext://kafka-1:9092/bootstrap"), None);
        assert_eq!(id("kafka-1:9092"), None);
        assert_eq!(id("kafka-1:9092/3"), Some(BrokerId(3)));
        assert_eq!(id("kafka-1:9092"), Some(BrokerId(3)));
        assert_eq!(id("[::1]:9092/4"), Some(BrokerId(4)));
        assert!(target(&dialer, "kafka-1:x/3").is_err());
    }
}
