//! The leadership map of a topic.

use lookout::model::Place;

use super::{Shots, Terminal};

pub(super) const SHOTS: Shots = Shots {
    name: "topic",
    place: || Place::Topic("orders".into()),
    keys: "",
    also: &[
        ("many_brokers", Terminal::Small),
        ("many_brokers", Terminal::Usual),
        ("not_permitted", Terminal::Usual),
        ("quorum_lost", Terminal::Usual),
        ("two_of_five_down", Terminal::Large),
    ],
};

#[test]
fn the_leadership_map_shows_who_leads_what() {
    SHOTS.check();
}
