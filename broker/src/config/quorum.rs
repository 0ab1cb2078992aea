//! Who votes in the metadata quorum: named by the settings, or told by the quorum itself (KIP-853).

use super::keys::{self, BadSetting};
use super::listeners;
use crate::peer::Address;
use crate::wire::uuid::Uuid;

const VOTERS: &str = "controller.quorum.voters";
const BOOTSTRAP: &str = "controller.quorum.bootstrap.servers";
const INITIAL: &str = "lookout.initial.controllers";

/// What the settings say of the quorum.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuorumPlace {
    /// `controller.quorum.voters`: all voters, for good. Empty where the quorum itself says who votes.
    pub voters: Vec<Address>,
    /// `controller.quorum.bootstrap.servers`: where to ask for the voters; their ids are not known.
    pub bootstrap: Vec<Address>,
    /// `lookout.initial.controllers`: the voters that a new cluster begins with, each with the directory of
    /// its metadata.
    pub beginners: Vec<(Address, Uuid)>,
}

impl QuorumPlace {
    /// Reads what is given for these keys of a node.
    pub(super) fn read<'a>(
        text: impl Fn(&str) -> &'a str,
        (node, is_controller): (i32, bool),
    ) -> Result<Self, BadSetting> {
        let place = Self {
            voters: listeners::voters(text(VOTERS))?,
            bootstrap: listeners::servers(BOOTSTRAP, text(BOOTSTRAP))?,
            beginners: beginners(text(INITIAL))?,
        };
        let votes = place.voters.iter().any(|voter| voter.node == node);
        let begins = place.beginners.iter().any(|(one, _)| one.node == node);
        let is_static = !place.voters.is_empty();
        if !is_static && place.bootstrap.is_empty() {
            let why = format!("is missing: id@host:port of every controller, or {BOOTSTRAP}");
            return Err(bad(VOTERS, why));
        }
        if is_static && !place.beginners.is_empty() {
            return Err(bad(
                INITIAL,
                format!("goes with {BOOTSTRAP}, not with {VOTERS}"),
            ));
        }
        if is_static && is_controller && !votes {
            let why = format!("node {node} is a controller but no voter");
            return Err(bad(VOTERS, why));
        }
        if !is_controller && (votes || begins) {
            let key = if votes { VOTERS } else { INITIAL };
            return Err(bad(key, format!("node {node} votes but is no controller")));
        }
        Ok(place)
    }

    /// The directory that a node's metadata is to have, where the settings say so.
    pub fn directory(&self, node: i32) -> Option<Uuid> {
        let mut all = self.beginners.iter();
        all.find(|(one, _)| one.node == node)
            .map(|(_, directory)| *directory)
    }

    /// Whether a new cluster begins with this one voter.
    pub fn is_alone(&self, node: i32) -> bool {
        let of_voters = self.voters.iter().map(|voter| voter.node);
        let of_beginners = self.beginners.iter().map(|(one, _)| one.node);
        let all: Vec<i32> = of_voters.chain(of_beginners).collect();
        all == [node]
    }
}

/// Reads `id@host:port:directory,…`, as `kafka-storage format --initial-controllers` takes it.
fn beginners(text: &str) -> Result<Vec<(Address, Uuid)>, BadSetting> {
    let mut all = Vec::new();
    for part in keys::list(text) {
        let known = part.rsplit_once(':').and_then(|(place, directory)| {
            let voter = listeners::voters(place).ok()?.pop()?;
            let directory: Uuid = directory.parse().ok()?;
            (!directory.is_zero()).then_some((voter, directory))
        });
        let known = known.ok_or_else(|| {
            bad(
                INITIAL,
                format!("`{part}` is not id@host:port:directory-id"),
            )
        })?;
        all.push(known);
    }
    Ok(all)
}

fn bad(key: &str, why: impl Into<String>) -> BadSetting {
    BadSetting {
        key: key.to_owned(),
        why: why.into(),
    }
}
