//! All brokers.

use lookout::model::Place;

use super::{Shots, Terminal};

pub(super) const SHOTS: Shots = Shots {
    name: "brokers",
    place: || Place::Brokers,
    keys: "",
    also: &[
        ("many_brokers", Terminal::Small),
        ("many_brokers", Terminal::Usual),
        ("hostile_names", Terminal::Usual),
        ("quorum_lost", Terminal::Usual),
        ("not_permitted", Terminal::Usual),
        ("two_of_five_down", Terminal::Large),
    ],
};

#[test]
fn every_broker_has_a_row() {
    SHOTS.check();
}
