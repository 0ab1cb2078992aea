//! Registration, heartbeats, fencing and controlled shutdown (rules 41, 42, 44; KIP-631).

use std::collections::BTreeSet;

use crate::meta::features::SUPPORTED;
use crate::meta::image::{Broker, Image};
use crate::meta::record::{Listener, Record, Registration};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::{
    BrokerHeartbeatRequest, BrokerHeartbeatResponse, BrokerRegistrationRequest,
    BrokerRegistrationResponse, UnregisterBrokerRequest, UnregisterBrokerResponse,
};
use crate::wire::uuid::Uuid;

use super::Controller;
use super::directories::is_reserved;
use super::draft::Draft;

/// How the controller treats a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Fenced,
    Active,
    /// Moving its leaderships away in order to stop.
    Stopping,
    /// May stop now; nothing depends on it.
    Released,
}

impl Standing {
    fn of(broker: &Broker) -> Self {
        match (broker.fenced, broker.in_controlled_shutdown) {
            (true, _) => Self::Fenced,
            (false, true) => Self::Stopping,
            (false, false) => Self::Active,
        }
    }
}

impl Controller {
    /// A broker makes itself known. The same run asking again gets the same answer.
    pub(super) fn register_broker(
        &mut self,
        draft: &mut Draft,
        request: &BrokerRegistrationRequest,
        now_ms: i64,
    ) -> BrokerRegistrationResponse {
        let (error_code, broker_epoch) = match self.try_register(draft, request, now_ms) {
            Ok(epoch) => (ErrorCode::NONE, epoch),
            Err(code) => {
                log::info!(
                    "registration of broker {} refused: {code}",
                    request.broker_id
                );
                (code, -1)
            }
        };
        BrokerRegistrationResponse {
            error_code,
            broker_epoch,
            ..Default::default()
        }
    }

    fn try_register(
        &mut self,
        draft: &mut Draft,
        request: &BrokerRegistrationRequest,
        now_ms: i64,
    ) -> Result<i64, ErrorCode> {
        if request.cluster_id != self.settings.cluster_id {
            return Err(ErrorCode::INCONSISTENT_CLUSTER_ID);
        }
        let id = request.broker_id;
        let known = draft.image.brokers.get(&id).cloned();
        if let Some(known) = &known {
            if known.registration.incarnation == request.incarnation_id {
                self.liveness
                    .touch(id, self.liveness.metadata_offset(id), now_ms);
                return Ok(known.epoch);
            }
            if !known.fenced && self.liveness.is_alive(id, now_ms) {
                return Err(ErrorCode::DUPLICATE_BROKER_REGISTRATION);
            }
        }
        check_request(&draft.image, request)?;
        if draft.image.features.is_empty() {
            finalise_features(draft);
            self.settings.add_first_users(draft);
        }
        check_features(&draft.image, request)?;
        if let Some(known) = &known {
            self.end_previous_run(draft, known, request.previous_broker_epoch);
        }
        self.leave_directories(draft, id, &request.log_dirs);
        let epoch = draft.next_offset();
        draft.push(Record::RegisterBroker {
            registration: registration_of(request),
            epoch,
        });
        self.liveness.restart(id, now_ms);
        Ok(epoch)
    }

    /// What an earlier run of the broker was part of: a run that ended in order may still be eligible,
    /// any other may have lost records (rule 45).
    fn end_previous_run(&self, draft: &mut Draft, known: &Broker, previous_epoch: i64) {
        let id = known.registration.id;
        if previous_epoch == known.epoch {
            self.remove_from_isrs(draft, id);
        } else {
            self.remove_unclean(draft, id);
        }
    }

    /// A broker says that it lives and what it wants.
    pub(super) fn hear_broker(
        &mut self,
        draft: &mut Draft,
        request: &BrokerHeartbeatRequest,
        now_ms: i64,
    ) -> BrokerHeartbeatResponse {
        match self.try_hear(draft, request, now_ms) {
            Ok(response) => response,
            Err(error_code) => BrokerHeartbeatResponse {
                error_code,
                ..Default::default()
            },
        }
    }

    fn try_hear(
        &mut self,
        draft: &mut Draft,
        request: &BrokerHeartbeatRequest,
        now_ms: i64,
    ) -> Result<BrokerHeartbeatResponse, ErrorCode> {
        let id = request.broker_id;
        let known = draft.image.brokers.get(&id).cloned();
        let known = known.ok_or(ErrorCode::BROKER_ID_NOT_REGISTERED)?;
        if known.epoch != request.broker_epoch {
            return Err(ErrorCode::STALE_BROKER_EPOCH);
        }
        let before = Standing::of(&known);
        let after = self.next_standing(&draft.image, &known, request);
        self.change_standing(draft, id, (before, after));
        self.liveness
            .touch(id, request.current_metadata_offset, now_ms);
        match after {
            Standing::Stopping => self.liveness.begin_shutdown(id, draft.image.offset),
            Standing::Fenced | Standing::Released => self.liveness.end_shutdown(id),
            Standing::Active => {}
        }
        self.lose_directories(draft, id, &request.offline_log_dirs);
        Ok(BrokerHeartbeatResponse {
            is_caught_up: request.current_metadata_offset >= known.epoch,
            is_fenced: matches!(after, Standing::Fenced | Standing::Released),
            should_shut_down: after == Standing::Released,
            ..Default::default()
        })
    }

    /// What a heartbeat leads to (rules 41, 44).
    fn next_standing(
        &self,
        image: &Image,
        known: &Broker,
        request: &BrokerHeartbeatRequest,
    ) -> Standing {
        let leads = || leads_any(image, request.broker_id);
        let caught_up = request.current_metadata_offset >= known.epoch;
        match Standing::of(known) {
            Standing::Fenced | Standing::Released if request.want_shut_down => Standing::Released,
            Standing::Fenced | Standing::Released if request.want_fence || !caught_up => {
                Standing::Fenced
            }
            Standing::Active if request.want_shut_down && !request.want_fence && leads() => {
                Standing::Stopping
            }
            Standing::Active if request.want_shut_down => Standing::Released,
            Standing::Active if request.want_fence => Standing::Fenced,
            Standing::Fenced | Standing::Released | Standing::Active => Standing::Active,
            Standing::Stopping if leads() || !self.others_have_read(image, request.broker_id) => {
                Standing::Stopping
            }
            Standing::Stopping => Standing::Released,
        }
    }

    /// Whether every active broker knows that a stopping broker leads nothing any more.
    fn others_have_read(&self, image: &Image, stopping: i32) -> bool {
        let Some(offset) = self.liveness.shutdown_offset(stopping) else {
            return false;
        };
        let mut active = image.brokers.keys().filter(|id| image.can_lead(**id));
        active.all(|id| self.liveness.metadata_offset(*id) >= offset)
    }

    fn change_standing(&self, draft: &mut Draft, id: i32, change: (Standing, Standing)) {
        match change {
            (Standing::Active | Standing::Stopping, Standing::Fenced | Standing::Released) => {
                self.fence(draft, id);
            }
            (Standing::Fenced | Standing::Released, Standing::Active) => self.unfence(draft, id),
            // Every heartbeat of a stopping broker that still leads tries again.
            (_, Standing::Stopping) => self.begin_shutdown(draft, id),
            (Standing::Fenced | Standing::Released, Standing::Fenced | Standing::Released)
            | (Standing::Active | Standing::Stopping, Standing::Active) => {}
        }
    }

    /// Fences a broker: first it leaves ISRs and leaderships, so that no image shows a fenced leader.
    fn fence(&self, draft: &mut Draft, id: i32) {
        self.remove_from_isrs(draft, id);
        draft.push(fencing(id));
    }

    /// Unfences a broker, then elects leaders where there was nobody.
    fn unfence(&self, draft: &mut Draft, id: i32) {
        draft.push(Record::BrokerChange {
            id,
            fenced: Some(false),
            in_controlled_shutdown: Some(false),
            log_dirs: None,
        });
        self.elect_leaderless(draft);
    }

    fn begin_shutdown(&self, draft: &mut Draft, id: i32) {
        self.remove_from_isrs(draft, id);
        let known = draft.image.brokers.get(&id);
        if known.is_some_and(|known| !known.in_controlled_shutdown) {
            draft.push(Record::BrokerChange {
                id,
                fenced: None,
                in_controlled_shutdown: Some(true),
                log_dirs: None,
            });
        }
    }

    /// Forgets a broker for good: it leaves ISRs and ELRs. Replicas assigned to it stay assigned.
    pub(super) fn unregister(
        &self,
        draft: &mut Draft,
        request: &UnregisterBrokerRequest,
    ) -> UnregisterBrokerResponse {
        let id = request.broker_id;
        if !draft.image.brokers.contains_key(&id) {
            return UnregisterBrokerResponse {
                error_code: ErrorCode::BROKER_ID_NOT_REGISTERED,
                error_message: Some(format!("Broker ID {id} is not currently registered.")),
                ..Default::default()
            };
        }
        self.remove_unclean(draft, id);
        draft.push(Record::UnregisterBroker { id });
        UnregisterBrokerResponse::default()
    }

    /// Fences brokers whose session is over, one after the other, longest silent first.
    pub(super) fn fence_silent(&mut self, draft: &mut Draft, now_ms: i64) {
        let unfenced = draft
            .image
            .brokers
            .iter()
            .filter(|(_, known)| !known.fenced);
        let silent = self.liveness.expired(unfenced.map(|(id, _)| *id), now_ms);
        for id in silent {
            log::info!("broker {id} is fenced: its session has timed out");
            self.fence(draft, id);
            self.liveness.end_shutdown(id);
        }
    }
}

/// The broker epoch that a request must carry to be a broker's own.
pub(super) fn check_epoch(image: &Image, id: i32, epoch: i64) -> Result<(), ErrorCode> {
    match image.brokers.get(&id) {
        Some(known) if known.epoch == epoch => Ok(()),
        _ => Err(ErrorCode::STALE_BROKER_EPOCH),
    }
}

fn fencing(id: i32) -> Record {
    Record::BrokerChange {
        id,
        fenced: Some(true),
        in_controlled_shutdown: None,
        log_dirs: None,
    }
}

fn leads_any(image: &Image, id: i32) -> bool {
    let mut partitions = image.topics.values().flat_map(|topic| &topic.partitions);
    partitions.any(|state| state.leader == id)
}

fn check_request(image: &Image, request: &BrokerRegistrationRequest) -> Result<(), ErrorCode> {
    let id = request.broker_id;
    let distinct: BTreeSet<Uuid> = request.log_dirs.iter().copied().collect();
    let taken = |dir: &Uuid| {
        let mut others = image.brokers.iter().filter(|(other, _)| **other != id);
        others.any(|(_, other)| other.registration.log_dirs.contains(dir))
    };
    let bad = id < 0
        || request.is_migrating_zk_broker
        || distinct.is_empty()
        || distinct.len() != request.log_dirs.len()
        || distinct.iter().any(|dir| is_reserved(*dir) || taken(dir));
    if bad {
        return Err(ErrorCode::INVALID_REGISTRATION);
    }
    Ok(())
}

/// Every finalised feature must be one the broker supports; what it does not name it supports at 0.
fn check_features(image: &Image, request: &BrokerRegistrationRequest) -> Result<(), ErrorCode> {
    for (name, level) in &*image.features {
        let named = request
            .features
            .iter()
            .find(|feature| feature.name == *name);
        let (min, max) = named.map_or((0, 0), |feature| {
            (feature.min_supported_version, feature.max_supported_version)
        });
        if !(min..=max).contains(level) {
            let id = request.broker_id;
            log::warn!("broker {id} supports {name} {min} to {max}; the cluster has {level}");
            return Err(ErrorCode::UNSUPPORTED_VERSION);
        }
    }
    Ok(())
}

/// A new cluster starts with the highest levels.
fn finalise_features(draft: &mut Draft) {
    for feature in SUPPORTED {
        draft.push(Record::Feature {
            name: feature.name.to_owned(),
            level: feature.max,
        });
    }
}

fn registration_of(request: &BrokerRegistrationRequest) -> Registration {
    let listeners = request.listeners.iter().map(|listener| Listener {
        name: listener.name.clone(),
        host: listener.host.clone(),
        port: listener.port,
        security_protocol: listener.security_protocol,
    });
    let features = request.features.iter().map(|feature| {
        let (min, max) = (feature.min_supported_version, feature.max_supported_version);
        (feature.name.clone(), min, max)
    });
    Registration {
        id: request.broker_id,
        incarnation: request.incarnation_id,
        rack: request.rack.clone(),
        listeners: listeners.collect(),
        log_dirs: request.log_dirs.clone(),
        features: features.collect(),
    }
}
