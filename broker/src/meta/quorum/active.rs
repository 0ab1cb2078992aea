//! The active controller's loop: only the leader runs one. All commands that wait are answered
//! against one image, their records agreed on at once, and only then do the answers go out. One
//! proposal is under way at a time.

use std::sync::Arc;
use std::time::Duration;

use openraft::ServerState;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::guest::random_u64;
use super::progress::Progress;
use super::roster::Roster;
use super::stream::MAX_FRAME_BYTES;
use super::types::{Metrics, Proposal, Raft, Verdict};
use crate::clock::Clock;
use crate::meta::apply::apply;
use crate::meta::command::{Asker, Command, Reply};
use crate::meta::controller::{Controller, ControllerSettings};
use crate::meta::image::{Delta, Image};
use crate::meta::record::Record;

/// Commands that may wait for the active controller.
pub const QUEUE: usize = 1024;

/// Commands answered in one round.
const ROUND_COMMANDS: usize = 256;

/// Records after which a round takes no further command, so that one entry stays small.
const ROUND_RECORDS: usize = 2000;

/// The largest proposal in bytes: half of what a stream carries in one frame. A larger one would be
/// in the leader's log and could never reach the others.
const PROPOSAL_BYTES: usize = MAX_FRAME_BYTES / 2;

/// How long a proposal may wait for its majority.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a command has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing happened: this node is not the active controller.
    NotActive,
    /// Nothing happened: it changes more than one proposal holds.
    TooLarge,
    /// It may have happened or still happen: the leadership was lost under way.
    Unknown,
}

/// Where an answer goes.
pub type ReplyTo = oneshot::Sender<Result<Reply, Refusal>>;

/// A command that waits.
#[derive(Debug)]
pub struct Submitted {
    /// What is asked.
    pub command: Command,
    /// The client that asks, if one does.
    pub asker: Option<Asker>,
    /// Where the answer goes.
    pub reply: ReplyTo,
}

/// What the loop works with.
pub struct Active {
    /// The consensus.
    pub raft: Raft,
    /// This node.
    pub node: i32,
    /// Who votes.
    pub roster: Roster,
    /// What time it is.
    pub clock: Clock,
    /// What the controller goes by.
    pub settings: ControllerSettings,
    /// The newest applied image.
    pub images: watch::Receiver<Arc<Image>>,
    /// Who acknowledged what.
    pub progress: Arc<Progress>,
    /// How long a leader without a majority still acts as one.
    pub fetch_timeout: Duration,
    /// How often time alone is looked at.
    pub tick_every: Duration,
}

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    Done,
    /// The rules' soft state may not fit what happened: start over.
    Lost,
}

/// The term in which a node leads, if it does.
fn leads(metrics: &Metrics) -> Option<u64> {
    (metrics.state == ServerState::Leader).then_some(metrics.current_term)
}

impl Active {
    /// Serves commands while this node leads and refuses them otherwise; ends with the channel.
    pub async fn run(self, mut commands: mpsc::Receiver<Submitted>) {
        let mut metrics = self.raft.metrics();
        let mut led = None;
        while self
            .step(&mut metrics, &mut led, &mut commands)
            .await
            .is_some()
        {}
    }

    /// Leads once, or waits for something to do; `led` is the last term that this node led.
    async fn step(
        &self,
        metrics: &mut watch::Receiver<Metrics>,
        led: &mut Option<u64>,
        commands: &mut mpsc::Receiver<Submitted>,
    ) -> Option<()> {
        let term = leads(&metrics.borrow_and_update());
        // A leader that lost its majority asks nobody until it is heard again.
        let may_lead = |term: &u64| *led != Some(*term) || self.has_majority(*term);
        if let Some(term) = term.filter(may_lead) {
            *led = Some(term);
            return self.lead(term, commands).await;
        }
        tokio::select! {
            changed = metrics.changed() => changed.ok(),
            refused = commands.recv() => {
                answer(refused?.reply, Err(Refusal::NotActive));
                Some(())
            }
            () = sleep(self.tick_every), if term.is_some() => Some(()),
        }
    }

    /// Leads until the term ends; `None` when the commands do.
    async fn lead(&self, term: u64, commands: &mut mpsc::Receiver<Submitted>) -> Option<()> {
        // All that earlier leaders agreed on is applied before anything is decided.
        let caught_up = timeout(self.fetch_timeout, self.raft.ensure_linearizable()).await;
        if !matches!(caught_up, Ok(Ok(_))) {
            sleep(Duration::from_millis(20)).await;
            return Some(());
        }
        let mut controller = {
            let image = self.images.borrow().clone();
            Controller::new(
                self.settings.clone(),
                &image,
                random_u64(),
                self.clock.steady_ms(),
            )
        };
        log::info!(
            "node {} is the active controller in epoch {term}",
            self.node
        );
        let mut metrics = self.raft.metrics();
        let mut ticks = interval(self.tick_every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let mut round = Vec::new();
            tokio::select! {
                changed = metrics.changed() => {
                    changed.ok()?;
                    if leads(&metrics.borrow_and_update()) != Some(term) {
                        return Some(());
                    }
                    continue;
                }
                count = commands.recv_many(&mut round, ROUND_COMMANDS) => if count == 0 {
                    return None;
                },
                _ = ticks.tick() => {}
            }
            if self.round(term, &mut controller, round).await == Round::Lost {
                return Some(());
            }
        }
    }

    /// Whether a majority acknowledged something lately. A leader without one decides nothing: the
    /// others may have a new leader already.
    fn has_majority(&self, term: u64) -> bool {
        has_majority(
            &self.progress,
            term,
            self.node,
            &self.roster.voters(),
            self.fetch_timeout,
        )
    }

    /// Answers commands; without any, looks at what time alone demands.
    async fn round(
        &self,
        term: u64,
        controller: &mut Controller,
        commands: Vec<Submitted>,
    ) -> Round {
        if !self.has_majority(term) {
            for refused in commands {
                answer(refused.reply, Err(Refusal::NotActive));
            }
            // Heartbeats were among them: by what this controller has not heard nobody may be fenced.
            return Round::Lost;
        }
        let mut is_tick = commands.is_empty();
        let mut waiting = commands.into_iter();
        while is_tick || !waiting.as_slice().is_empty() {
            let (fold, answers) = self.decide(controller, is_tick, &mut waiting);
            is_tick = false;
            let refusal = self.agree(fold).await.err();
            tell(answers, refusal);
            if refusal.is_some() {
                // Commands that were not looked at go back to who asked.
                waiting.for_each(|next| answer(next.reply, Err(Refusal::NotActive)));
                return Round::Lost;
            }
        }
        Round::Done
    }

    /// Answers as many commands as make one proposal, each against what those before it changed.
    fn decide(
        &self,
        controller: &mut Controller,
        is_tick: bool,
        waiting: &mut impl Iterator<Item = Submitted>,
    ) -> (Fold, Vec<(ReplyTo, Reply)>) {
        let mut fold = Fold::over(&self.images.borrow());
        let now_ms = self.clock.steady_ms();
        let mut answers = Vec::new();
        if is_tick {
            fold.add(controller.tick(&fold.image, now_ms));
        }
        while fold.records.len() < ROUND_RECORDS
            && let Some(next) = waiting.next()
        {
            let outcome =
                controller.handle_for(&fold.image, (&next.command, next.asker.as_ref()), now_ms);
            fold.add(outcome.records);
            answers.push((next.reply, outcome.reply));
        }
        (fold, answers)
    }

    /// Gets records agreed on and applied.
    async fn agree(&self, fold: Fold) -> Result<(), Refusal> {
        if fold.records.is_empty() {
            return Ok(());
        }
        let (base, records) = (fold.base, fold.records);
        let proposal = Proposal { base, records };
        if size_of_json(&proposal) > PROPOSAL_BYTES {
            return Err(Refusal::TooLarge);
        }
        let written = self.raft.client_write(proposal);
        match timeout(COMMIT_TIMEOUT, written).await {
            Ok(Ok(response)) if response.data == Verdict::Taken => Ok(()),
            Ok(Ok(_)) => Err(Refusal::NotActive),
            Ok(Err(error)) => {
                log::info!("a proposal of this controller was not confirmed: {error}");
                Err(Refusal::Unknown)
            }
            Err(_) => {
                log::warn!("a proposal of this controller found no majority in {COMMIT_TIMEOUT:?}");
                Err(Refusal::Unknown)
            }
        }
    }
}

/// Whether a leader heard enough of the voters within `window`; it counts itself, unless its own vote is
/// being taken away.
pub fn has_majority(
    progress: &Progress,
    term: u64,
    node: i32,
    voters: &[i32],
    window: Duration,
) -> bool {
    let others: Vec<i32> = voters
        .iter()
        .copied()
        .filter(|voter| *voter != node)
        .collect();
    let own = voters.len() - others.len();
    progress.heard(term, &others, window) + own > voters.len() / 2
}

/// Gives the answers of one proposal, or the reason why there are none. Of a proposal that is too
/// large the last command is to blame, for none is taken in after it; those before it may try again.
fn tell(answers: Vec<(ReplyTo, Reply)>, refusal: Option<Refusal>) {
    let mut left = answers.len();
    for (reply, said) in answers {
        left -= 1;
        answer(
            reply,
            match refusal {
                None => Ok(said),
                Some(Refusal::TooLarge) if left > 0 => Err(Refusal::NotActive),
                Some(refusal) => Err(refusal),
            },
        );
    }
}

/// How many bytes a proposal takes, without writing them down.
fn size_of_json(proposal: &Proposal) -> usize {
    let mut size = Counted(0);
    match serde_json::to_writer(&mut size, proposal) {
        Ok(()) => size.0,
        Err(_) => usize::MAX,
    }
}

/// Counts what is written.
struct Counted(usize);

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Who asked may have given up; then nobody misses the answer.
fn answer(to: ReplyTo, said: Result<Reply, Refusal>) {
    drop(to.send(said));
}

/// Records decided on, and the image as it will be with them.
struct Fold {
    base: i64,
    image: Image,
    records: Vec<Record>,
    delta: Delta,
}

impl Fold {
    fn over(image: &Image) -> Self {
        Self {
            base: image.offset,
            image: image.clone(),
            records: Vec::new(),
            delta: Delta::default(),
        }
    }

    fn add(&mut self, records: Vec<Record>) {
        for record in &records {
            let offset = self.image.offset + 1;
            apply(&mut self.image, offset, record, &mut self.delta);
        }
        self.records.extend(records);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::messages::BrokerHeartbeatResponse;

    #[test]
    fn the_size_of_a_proposal_is_that_of_what_is_written() {
        let (base, records) = (7, vec![Record::ProducerIds { next: 1000 }; 3]);
        let proposal = Proposal { base, records };
        let written = serde_json::to_vec(&proposal).unwrap();
        assert_eq!(size_of_json(&proposal), written.len());
    }

    #[test]
    fn of_a_proposal_that_is_too_large_only_the_last_command_is_refused_for_good() {
        let told = |refusal| {
            let (answers, heard): (Vec<_>, Vec<_>) = (0..3)
                .map(|_| {
                    let (reply, replied) = oneshot::channel();
                    let said = Reply::from(BrokerHeartbeatResponse::default());
                    ((reply, said), replied)
                })
                .unzip();
            tell(answers, refusal);
            let said = heard.into_iter().map(|mut heard| heard.try_recv().unwrap());
            said.map(Result::err).collect::<Vec<_>>()
        };
        let (again, large) = (Some(Refusal::NotActive), Some(Refusal::TooLarge));
        assert_eq!(told(large), [again, again, large]);
        assert_eq!(told(Some(Refusal::Unknown)), [Some(Refusal::Unknown); 3]);
        assert_eq!(told(None), [None; 3]);
    }
}
