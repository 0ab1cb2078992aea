//! The pictures in `assets/`, drawn from scenes: what the README shows is what the program draws.
//!
//! Each is compared byte for byte; with `LOOKOUT_WRITE_ASSETS=1` it is written instead.

use lookout::model::{BrokerId, Place};
use lookout::ui::depth::ColorDepth;

use crate::support::drawing::svg::svg;
use crate::support::drawing::{design, draw, skin};
use crate::support::scene;

/// Set to write the pictures anew.
const WRITE: &str = "LOOKOUT_WRITE_ASSETS";

/// Every picture shows the same bad day.
const SITUATION: &str = "two_of_five_down";

/// All pictures: file, place, theme.
fn pictures() -> Vec<(&'static str, Place, &'static str)> {
    vec![
        ("overview", Place::Overview, "dark"),
        ("overview-light", Place::Overview, "light"),
        ("overview-high-contrast", Place::Overview, "high_contrast"),
        ("overview-mono", Place::Overview, "mono"),
        ("topic", Place::Topic("orders".into()), "dark"),
        ("groups", Place::Groups, "dark"),
        ("broker", Place::Broker(BrokerId(3)), "dark"),
    ]
}

#[test]
fn the_pictures_show_what_the_program_draws() {
    let mut old = Vec::new();
    for (name, place, theme) in pictures() {
        let design = design(theme);
        let mut skin = skin(theme);
        if theme == "mono" {
            skin.theme = design.at(ColorDepth::Mono);
        }
        let drawn = draw(scene::snapshot(SITUATION), &place, (120, 36), skin);
        let picture = svg(&drawn, &design);
        let path = format!("{}/assets/{name}.svg", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(&path, &picture).unwrap_or_else(|e| panic!("{path}: {e}"));
        } else if std::fs::read_to_string(&path).ok().as_ref() != Some(&picture) {
            old.push(format!("assets/{name}.svg"));
        }
    }
    assert!(
        old.is_empty(),
        "{} no longer show what is drawn; if the new look is meant, write them anew: \
         {WRITE}=1 cargo test --test it shots",
        old.join(", ")
    );
}

/// Every rule of the picture format that a viewer would stumble over.
#[test]
fn a_picture_escapes_names_and_stays_small() {
    let hostile = scene::snapshot("hostile_names");
    let place = Place::Topics { faults_only: false };
    let picture = svg(
        &draw(hostile, &place, (120, 36), skin("dark")),
        &design("dark"),
    );
    assert!(!picture.contains('\u{1b}') && !picture.contains('\u{202e}'));
    assert_eq!(
        picture.matches("<text").count(),
        picture.matches("</text>").count()
    );
    assert!(picture.len() < 60_000, "{}", picture.len());
}
