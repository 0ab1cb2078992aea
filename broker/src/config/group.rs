//! The settings of one group: its own values over those of the brokers.

use super::keys::{self, Key};
use super::layers::{Entry, Layers, Source};
use super::topic::{Synonym, Values};

/// The broker's key that a group's key falls back to (`group.` and its name); `None` where a group
/// stands alone.
pub fn synonym(key: &str) -> Option<Synonym> {
    let broker = keys::find(&format!("group.{key}"))?;
    Some(Synonym {
        key: broker.name,
        times: 1,
    })
}

/// What is in force for a group's key, and why (rule 73).
pub fn explain(key: &'static Key, own: Option<&Values>, layers: &Layers<'_>) -> Entry {
    let own = own.and_then(|values| values.get(key.name));
    let brokers: Vec<Synonym> = synonym(key.name).into_iter().collect();
    Entry::falling_back(
        key,
        own.map(|value| (Source::Group, value)),
        &brokers,
        layers,
    )
}
