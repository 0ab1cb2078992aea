//! One group.

use lookout::model::Place;

use super::{Shots, Terminal};

pub(super) const SHOTS: Shots = Shots {
    name: "group",
    place: || Place::Group("billing".into()),
    keys: "",
    also: &[("not_permitted", Terminal::Usual)],
};

#[test]
fn a_group_shows_its_place_in_every_partition() {
    SHOTS.check();
}
