//! Votes that are given and taken away while the quorum runs (KIP-853): the leader alone does it, one change
//! at a time, and answers once it is agreed on. Only of a quorum whose voters are not named by the settings.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use openraft::ChangeMembers;
use tokio::time::{Instant, sleep, timeout_at};

use super::types::Member;
use super::{Quorum, SubmitError};
use crate::wire::api_key::ApiKey;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::{
    AddRaftVoterRequest, AddRaftVoterResponse, ControllerCommandRequest, ControllerCommandResponse,
    Message, RemoveRaftVoterRequest, RemoveRaftVoterResponse, decode_all,
};
use crate::wire::primitives::Reader;
use crate::wire::uuid::Uuid;

/// The least and the most time that a change gets.
const WITHIN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));
/// How often is looked whether an observer has caught up.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Why the voters stay as they are.
type Refusal = (ErrorCode, String);

/// A voter as Kafka writes it.
struct Key(i32, Uuid);

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReplicaKey(id={}, directoryId={})", self.0, self.1)
    }
}

impl Quorum {
    /// Gives an observer that has caught up a vote, wherever the leader is.
    ///
    /// # Errors
    /// No leader is reachable, or its answer was lost: then it may have a vote.
    pub async fn add_voter(
        &self,
        request: &AddRaftVoterRequest,
    ) -> Result<AddRaftVoterResponse, SubmitError> {
        if self.leader() == Some(self.inner.node) {
            return Ok(self.add_here(request).await);
        }
        self.ask_there(request).await
    }

    /// Takes a vote away, wherever the leader is.
    ///
    /// # Errors
    /// No leader is reachable, or its answer was lost: then it may have no vote any more.
    pub async fn remove_voter(
        &self,
        request: &RemoveRaftVoterRequest,
    ) -> Result<RemoveRaftVoterResponse, SubmitError> {
        if self.leader() == Some(self.inner.node) {
            return Ok(self.remove_here(request).await);
        }
        self.ask_there(request).await
    }

    async fn ask_there<R: crate::wire::messages::Request>(
        &self,
        request: &R,
    ) -> Result<R::Response, SubmitError> {
        let version = *R::VERSIONS.end();
        let mut body = Vec::new();
        let encoded = request.encode(version, &mut body);
        encoded.map_err(|error| SubmitError::Unsendable(error.to_string()))?;
        let command = ControllerCommandRequest {
            api_key: R::KEY,
            api_version: version,
            body: body.into(),
            ..ControllerCommandRequest::default()
        };
        let answer = self.inner.forwarder.ask_to_change(&command).await?;
        decode_all(Reader::over(&answer), version)
            .map_err(|error| SubmitError::Unconfirmed(error.to_string()))
    }

    /// Answers another node's request to change the voters; `None` for any other request.
    pub(super) async fn serve_voters(
        &self,
        request: &ControllerCommandRequest,
    ) -> Option<ControllerCommandResponse> {
        let is_leader = self.leader() == Some(self.inner.node);
        let refused = |error_code| ControllerCommandResponse {
            error_code,
            leader_id: self.leader().unwrap_or(-1),
            ..ControllerCommandResponse::default()
        };
        let version = request.api_version;
        let mut body = Vec::new();
        let written = match request.api_key {
            ApiKey::ADD_RAFT_VOTER | ApiKey::REMOVE_RAFT_VOTER if !is_leader => {
                return Some(refused(ErrorCode::NOT_CONTROLLER));
            }
            ApiKey::ADD_RAFT_VOTER => match decode_all(Reader::over(&request.body), version) {
                Ok(asked) => self.add_here(&asked).await.encode(version, &mut body),
                Err(error) => Err(error),
            },
            ApiKey::REMOVE_RAFT_VOTER => match decode_all(Reader::over(&request.body), version) {
                Ok(asked) => self.remove_here(&asked).await.encode(version, &mut body),
                Err(error) => Err(error),
            },
            _ => return None,
        };
        if written.is_err() {
            return Some(refused(ErrorCode::UNSUPPORTED_VERSION));
        }
        Some(ControllerCommandResponse {
            leader_id: self.inner.node,
            body: body.into(),
            ..ControllerCommandResponse::default()
        })
    }

    async fn add_here(&self, request: &AddRaftVoterRequest) -> AddRaftVoterResponse {
        let (error_code, error_message) = match self.try_add(request).await {
            Ok(()) => (ErrorCode::NONE, None),
            Err((code, why)) => (code, Some(why)),
        };
        AddRaftVoterResponse {
            error_code,
            error_message,
            ..AddRaftVoterResponse::default()
        }
    }

    async fn remove_here(&self, request: &RemoveRaftVoterRequest) -> RemoveRaftVoterResponse {
        let (error_code, error_message) = match self.try_remove(request).await {
            Ok(()) => (ErrorCode::NONE, None),
            Err((code, why)) => (code, Some(why)),
        };
        RemoveRaftVoterResponse {
            error_code,
            error_message,
            ..RemoveRaftVoterResponse::default()
        }
    }

    async fn try_add(&self, request: &AddRaftVoterRequest) -> Result<(), Refusal> {
        let (id, directory) = (request.voter_id, request.voter_directory_id);
        self.check(request.cluster_id.as_deref(), (id, directory), "adding")?;
        let listener = self.inner.listener_name.as_str();
        let mut listeners = request.listeners.iter();
        let Some(place) = listeners.find(|one| one.name.eq_ignore_ascii_case(listener)) else {
            let why =
                format!("Add voter request didn't include the endpoint of listener {listener}");
            return Err((ErrorCode::INVALID_REQUEST, why));
        };
        let voters = self.inner.roster.voters();
        if voters.contains(&id) {
            let key = Key(id, directory);
            let why =
                format!("The voter id for {key} is already part of the set of voters {voters:?}.");
            return Err((ErrorCode::DUPLICATE_VOTER, why));
        }
        let asked = Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0));
        let until = Instant::now() + asked.clamp(WITHIN.0, WITHIN.1);
        self.await_observer((id, directory), until).await?;
        let member = Member {
            directory,
            host: place.host.clone(),
            port: place.port,
        };
        let nodes = ChangeMembers::SetNodes(BTreeMap::from([(id, member)]));
        self.change(nodes, true, until).await?;
        let voters = ChangeMembers::AddVoterIds(BTreeSet::from([id]));
        self.change(voters, true, until).await
    }

    async fn try_remove(&self, request: &RemoveRaftVoterRequest) -> Result<(), Refusal> {
        let (id, directory) = (request.voter_id, request.voter_directory_id);
        self.check(request.cluster_id.as_deref(), (id, directory), "removing")?;
        let roster = &self.inner.roster;
        let voters = roster.voters();
        let is_one = voters.contains(&id) && roster.directory(id) == directory;
        if !is_one || voters.len() == 1 {
            let key = Key(id, directory);
            let why = format!("Cannot remove voter {key} from the set of voters {voters:?}");
            return Err((ErrorCode::VOTER_NOT_FOUND, why));
        }
        let change = ChangeMembers::RemoveVoters(BTreeSet::from([id]));
        // A leader would go on leading as an observer: it leaves altogether, and reads along again once
        // another one leads.
        let stays = id != self.inner.node;
        self.change(change, stays, Instant::now() + WITHIN.1).await
    }

    /// What is checked before anything else.
    fn check(
        &self,
        cluster: Option<&str>,
        (id, directory): (i32, Uuid),
        doing: &str,
    ) -> Result<(), Refusal> {
        if cluster.is_some_and(|cluster| cluster != self.inner.cluster_id) {
            let why = format!("this cluster is {}", self.inner.cluster_id);
            return Err((ErrorCode::INCONSISTENT_CLUSTER_ID, why));
        }
        if self.inner.roster.is_static() {
            let why = format!(
                "Cluster doesn't support {doing} voter because the kraft.version feature is 0: its voters are named by controller.quorum.voters"
            );
            return Err((ErrorCode::UNSUPPORTED_VERSION, why));
        }
        if id < 0 || directory.is_zero() {
            let why = "the request doesn't include a valid voter: an id and a directory id";
            return Err((ErrorCode::INVALID_REQUEST, why.to_owned()));
        }
        Ok(())
    }

    /// Waits until a node reads along and has everything.
    async fn await_observer(
        &self,
        (id, directory): (i32, Uuid),
        until: Instant,
    ) -> Result<(), Refusal> {
        let key = Key(id, directory);
        loop {
            let metrics = self.inner.raft.metrics().borrow().clone();
            let known = self.inner.progress.of(metrics.current_term, id);
            let is_level = known.is_some_and(|known| known.end >= self.inner.log.end());
            let there = self.inner.streams.directory(id);
            if is_level && there == Some(directory) {
                return Ok(());
            }
            if Instant::now() >= until {
                return Err(not_ready(&key, there.is_some()));
            }
            sleep(LOOK_EVERY).await;
        }
    }

    async fn change(
        &self,
        change: ChangeMembers<i32, Member>,
        stays: bool,
        until: Instant,
    ) -> Result<(), Refusal> {
        let changed = self.inner.raft.change_membership(change, stays);
        match timeout_at(until, changed).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err((
                ErrorCode::REQUEST_TIMED_OUT,
                format!("the voters are not changed: {error}"),
            )),
            Err(_) => Err((
                ErrorCode::REQUEST_TIMED_OUT,
                "Request timed out waiting for voters to commit the latest voter change".to_owned(),
            )),
        }
    }
}

/// Why a node gets no vote in time.
fn not_ready(key: &Key, is_there: bool) -> Refusal {
    let why = if is_there {
        format!("Aborted add voter operation for {key} since it is lagging behind")
    } else {
        format!("New voter {key} is not ready to receive requests")
    };
    (ErrorCode::REQUEST_TIMED_OUT, why)
}
