//! The active controller: commands in, records and a reply out. Pure: time and randomness come in, and
//! it never waits for its records to be agreed on.

mod acls;
mod allowance;
mod assignment;
mod brokers;
mod change;
mod configs;
mod directories;
mod draft;
mod elections;
mod features;
mod growth;
mod isr;
mod named;
mod partitions;
mod producer_ids;
mod quotas;
mod reassign;
mod scram;
mod settings;
mod topic_name;
mod topics;

use fastrand::Rng;

use super::command::{Asker, Command, Reply};
use super::image::Image;
use super::liveness::Liveness;
use super::record::Record;
use crate::quota::Buckets;
use draft::Draft;

pub use acls::acl;
pub use quotas::entity as quota_entity;
pub use settings::ControllerSettings;
pub use topic_name::check_name;

/// What a command leads to.
#[derive(Debug)]
pub struct Outcome {
    /// To be agreed on before the reply is given, in this order and together; empty for a refusal or a
    /// question. The first is expected to land at the image's offset + 1, the others right behind it:
    /// a broker epoch is the offset at which its registration is expected.
    pub records: Vec<Record>,
    /// The answer, valid once the records are agreed on.
    pub reply: Reply,
}

/// The soft state of an active controller: who was heard from when. Made anew with every election.
#[derive(Debug)]
pub struct Controller {
    settings: ControllerSettings,
    liveness: Liveness,
    random: Rng,
    /// When leaders were last balanced.
    balanced_ms: i64,
    /// When unclean elections were last tried.
    unclean_ms: i64,
    /// What clients may still change of topics.
    buckets: Buckets,
}

impl Controller {
    /// A controller that becomes active at `now_ms`: every unfenced broker counts as heard from now.
    /// Topic ids and placement follow from `seed`, which must differ between elections.
    pub fn new(settings: ControllerSettings, image: &Image, seed: u64, now_ms: i64) -> Self {
        let timeout_ms = settings.session_timeout_ms;
        let brokers = image.brokers.keys().copied();
        Self {
            liveness: Liveness::new(timeout_ms, brokers, now_ms),
            buckets: Buckets::new(settings.quota_windows),
            settings,
            random: Rng::with_seed(seed),
            balanced_ms: now_ms,
            unclean_ms: now_ms,
        }
    }

    /// Answers a command against the image; `now_ms` is steady time, as given to [`Controller::new`]. The image must
    /// hold every record that this controller has given out and that was agreed on.
    pub fn handle(&mut self, image: &Image, command: &Command, now_ms: i64) -> Outcome {
        self.handle_for(image, (command, None), now_ms)
    }

    /// The same for a client, as far as its quota allows.
    pub fn handle_for(
        &mut self,
        image: &Image,
        (command, asker): (&Command, Option<&Asker>),
        now_ms: i64,
    ) -> Outcome {
        let mut draft = Draft::new(image);
        draft.allowance = self.allow(image, asker, now_ms);
        let mut reply = self.answer(&mut draft, command, now_ms);
        match self.settle(&draft.allowance) {
            0 => {}
            ms => reply.throttle(ms),
        }
        Outcome {
            records: draft.into_records(),
            reply,
        }
    }

    fn answer(&mut self, draft_ref: &mut Draft, command: &Command, now_ms: i64) -> Reply {
        match command {
            Command::BrokerRegistration(request) => {
                self.register_broker(draft_ref, request, now_ms).into()
            }
            Command::BrokerHeartbeat(request) => {
                self.hear_broker(draft_ref, request, now_ms).into()
            }
            Command::AlterPartition(request) => self.alter_partitions(draft_ref, request).into(),
            Command::AssignReplicasToDirs(request) => {
                self.assign_replicas(draft_ref, request).into()
            }
            Command::AllocateProducerIds(request) => {
                self.allocate_producer_ids(draft_ref, request).into()
            }
            Command::CreateTopics(request) => self.create_topics(draft_ref, request).into(),
            Command::DeleteTopics(request) => self.delete_topics(draft_ref, request).into(),
            Command::CreatePartitions(request) => self.create_partitions(draft_ref, request).into(),
            Command::IncrementalAlterConfigs(request) => {
                self.alter_configs(draft_ref, request).into()
            }
            Command::ElectLeaders(request) => self.elect_leaders(draft_ref, request).into(),
            Command::AlterPartitionReassignments(request) => {
                self.reassign(draft_ref, request).into()
            }
            Command::UnregisterBroker(request) => self.unregister(draft_ref, request).into(),
            Command::UpdateFeatures(request) => self.update_features(draft_ref, request).into(),
            Command::AlterUserScramCredentials(request) => {
                scram::alter_credentials(draft_ref, request).into()
            }
            Command::AlterClientQuotas(request) => quotas::alter_quotas(draft_ref, request).into(),
            Command::CreateAcls(request) => acls::create(draft_ref, request).into(),
            Command::DeleteAcls(request) => acls::delete(draft_ref, request).into(),
        }
    }

    /// What time alone demands: fencing silent brokers, leaders for what became possible. Looks at the
    /// brokers only, except every five minutes, when it walks the partitions.
    pub fn tick(&mut self, image: &Image, now_ms: i64) -> Vec<Record> {
        let mut draft = Draft::new(image);
        self.fence_silent(&mut draft, now_ms);
        if is_due(
            &mut self.unclean_ms,
            self.settings.unclean_election_interval_ms,
            now_ms,
        ) {
            self.elect_unclean(&mut draft);
        }
        if is_due(
            &mut self.balanced_ms,
            self.settings.leader_imbalance_check_interval_ms,
            now_ms,
        ) {
            self.balance_leaders(&mut draft);
        }
        draft.into_records()
    }
}

/// Whether something that was last done at `last_ms` is to be done again; then it counts as done.
fn is_due(last_ms: &mut i64, interval_ms: i64, now_ms: i64) -> bool {
    let due = now_ms.saturating_sub(*last_ms) >= interval_ms;
    if due {
        *last_ms = now_ms;
    }
    due
}
