//! The processes of the practice cluster.

use lookout::model::Place;

use super::{Shots, Terminal};

pub(super) const SHOTS: Shots = Shots {
    name: "practice",
    place: || Place::Practice,
    keys: "",
    also: &[
        ("practice_broken", Terminal::Usual),
        ("practice_broken", Terminal::Small),
    ],
};

#[test]
fn the_nodes_of_the_practice_cluster_are_told_with_what_is_broken() {
    SHOTS.check();
}
