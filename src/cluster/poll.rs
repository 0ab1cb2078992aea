//! Watches one cluster: a task per question, each at its own pace, all feeding one assembler.
//!
//! Decides when to ask; what to ask and how to read it is in the modules beside it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::address;
use super::assembler::{Assembler, Learned, Outcome, Update};
use super::client::Client;
use super::dialer::Dialer;
use super::error::CallError;
use super::pace::Pace;
use super::{admin, focus as eyes, groups, log_dirs, patrol, roster, topology};
use crate::clock::now;
use crate::model::{BrokerId, Facts, Failure, Focus, Snapshot, Span, Stakes, Topics, Topology};

/// Updates that may wait for the assembler; beyond that pollers wait.
const UPDATES: usize = 64;
/// With no contact, metadata is asked for again after this long.
const SEARCH: Duration = Duration::from_secs(2);
/// So often in a row metadata is asked for as quickly for the sake of a broker that answers and is not listed: one
/// that returns is listed within seconds, one that stays fenced for hours is not worth the load.
const HURRIES: u32 = 5;

/// How to watch a cluster.
#[derive(Debug, Clone)]
pub struct WatchOptions {
    /// What the operator calls it: profile or bootstrap addresses.
    pub name: Arc<str>,
    /// `host:port` each.
    pub bootstrap: Vec<String>,
    /// What depends on it.
    pub stakes: Stakes,
    /// Brokers that belong to it whether they are seen or not.
    pub expected: BTreeSet<BrokerId>,
    /// The name brokers see in their logs and quotas.
    pub client_id: Arc<str>,
    /// The way to the brokers.
    pub dialer: Dialer,
    pub paces: Paces,
    /// The roster's file; `None` keeps it in memory only.
    pub roster: Option<PathBuf>,
}

impl WatchOptions {
    /// A cluster without locks that is watched at the usual pace and not remembered.
    pub fn plain(name: &str, bootstrap: Vec<String>, client_id: &str) -> Self {
        Self {
            name: Arc::from(name),
            bootstrap,
            stakes: Stakes::default(),
            expected: BTreeSet::new(),
            client_id: Arc::from(client_id),
            dialer: Dialer::default(),
            paces: Paces::default(),
            roster: None,
        }
    }
}

/// How often each question is asked.
#[derive(Debug, Clone)]
pub struct Paces {
    /// Metadata, registrations, quorum, moves.
    pub cheap: Duration,
    /// The probe of each broker. Shorter than the cheap loop: a frozen broker is to be named within 8 s, of which
    /// its silence takes 4.
    pub probes: Duration,
    pub groups: Duration,
    /// Details of what the operator looks at.
    pub focus: Duration,
    /// Configs and log dirs.
    pub slow: Duration,
}

impl Default for Paces {
    fn default() -> Self {
        Self {
            cheap: Duration::from_secs(5),
            probes: Duration::from_secs(3),
            groups: Duration::from_secs(8),
            focus: Duration::from_secs(3),
            slow: Duration::from_mins(1),
        }
    }
}

/// A watched cluster. All its tasks and connections end when this is dropped.
#[derive(Debug)]
pub struct Watch {
    /// The latest snapshot; the first is empty.
    pub snapshots: watch::Receiver<Arc<Snapshot>>,
    nudges: watch::Sender<Nudges>,
    dialer: Dialer,
    _tasks: JoinSet<()>,
}

impl Watch {
    /// Asks everything again now.
    pub fn refresh(&self) {
        self.nudges.send_modify(|nudges| nudges.all += 1);
    }

    /// The way to its brokers, for those who write.
    pub fn dialer(&self) -> &Dialer {
        &self.dialer
    }

    /// Asks everything again now because the operator wants it: logins that were refused are tried again too.
    pub fn insist(&self) {
        self.dialer.forgive();
        self.refresh();
    }
}

/// How long an update takes to be shown at most.
const SHOWS: Duration = Duration::from_secs(1);

/// Counts reasons to ask before the pause is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Nudges {
    /// The operator wants everything.
    all: u64,
    /// A broker came or went: the cheap questions have new answers.
    cheap: u64,
    /// There are topics nobody knows the settings of.
    topics: u64,
    /// There are brokers nobody knows the disks of.
    brokers: u64,
}

impl Nudges {
    /// Counts topics and brokers that nobody knew.
    fn note(&mut self, topics: bool, brokers: bool) {
        self.topics += u64::from(topics);
        self.brokers += u64::from(brokers);
    }
}

/// Which nudges a poller heeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heed {
    All,
    AllAndCheap,
    AllAndTopics,
    AllAndBrokers,
}

impl Heed {
    fn count(self, nudges: Nudges) -> u64 {
        match self {
            Self::All => nudges.all,
            Self::AllAndCheap => nudges.all + nudges.cheap,
            Self::AllAndTopics => nudges.all + nudges.topics,
            Self::AllAndBrokers => nudges.all + nudges.brokers,
        }
    }
}

/// What every poller holds: the way in, the way out, and what is known.
#[derive(Debug, Clone)]
pub struct Desk {
    pub client: Client,
    pub paces: Paces,
    updates: mpsc::Sender<Update>,
    shown: watch::Receiver<Arc<Snapshot>>,
    nudges: watch::Sender<Nudges>,
}

impl Desk {
    /// What is known now.
    pub fn shown(&self) -> Arc<Snapshot> {
        self.shown.borrow().clone()
    }

    /// The topology as last seen, empty before that.
    pub fn topology(&self) -> Arc<Topology> {
        self.shown
            .borrow()
            .facts
            .topology
            .value()
            .cloned()
            .unwrap_or_default()
    }

    /// Waits for the next snapshot; `None` when the watch is over.
    pub async fn next(&mut self) -> Option<Arc<Snapshot>> {
        self.shown.changed().await.ok()?;
        Some(self.shown.borrow_and_update().clone())
    }

    /// Hands over what was learned. A closed channel means that the watch is over and this task about to end.
    pub async fn tell(&self, update: Update) {
        let _over = self.updates.send(update).await;
    }

    /// Lets the cheap questions be asked again: a broker came or went.
    pub fn stir(&self) {
        self.nudges.send_modify(|nudges| nudges.cheap += 1);
    }
}

/// What one round learned.
#[derive(Debug, Default)]
pub struct Report {
    pub updates: Vec<Update>,
    /// How long the answers took; `None` when some were missing, which says nothing about the brokers' load.
    pub took: Option<Duration>,
    pub throttled: bool,
}

/// Starts watching. Must be called inside a tokio runtime. An address that is none is told as one that cannot be
/// reached.
pub fn watch(options: WatchOptions, focus: watch::Receiver<Focus>) -> Watch {
    let (bootstrap, unreadable): (Vec<_>, Vec<_>) = options
        .bootstrap
        .iter()
        .map(|text| address::endpoint(text))
        .partition(Result::is_ok);
    let bootstrap: Vec<_> = bootstrap.into_iter().flatten().collect();
    let unreadable: Vec<Arc<str>> = unreadable.into_iter().filter_map(Result::err).collect();
    let facts = Facts {
        name: options.name,
        doubt: options.dialer.doubt(),
        pace: Span::from_ms(u64::try_from(options.paces.cheap.as_millis()).unwrap_or(u64::MAX)),
        contact_failures: unreadable.as_slice().into(),
        stakes: options.stakes,
        expected: Arc::new(options.expected),
        ..Facts::default()
    };
    let (updates, inbox) = mpsc::channel(UPDATES);
    let (shown, snapshots) = watch::channel(Arc::new(Snapshot {
        at: now(),
        facts: facts.clone(),
        ..Snapshot::default()
    }));
    let (nudges, _) = watch::channel(Nudges::default());
    let desk = Desk {
        client: Client::new(options.dialer.clone(), options.client_id, bootstrap),
        paces: options.paces,
        updates,
        shown: snapshots.clone(),
        nudges: nudges.clone(),
    };
    let mut tasks = JoinSet::new();
    tasks.spawn(Assembler::new(facts, shown).run(inbox));
    tasks.spawn(follow_topology(desk.clone(), unreadable));
    tasks.spawn(patrol::probe_all(desk.clone()));
    tasks.spawn(roster::keep(desk.clone(), options.roster));
    spawn_rounds(&mut tasks, &desk, focus);
    Watch {
        snapshots,
        nudges,
        dialer: options.dialer,
        _tasks: tasks,
    }
}

fn spawn_rounds(tasks: &mut JoinSet<()>, desk: &Desk, focus: watch::Receiver<Focus>) {
    let Paces {
        cheap,
        groups,
        slow,
        ..
    } = desk.paces;
    let desk = || desk.clone();
    tasks.spawn(repeat(desk(), cheap, Heed::AllAndCheap, registrations));
    tasks.spawn(repeat(desk(), cheap, Heed::AllAndCheap, quorum));
    tasks.spawn(repeat(desk(), cheap, Heed::All, moves));
    tasks.spawn(repeat(desk(), slow, Heed::AllAndTopics, configs));
    tasks.spawn(repeat(desk(), slow, Heed::AllAndBrokers, disks));
    tasks.spawn(repeat(desk(), groups, Heed::All, groups::round));
    tasks.spawn(eyes::follow(desk(), focus));
}

/// Metadata: the first question, and the one that finds the cluster again.
async fn follow_topology(desk: Desk, unreadable: Vec<Arc<str>>) {
    let mut pace = Pace::new(desk.paces.cheap);
    let mut nudges = desk.nudges.subscribe();
    let mut hurries = 0_u32;
    loop {
        let seen = *nudges.borrow();
        let began = Instant::now();
        let shown = desk.shown();
        let known = shown.facts.topology.value().cloned();
        let ours = shown.facts.identity.value();
        let pause = match topology::sight(&desk.client, known.as_ref(), ours).await {
            Ok(seen) => {
                let listed = seen.topology.brokers.iter();
                desk.client
                    .learn(listed.map(|(id, (endpoint, _))| (*id, endpoint)));
                pace.record(began.elapsed(), seen.throttled);
                let wanted = returning(&desk, &seen.topology);
                hurries = if wanted { hurries.saturating_add(1) } else { 0 };
                let (topics, brokers) = known.map_or((false, false), |old| {
                    let listed = seen.topology.brokers.keys();
                    let is_new = |id| !old.brokers.contains_key(id);
                    let same = same_names(&old.topics, &seen.topology.topics);
                    (!same, listed.into_iter().any(is_new))
                });
                let news = (topics || brokers).then(|| seen.topology.clone());
                let learned = Learned::now((seen.topology, seen.identity), seen.from);
                desk.tell(Update::Topology(learned)).await;
                if let Some(news) = news {
                    until_shown(desk.clone(), &news).await;
                    desk.nudges
                        .send_modify(|nudges| nudges.note(topics, brokers));
                }
                match hurries {
                    1..=HURRIES => pace.jittered().min(SEARCH),
                    _ => pace.jittered(),
                }
            }
            Err(errors) => {
                desk.tell(no_topology(&errors, &unreadable)).await;
                pace.jittered().min(SEARCH)
            }
        };
        rest(&mut nudges, pause, Heed::AllAndCheap, seen).await;
    }
}

/// Waits until what was told is shown: whoever is stirred asks by what is shown.
async fn until_shown(mut desk: Desk, told: &Topology) {
    let shows = |shown: &Topology| {
        same_names(&shown.topics, &told.topics) && shown.brokers.keys().eq(told.brokers.keys())
    };
    let wait = async { while !shows(&desk.topology()) && desk.next().await.is_some() {} };
    if tokio::time::timeout(SHOWS, wait).await.is_err() {
        log::debug!("what was told of the topology is not what is shown");
    }
}

fn same_names(old: &Arc<Topics>, new: &Arc<Topics>) -> bool {
    Arc::ptr_eq(old, new) || old.keys().eq(new.keys())
}

/// Whether a broker answers its probe that the cluster does not list.
fn returning(desk: &Desk, topology: &Topology) -> bool {
    let probed = desk.shown();
    let mut unlisted = probed
        .facts
        .probes
        .keys()
        .filter(|id| !topology.brokers.contains_key(id));
    unlisted.any(|id| !desk.client.is_suspect(*id))
}

fn no_topology(errors: &[CallError], unreadable: &[Arc<str>]) -> Update {
    let at = now();
    let failures: Vec<Failure> = errors.iter().map(|error| error.failure(at)).collect();
    let mut reasons: Vec<Arc<str>> = failures
        .iter()
        .map(|failure| failure.text.clone())
        .collect();
    reasons.extend_from_slice(unreadable);
    let failure = failures.into_iter().next();
    Update::NoTopology(
        failure.unwrap_or_else(|| CallError::Nobody.failure(at)),
        reasons,
    )
}

/// Waits for the pause to pass or for a nudge that counts and came after `seen` was taken.
async fn rest(nudges: &mut watch::Receiver<Nudges>, pause: Duration, heed: Heed, seen: Nudges) {
    tokio::select! {
        () = tokio::time::sleep(pause) => {}
        // A closed channel ends the rest too.
        _ = nudges.wait_for(|count| heed.count(*count) != heed.count(seen)) => {}
    }
}

/// Asks one question again and again, once the topology is known.
async fn repeat<F>(mut desk: Desk, base: Duration, heed: Heed, round: impl Fn(Desk) -> F)
where
    F: Future<Output = Report>,
{
    while desk.shown().facts.topology.value().is_none() {
        if desk.next().await.is_none() {
            return;
        }
    }
    let mut pace = Pace::new(base);
    let mut nudges = desk.nudges.subscribe();
    loop {
        let seen = *nudges.borrow();
        let report = round(desk.clone()).await;
        match report.took {
            Some(took) => pace.record(took, report.throttled),
            None => pace.miss(),
        }
        for update in report.updates {
            desk.tell(update).await;
        }
        rest(&mut nudges, pace.jittered(), heed, seen).await;
    }
}

/// A round of a single question to any broker.
async fn single<T>(
    question: impl Future<Output = Result<admin::Told<T>, CallError>>,
    update: impl FnOnce(Outcome<T>) -> Update,
) -> Report {
    let began = Instant::now();
    let told = question.await;
    let took = told.is_ok().then(|| began.elapsed());
    let throttled = told.as_ref().is_ok_and(|told| told.throttled);
    let outcome = match told {
        Ok(told) => Ok(Learned {
            flaw: told.flaw,
            ..Learned::now(told.value, told.from)
        }),
        Err(error) => Err(error.failure(now())),
    };
    Report {
        updates: vec![update(outcome)],
        took,
        throttled,
    }
}

async fn registrations(desk: Desk) -> Report {
    single(admin::registrations(&desk.client), Update::Registrations).await
}

async fn quorum(desk: Desk) -> Report {
    single(admin::quorum(&desk.client), Update::Quorum).await
}

async fn moves(desk: Desk) -> Report {
    let topology = desk.topology();
    single(admin::moves(&desk.client, &topology.topics), Update::Moves).await
}

async fn configs(desk: Desk) -> Report {
    let topology = desk.topology();
    let topics = &topology.topics;
    let mut is_whole = false;
    let question = async {
        let told = admin::configs(&desk.client, topics).await?;
        // A broker that is only starting does not know every topic yet.
        is_whole = told.flaw.is_none() && told.value.len() == topics.len();
        Ok::<_, CallError>(told)
    };
    let report = single(question, Update::Configs).await;
    Report {
        took: report.took.filter(|_| is_whole),
        ..report
    }
}

/// Disks: every listed broker for itself, each telling as soon as it answers.
async fn disks(desk: Desk) -> Report {
    let topology = desk.topology();
    let mut asked = JoinSet::new();
    for id in topology.brokers.keys().copied() {
        let (desk, topology) = (desk.clone(), topology.clone());
        asked.spawn(async move {
            let answer = log_dirs::ask(&desk.client, id, &topology.topics).await;
            let throttled = answer.as_ref().ok().map(|(_, throttled)| *throttled);
            let outcome = match answer {
                Ok((disks, _)) => Ok(Learned::now(disks, crate::model::Source::Broker(id))),
                Err(error) => Err(error.failure(now())),
            };
            desk.tell(Update::LogDirs(id, outcome)).await;
            throttled
        });
    }
    let (mut throttled, mut is_whole) = (false, !asked.is_empty());
    while let Some(answered) = asked.join_next().await {
        let told = answered.ok().flatten();
        throttled |= told.unwrap_or(false);
        is_whole &= told.is_some();
    }
    Report {
        throttled,
        took: is_whole.then_some(Duration::ZERO),
        ..Report::default()
    }
}
