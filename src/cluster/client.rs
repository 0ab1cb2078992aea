//! Connections to the brokers of one cluster, by broker id. An address is only where an id was last said to be.
//!
//! Asks nothing on its own, and a broker that hangs holds up only those who ask that broker.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use broker::wire::messages::Request;
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

use super::connection::Connection;
use super::dialer::{Dialer, Target};
use super::error::CallError;
use crate::model::{BrokerId, Endpoint, Source};

/// How long one broker may take before a second one is asked the same. Doubles with every broker asked.
const HEDGE: Duration = Duration::from_secs(1);

/// The way to one cluster. Clones share everything.
#[derive(Debug, Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    dialer: Dialer,
    client_id: Arc<str>,
    bootstrap: Vec<Endpoint>,
    book: Mutex<Book>,
}

/// What is known of the brokers. Locked for look-ups only, never while waiting.
#[derive(Debug, Default)]
struct Book {
    links: BTreeMap<BrokerId, Link>,
    /// Brokers that did not answer their last probe, or are not of this cluster: not to be asked.
    suspects: BTreeSet<BrokerId>,
    /// Who answered last: asked first.
    favourite: Option<BrokerId>,
}

/// Which connection to a broker. A broker answers one connection's requests in order, so one that waits for another
/// node must not stand before those the broker can answer itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Answered by the broker itself.
    Own,
    /// Passed on to the controller or another coordinator, which may be gone.
    Relayed,
}

/// One broker's address, and the connections to it that somebody needed.
#[derive(Debug, Clone)]
struct Link {
    target: Target,
    own: Arc<Wire>,
    relayed: Arc<Wire>,
}

/// A connection, or why there is none; empty until somebody needs it.
type Wire = OnceCell<Result<Arc<Connection>, CallError>>;

impl Link {
    fn new(target: Target) -> Self {
        Self {
            target,
            own: Arc::default(),
            relayed: Arc::default(),
        }
    }

    /// The lane's connection, emptied if it failed or ended, so that a new one is made.
    fn wire(&mut self, lane: Lane) -> Arc<Wire> {
        let wire = match lane {
            Lane::Own => &mut self.own,
            Lane::Relayed => &mut self.relayed,
        };
        let spent = match wire.get() {
            Some(Ok(connection)) => connection.is_closed(),
            Some(Err(_)) => true,
            None => false,
        };
        if spent {
            *wire = Arc::default();
        }
        wire.clone()
    }
}

/// An answer and who gave it.
#[derive(Debug)]
pub struct Answer<T> {
    pub value: T,
    pub from: Source,
    /// The connection it came over.
    pub connection: Arc<Connection>,
}

impl Client {
    /// A client that knows only the addresses the operator named.
    pub fn new(dialer: Dialer, client_id: Arc<str>, bootstrap: Vec<Endpoint>) -> Self {
        let inner = Inner {
            dialer,
            client_id,
            bootstrap,
            book: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        // Every change of the book is complete in itself: one that panicked leaves a usable book.
        self.inner
            .book
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes where brokers are said to be. A broker whose address changed gets a new connection.
    pub fn learn<'a>(&self, brokers: impl IntoIterator<Item = (BrokerId, &'a Endpoint)>) {
        let mut book = self.book();
        for (id, endpoint) in brokers {
            let known = book.links.get(&id);
            if known.is_none_or(|link| link.target.endpoint != *endpoint) {
                self.inner.dialer.way().learn(id, endpoint);
                let target = Target {
                    endpoint: endpoint.clone(),
                    id: Some(id),
                };
                book.links.insert(id, Link::new(target));
            }
        }
    }

    /// Where a broker is said to be.
    pub fn target(&self, id: BrokerId) -> Option<Target> {
        self.book().links.get(&id).map(|link| link.target.clone())
    }

    /// Notes whether a broker's last probe went unanswered or was answered by another cluster.
    pub fn suspect(&self, id: BrokerId, doubtful: bool) {
        let mut book = self.book();
        if doubtful {
            book.suspects.insert(id);
        } else {
            book.suspects.remove(&id);
        }
    }

    /// Whether a broker did not answer its last probe, or answered for another cluster.
    pub fn is_suspect(&self, id: BrokerId) -> bool {
        self.book().suspects.contains(&id)
    }

    /// Opens a connection of its own to a target, outside the book.
    pub async fn open(&self, target: &Target) -> Result<Connection, CallError> {
        let dialled = self.inner.dialer.dial(target).await?;
        Connection::open(dialled, target.name(), self.inner.client_id.clone()).await
    }

    /// The dialer, for those who measure its steps.
    pub fn dialer(&self) -> &Dialer {
        &self.inner.dialer
    }

    /// The name brokers see.
    pub fn client_id(&self) -> &Arc<str> {
        &self.inner.client_id
    }

    /// A connection to a broker: the open one, or a new one that all who wait for it share.
    pub async fn connection(&self, id: BrokerId, lane: Lane) -> Result<Arc<Connection>, CallError> {
        let (target, wire) = self.wire(id, lane).ok_or(CallError::Nobody)?;
        let opened = wire.get_or_init(|| async { self.open(&target).await.map(Arc::new) });
        opened.await.clone()
    }

    fn wire(&self, id: BrokerId, lane: Lane) -> Option<(Target, Arc<Wire>)> {
        let mut book = self.book();
        let link = book.links.get_mut(&id)?;
        Some((link.target.clone(), link.wire(lane)))
    }

    /// Asks whichever broker answers: the next one when one fails, or a second one when the first is slow.
    /// `make` builds the request for the version to be sent, which is at least `need`.
    pub async fn any<R, F>(
        &self,
        lane: Lane,
        need: i16,
        deadline: Duration,
        make: F,
    ) -> Result<Answer<R::Response>, CallError>
    where
        R: Request + Send + Sync + 'static,
        R::Response: Send + 'static,
        F: Fn(i16) -> R + Clone + Send + Sync + 'static,
    {
        let mut candidates = self.candidates();
        let mut patience = HEDGE;
        let mut asked = JoinSet::new();
        let mut worst = CallError::Nobody;
        while !candidates.is_empty() || !asked.is_empty() {
            if let Some(id) = candidates.pop_front() {
                asked.spawn(
                    self.clone()
                        .ask::<R, F>(lane, id, need, deadline, make.clone()),
                );
            }
            let first = if candidates.is_empty() {
                asked.join_next().await
            } else {
                patience *= 2;
                let soon = tokio::time::timeout(patience / 2, asked.join_next());
                soon.await.unwrap_or(None)
            };
            match first {
                Some(Ok(Ok(answer))) => {
                    self.prefer(answer.from);
                    return Ok(answer);
                }
                Some(Ok(Err(error))) => worst = telling(worst, error),
                // Slow, or a task that panicked: on to the next.
                None | Some(Err(_)) => {}
            }
        }
        Err(worst)
    }

    async fn ask<R: Request, F: Fn(i16) -> R>(
        self,
        lane: Lane,
        id: BrokerId,
        need: i16,
        deadline: Duration,
        make: F,
    ) -> Result<Answer<R::Response>, CallError> {
        let connection = self.connection(id, lane).await?;
        let request = make(connection.version::<R>(need)?);
        let value = connection.call(&request, deadline).await?;
        Ok(Answer {
            value,
            from: Source::Broker(id),
            connection,
        })
    }

    fn candidates(&self) -> VecDeque<BrokerId> {
        let book = self.book();
        let mut ids: VecDeque<BrokerId> = book
            .links
            .keys()
            .copied()
            .filter(|id| !book.suspects.contains(id) && Some(*id) != book.favourite)
            .collect();
        if let Some(id) = book.favourite.filter(|id| !book.suspects.contains(id)) {
            ids.push_front(id);
        }
        ids
    }

    fn prefer(&self, from: Source) {
        if let Source::Broker(id) = from {
            self.book().favourite = Some(id);
        }
    }

    /// Dials every bootstrap address at once and asks each the same; the first good answer wins. An address that
    /// only greets, as a controller's does, keeps nobody from the others. The error holds one reason per address.
    pub async fn bootstrap<T, F, Asked>(&self, ask: F) -> Result<T, Vec<CallError>>
    where
        T: Send + 'static,
        F: Fn(Arc<Connection>) -> Asked + Clone + Send + 'static,
        Asked: Future<Output = Result<T, CallError>> + Send,
    {
        let mut dials = JoinSet::new();
        for (index, endpoint) in self.inner.bootstrap.iter().enumerate() {
            let target = Target {
                endpoint: endpoint.clone(),
                id: None,
            };
            let (client, ask) = (self.clone(), ask.clone());
            dials.spawn(async move {
                let answer = match client.open(&target).await {
                    Ok(connection) => ask(Arc::new(connection)).await,
                    Err(error) => Err(error),
                };
                (index, answer)
            });
        }
        let mut failures = Vec::new();
        while let Some(answered) = dials.join_next().await {
            match answered {
                Ok((_, Ok(answer))) => return Ok(answer),
                Ok((index, Err(error))) => failures.push((index, error)),
                Err(_) => {}
            }
        }
        // In the operator's order, not in that of the failures, so that the screen stays still.
        failures.sort_by_key(|(index, _)| *index);
        Err(failures.into_iter().map(|(_, error)| error).collect())
    }
}

/// The error that tells more: an answer, even a bad one, says more than silence.
fn telling(old: CallError, new: CallError) -> CallError {
    use crate::model::observed::FailureKind::NoAnswer;
    match (old.kind(), new.kind()) {
        (NoAnswer, _) => new,
        (_, _) => old,
    }
}
