//! look
use crate::support::{drawing, scene};
use lookout::model::Place;
use lookout::ui::line::Skin;
#[test]
fn look() {
    let name = std::env::var("SCENE").unwrap_or("two_of_five_down".into());
    let w: u16 = std::env::var("W").unwrap_or("120".into()).parse().unwrap();
    let h: u16 = std::env::var("H").unwrap_or("36".into()).parse().unwrap();
    for place in [
        Place::Overview,
        Place::Brokers,
        Place::Broker(lookout::model::BrokerId(3)),
        Place::Topics { faults_only: false },
        Place::Topic("orders".into()),
        Place::Groups,
        Place::Group("billing".into()),
        Place::Quorum,
    ] {
        let snapshot = scene::snapshot(&name);
        println!(
            "{}",
            drawing::text(&drawing::draw(snapshot, &place, (w, h), Skin::default()))
        );
    }
}
