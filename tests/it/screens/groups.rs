//! All groups.

use lookout::model::Place;

use super::{Shots, Terminal};

pub(super) const SHOTS: Shots = Shots {
    name: "groups",
    place: || Place::Groups,
    keys: "",
    also: &[
        ("hostile_names", Terminal::Usual),
        ("not_permitted", Terminal::Usual),
    ],
};

#[test]
fn every_group_has_a_row() {
    SHOTS.check();
}
