//! All topics.

use lookout::model::Place;

use super::{Shots, Terminal};

pub(super) const SHOTS: Shots = Shots {
    name: "topics",
    place: || Place::Topics { faults_only: false },
    keys: "",
    also: &[
        ("hostile_names", Terminal::Usual),
        ("not_permitted", Terminal::Usual),
        ("two_of_five_down", Terminal::Large),
    ],
};

#[test]
fn every_topic_has_a_row() {
    SHOTS.check();
}
