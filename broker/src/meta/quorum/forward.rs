//! Commands on their way to the active controller, wherever it is.
//!
//! A command is sent again only where it is certain that nothing happened: it could not be sent, or
//! the other node said that it is not the controller. Once it may have been carried out, it is never
//! sent a second time: who submitted it hears so and decides. So no command happens twice.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::SubmitError;
use super::active::{Refusal, Submitted};
use super::roster::Roster;
use super::types::Raft;
use crate::fault::Link;
use crate::meta::command::{Asker, Command, Reply};
use crate::peer::{Address, Dialer, Peer, PeerError};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::{ControllerCommandRequest, ControllerCommandResponse};

/// Connections kept open to one node for the next command.
const IDLE: usize = 4;

/// Pauses between attempts to find the controller: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(250));

/// How long a change of the voters may take.
const CHANGE: Duration = Duration::from_secs(35);

/// Said where nobody else has said anything.
const NO_LEADER: &str = "no leader is known";

/// What one attempt came to.
enum Attempt {
    Answered(Bytes),
    /// Nothing happened; perhaps it is known who to ask instead.
    Nothing(String, Option<i32>),
    /// It may have happened.
    Unknown(SubmitError),
}

/// Finds the active controller and asks it.
pub struct Forwarder {
    /// This node.
    pub node: i32,
    /// Who votes, and where.
    pub roster: Roster,
    /// How connections are opened.
    pub dialer: Dialer,
    /// The consensus, for who leads.
    pub raft: Raft,
    /// This node's own controller.
    pub local: mpsc::Sender<Submitted>,
    /// How long a command may take.
    pub within: Duration,
    /// Connections at rest.
    pub idle: Mutex<BTreeMap<i32, Vec<Peer>>>,
}

impl Forwarder {
    /// Asks the active controller; for a client, if it is one that asks.
    pub async fn submit(
        &self,
        command: Command,
        asker: Option<Asker>,
    ) -> Result<Reply, SubmitError> {
        let deadline = Instant::now() + self.within;
        let mut encoded = command
            .encode()
            .map_err(|error| SubmitError::Unsendable(error.to_string()))?;
        if let Some(asker) = asker {
            asker.put(&mut encoded);
        }
        let mut search = Search::new();
        let mut command = Some(command);
        loop {
            let attempt = match self.target(&mut search) {
                None => Attempt::Nothing(NO_LEADER.to_owned(), None),
                Some(node) if node == self.node => {
                    let given = command
                        .take()
                        .map_or_else(|| decode_command(&encoded), Ok)?;
                    match self.ask_here(given, Asker::of(&encoded), deadline).await {
                        Ok(reply) => return Ok(reply),
                        Err(Refusal::NotActive) => Attempt::Nothing(NO_LEADER.to_owned(), None),
                        Err(Refusal::TooLarge) => return Err(too_large()),
                        Err(Refusal::Unknown) => Attempt::Unknown(unconfirmed()),
                    }
                }
                Some(node) => self.ask_there(node, &encoded, deadline).await,
            };
            match attempt {
                Attempt::Answered(body) => return decode_reply(&encoded, &body),
                Attempt::Nothing(why, hint) => (search.why, search.hint) = (why, hint),
                Attempt::Unknown(error) => return Err(error),
            }
            self.pause(&mut search, deadline).await?;
        }
    }

    /// Asks the leader for what only it knows, with a request that changes nothing.
    pub async fn ask_leader(
        &self,
        request: &ControllerCommandRequest,
    ) -> Result<Bytes, SubmitError> {
        self.ask_once_or_more(request, self.within, true).await
    }

    /// Asks the leader for a change that only it can make, once.
    pub async fn ask_to_change(
        &self,
        request: &ControllerCommandRequest,
    ) -> Result<Bytes, SubmitError> {
        self.ask_once_or_more(request, CHANGE, false).await
    }

    async fn ask_once_or_more(
        &self,
        request: &ControllerCommandRequest,
        within: Duration,
        again: bool,
    ) -> Result<Bytes, SubmitError> {
        let deadline = Instant::now() + within;
        let mut search = Search::new();
        loop {
            if let Some(node) = self.target(&mut search).filter(|node| *node != self.node) {
                match self.ask_there(node, request, deadline).await {
                    Attempt::Answered(body) => return Ok(body),
                    Attempt::Nothing(why, hint) => (search.why, search.hint) = (why, hint),
                    Attempt::Unknown(error) if again => search.why = error.to_string(),
                    Attempt::Unknown(error) => return Err(error),
                }
            }
            self.pause(&mut search, deadline).await?;
        }
    }

    /// Whom to ask next: a hint once, else the leader this node knows, else one voter after another.
    fn target(&self, search: &mut Search) -> Option<i32> {
        let known = self.raft.metrics().borrow().current_leader;
        let target = match search.hint.take() {
            Some(hint) => Some(hint),
            None if search.attempts.is_multiple_of(2) && known.is_some() => known,
            None => {
                let turn = search.first + search.attempts;
                let voters = self.roster.voters();
                voters.get(turn % voters.len().max(1)).copied()
            }
        };
        search.attempts += 1;
        target
    }

    async fn pause(&self, search: &mut Search, deadline: Instant) -> Result<(), SubmitError> {
        let until = Instant::now() + search.pause;
        if until >= deadline {
            return Err(SubmitError::NoController(std::mem::take(&mut search.why)));
        }
        if search.hint.is_none() {
            tokio::time::sleep_until(until).await;
            search.pause = (search.pause * 2).min(PAUSES.1);
        }
        Ok(())
    }

    /// Asks this node's own controller.
    pub async fn ask_here(
        &self,
        command: Command,
        asker: Option<Asker>,
        deadline: Instant,
    ) -> Result<Reply, Refusal> {
        let (reply, replied) = oneshot::channel();
        let sent = self.local.send(Submitted {
            command,
            asker,
            reply,
        });
        match timeout_at(deadline, sent).await {
            Ok(Ok(())) => {}
            _ => return Err(Refusal::NotActive),
        }
        match timeout_at(deadline, replied).await {
            Ok(Ok(said)) => said,
            _ => Err(Refusal::Unknown),
        }
    }

    async fn ask_there(
        &self,
        node: i32,
        request: &ControllerCommandRequest,
        deadline: Instant,
    ) -> Attempt {
        let Some(address) = self.roster.address(node) else {
            return Attempt::Nothing(format!("node {node} is no voter"), None);
        };
        let mut peer = match self.connection(&address).await {
            Ok(peer) => peer,
            Err(error) => return Attempt::Nothing(error.to_string(), None),
        };
        let within = deadline.saturating_duration_since(Instant::now());
        match peer.ask(request, 0, within).await {
            Ok(response) => {
                self.keep(node, peer);
                read_response(node, response)
            }
            Err(PeerError::TimedOut { .. }) => Attempt::Unknown(SubmitError::TimedOut),
            Err(error) => Attempt::Unknown(SubmitError::Unconfirmed(error.to_string())),
        }
    }

    fn idle(&self) -> MutexGuard<'_, BTreeMap<i32, Vec<Peer>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that is there and not closed, or a new one.
    async fn connection(&self, to: &Address) -> Result<Peer, PeerError> {
        while let Some(mut peer) = self.take_idle(to.node) {
            if peer.is_usable() {
                return Ok(peer);
            }
        }
        self.dialer.connect(Link::Controller, to).await
    }

    fn take_idle(&self, node: i32) -> Option<Peer> {
        self.idle().get_mut(&node).and_then(Vec::pop)
    }

    fn keep(&self, node: i32, peer: Peer) {
        let mut idle = self.idle();
        let kept = idle.entry(node).or_default();
        if kept.len() < IDLE {
            kept.push(peer);
        }
    }
}

/// Where the search for the controller stands.
struct Search {
    attempts: usize,
    first: usize,
    hint: Option<i32>,
    pause: Duration,
    why: String,
}

impl Search {
    fn new() -> Self {
        let random = usize::try_from(super::guest::random_u64() % 1024).unwrap_or_default();
        Self {
            attempts: 0,
            first: random,
            hint: None,
            pause: PAUSES.0,
            why: NO_LEADER.to_owned(),
        }
    }
}

fn too_large() -> SubmitError {
    let why = "it changes more than the quorum agrees on at once: ask for less at a time";
    SubmitError::Unsendable(why.to_owned())
}

fn unconfirmed() -> SubmitError {
    SubmitError::Unconfirmed("the leadership was lost under way".to_owned())
}

fn read_response(node: i32, response: ControllerCommandResponse) -> Attempt {
    match response.error_code {
        ErrorCode::NONE => Attempt::Answered(response.body),
        ErrorCode::NOT_CONTROLLER => {
            let hint = Some(response.leader_id).filter(|leader| *leader >= 0 && *leader != node);
            Attempt::Nothing(format!("node {node} is not the controller"), hint)
        }
        ErrorCode::POLICY_VIOLATION => Attempt::Unknown(too_large()),
        ErrorCode::REQUEST_TIMED_OUT => Attempt::Unknown(unconfirmed()),
        other => Attempt::Unknown(SubmitError::Unsendable(format!("node {node}: {other}"))),
    }
}

fn decode_command(request: &ControllerCommandRequest) -> Result<Command, SubmitError> {
    Command::decode(request.api_key, request.api_version, &request.body)
        .map_err(|error| SubmitError::Unsendable(error.to_string()))
}

fn decode_reply(request: &ControllerCommandRequest, body: &Bytes) -> Result<Reply, SubmitError> {
    Reply::decode(request.api_key, request.api_version, body)
        .map_err(|error| SubmitError::Unconfirmed(format!("its answer is unreadable: {error}")))
}

impl Forwarder {
    /// Answers a command that another node sent here; never sends it on.
    pub async fn serve(&self, request: &ControllerCommandRequest) -> ControllerCommandResponse {
        let leader_id = self.raft.metrics().borrow().current_leader.unwrap_or(-1);
        let refused = |error_code| ControllerCommandResponse {
            error_code,
            leader_id,
            ..ControllerCommandResponse::default()
        };
        let Ok(command) = decode_command(request) else {
            return refused(ErrorCode::UNSUPPORTED_VERSION);
        };
        let deadline = Instant::now() + self.within;
        match self.ask_here(command, Asker::of(request), deadline).await {
            Err(Refusal::NotActive) => refused(ErrorCode::NOT_CONTROLLER),
            Err(Refusal::TooLarge) => refused(ErrorCode::POLICY_VIOLATION),
            Err(Refusal::Unknown) => refused(ErrorCode::REQUEST_TIMED_OUT),
            Ok(reply) => match reply.encode(request.api_version) {
                Ok(body) => ControllerCommandResponse {
                    leader_id: self.node,
                    body: body.into(),
                    ..ControllerCommandResponse::default()
                },
                Err(error) => {
                    log::error!("the answer to {} cannot be sent: {error}", request.api_key);
                    refused(ErrorCode::REQUEST_TIMED_OUT)
                }
            },
        }
    }
}
