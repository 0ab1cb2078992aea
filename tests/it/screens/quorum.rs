//! The metadata quorum.

use lookout::model::Place;

use super::{Shots, Terminal};

pub(super) const SHOTS: Shots = Shots {
    name: "quorum",
    place: || Place::Quorum,
    keys: "",
    also: &[
        ("quorum_lost", Terminal::Usual),
        ("not_permitted", Terminal::Usual),
    ],
};

#[test]
fn the_quorum_shows_who_votes_and_who_lags() {
    SHOTS.check();
}
