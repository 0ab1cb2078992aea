//! Breaking and mending the practice cluster from its screen: which key orders what.

use std::sync::Arc;

use lookout::effect::Effect;
use lookout::event::Event;
use lookout::model::practice::Ways;
use lookout::model::{BrokerId, Order, Place};

use super::Desk;
use crate::support::scene::{NOW, Scene};

const ONE: BrokerId = BrokerId(1);

/// At the practice screen of the scene in which 3 was killed and 5 is frozen; node 1 is selected.
fn at_practice() -> Desk {
    let mut desk = Desk::at("practice_broken", &Place::Overview);
    let practice = Scene::load("practice_broken").practice();
    desk.state.update(Event::Practice(Arc::new(practice)), NOW);
    desk.types(":practice<enter>");
    assert_eq!(desk.place(), Place::Practice);
    desk
}

fn ordered(order: Order) -> Vec<Effect> {
    vec![Effect::Practice(order)]
}

#[test]
fn every_letter_orders_what_suits_the_node() {
    let mut desk = at_practice();
    assert_eq!(desk.types("k"), ordered(Order::Kill(ONE)));
    assert_eq!(desk.types("s"), ordered(Order::Stop(ONE)));
    assert_eq!(desk.types("p"), ordered(Order::Pause(ONE)));
    assert_eq!(desk.types("r"), ordered(Order::Restart(ONE)));
    assert_eq!(desk.types("h"), ordered(Order::Heal));
    desk.types("<down><down>");
    assert_eq!(desk.types("r"), ordered(Order::Start(BrokerId(3))));
    desk.types("<down><down>");
    assert_eq!(desk.types("p"), ordered(Order::Resume(BrokerId(5))));
}

#[test]
fn a_cut_takes_two_nodes_and_esc_gives_it_up() {
    let mut desk = at_practice();
    let cut = |to, ways| {
        ordered(Order::Cut {
            from: ONE,
            to: BrokerId(to),
            ways,
        })
    };
    desk.types("c");
    assert!(desk.shows("cut 1 and which node off"), "{:?}", desk.lines());
    assert_eq!(desk.types("<enter>"), [], "from itself");
    assert_eq!(desk.types("<down><enter>"), cut(2, Ways::Both));
    desk.types("<up>co");
    assert!(desk.shows("shall 1 not reach"), "{:?}", desk.lines());
    assert_eq!(desk.types("<down><down>c"), cut(3, Ways::One));
    desk.types("c");
    desk.types("<esc>");
    assert_eq!(desk.place(), Place::Practice);
    assert_eq!(desk.types("k"), ordered(Order::Kill(BrokerId(3))));
    desk.types("<esc>");
    assert_eq!(desk.place(), Place::Overview);
}

#[test]
fn the_header_says_practice_on_every_screen_and_only_there() {
    let mut desk = at_practice();
    for keys in ["", ":topics<enter>", ":groups<enter>", "?"] {
        desk.types(keys);
        assert!(desk.lines()[0].contains("PRACTICE"), "{keys}");
    }
    let mut other = Desk::at("healthy", &Place::Overview);
    assert!(!other.lines()[0].contains("PRACTICE"));
    other.types(":practice<enter>");
    assert_eq!(other.place(), Place::Overview, "no such place there");
}
