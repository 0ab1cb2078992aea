//! The first screen.

use lookout::model::Place;

use super::{Shots, Terminal};

pub(super) const SHOTS: Shots = Shots {
    name: "overview",
    place: || Place::Overview,
    keys: "",
    also: &[
        ("many_brokers", Terminal::Small),
        ("many_brokers", Terminal::Usual),
        ("hostile_names", Terminal::Usual),
        ("quorum_lost", Terminal::Usual),
        ("not_permitted", Terminal::Usual),
        ("two_of_five_down", Terminal::Large),
        ("healthy", Terminal::Tiny),
        ("unverified", Terminal::Usual),
        ("unverified", Terminal::Small),
        ("unverified", Terminal::Plainest),
        ("any_name", Terminal::Small),
        ("common_name", Terminal::Small),
    ],
};

#[test]
fn the_overview_says_what_is_wrong_first() {
    SHOTS.check();
}
