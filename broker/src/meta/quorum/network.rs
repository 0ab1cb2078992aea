//! openraft's requests, sent over the streams that the other nodes opened, and what their answers
//! say about how far those nodes are.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use openraft::error::{Fatal, RPCError, RaftError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::{Backoff, RPCOption, RaftNetwork, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, VoteRequest, VoteResponse,
};
use openraft::{AnyError, OptionalSend, Snapshot};
use tokio::time::timeout;

use super::host::Streams;
use super::progress::{Acknowledgement, Progress};
use super::storage::LogStore;
use super::stream::{Answer, Part, Question};
use super::types::{LogId, Member, Types, Vote, next_index};
use crate::clock::Clock;

/// How many records of a snapshot travel at once.
const PART_RECORDS: usize = 1000;

/// How long one part of a snapshot may take; the last one includes writing it to disk.
const PART_TIMEOUT: Duration = Duration::from_secs(30);

/// The pause before a node that could not answer is asked again.
const RETRY: Duration = Duration::from_millis(200);

type Failed<E = openraft::error::Infallible> = RPCError<i32, Member, RaftError<i32, E>>;

/// Makes the way to each node; a handle, cheap to clone.
#[derive(Debug, Clone)]
pub struct Network {
    /// Streams that others opened.
    pub streams: Streams,
    /// What they acknowledged.
    pub progress: Arc<Progress>,
    /// This node's log, for its end.
    pub log: LogStore,
    /// What time it is.
    pub clock: Clock,
}

impl RaftNetworkFactory<Types> for Network {
    type Network = Way;

    async fn new_client(&mut self, target: i32, _: &Member) -> Way {
        let network = self.clone();
        Way { target, network }
    }
}

/// The way to one node.
#[derive(Debug)]
pub struct Way {
    target: i32,
    network: Network,
}

impl Way {
    async fn ask(&self, question: Question) -> Result<Answer, Unreachable> {
        let answer = self
            .network
            .streams
            .ask(self.target, Arc::new(question))
            .await;
        match answer {
            None => Err(self.unreachable("has no stream to this one")),
            Some(answer) => self.sound(answer),
        }
    }

    fn sound(&self, answer: Answer) -> Result<Answer, Unreachable> {
        match answer {
            Answer::Failed(why) => Err(self.unreachable(&why)),
            answer => Ok(answer),
        }
    }

    fn unreachable(&self, why: &str) -> Unreachable {
        Unreachable::new(&AnyError::error(format!("node {}: {why}", self.target)))
    }

    fn misunderstood<E: std::error::Error>(&self) -> Failed<E> {
        RPCError::Unreachable(self.unreachable("answers another question"))
    }

    fn acknowledge(&self, vote: Vote, end: u64, asked: (u64, i64)) {
        let (leader_end, asked_ms) = asked;
        self.network.progress.take(Acknowledgement {
            term: vote.leader_id().term,
            node: self.target,
            end,
            leader_end,
            asked_ms,
            now_ms: self.network.clock.now_ms(),
        });
    }

    /// The leader's end and the time, as of a question.
    fn moment(&self) -> (u64, i64) {
        (self.network.log.end(), self.network.clock.now_ms())
    }
}

impl RaftNetwork<Types> for Way {
    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<Types>,
        _: RPCOption,
    ) -> Result<AppendEntriesResponse<i32>, Failed> {
        let last = request.entries.last().map(|entry| entry.log_id);
        let (vote, last) = (request.vote, last.or(request.prev_log_id));
        let asked = self.moment();
        // A node that comes back hears of its leader at once; openraft gives up after a heartbeat's time.
        let question = Arc::new(Question::Append(request));
        let streams = &self.network.streams;
        let answer = streams.ask_once_there(self.target, question).await;
        let Answer::Append(answer) = self.sound(answer)? else {
            return Err(self.misunderstood());
        };
        let end: Option<Option<LogId>> = match &answer {
            AppendEntriesResponse::Success => Some(last),
            AppendEntriesResponse::PartialSuccess(matching) => Some(*matching),
            AppendEntriesResponse::Conflict | AppendEntriesResponse::HigherVote(_) => None,
        };
        if let Some(end) = end {
            self.acknowledge(vote, next_index(end), asked);
        }
        Ok(answer)
    }

    async fn vote(
        &mut self,
        request: VoteRequest<i32>,
        _: RPCOption,
    ) -> Result<VoteResponse<i32>, Failed> {
        match self.ask(Question::Vote(request)).await? {
            Answer::Vote(answer) => Ok(answer),
            _ => Err(self.misunderstood()),
        }
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: Snapshot<Types>,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        _: RPCOption,
    ) -> Result<SnapshotResponse<i32>, StreamingError<Types, Fatal<i32>>> {
        tokio::select! {
            closed = cancel => Err(closed.into()),
            sent = self.send_snapshot(vote, snapshot) => Ok(sent?),
        }
    }

    fn backoff(&self) -> Backoff {
        Backoff::new(std::iter::repeat(RETRY))
    }
}

impl Way {
    async fn send_snapshot(
        &self,
        vote: Vote,
        snapshot: Snapshot<Types>,
    ) -> Result<SnapshotResponse<i32>, Unreachable> {
        let asked = self.moment();
        let (meta, picture) = (snapshot.meta, *snapshot.snapshot);
        let mut left = picture.records.as_slice();
        let mut before = 0;
        loop {
            let (now, later) = left.split_at(left.len().min(PART_RECORDS));
            let part = Part {
                vote,
                meta: meta.clone(),
                offset: picture.offset,
                before,
                records: now.to_vec(),
                is_last: later.is_empty(),
            };
            let answer = timeout(PART_TIMEOUT, self.ask(Question::Snapshot(part)))
                .await
                .map_err(|_| self.unreachable("does not take a part of the snapshot in time"))??;
            let Answer::Snapshot { vote: theirs } = answer else {
                return Err(self.unreachable("answers another question"));
            };
            if theirs > vote {
                return Ok(SnapshotResponse::new(theirs));
            }
            if later.is_empty() {
                self.acknowledge(vote, next_index(meta.last_log_id), asked);
                return Ok(SnapshotResponse::new(theirs));
            }
            before += now.len();
            left = later;
        }
    }
}
