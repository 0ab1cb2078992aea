//! The go-to palette over the overview.

use lookout::model::Place;

use super::{Shots, Terminal};

pub(super) const SHOTS: Shots = Shots {
    name: "palette",
    place: || Place::Overview,
    keys: ":or",
    also: &[("hostile_names", Terminal::Usual)],
};

#[test]
fn the_palette_finds_places_by_a_few_letters() {
    SHOTS.check();
}
