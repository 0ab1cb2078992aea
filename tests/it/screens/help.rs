//! All keys, over the brokers.

use lookout::model::Place;

use super::Shots;

pub(super) const SHOTS: Shots = Shots {
    name: "help",
    place: || Place::Brokers,
    keys: "?",
    also: &[],
};

#[test]
fn the_help_lists_all_keys() {
    SHOTS.check();
}
