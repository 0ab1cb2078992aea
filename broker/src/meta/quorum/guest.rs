//! The end of a stream that answers: this node opens one to every other voter, keeps it open, and
//! answers what comes over it. Opens again, with growing pauses, whatever happens.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use openraft::Snapshot;
use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;

use super::election::Contact;
use super::joining::Joining;
use super::roster::Roster;
use super::stream::{self, Answer, Part, Question, StreamError};
use super::types::{Picture, Raft, Types};
use crate::fault::Link;
use crate::peer::{Address, Dialer, PeerError};
use crate::tls::Stream;
use crate::wire::messages::{QuorumStreamRequest, QuorumStreamResponse};

/// Pauses between attempts to open a stream: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Silence after which a stream counts as dead: three pings of the other node did not come.
const SILENCE: Duration = Duration::from_secs(13);

/// What answers questions: this node's consensus.
#[derive(Clone)]
pub struct Answering {
    /// The consensus.
    pub raft: Raft,
    /// When a leader was last heard.
    pub contact: Arc<Contact>,
    /// Whether this node may vote yet.
    pub joining: Arc<Joining>,
    /// Who votes.
    pub roster: Roster,
}

/// A node that opens streams.
#[derive(Clone)]
pub struct Guest {
    /// How it introduces itself.
    pub hello: QuorumStreamRequest,
    /// How it opens connections.
    pub dialer: Dialer,
    /// What answers.
    pub answering: Answering,
    /// To whom streams are opened.
    pub roster: Roster,
}

/// Why there is no stream.
#[derive(Debug, thiserror::Error)]
enum Missing {
    #[error(transparent)]
    Peer(#[from] PeerError),
    #[error("it refuses the stream: {0:?}")]
    Refused(QuorumStreamResponse),
    #[error(transparent)]
    Ended(#[from] StreamError),
}

impl Guest {
    /// Keeps streams to all voters open, whoever they are, for ever.
    pub async fn keep(self) {
        let mut tasks = JoinSet::new();
        let mut followed: Vec<(Address, AbortHandle)> = Vec::new();
        loop {
            let hosts = self.roster.hosts();
            let gone = followed.extract_if(.., |(host, _)| !hosts.contains(host));
            gone.for_each(|(_, task)| task.abort());
            let is_new = |host: &&Address| !followed.iter().any(|(known, _)| known == *host);
            let new: Vec<&Address> = hosts.iter().filter(is_new).collect();
            for host in new {
                let task = tasks.spawn(self.clone().follow(host.clone()));
                followed.push((host.clone(), task));
            }
            self.roster.changed(&hosts).await;
        }
    }

    /// Keeps a stream to `host` open, for ever.
    async fn follow(self, host: Address) {
        let mut pause = PAUSES.0;
        let mut told = String::new();
        loop {
            let mut was_open = false;
            let Err(missing) = self.follow_once(&host, &mut was_open).await;
            if was_open {
                pause = PAUSES.0;
            }
            // The same reason over and over is told once.
            let why = missing.to_string();
            if why != told {
                log::info!("no quorum stream to node {}: {why}", host.node);
                told = why;
            }
            tokio::time::sleep(jittered(pause)).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    async fn follow_once(
        &self,
        host: &Address,
        was_open: &mut bool,
    ) -> Result<std::convert::Infallible, Missing> {
        let within = self.dialer.connect_timeout;
        let mut peer = self.dialer.connect(Link::Controller, host).await?;
        let welcome = peer.ask(&self.hello, 0, within).await?;
        let voters = welcome.voters.iter().map(|voter| Address {
            node: voter.node_id,
            host: voter.host.clone(),
            port: voter.port,
        });
        self.roster.learn(voters.collect());
        if !welcome.error_code.is_ok() {
            return Err(Missing::Refused(welcome));
        }
        *was_open = true;
        let (stream, buffer) = peer.into_stream();
        tokio::select! {
            biased;
            () = self.dialer.faults.cut(Link::Controller, host.node) => {
                Err(PeerError::Cut(host.node).into())
            }
            ended = self.answering.clone().serve(stream, buffer) => Err(ended.into()),
        }
    }
}

/// A little less than `pause`, so that nodes do not knock in step.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(1.0 - f64::from(random_u32() % 256) / 1024.0)
}

/// Chance without a generator to keep: the standard library seeds its hashers.
pub fn random_u64() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn random_u32() -> u32 {
    u32::try_from(random_u64() >> 32).unwrap_or_default()
}

impl Answering {
    /// Answers question by question until the stream ends.
    async fn serve(self, stream: Stream, mut buffer: BytesMut) -> StreamError {
        let (mut source, mut sink) = tokio::io::split(stream);
        let mut parts = None;
        loop {
            let read = stream::read::<Question>(&mut source, &mut buffer);
            let asked = match timeout(SILENCE, read).await {
                Err(_) => return StreamError::Silent(SILENCE),
                Ok(Err(error)) => return error,
                Ok(Ok(asked)) => asked,
            };
            let answer = self.answer(asked.content, &mut parts).await;
            let written = match stream::encode(asked.number, &answer) {
                Ok(bytes) => stream::send(&mut sink, &bytes)
                    .await
                    .map_err(StreamError::Io),
                Err(error) => Err(error),
            };
            if let Err(error) = written {
                return error;
            }
        }
    }

    async fn answer(&self, question: Question, parts: &mut Option<Part>) -> Answer {
        match question {
            Question::Ping => Answer::Pong,
            Question::Poll { last, new } => {
                // Before what it says of the other ends the joining of this one.
                let is_new = self.contact.is_new(&self.raft);
                self.joining.hear_new(new);
                let may_vote = !self.joining.is_joining() && !self.roster.has_another_directory();
                Answer::Poll {
                    is_granted: may_vote && self.contact.grants(&self.raft, last),
                    is_new,
                }
            }
            Question::Vote(_) if self.joining.is_joining() => {
                Answer::Failed("its directory is new: it has no vote yet".to_owned())
            }
            Question::Vote(_) if self.roster.has_another_directory() => {
                Answer::Failed("it got its vote with another directory".to_owned())
            }
            Question::Vote(request) => match self.raft.vote(request).await {
                Ok(answer) => Answer::Vote(answer),
                Err(error) => Answer::Failed(error.to_string()),
            },
            Question::Append(request) => self.append(request).await,
            Question::Snapshot(part) => self.take_part(part, parts).await,
        }
    }

    async fn append(&self, request: AppendEntriesRequest<Types>) -> Answer {
        let (vote, committed) = (request.vote, request.leader_commit);
        let answer = match self.raft.append_entries(request).await {
            Ok(answer) => answer,
            Err(error) => return Answer::Failed(error.to_string()),
        };
        self.contact.hear(&answer, vote.leader_id().node_id);
        if answer == AppendEntriesResponse::Success {
            let last = self.contact.last_entry();
            self.joining.hear_leader(vote, committed, last);
        }
        Answer::Append(answer)
    }

    /// Gathers the parts of a snapshot and installs it with the last one.
    async fn take_part(&self, part: Part, parts: &mut Option<Part>) -> Answer {
        let vote = self.raft.metrics().borrow().vote;
        if part.vote < vote {
            return Answer::Snapshot { vote };
        }
        self.contact.hear_leader(part.vote.leader_id().node_id);
        let whole = match parts.take().filter(|known| known.meta == part.meta) {
            None if part.before == 0 => part,
            Some(known) if known.records.len() == part.before => {
                let mut whole = known;
                whole.records.extend(part.records);
                whole.is_last = part.is_last;
                whole
            }
            _ => return Answer::Failed("this part of a snapshot does not follow".to_owned()),
        };
        if !whole.is_last {
            *parts = Some(whole);
            return Answer::Snapshot { vote };
        }
        let (offset, records) = (whole.offset, whole.records);
        let snapshot = Snapshot {
            meta: whole.meta,
            snapshot: Box::new(Picture { offset, records }),
        };
        match self.raft.install_full_snapshot(whole.vote, snapshot).await {
            Ok(answer) => Answer::Snapshot { vote: answer.vote },
            Err(error) => Answer::Failed(error.to_string()),
        }
    }
}
