//! Whether each known broker can be reached from here, and how far: the probe ladder of operations.md §1.3.
//!
//! Every broker has a connection and a task of its own; nothing else uses them, so a broker that hangs is
//! noticed by nobody but its own probe.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::wire::messages::metadata::MetadataRequest;

use super::client::Client;
use super::connection::Connection;
use super::dialer::{Target, elapsed};
use super::error::{CallError, printable};
use super::identity::{self, Answering};
use super::topology::{METADATA_DEADLINE, no_topics};
use crate::model::{BrokerId, Moment, Probe, ProbeFailure, Rung, Span};

/// Rounds in a row that change the verdict.
const ROUNDS: u32 = 2;
/// Wait before the round that confirms a surprise.
pub const CONFIRM: Duration = Duration::from_millis(500);
/// After this long without an answer a second, fresh attempt is made beside the first.
const SUSPICION: Duration = Duration::from_secs(1);
/// Round trips that the typical one is taken from: a single slow one says something of the moment, not of the
/// broker, and a broker that has become slow is seen as such within half a minute.
const TRIPS: usize = 9;

/// What a good round found.
#[derive(Debug, Clone)]
pub struct Reached {
    pub rungs: Vec<(Rung, Span)>,
    pub rtt_us: u64,
    pub cluster_id: Option<Arc<str>>,
    pub dialled: Arc<str>,
}

/// The result of one round.
pub type Round = Result<Reached, ProbeFailure>;

/// A probe's own connection, kept from round to round.
#[derive(Debug)]
pub struct Held {
    target: Target,
    connection: Connection,
    dialled: Arc<str>,
    /// Times of the rungs that only dialling climbs.
    rungs: Vec<(Rung, Span)>,
}

impl Held {
    /// Waits until the connection ends.
    pub async fn closed(&self) {
        self.connection.closed().await;
    }
}

/// The last round trips to a broker, in microseconds.
#[derive(Debug, Default)]
pub struct Trips(VecDeque<u64>);

impl Trips {
    /// Takes one in, and returns what is typical now: the median.
    fn typical(&mut self, rtt_us: u64) -> u64 {
        if self.0.len() == TRIPS {
            self.0.pop_front();
        }
        self.0.push_back(rtt_us);
        let mut sorted: Vec<u64> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        sorted
            .get((sorted.len() - 1) / 2)
            .copied()
            .unwrap_or(rtt_us)
    }
}

/// Takes a round into the probe. Two failures in a row make a broker unreachable, two successes reachable again;
/// the very first success needs no second. Returns whether the round speaks against the verdict, so that
/// another one is wanted soon.
pub fn record(probe: &mut Probe, trips: &mut Trips, round: Round, at: Moment) -> bool {
    probe.last_round = Some(at);
    let good = round.is_ok();
    match round {
        Ok(reached) => {
            probe.successes = probe.successes.saturating_add(1);
            probe.failures = 0;
            probe.failure = None;
            probe.rungs = reached.rungs;
            probe.rtt_us = Some((trips.typical(reached.rtt_us), at));
            probe.cluster_id = reached.cluster_id;
            probe.dialled = Some(reached.dialled);
        }
        Err(failure) => {
            probe.failures = probe.failures.saturating_add(1);
            probe.successes = 0;
            probe.last_failure = Some((failure.clone(), at));
            probe.failure = Some(failure);
        }
    }
    let enough = probe.successes.max(probe.failures) >= ROUNDS;
    let first_good = good && probe.reachable.is_none();
    if probe.reachable != Some(good) && (enough || first_good) {
        probe.reachable = Some(good);
        probe.since = Some(at);
    }
    probe.reachable != Some(good)
}

/// One round: over the held connection where there is one, else from the first rung on. When the broker stays
/// silent, a second round starts beside the first on a connection of its own. Returns the rounds in order.
pub async fn round(client: &Client, target: &Target, held: &mut Option<Held>) -> Vec<Round> {
    let kept = held
        .take()
        .filter(|held| held.target == *target && !held.connection.is_closed());
    let first = climb(client, target, kept);
    tokio::pin!(first);
    if let Ok((connection, round)) = tokio::time::timeout(SUSPICION, &mut first).await {
        *held = connection;
        vec![round]
    } else {
        let ((one, first), (two, second)) = tokio::join!(first, climb(client, target, None));
        *held = one.or(two);
        vec![first, second]
    }
}

async fn climb(client: &Client, target: &Target, kept: Option<Held>) -> (Option<Held>, Round) {
    let name = target.name();
    let held = match kept {
        Some(held) => Ok(held),
        None => dial(client, target).await,
    };
    match held {
        Err(error) => (None, Err(error.probe_failure(Rung::ApiVersions, &name))),
        Ok(held) => match question(&held).await {
            Ok(reached) => (Some(held), Ok(reached)),
            Err((rung, error)) => (None, Err(error.probe_failure(rung, &name))),
        },
    }
}

async fn dial(client: &Client, target: &Target) -> Result<Held, CallError> {
    let dialled = client.dialer().dial(target).await?;
    let rungs = dialled.rungs.clone();
    let address = dialled.address.clone();
    let connection = Connection::open(dialled, target.name(), client.client_id().clone()).await?;
    let proven = rungs.iter().any(|(rung, _)| *rung == Rung::Node);
    if let Some(id) = target.id.filter(|_| !proven) {
        let way = client.dialer().way();
        if let Answering::Other(other) = identity::who(&connection, id, &way.ids()).await? {
            return Err(identity::mismatch(target, other, None).into());
        }
    }
    Ok(Held {
        target: target.clone(),
        connection,
        dialled: address,
        rungs,
    })
}

async fn question(held: &Held) -> Result<Reached, (Rung, CallError)> {
    let began = Instant::now();
    let pinged = held.connection.ping().await;
    pinged.map_err(|error| (Rung::ApiVersions, error))?;
    let rtt = began.elapsed();
    let began = Instant::now();
    let cluster_id = ask_itself(&held.connection)
        .await
        .map_err(|error| (Rung::Metadata, error))?;
    let mut rungs = held.rungs.clone();
    let rtt_ms = u64::try_from(rtt.as_millis()).unwrap_or(u64::MAX);
    rungs.push((Rung::ApiVersions, Span::from_ms(rtt_ms)));
    rungs.push((Rung::Metadata, elapsed(began)));
    Ok(Reached {
        rungs,
        rtt_us: u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX),
        cluster_id,
        dialled: held.dialled.clone(),
    })
}

async fn ask_itself(connection: &Connection) -> Result<Option<Arc<str>>, CallError> {
    let version = connection.version::<MetadataRequest>(1)?;
    let response = connection
        .call(&no_topics(version), METADATA_DEADLINE)
        .await?;
    Ok(response.cluster_id.map(Arc::from))
}

/// The failure of a broker whose address nobody knows.
pub fn unknown_address(id: BrokerId) -> ProbeFailure {
    ProbeFailure {
        rung: Rung::Dns,
        text: printable(&format!(
            "broker {id}: no address known; it is named only in replica lists and was never seen alive"
        )),
        refused: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use Outcome::{Bad, Good};

    #[derive(Clone, Copy)]
    enum Outcome {
        Good,
        Bad,
    }

    fn round(outcome: Outcome) -> Round {
        match outcome {
            Bad => Err(unknown_address(BrokerId(1))),
            Good => Ok(Reached {
                rungs: Vec::new(),
                rtt_us: 300,
                cluster_id: None,
                dialled: "127.0.0.1:1".into(),
            }),
        }
    }

    fn verdicts(rounds: &[Outcome]) -> Vec<(Option<bool>, bool)> {
        let (mut probe, mut trips) = (Probe::default(), Trips::default());
        let rounds = rounds.iter().zip(1..);
        rounds
            .map(|(outcome, at)| {
                let at = Moment::from_unix_ms(at);
                let surprise = record(&mut probe, &mut trips, round(*outcome), at);
                (probe.reachable, surprise)
            })
            .collect()
    }

    #[test]
    fn two_failures_make_a_broker_unreachable_and_two_successes_reachable() {
        let rounds = [Good, Bad, Bad, Good, Good, Good];
        assert_eq!(
            verdicts(&rounds),
            [
                (Some(true), false),
                (Some(true), true),
                (Some(false), false),
                (Some(false), true),
                (Some(true), false),
                (Some(true), false),
            ]
        );
    }

    #[test]
    fn a_single_failure_between_successes_changes_nothing() {
        let rounds = [Good, Bad, Good, Bad];
        assert!(
            verdicts(&rounds)
                .iter()
                .all(|(reachable, _)| *reachable == Some(true))
        );
    }

    #[test]
    fn a_broker_never_reached_is_unreachable_after_two_rounds() {
        let rounds = [Bad, Bad];
        assert_eq!(verdicts(&rounds), [(None, true), (Some(false), false)]);
    }

    #[test]
    fn since_is_the_moment_of_the_change() {
        let (mut probe, mut trips) = (Probe::default(), Trips::default());
        for at in 1..=3 {
            record(
                &mut probe,
                &mut trips,
                round(Good),
                Moment::from_unix_ms(at),
            );
        }
        assert_eq!(probe.since, Some(Moment::from_unix_ms(1)));
    }

    #[test]
    fn one_slow_answer_is_not_typical_and_a_broker_that_stays_slow_is() {
        let mut trips = Trips::default();
        let told = [400, 90_000, 500].map(|rtt_us| trips.typical(rtt_us));
        assert_eq!(told, [400, 400, 500]);
        for _ in 0..TRIPS {
            trips.typical(300);
        }
        assert_eq!(trips.typical(90_000), 300);
        let slow = (0..TRIPS).map(|_| trips.typical(90_000)).last();
        assert_eq!(slow, Some(90_000));
    }
}
