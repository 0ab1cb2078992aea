//! look
use crate::support::drawing::svg::svg;
use crate::support::{drawing, scene};
use lookout::model::Place;
#[test]
fn look() {
    let Ok(name) = std::env::var("SCENE") else {
        return;
    };
    let w: u16 = std::env::var("W").unwrap_or("120".into()).parse().unwrap();
    let h: u16 = std::env::var("H").unwrap_or("36".into()).parse().unwrap();
    let only = std::env::var("ONLY").unwrap_or_default();
    let skin = if std::env::var("PLAIN").is_ok() {
        drawing::plainest()
    } else {
        drawing::skin("dark")
    };
    for (n, place) in [
        ("overview", Place::Overview),
        ("brokers", Place::Brokers),
        ("broker", Place::Broker(lookout::model::BrokerId(3))),
        ("topics", Place::Topics { faults_only: false }),
        ("topic", Place::Topic("orders".into())),
        ("groups", Place::Groups),
        ("group", Place::Group("billing".into())),
        ("quorum", Place::Quorum),
    ] {
        if !only.is_empty() && !only.split(',').any(|o| o == n) {
            continue;
        }
        let buffer = drawing::draw(scene::snapshot(&name), &place, (w, h), skin.clone());
        println!("{}", drawing::text(&buffer));
        if let Ok(dir) = std::env::var("SVGDIR") {
            std::fs::write(
                format!("{dir}/{n}.svg"),
                svg(&buffer, &drawing::design("dark")),
            )
            .unwrap();
        }
    }
}
