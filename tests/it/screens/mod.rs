//! What every screen shows in every situation, kept as text: a file per screen.
//!
//! A screen that looks different fails here with the difference. If the new look is meant, take it over with
//! `INSTA_UPDATE=always cargo test --test it screens` and read the change before it is committed. With `CI` set
//! nothing is ever written.

mod broker;
mod brokers;
mod group;
mod groups;
mod help;
mod overview;
mod palette;
mod practice;
mod quorum;
mod topic;
mod topics;

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use lookout::event::Event;
use lookout::model::Place;

use crate::support::drawing::styled::styled;
use crate::support::drawing::{self, drawn, plainest, skin};
use crate::support::keys;
use crate::support::scene::{self, NOW};

/// Situations that every screen is drawn in.
const EVERYWHERE: [&str; 6] = [
    "empty",
    "healthy",
    "two_of_five_down",
    "hanging_broker",
    "stale",
    "no_contact",
];

/// A terminal: its size, and whether it has colours and UTF-8.
#[derive(Clone, Copy)]
enum Terminal {
    /// 120x36 in colour; the snapshot holds the looks of all cells.
    Usual,
    /// 80x24 in colour.
    Small,
    /// 80x24 without colours and UTF-8; the snapshot holds the looks of all cells.
    Plainest,
    /// 200x60 in colour.
    Large,
    /// 30x8: nothing fits.
    Tiny,
}

impl Terminal {
    fn name(self) -> &'static str {
        match self {
            Self::Usual => "120x36",
            Self::Small => "80x24",
            Self::Plainest => "80x24_plainest",
            Self::Large => "200x60",
            Self::Tiny => "30x8",
        }
    }

    fn size(self) -> (u16, u16) {
        match self {
            Self::Usual => (120, 36),
            Self::Small | Self::Plainest => (80, 24),
            Self::Large => (200, 60),
            Self::Tiny => (30, 8),
        }
    }
}

/// A screen, and where it is looked at beside [`EVERYWHERE`].
struct Shots {
    name: &'static str,
    place: fn() -> Place,
    /// Keys typed there before it is drawn.
    keys: &'static str,
    also: &'static [(&'static str, Terminal)],
}

const ALL: [&Shots; 11] = [
    &overview::SHOTS,
    &brokers::SHOTS,
    &broker::SHOTS,
    &topics::SHOTS,
    &topic::SHOTS,
    &groups::SHOTS,
    &group::SHOTS,
    &quorum::SHOTS,
    &practice::SHOTS,
    &palette::SHOTS,
    &help::SHOTS,
];

impl Shots {
    fn list(&self) -> impl Iterator<Item = (&'static str, Terminal)> {
        let terminals = [Terminal::Usual, Terminal::Small, Terminal::Plainest];
        let usual = EVERYWHERE.into_iter();
        usual
            .flat_map(move |situation| terminals.map(|terminal| (situation, terminal)))
            .chain(self.also.iter().copied())
    }

    fn snapshot_name(&self, (situation, terminal): (&str, Terminal)) -> String {
        format!("{}__{situation}__{}", self.name, terminal.name())
    }

    fn draw(&self, situation: &str, terminal: Terminal) -> String {
        let skin = match terminal {
            Terminal::Plainest => plainest(),
            Terminal::Usual | Terminal::Small | Terminal::Large | Terminal::Tiny => skin("dark"),
        };
        let snapshot = scene::snapshot(situation);
        let mut state = drawing::open(snapshot, &(self.place)(), terminal.size(), skin.clone());
        if (self.place)() == Place::Practice {
            let practice = scene::Scene::load(situation).practice();
            state.update(Event::Practice(practice.into()), NOW);
        }
        for key in keys::typed(self.keys) {
            state.update(Event::Key(key), NOW);
        }
        let buffer = drawn(&state, terminal.size());
        match terminal {
            Terminal::Usual | Terminal::Small | Terminal::Plainest => styled(&buffer, &skin),
            Terminal::Large | Terminal::Tiny => drawing::text(&buffer),
        }
    }

    /// Compares every drawing; tells all that differ, not the first alone.
    fn check(&self) {
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let mut different = Vec::new();
        for shot in self.list() {
            let name = self.snapshot_name(shot);
            let drawing = self.draw(shot.0, shot.1);
            let compare = || settings.bind(|| insta::assert_snapshot!(name.as_str(), drawing));
            if catch_unwind(AssertUnwindSafe(compare)).is_err() {
                different.push(name);
            }
        }
        assert!(different.is_empty(), "not as kept: {different:#?}");
    }
}

#[test]
fn what_is_not_checked_of_certificates_stands_in_the_header_of_every_screen() {
    for shots in ALL {
        for terminal in [Terminal::Usual, Terminal::Small, Terminal::Plainest] {
            for (situation, badge) in [
                ("unverified", "TLS UNVERIFIED"),
                ("any_name", "TLS ANY NAME"),
                ("common_name", "TLS CN NAME"),
            ] {
                let drawing = shots.draw(situation, terminal);
                let (name, size) = (shots.name, terminal.name());
                assert!(drawing.contains(badge), "{name} {size}: {drawing}");
            }
        }
    }
}

#[test]
fn no_snapshot_is_left_of_a_screen_that_is_no_longer_drawn() {
    let wanted: BTreeSet<String> = ALL
        .iter()
        .flat_map(|shots| shots.list().map(|shot| shots.snapshot_name(shot)))
        .map(|name| format!("{name}.snap"))
        .collect();
    let folder = format!("{}/tests/it/snapshots", env!("CARGO_MANIFEST_DIR"));
    let kept: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| {
            Path::new(name)
                .extension()
                .is_some_and(|kind| kind == "snap")
        })
        .collect();
    let left: Vec<&String> = kept.difference(&wanted).collect();
    assert!(left.is_empty(), "delete {left:?}");
}
