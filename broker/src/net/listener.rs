//! A listening socket and its connections: accepts while there is room, and stops all it started.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout_at};

use super::admission::{Admitted, Entry, Place};
use super::connection::{self, Ended};
use super::seldom::Seldom;
use super::{Admission, Meter, Patience, Room, Service};
use crate::api::Caller;
use crate::auth::Gate;

/// How long nothing is accepted after the system refused to (no file descriptor left).
const REFUSED_PAUSE: Duration = Duration::from_millis(100);

/// Connections that the system may hold before they are accepted.
const BACKLOG: u32 = 1024;

/// A socket that listens and accepts nothing yet.
#[derive(Debug)]
pub struct Bound {
    /// The listener's name.
    pub name: Arc<str>,
    /// Where it listens.
    pub address: SocketAddr,
    socket: TcpListener,
}

impl Bound {
    /// Binds the first address of the host that can be bound; an empty host is every address.
    pub async fn bind(name: &str, host: &str, port: u16) -> io::Result<Self> {
        let host = if host.is_empty() { "0.0.0.0" } else { host };
        let mut refused = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in tokio::net::lookup_host((host, port)).await? {
            match listen(address) {
                Ok(socket) => {
                    return Ok(Self {
                        name: Arc::from(name),
                        address: socket.local_addr()?,
                        socket,
                    });
                }
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        tokio::net::TcpSocket::new_v4()?
    } else {
        tokio::net::TcpSocket::new_v6()?
    };
    // A node that restarts takes up its port again at once.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// What every connection of a listener shares.
#[derive(Clone)]
pub struct Door {
    /// What answers.
    pub service: Arc<dyn Service>,
    /// Who may enter.
    pub gate: Arc<Gate>,
    /// What a connection is held to.
    pub patience: Patience,
    /// Memory for frames on their way in.
    pub room: Room,
    /// How many there may be.
    pub admission: Admission,
    /// Whether connections count against `max.connections`; those between nodes do not.
    pub counted: bool,
    /// What is counted.
    pub meter: Meter,
}

/// A listener that accepts. Dropping it stops nothing; call [`Serving::stop`].
#[derive(Debug)]
pub struct Serving {
    stop: watch::Sender<bool>,
    accepting: JoinHandle<JoinSet<()>>,
}

impl Serving {
    /// Begins to accept once it is `ready`; until then clients wait in the system's backlog.
    pub fn start(
        bound: Bound,
        door: Door,
        ready: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        let (stop, mut stopping) = watch::channel(false);
        let accepting = tokio::spawn(async move {
            tokio::select! {
                () = stopped(&mut stopping) => return JoinSet::new(),
                () = ready => {}
            }
            accept_all(bound, door, stopping).await
        });
        Self { stop, accepting }
    }

    /// Closes the socket and the connections; answers that are under way get until `within`.
    pub async fn stop(self, within: Duration) {
        let deadline = Instant::now() + within;
        self.stop.send_replace(true);
        let mut connections = match self.accepting.await {
            Ok(connections) => connections,
            Err(error) => {
                log::error!("a listener failed: {error}");
                return;
            }
        };
        while let Ok(Some(_)) = timeout_at(deadline, connections.join_next()).await {}
        connections.shutdown().await;
    }
}

/// What a listener goes by while it accepts.
struct Accepting {
    bound: Bound,
    door: Door,
    open: Arc<AtomicU64>,
    stop: watch::Receiver<bool>,
    refused: Seldom,
    crowd: Seldom,
}

/// Accepts until told to stop; gives the connections that are still open.
async fn accept_all(bound: Bound, door: Door, mut stopping: watch::Receiver<bool>) -> JoinSet<()> {
    let mut connections = JoinSet::new();
    let accepting = Accepting {
        open: door.meter.connections(&bound.name),
        bound,
        door,
        stop: stopping.clone(),
        refused: Seldom::default(),
        crowd: Seldom::default(),
    };
    loop {
        tokio::select! {
            () = stopped(&mut stopping) => return connections,
            Some(ended) = connections.join_next() => {
                if let Err(error) = ended {
                    log::error!("a connection on {} failed: {error}", accepting.bound.name);
                }
            }
            (accepted, place) = accept(&accepting.bound, &accepting.door) => {
                let Some(pause) = accepting.begin(&mut connections, accepted, place) else {
                    continue;
                };
                tokio::select! {
                    () = stopped(&mut stopping) => return connections,
                    () = sleep(pause) => {}
                }
            }
        }
    }
}

impl Accepting {
    /// Begins to serve a connection; gives how long no other one is to be accepted.
    fn begin(
        &self,
        connections: &mut JoinSet<()>,
        accepted: io::Result<(TcpStream, SocketAddr)>,
        place: Option<Place>,
    ) -> Option<Duration> {
        let name = &self.bound.name;
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                if self.refused.is_due() {
                    log::warn!("listener {name} cannot accept, trying on: {error}");
                }
                return Some(REFUSED_PAUSE);
            }
        };
        let why = match self.door.admission.admit(from.ip(), place) {
            Entry::Served(admitted, pause) => {
                let held = Held::new(admitted, &self.open);
                let served = (Arc::clone(name), from);
                let served = serve(stream, served, self.door.clone(), self.stop.clone());
                connections.spawn(async move {
                    served.await;
                    drop(held);
                });
                return pause;
            }
            Entry::Late(admitted, pause) => {
                let held = Held::new(admitted, &self.open);
                connections.spawn(close_later(stream, pause, held));
                "connects too often: connection_creation_rate"
            }
            Entry::Closed => "has too many connections: max.connections.per.ip",
        };
        if self.crowd.is_due() {
            log::info!("{from} {why}");
        }
        None
    }
}

/// Closes a connection after a while, and serves nothing meanwhile.
async fn close_later(stream: TcpStream, pause: Duration, held: Held) {
    sleep(pause).await;
    drop((stream, held));
}

/// Resolves once the node stops.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone has no more to say than "stop".
    let _gone = stop.wait_for(|stop| *stop).await.is_err();
}

/// Waits for a client; listeners that count wait for room first.
async fn accept(
    bound: &Bound,
    door: &Door,
) -> (io::Result<(TcpStream, SocketAddr)>, Option<Place>) {
    let room = if door.counted {
        Some(door.admission.room().await)
    } else {
        None
    };
    (bound.socket.accept().await, room)
}

/// The right to a connection, and its place in the count of open ones.
struct Held {
    _admitted: Admitted,
    open: Arc<AtomicU64>,
}

impl Held {
    fn new(admitted: Admitted, open: &Arc<AtomicU64>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self {
            _admitted: admitted,
            open: Arc::clone(open),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Serves one client to the end of its connection.
async fn serve(
    tcp: TcpStream,
    (listener, from): (Arc<str>, SocketAddr),
    door: Door,
    mut stop: watch::Receiver<bool>,
) {
    let host: Arc<str> = Arc::from(format!("/{}", from.ip().to_canonical()));
    let entered = async {
        tcp.set_nodelay(true)?;
        door.gate.enter(tcp).await
    };
    let entered = tokio::select! {
        () = stopped(&mut stop) => return,
        entered = entered => entered,
    };
    let (stream, session) = match entered {
        Ok(entered) => entered,
        Err(why) => {
            log::info!("{listener}, client {host} is not let in: {why}");
            return;
        }
    };
    let caller = Caller {
        listener: Arc::clone(&listener),
        host: Arc::clone(&host),
        client_id: None,
        session: Arc::new(session),
        mute: Arc::default(),
        holding: Arc::default(),
    };
    let ended = connection::serve(stream, caller, &door, stop).await;
    if matches!(ended, Ended::Frame(_) | Ended::Refused(_)) {
        door.meter.refused.add(1);
    }
    match ended {
        Ended::Answer { .. } => log::error!("{listener}, client {host}: {ended}"),
        _ => log::debug!("{listener}, client {host}: {ended}"),
    }
}
