//! What an image says to somebody on one listener: who can be reached there, who leads. Pure.

use crate::meta::controller::check_name;
use crate::meta::image::{Broker, Image};
use crate::meta::record::{Listener, PartitionState};
use crate::wire::error_code::ErrorCode;
use crate::wire::uuid::Uuid;

/// The topics that brokers keep for themselves.
pub const INTERNAL_TOPICS: [&str; 3] = [
    "__consumer_offsets",
    "__share_group_state",
    "__transaction_state",
];

/// Whether a topic belongs to the brokers.
pub fn is_internal(topic: &str) -> bool {
    INTERNAL_TOPICS.contains(&topic)
}

/// The error for a topic that is asked for by name and does not exist.
pub fn missing(topic: &str) -> ErrorCode {
    if check_name(topic).is_ok() {
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
    } else {
        ErrorCode::INVALID_TOPIC_EXCEPTION
    }
}

/// Where a broker is reached by those who use a listener (KIP-103).
pub fn endpoint<'a>(broker: &'a Broker, listener: &str) -> Option<&'a Listener> {
    broker
        .registration
        .listeners
        .iter()
        .find(|known| known.name == listener)
}

/// Brokers that are reached over a listener, with where; fenced ones only if asked for.
pub fn reachable<'a>(
    image: &'a Image,
    listener: &str,
    fenced: bool,
) -> impl Iterator<Item = (&'a Broker, &'a Listener)> {
    image
        .brokers
        .values()
        .filter(move |broker| fenced || !broker.fenced)
        .filter_map(move |broker| Some((broker.as_ref(), endpoint(broker, listener)?)))
}

/// The broker that clients are told to take for the controller: any live one forwards (rule 11).
/// This node if it is live, else the first one; −1 if nobody lives.
pub fn told_controller(image: &Image, listener: &str, this: i32) -> i32 {
    let lives = |id: &i32| {
        image
            .brokers
            .get(id)
            .is_some_and(|broker| !broker.fenced && endpoint(broker, listener).is_some())
    };
    if lives(&this) {
        return this;
    }
    image.brokers.keys().copied().find(lives).unwrap_or(-1)
}

/// A partition's leader and what keeps clients from it, for those who use a listener (rule 11).
pub fn leader(image: &Image, listener: &str, state: &PartitionState) -> (i32, ErrorCode) {
    let broker = image.brokers.get(&state.leader);
    match broker.map(|broker| endpoint(broker, listener)) {
        Some(Some(_)) => (state.leader, ErrorCode::NONE),
        Some(None) => (-1, ErrorCode::LISTENER_NOT_FOUND),
        None => (-1, ErrorCode::LEADER_NOT_AVAILABLE),
    }
}

/// Replicas that cannot be used: their broker is gone, fenced or not on this listener, or their
/// log directory failed (KIP-112).
pub fn offline(image: &Image, listener: &str, state: &PartitionState) -> Vec<i32> {
    let online = |position: usize, replica: &i32| {
        image.brokers.get(replica).is_some_and(|broker| {
            let directory = state.directories.get(position).copied();
            !broker.fenced
                && endpoint(broker, listener).is_some()
                && has_directory(broker, directory.unwrap_or_default())
        })
    };
    state
        .replicas
        .iter()
        .enumerate()
        .filter(|(position, replica)| !online(*position, replica))
        .map(|(_, replica)| *replica)
        .collect()
}

/// A broker without known directories, and a replica not yet assigned to one, count as online.
fn has_directory(broker: &Broker, directory: Uuid) -> bool {
    let known = &broker.registration.log_dirs;
    directory.is_zero() || known.is_empty() || known.contains(&directory)
}
