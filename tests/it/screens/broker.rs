//! One broker, the one that most situations are about.

use lookout::model::{BrokerId, Place};

use super::{Shots, Terminal};

pub(super) const SHOTS: Shots = Shots {
    name: "broker",
    place: || Place::Broker(BrokerId(3)),
    keys: "",
    also: &[
        ("hostile_names", Terminal::Usual),
        ("quorum_lost", Terminal::Usual),
        ("not_permitted", Terminal::Usual),
        ("tunnels", Terminal::Usual),
        ("tunnels", Terminal::Small),
        ("misled", Terminal::Usual),
    ],
};

#[test]
fn a_broker_page_says_why() {
    SHOTS.check();
}
