//! A cluster made of paper: listeners on loopback that answer Kafka's protocol from a description.
//!
//! Every answer is encoded once and kept, so that even a large cluster answers at the speed of a copy. Each node
//! can be made to hang, to talk nonsense, to cut its connections, to go away and to come back on another port.

mod answers;
mod world;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use broker::wire::api_key::ApiKey;
use broker::wire::header::{HeaderForm, RequestHeader};
use broker::wire::messages::APIS;
use broker::wire::primitives::Reader;
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use world::World;

/// How a node behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mood {
    Serve,
    /// Accepts and reads, never answers.
    Hang,
    /// Answers the first bytes it gets with these, then closes.
    Blurt(Vec<u8>),
    /// Closes at the first bytes it gets.
    Slam,
    /// Serves no more, and ends the connections it has.
    Away,
}

/// What is shared by all nodes and the test.
#[derive(Debug)]
pub struct Shared {
    pub world: World,
    ports: Mutex<BTreeMap<i32, u16>>,
    counts: Mutex<BTreeMap<(i32, ApiKey), u64>>,
    /// APIs that are answered with "not authorized".
    denied: Mutex<BTreeSet<ApiKey>>,
    /// APIs that get no answer, and hold up what comes after them on their connection.
    muted: Mutex<BTreeSet<ApiKey>>,
    /// Different metadata requests that could create a topic.
    creating: Mutex<u64>,
    answers: Mutex<Kept>,
}

/// Answers that were given before.
#[derive(Debug, Default)]
struct Kept {
    /// By node, API, version and request.
    frames: HashMap<(i32, i16, i16, Bytes), Bytes>,
    /// How often what they say has changed: an answer that was made meanwhile is old and must not be kept.
    changes: u64,
}

impl Kept {
    fn change(&mut self) {
        self.frames.clear();
        self.changes += 1;
    }
}

/// A running cluster; everything ends when it is dropped.
pub struct Canned {
    shared: Arc<Shared>,
    moods: BTreeMap<i32, watch::Sender<Mood>>,
    nodes: JoinSet<()>,
}

impl Canned {
    /// Starts a listener per broker of the world, ids from 1.
    pub async fn start(world: World) -> Self {
        let ids = 1..=world.brokers;
        let shared = Arc::new(Shared {
            world,
            ports: Mutex::default(),
            counts: Mutex::default(),
            denied: Mutex::default(),
            muted: Mutex::default(),
            creating: Mutex::default(),
            answers: Mutex::default(),
        });
        let mut canned = Self {
            shared,
            moods: BTreeMap::new(),
            nodes: JoinSet::new(),
        };
        for id in ids {
            canned.serve(id).await;
        }
        canned
    }

    /// Starts a node on a new port; one that runs already goes away first.
    pub async fn serve(&mut self, id: i32) -> u16 {
        self.mood(id, Mood::Away);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        self.shared.ports.lock().unwrap().insert(id, port);
        self.shared.answers.lock().unwrap().change();
        let (mood, moods) = watch::channel(Mood::Serve);
        self.moods.insert(id, mood);
        self.nodes
            .spawn(listen(self.shared.clone(), id, listener, moods));
        port
    }

    /// Changes how a node behaves, on connections it has too.
    pub fn mood(&self, id: i32, mood: Mood) {
        if let Some(moods) = self.moods.get(&id) {
            moods.send_replace(mood);
        }
    }

    /// The address of one node.
    pub fn address(&self, id: i32) -> String {
        format!(
            "127.0.0.1:{}",
            self.shared.ports.lock().unwrap().get(&id).unwrap()
        )
    }

    /// Says from now on that a broker is where another cluster's node listens.
    pub fn divert(&self, id: i32, other: &Self, node: i32) {
        let port = *other.shared.ports.lock().unwrap().get(&node).unwrap();
        self.shared.ports.lock().unwrap().insert(id, port);
        self.shared.answers.lock().unwrap().change();
    }

    /// The addresses of all nodes.
    pub fn bootstrap(&self) -> Vec<String> {
        self.moods.keys().map(|id| self.address(*id)).collect()
    }

    /// Refuses an API from now on.
    pub fn deny(&self, key: ApiKey) {
        self.shared.denied.lock().unwrap().insert(key);
        self.shared.answers.lock().unwrap().change();
    }

    /// Answers an API again that was refused.
    pub fn allow(&self, key: ApiKey) {
        self.shared.denied.lock().unwrap().remove(&key);
        self.shared.answers.lock().unwrap().change();
    }

    /// Leaves an API without answer from now on.
    pub fn mute(&self, key: ApiKey) {
        self.shared.muted.lock().unwrap().insert(key);
    }

    /// Requests of an API so far, over all nodes.
    pub fn count(&self, key: ApiKey) -> u64 {
        let counts = self.shared.counts.lock().unwrap();
        counts
            .iter()
            .filter(|((_, api), _)| *api == key)
            .map(|(_, count)| count)
            .sum()
    }

    /// How many different metadata requests so far could have created a topic.
    pub fn creating(&self) -> u64 {
        *self.shared.creating.lock().unwrap()
    }
}

async fn listen(
    shared: Arc<Shared>,
    id: i32,
    listener: TcpListener,
    mut moods: watch::Receiver<Mood>,
) {
    let seen = moods.clone();
    let accepting = async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(converse(shared.clone(), id, stream, seen.clone()));
        }
    };
    tokio::select! {
        () = accepting => {}
        // Dropping the other branch closes the listener and every connection.
        _ = moods.wait_for(|mood| *mood == Mood::Away) => {}
    }
}

async fn converse(
    shared: Arc<Shared>,
    id: i32,
    mut stream: TcpStream,
    moods: watch::Receiver<Mood>,
) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length).await.ok()?;
        let mut content = vec![0; usize::try_from(i32::from_be_bytes(length)).ok()?];
        stream.read_exact(&mut content).await.ok()?;
        let key = i16::from_be_bytes(*content.first_chunk()?);
        let muted = shared.muted.lock().unwrap().contains(&ApiKey(key));
        let mood = if muted {
            Mood::Hang
        } else {
            moods.borrow().clone()
        };
        match mood {
            Mood::Serve => {
                let (frame, correlation) = shared.answer(id, &Bytes::from(content))?;
                // The kept frame has another request's number in it.
                stream.write_all(frame.get(..4)?).await.ok()?;
                stream.write_all(&correlation.to_be_bytes()).await.ok()?;
                stream.write_all(frame.get(8..)?).await.ok()?;
            }
            Mood::Hang => std::future::pending().await,
            Mood::Blurt(words) => {
                stream.write_all(&words).await.ok()?;
                return None;
            }
            Mood::Slam | Mood::Away => return None,
        }
    }
}

impl Shared {
    /// The frame that answers a request, and the request's number. `None` closes the connection, as brokers do
    /// when they cannot read what they got.
    fn answer(&self, node: i32, content: &Bytes) -> Option<(Bytes, i32)> {
        let mut reader = Reader::over(content);
        let header = RequestHeader::read(&mut reader, |key, version| {
            let flexible = APIS
                .iter()
                .find(|api| api.key == key)
                .map(|api| api.flexible_from);
            HeaderForm::of_request(version, flexible.unwrap_or(i16::MAX))
        })
        .ok()?;
        let body = reader.take_bytes(reader.left(), "body").ok()?;
        let (key, version) = (header.key, header.version);
        *self.counts.lock().unwrap().entry((node, key)).or_default() += 1;
        let asked = (node, key.0, version, body.clone());
        let changes = {
            let kept = self.answers.lock().unwrap();
            if let Some(frame) = kept.frames.get(&asked) {
                return Some((frame.clone(), header.correlation_id));
            }
            kept.changes
        };
        let frame = Bytes::from(self.encode(node, key, version, &body)?);
        let mut kept = self.answers.lock().unwrap();
        if kept.changes == changes {
            kept.frames.insert(asked, frame.clone());
        }
        drop(kept);
        Some((frame, header.correlation_id))
    }

    fn denies(&self, key: ApiKey) -> bool {
        self.denied.lock().unwrap().contains(&key)
    }
}
