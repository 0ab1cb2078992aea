//! Climbs to every address of a cluster, once: the bootstrap addresses, then every broker that any of them names. Where
//! an advertised address leads nowhere, places that may lead to its broker are tried, and made into rules.
//!
//! Asks only; changes nothing and remembers nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::wire::messages::describe_cluster::DescribeClusterRequest;
use broker::wire::messages::metadata::{MetadataRequest, MetadataResponse};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::connection::Connection;
use super::dialer::{Dialer, Target, elapsed};
use super::error::{CallError, printable};
use super::identity::{self, Answering};
use super::topology::{METADATA_DEADLINE, endpoint, no_topics};
use crate::config::route::{From, Rule, To};
use crate::model::survey::{Advice, Ladder, Survey};
use crate::model::{BrokerId, Endpoint, Rung};

/// Addresses that are climbed at the same time.
const AT_ONCE: usize = 16;
/// How long DescribeCluster may take.
const DESCRIBE_DEADLINE: Duration = Duration::from_secs(5);
/// `DescribeCluster` tells fenced brokers from this version on (KIP-1073).
const TELLS_FENCED: i16 = 2;
/// Places that are tried for one broker.
const GUESSES: usize = 8;

/// What is being climbed now, and since when.
pub type Underway = BTreeMap<Arc<str>, Instant>;

/// A survey and what it has found so far.
pub struct Surveyor {
    dialer: Dialer,
    client_id: Arc<str>,
    places: Arc<Semaphore>,
    found: watch::Sender<(Survey, Underway)>,
}

/// What an address that answered tells of the cluster.
#[derive(Default)]
struct Told {
    /// Brokers by id and address, and whether they are fenced.
    brokers: BTreeMap<(BrokerId, Endpoint), bool>,
}

impl Surveyor {
    /// A surveyor that goes by this dialer; what it finds is told to the receiver.
    pub fn new(
        dialer: Dialer,
        client_id: Arc<str>,
    ) -> (Arc<Self>, watch::Receiver<(Survey, Underway)>) {
        let (found, seen) = watch::channel((Survey::default(), Underway::new()));
        let surveyor = Self {
            dialer,
            client_id,
            places: Arc::new(Semaphore::new(AT_ONCE)),
            found,
        };
        (Arc::new(surveyor), seen)
    }

    /// Climbs everything.
    pub async fn run(self: Arc<Self>, bootstrap: Vec<Endpoint>) {
        let named = bootstrap
            .into_iter()
            .map(|endpoint| (None, endpoint, false));
        let mut brokers: BTreeMap<(BrokerId, Endpoint), bool> = BTreeMap::new();
        let mut ladders = BTreeMap::new();
        let mut climbs = self.clone().climb_all(named);
        while let Some(climbed) = climbs.join_next().await {
            // A climb that panicked found nothing.
            let Ok((at, ladder, told)) = climbed else {
                continue;
            };
            for (whose, fenced) in told.brokers {
                // Fenced is who is alive to nobody.
                *brokers.entry(whose).or_insert(fenced) &= fenced;
            }
            ladders.insert(at, ladder);
            self.note(|survey| survey.bootstrap = ladders.values().cloned().collect());
        }
        for (id, endpoint) in brokers.keys() {
            self.dialer.way().learn(*id, endpoint);
        }
        let advertised = brokers
            .into_iter()
            .map(|((id, endpoint), fenced)| (Some(id), endpoint, fenced));
        let mut ladders = BTreeMap::new();
        let mut climbs = self.clone().climb_all(advertised);
        while let Some(climbed) = climbs.join_next().await {
            if let Ok((at, ladder, _)) = climbed {
                ladders.insert(at, ladder);
                self.note(|survey| survey.brokers = ladders.values().cloned().collect());
            }
        }
        let survey = self.found.borrow().0.clone();
        let advice = self.clone().advise(&survey).await;
        self.note(|survey| survey.advice = advice);
    }

    fn note(&self, change: impl FnOnce(&mut Survey)) {
        self.found.send_modify(|(survey, _)| change(survey));
    }

    fn climb_all(
        self: Arc<Self>,
        targets: impl Iterator<Item = (Option<BrokerId>, Endpoint, bool)>,
    ) -> JoinSet<(usize, Ladder, Told)> {
        let mut climbs = JoinSet::new();
        for (at, (id, endpoint, fenced)) in targets.enumerate() {
            let surveyor = self.clone();
            climbs.spawn(async move {
                let target = Target { endpoint, id };
                let (mut ladder, told) = surveyor.climb(&surveyor.dialer, &target).await;
                ladder.fenced = fenced;
                (at, ladder, told)
            });
        }
        climbs
    }

    /// One ladder. Waits for its turn, then says that it is under way.
    async fn climb(&self, dialer: &Dialer, target: &Target) -> (Ladder, Told) {
        let mut ladder = Ladder::to(target.id, target.endpoint.clone());
        // The semaphore is never closed.
        let _place = self.places.acquire().await;
        let name = target.name();
        self.found.send_modify(|(_, underway)| {
            underway.insert(name.clone(), Instant::now());
        });
        let told = self.rungs(dialer, target, &mut ladder).await;
        self.found.send_modify(|(_, underway)| {
            underway.remove(&name);
        });
        let told = told.unwrap_or_else(|(rung, error)| {
            ladder.failure = Some(error.probe_failure(rung, &name));
            Told::default()
        });
        (ladder, told)
    }

    async fn rungs(
        &self,
        dialer: &Dialer,
        target: &Target,
        ladder: &mut Ladder,
    ) -> Result<Told, (Rung, CallError)> {
        (ladder.dialled, ladder.rule) = dialer.way().outlook(target);
        let dialled;
        (dialled, ladder.encryption) = dialer.inspect(target).await;
        let dialled = dialled.map_err(|error| (error.rung, CallError::Dial(error)))?;
        ladder.dialled = Some(dialled.address.clone());
        ladder.rungs.clone_from(&dialled.rungs);
        let began = Instant::now();
        let opened = Connection::open(dialled, target.name(), self.client_id.clone()).await;
        let connection = opened.map_err(|error| (Rung::ApiVersions, error))?;
        ladder.rungs.push((Rung::ApiVersions, elapsed(began)));
        let began = Instant::now();
        let metadata = metadata(&connection).await;
        let metadata = metadata.map_err(|error| (Rung::Metadata, error))?;
        ladder.rungs.push((Rung::Metadata, elapsed(began)));
        ladder.cluster_id = metadata.cluster_id.as_deref().map(printable);
        let cluster_id = metadata.cluster_id.as_deref().unwrap_or_default();
        ladder.software = connection.versions().software(cluster_id).map(Arc::from);
        let told = told(&connection, &metadata).await;
        self.ask_who(&connection, target, &told, ladder)
            .await
            .map_err(|error| (Rung::Node, error))?;
        Ok(told)
    }

    /// Finds out which broker answers, where it says so, and whether it is the right one.
    async fn ask_who(
        &self,
        connection: &Connection,
        target: &Target,
        told: &Told,
        ladder: &mut Ladder,
    ) -> Result<(), CallError> {
        let known: BTreeSet<BrokerId> = told.brokers.keys().map(|(id, _)| *id).collect();
        let Some(expected) = target.id.or(known.first().copied()) else {
            return Ok(());
        };
        // A broker that hangs up at this question answered all the others.
        let answering = identity::who(connection, expected, &known).await;
        match answering.unwrap_or(Answering::Untold) {
            Answering::Expected => ladder.answered = Some(expected),
            Answering::Other(other) => {
                ladder.answered = other;
                if target.id.is_some() {
                    let rule = ladder.rule.as_deref();
                    return Err(identity::mismatch(target, other, rule).into());
                }
            }
            Answering::Untold => {}
        }
        Ok(())
    }

    /// What would help the brokers whose addresses lead nowhere.
    async fn advise(self: Arc<Self>, survey: &Survey) -> Vec<Advice> {
        let mut tries = JoinSet::new();
        let sole = survey.is_of_one();
        for (at, ladder) in survey.astray().into_iter().enumerate() {
            let Some(id) = ladder.id else { continue };
            let places = guesses(survey, ladder, id);
            let (surveyor, target) = (self.clone(), ladder.advertised.clone());
            tries.spawn(async move {
                let target = Target {
                    endpoint: target,
                    id: Some(id),
                };
                let found = surveyor.try_places(&target, places, sole).await;
                let from = from(&target.endpoint);
                let open = || printable(&format!("{from} -> HOST:PORT"));
                let advice = match found {
                    Some(rule) => Advice::Tried { id, rule },
                    None => Advice::Open { id, rule: open() },
                };
                (at, advice)
            });
        }
        let mut advice = BTreeMap::new();
        while let Some(tried) = tries.join_next().await {
            advice.extend(tried);
        }
        advice.into_values().collect()
    }

    /// The first place that leads to the broker, as a rule. The sole broker need not say who it is.
    async fn try_places(
        &self,
        target: &Target,
        places: Vec<Endpoint>,
        sole: bool,
    ) -> Option<Arc<str>> {
        for place in places {
            let rule = Rule::new(from(&target.endpoint), To::Address(place));
            let dialer = self.dialer.led_by(rule.clone());
            let (ladder, _) = self.climb(&dialer, target).await;
            let proven = ladder.answered == target.id || (sole && ladder.answered.is_none());
            if ladder.reached() && proven {
                return Some(printable(&rule.text));
            }
        }
        None
    }
}

fn from(advertised: &Endpoint) -> From {
    From::Address {
        host: advertised.host.to_string(),
        port: Some(advertised.port),
    }
}

/// Places that may lead to a broker: a bootstrap address that it may have answered itself, and the hosts of those that answered
/// with the port that it advertises.
fn guesses(survey: &Survey, ladder: &Ladder, id: BrokerId) -> Vec<Endpoint> {
    let answered = || survey.bootstrap.iter().filter(|named| named.reached());
    let own = answered().filter(|named| named.answered.unwrap_or(id) == id);
    let own = own.map(|named| named.advertised.clone());
    let beside = answered().map(|named| Endpoint {
        host: named.advertised.host.clone(),
        port: ladder.advertised.port,
    });
    let mut places: Vec<Endpoint> = Vec::new();
    for place in own.chain(beside) {
        if place != ladder.advertised && !places.contains(&place) && places.len() < GUESSES {
            places.push(place);
        }
    }
    places
}

async fn metadata(connection: &Connection) -> Result<MetadataResponse, CallError> {
    let version = connection.version::<MetadataRequest>(1)?;
    let request = no_topics(version);
    connection.call(&request, METADATA_DEADLINE).await
}

/// The brokers that one address names, and which of them are fenced where it can tell.
async fn told(connection: &Connection, metadata: &MetadataResponse) -> Told {
    let alive = metadata.brokers.iter().map(|broker| {
        let endpoint = endpoint(&broker.host, broker.port);
        ((BrokerId(broker.node_id), endpoint), false)
    });
    let mut brokers: BTreeMap<_, _> = alive.collect();
    let request = DescribeClusterRequest {
        include_fenced_brokers: true,
        ..DescribeClusterRequest::default()
    };
    if connection
        .version::<DescribeClusterRequest>(TELLS_FENCED)
        .is_ok()
    {
        // Without it the fenced ones are missing.
        let described = connection.call(&request, DESCRIBE_DEADLINE).await.ok();
        for broker in described.into_iter().flat_map(|answer| answer.brokers) {
            let endpoint = endpoint(&broker.host, broker.port);
            let whose = (BrokerId(broker.broker_id), endpoint);
            brokers.insert(whose, broker.is_fenced);
        }
    }
    Told { brokers }
}
