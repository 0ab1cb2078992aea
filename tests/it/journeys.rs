//! What the operator types and what is shown then: keys → state → frame, without a terminal or a cluster.

mod any_keys;
mod practice;

use std::sync::Arc;

use lookout::effect::Effect;
use lookout::event::Event;
use lookout::model::{Focus, Place, Snapshot};
use lookout::screens::Room as _;
use lookout::state::{Mode, State};

use crate::support::drawing::{self, drawn, skin};
use crate::support::keys;
use crate::support::scene::{self, NOW, Scene};

/// An operator before a screen.
struct Desk {
    state: State,
    size: (u16, u16),
}

impl Desk {
    fn at(situation: &str, place: &Place) -> Self {
        Self::before(scene::snapshot(situation), place, (120, 36))
    }

    fn before(snapshot: Snapshot, place: &Place, size: (u16, u16)) -> Self {
        let state = drawing::open(snapshot, place, size, skin("dark"));
        Self { state, size }
    }

    fn types(&mut self, script: &str) -> Vec<Effect> {
        let keys = keys::typed(script).into_iter();
        keys.flat_map(|key| self.state.update(Event::Key(key), NOW))
            .collect()
    }

    fn learns(&mut self, snapshot: Snapshot) {
        self.state.update(Event::Snapshot(Arc::new(snapshot)), NOW);
    }

    fn resizes(&mut self, (columns, rows): (u16, u16)) {
        self.size = (columns, rows);
        self.state.update(Event::Resize { columns, rows }, NOW);
    }

    fn lines(&self) -> Vec<String> {
        drawing::lines(&drawn(&self.state, self.size))
    }

    fn place(&self) -> Place {
        self.state.screen().place()
    }

    /// The first line that holds the words.
    fn line(&self, words: &str) -> String {
        let lines = self.lines();
        let found = lines.iter().find(|line| line.contains(words));
        found
            .cloned()
            .unwrap_or_else(|| panic!("no {words:?} in {lines:#?}"))
    }

    fn shows(&self, words: &str) -> bool {
        self.lines().iter().any(|line| line.contains(words))
    }

    /// The selected row of a table.
    fn selected(&self) -> String {
        let lines = self.lines();
        let marked = lines.iter().find(|line| line.starts_with('▌'));
        marked
            .cloned()
            .unwrap_or_else(|| panic!("no row is selected in {lines:#?}"))
    }

    /// First words of the rows of the table under its header.
    fn names(&self, header: &str) -> Vec<String> {
        let lines = self.lines();
        let rows = lines
            .iter()
            .skip_while(|line| !line.contains(header))
            .skip(1);
        rows.take_while(|line| !line.is_empty())
            .filter_map(|line| {
                line.split_whitespace()
                    .find(|word| word.chars().count() > 3)
            })
            .map(str::to_owned)
            .collect()
    }
}

const TOPICS: Place = Place::Topics { faults_only: false };

#[test]
fn the_palette_leads_to_a_topic_by_a_few_letters() {
    let mut desk = Desk::at("healthy", &Place::Overview);
    desk.types(":ord");
    assert!(desk.line("go to").contains("1/"));
    assert!(desk.shows(" : ord"));
    let effects = desk.types("<enter>");
    assert_eq!(desk.place(), Place::Topic("orders".into()));
    assert_eq!(effects, [Effect::Focus(Focus::Topic("orders".into()))]);
    assert!(desk.lines()[0].contains("prod-eu ▸ orders"));
    assert!(desk.shows("12 partitions  RF 3"));
}

#[test]
fn the_palette_finds_screens_brokers_and_groups_too() {
    for (typed, place) in [
        (":quorum<enter>", Place::Quorum),
        (
            ":broker 3<enter>",
            Place::Broker(lookout::model::BrokerId(3)),
        ),
        (":bill<enter>", Place::Group("billing".into())),
        (":overview<enter>", Place::Overview),
    ] {
        let mut desk = Desk::at("healthy", &TOPICS);
        desk.types(typed);
        assert_eq!(desk.place(), place, "{typed}");
    }
}

#[test]
fn a_palette_that_finds_nothing_stays_open_and_esc_closes_it() {
    let mut desk = Desk::at("healthy", &TOPICS);
    desk.types(":zzzz<enter>");
    assert!(matches!(desk.state.mode(), Mode::Palette(_)));
    assert!(desk.line("go to").contains("0/0"));
    desk.types("<esc>");
    assert!(matches!(desk.state.mode(), Mode::Browse));
    assert_eq!(desk.place(), TOPICS);
}

#[test]
fn a_filter_narrows_while_it_is_typed_and_esc_clears_it() {
    let mut desk = Desk::at("healthy", &TOPICS);
    assert_eq!(
        desk.names("TOPIC"),
        ["audit", "customers", "orders", "payments"]
    );
    desk.types("/or");
    assert_eq!(desk.names("TOPIC"), ["orders"]);
    assert!(desk.lines().last().unwrap().starts_with(" filter: or"));
    desk.types("<enter>");
    assert!(desk.shows("filter \"or\""));
    desk.types("<esc>");
    assert_eq!(desk.place(), TOPICS);
    assert_eq!(desk.names("TOPIC").len(), 4);
    desk.types("/nothing is called so<enter>");
    assert!(desk.shows("no topic matches"));
}

#[test]
fn keys_of_the_screen_are_letters_while_a_filter_is_typed() {
    let mut desk = Desk::at("healthy", &TOPICS);
    assert!(desk.types("/q:s?").is_empty());
    assert!(matches!(desk.state.mode(), Mode::Filter(_)));
    assert!(desk.lines().last().unwrap().starts_with(" filter: q:s?"));
    desk.types("<ctrl-u>");
    assert!(desk.lines().last().unwrap().trim_end() == " filter:");
}

#[test]
fn sorting_walks_through_the_columns_and_capital_s_turns_it_round() {
    let mut desk = Desk::at("healthy", &TOPICS);
    assert!(desk.shows("TOPIC▲"));
    desk.types("sss");
    assert!(desk.shows("SIZE▼"));
    assert_eq!(
        desk.names("TOPIC"),
        ["payments", "orders", "customers", "audit"]
    );
    desk.types("S");
    assert!(desk.shows("SIZE▲"));
    assert_eq!(
        desk.names("TOPIC"),
        ["audit", "customers", "orders", "payments"]
    );
}

#[test]
fn every_sort_sign_is_whole() {
    for (place, sorts) in [
        (Place::Brokers, 5),
        (TOPICS, 5),
        (Place::Groups, 4),
        (Place::Group("billing".into()), 2),
    ] {
        for (width, height) in [(80, 24), (120, 36)] {
            let mut desk = Desk::before(scene::snapshot("healthy"), &place, (width, height));
            for _ in 0..sorts {
                let header = desk.lines()[3].clone();
                assert!(
                    header.contains(['▲', '▼']) && !header.contains('…'),
                    "{header}"
                );
                desk.types("s");
            }
        }
    }
}

#[test]
fn faults_only_leaves_what_is_broken() {
    let mut desk = Desk::at("two_of_five_down", &Place::Brokers);
    desk.types("f");
    assert!(desk.shows("faults only"));
    assert_eq!(desk.names("HOST"), ["kafka-3:9092", "kafka-5:9092"]);
    desk.types("f");
    assert_eq!(desk.names("HOST").len(), 5);
    let mut sound = Desk::at("healthy", &TOPICS);
    sound.types("f");
    assert!(sound.shows("no topic matches"));
}

#[test]
fn internal_topics_are_folded_until_they_are_asked_for() {
    let mut desk = Desk::at("healthy", &TOPICS);
    assert!(desk.shows("2 internal folded") && !desk.shows("__consumer_offsets"));
    desk.types("i");
    assert!(desk.shows("__consumer_offsets"));
}

#[test]
fn esc_and_q_go_back_and_only_q_leaves_the_first_screen() {
    let mut desk = Desk::at("healthy", &TOPICS);
    assert!(
        desk.types("<down><enter>")
            .contains(&Effect::Focus(Focus::Topic("customers".into())))
    );
    assert_eq!(desk.place(), Place::Topic("customers".into()));
    desk.types("<esc>");
    assert_eq!(desk.place(), TOPICS);
    assert!(desk.selected().contains("customers"));
    assert!(desk.types("q").is_empty());
    assert_eq!(desk.place(), Place::Overview);
    assert!(desk.types("<esc>").is_empty());
    assert_eq!(desk.types("q"), [Effect::Quit]);
}

#[test]
fn enter_on_a_finding_leads_to_what_it_is_about() {
    let mut desk = Desk::at("two_of_five_down", &Place::Overview);
    assert!(desk.line("CRIT").contains("2 of 5 brokers are DOWN"));
    desk.types("<enter>");
    assert_eq!(desk.place(), Place::Brokers);
    desk.types("<esc><down><enter>");
    assert_eq!(desk.place(), Place::Topic("audit".into()));
}

#[test]
fn the_selected_finding_is_told_in_full_with_what_to_do_next() {
    let snapshot = scene::snapshot("two_of_five_down");
    for size in [(80, 24), (120, 36)] {
        let mut desk = Desk::before(snapshot.clone(), &Place::Overview, size);
        for finding in snapshot.findings.iter() {
            let words = desk.lines()[2..].join(" ").replace(['│', '▌'], " ");
            let words: Vec<&str> = words.split_whitespace().collect();
            let words = words.join(" ");
            for said in [finding.text.as_str(), finding.note.as_str(), finding.next] {
                assert!(words.contains(said), "{said:?} at {size:?} in {words}");
            }
            desk.types("<down>");
        }
    }
}

#[test]
fn where_not_all_brokers_have_a_row_the_worst_off_come_first() {
    let desk = Desk::before(scene::snapshot("many_brokers"), &Place::Overview, (80, 24));
    let rows = desk.names("HOST");
    let down = ["kafka-3:9092", "kafka-15:9092", "kafka-27:9092"];
    assert!(rows.starts_with(&down.map(str::to_owned)), "{rows:?}");
    let healthy = Desk::before(scene::snapshot("healthy"), &Place::Overview, (80, 24));
    assert_eq!(healthy.names("HOST")[0], "kafka-1:9092");
}

#[test]
fn tab_moves_from_the_findings_to_the_brokers() {
    let mut desk = Desk::at("two_of_five_down", &Place::Overview);
    desk.types("<tab><down><down><enter>");
    assert_eq!(desk.place(), Place::Broker(lookout::model::BrokerId(3)));
}

#[test]
fn the_selection_stays_on_its_topic_when_topics_appear_above_it() {
    let mut scene = Scene::load("healthy");
    let mut desk = Desk::before(scene.judge(), &TOPICS, (120, 36));
    desk.types("<down><down>");
    assert!(desk.selected().contains("orders"));
    let mut newcomer = scene.topic[0].clone();
    newcomer.name = "aaa-first".into();
    scene.topic.push(newcomer);
    desk.learns(scene.judge());
    assert!(desk.shows("aaa-first"));
    assert!(desk.selected().contains("orders"), "{}", desk.selected());
    scene.topic.retain(|topic| topic.name != "orders");
    scene.group.clear(); // some read it
    desk.learns(scene.judge());
    assert!(desk.selected().contains("payments"), "{}", desk.selected());
}

#[test]
fn the_help_lists_every_key_of_every_screen_at_any_size() {
    for place in places() {
        for size in [(80, 24), (40, 10)] {
            let mut desk = Desk::before(scene::snapshot("healthy"), &place, size);
            let keys = desk.state.frame().keys();
            desk.types("?");
            let mut seen = desk.lines();
            for _ in 0..40 {
                desk.types("j");
                seen.extend(desk.lines());
            }
            for binding in keys.into_iter().flatten() {
                let chord = binding.chords[0].to_string();
                let label: String = binding.label.chars().take(12).collect();
                let listed =
                    |line: &String| line.contains(&format!("│ {chord} ")) && line.contains(&label);
                assert!(
                    seen.iter().any(listed),
                    "{chord} {label} of {place:?} at {size:?}"
                );
            }
        }
    }
}

#[test]
fn ctrl_c_ends_it_from_everywhere() {
    for place in places() {
        for before in ["", ":", ":ord", "/", "/ord", "?", "/ord<enter>"] {
            let mut desk = Desk::at("two_of_five_down", &place);
            desk.types(before);
            assert_eq!(
                desk.types("<ctrl-c>"),
                [Effect::Quit],
                "{before} at {place:?}"
            );
        }
    }
}

#[test]
fn a_terminal_made_tiny_and_large_again_shows_the_same() {
    for place in places() {
        let mut desk = Desk::at("two_of_five_down", &place);
        desk.types("<down>");
        let before = desk.lines();
        for tiny in [(30, 8), (1, 1), (0, 0)] {
            desk.resizes(tiny);
            desk.lines();
        }
        desk.resizes((120, 36));
        assert_eq!(desk.lines(), before, "{place:?}");
    }
}

#[test]
fn a_paste_goes_into_the_filter_or_the_palette_and_nowhere_else() {
    let mut desk = Desk::at("healthy", &TOPICS);
    let before = desk.lines();
    assert!(
        desk.state
            .update(Event::Paste("q:\x1b[2J".into()), NOW)
            .is_empty()
    );
    assert_eq!(desk.lines(), before);
    desk.types("/");
    desk.state.update(Event::Paste("orders\n".into()), NOW);
    assert!(desk.lines().last().unwrap().starts_with(" filter: orders"));
    desk.types("<esc>:");
    desk.state.update(Event::Paste("ord\u{1b}ers".into()), NOW);
    desk.types("<enter>");
    assert_eq!(desk.place(), Place::Topic("orders".into()));
}

#[test]
fn an_old_picture_says_so_on_every_screen_and_in_every_dialog() {
    for place in places() {
        for before in ["", ":", "?"] {
            for size in [(120, 36), (80, 24)] {
                let mut desk = Desk::before(scene::snapshot("no_contact"), &place, size);
                desk.types(before);
                let strip = desk.lines()[1].clone();
                assert!(strip.contains("no contact for 2m"), "{strip}");
                assert!(strip.contains("state of 14:04 UTC"), "{strip}");
            }
        }
    }
}

fn places() -> [Place; 8] {
    [
        Place::Overview,
        Place::Brokers,
        Place::Broker(lookout::model::BrokerId(3)),
        TOPICS,
        Place::Topic("orders".into()),
        Place::Groups,
        Place::Group("billing".into()),
        Place::Quorum,
    ]
}

#[test]
fn the_worst_finding_is_told_until_the_operator_moves_to_another() {
    let told = |desk: &Desk| desk.line("│▌");
    let mut desk = Desk::before(scene::snapshot("healthy"), &Place::Overview, (120, 36));
    desk.learns(scene::snapshot("two_of_five_down"));
    assert!(told(&desk).contains("brokers are DOWN"), "{}", told(&desk));
    desk.types("<down><down>");
    let chosen = told(&desk);
    assert!(!chosen.contains("brokers are DOWN"));
    desk.learns(scene::snapshot("two_of_five_down"));
    assert_eq!(told(&desk), chosen);
}
