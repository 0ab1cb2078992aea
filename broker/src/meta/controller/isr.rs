//! What happens to partitions when brokers and directories come and go: who leaves ISRs, who leads
//! (rules 42, 44, 45). Decides for the partitions that are concerned; `change` decides for one.

use crate::config::keys;
use crate::meta::features::ELIGIBLE_LEADER_REPLICAS;
use crate::meta::image::Image;
use crate::meta::record::{PartitionState, Resource};
use crate::wire::uuid::Uuid;

use super::Controller;
use super::assignment::first_directory;
use super::change::{Assignment, Change, Election, Elr};
use super::draft::{Draft, Found};

/// Why partitions are looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// A broker leaves: fenced, or moving its leaderships away. It stays eligible where KIP-966 says so.
    Leaves(i32),
    /// A new run of a broker that did not stop in order: it may have lost records (KIP-966).
    LostRecords(i32),
    /// Somebody may have become able to lead.
    Elect(Election),
}

impl Cause {
    fn excluded(self) -> Option<i32> {
        match self {
            Self::Leaves(id) | Self::LostRecords(id) => Some(id),
            Self::Elect(_) => None,
        }
    }
}

impl Controller {
    /// Takes a broker out of every ISR and elects leaders where it led.
    pub(super) fn remove_from_isrs(&self, draft: &mut Draft, broker: i32) {
        let partitions = draft.partitions_where(|state| state.isr.contains(&broker));
        self.revise(draft, partitions, Cause::Leaves(broker));
    }

    /// Takes a broker that may have lost records out of every ISR and ELR.
    pub(super) fn remove_unclean(&self, draft: &mut Draft, broker: i32) {
        let holds =
            |state: &PartitionState| state.isr.contains(&broker) || state.elr.contains(&broker);
        let partitions = draft.partitions_where(holds);
        self.revise(draft, partitions, Cause::LostRecords(broker));
    }

    /// Elects leaders where there is none.
    pub(super) fn elect_leaderless(&self, draft: &mut Draft) {
        let partitions = draft.partitions_where(|state| state.leader < 0);
        self.revise(draft, partitions, Cause::Elect(Election::Clean));
    }

    /// Changes partitions for one cause, each by the rules of its topic.
    pub(super) fn revise(&self, draft: &mut Draft, partitions: Vec<Found>, cause: Cause) {
        for found in partitions {
            let next = self.next_state(&draft.image, &found, cause);
            if let Some(next) = next {
                draft.set_partition(found.topic, found.index, next);
            }
        }
    }

    fn next_state(&self, image: &Image, found: &Found, cause: Cause) -> Option<PartitionState> {
        let state = &*found.state;
        let excluded = cause.excluded();
        let can_lead = |id: i32| Some(id) != excluded && is_able(image, state, id);
        let directory = |id: i32| first_directory(image, id);
        let stays = |id: &i32| Some(*id) != excluded;
        let election = match cause {
            Cause::Elect(election @ (Election::Preferred | Election::Unclean)) => election,
            _ => self.election_of(image, &found.name),
        };
        let change = Change {
            isr: state.isr.iter().copied().filter(stays).collect(),
            unclean: match cause {
                Cause::LostRecords(id) => Some(id),
                Cause::Leaves(_) | Cause::Elect(_) => None,
            },
            election,
            ..self.change_of(image, (&found.name, state), &can_lead, &directory)
        };
        change.build()
    }

    /// A change of one partition that changes nothing yet, by the rules of its topic.
    pub(super) fn change_of<'a>(
        &self,
        image: &Image,
        (topic, state): (&str, &'a PartitionState),
        can_lead: &'a dyn Fn(i32) -> bool,
        directory: &'a dyn Fn(i32) -> Uuid,
    ) -> Change<'a> {
        Change {
            state,
            assignment: Assignment::of(state),
            directory,
            isr: state.isr.clone(),
            unclean: None,
            can_lead,
            election: self.election_of(image, topic),
            elr: elr_of(image),
            min_isr: self.min_isr(image, topic, state),
            recovering: state.recovering,
        }
    }

    /// Whether a topic allows unclean elections: its own setting, else the cluster's, else this node's.
    pub(super) fn election_of(&self, image: &Image, topic: &str) -> Election {
        let key = "unclean.leader.election.enable";
        let set = dynamic(image, topic, key).and_then(|value| keys::boolean(value.trim()));
        if set.unwrap_or(self.settings.unclean_leader_election_enable) {
            Election::Unclean
        } else {
            Election::Clean
        }
    }

    /// The least ISR of a partition, never more than its replicas: its topic's setting, else the
    /// cluster's, else this node's.
    pub(super) fn min_isr(&self, image: &Image, topic: &str, state: &PartitionState) -> usize {
        let set = dynamic(image, topic, "min.insync.replicas");
        let set = set.and_then(|value| value.trim().parse().ok());
        let least = set.unwrap_or(self.settings.min_insync_replicas);
        least.min(state.replicas.len())
    }
}

/// Whether ELRs are kept in this cluster.
fn elr_of(image: &Image) -> Elr {
    match image.feature(ELIGIBLE_LEADER_REPLICAS) {
        ..=0 => Elr::Off,
        1.. => Elr::On,
    }
}

/// Whether a broker can lead this partition: it is up, and so is the directory of its replica.
pub(super) fn is_able(image: &Image, state: &PartitionState, broker: i32) -> bool {
    let mut replicas = state.replicas.iter();
    let at = replicas.position(|id| *id == broker);
    let directory = at.and_then(|at| state.directories.get(at)).copied();
    image.can_lead(broker) && image.has_online_dir(broker, directory.unwrap_or_default())
}

/// A dynamic value: the topic's, else the cluster's.
fn dynamic<'a>(image: &'a Image, topic: &str, key: &str) -> Option<&'a String> {
    let of = |resource| image.config(&resource)?.get(key);
    of(Resource::Topic(topic.to_owned())).or_else(|| of(Resource::Broker(None)))
}
