//! Whatever is typed at whatever size in whatever situation: nothing panics, a broken broker is seen, and no byte of
//! the network reaches the terminal raw.

use std::sync::{Arc, LazyLock};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use lookout::event::Event;
use lookout::model::{Place, Snapshot, VerdictKind};
use lookout::screens::glyphs;
use lookout::ui::glyph::GlyphSet;
use lookout::ui::line::Skin;
use proptest::prelude::*;
use ratatui::buffer::Buffer;

use crate::support::drawing::{self, drawn, plainest, skin};
use crate::support::scene::{self, NOW};

const SITUATIONS: [&str; 10] = [
    "many_brokers",
    "empty",
    "healthy",
    "two_of_five_down",
    "hanging_broker",
    "stale",
    "no_contact",
    "quorum_lost",
    "not_permitted",
    "hostile_names",
];

/// Judged once: the tests ask for them thousands of times.
static SNAPSHOTS: LazyLock<Vec<Arc<Snapshot>>> =
    LazyLock::new(|| SITUATIONS.map(scene::snapshot).map(Arc::new).to_vec());

#[derive(Debug, Clone)]
enum Happening {
    Key(KeyEvent),
    Paste(String),
    Resize(u16, u16),
    /// The cluster turned into another situation.
    Situation(usize),
}

fn any_key() -> impl Strategy<Value = KeyEvent> {
    let known = prop::sample::select(":/?fsSiqrhjklgG orders3".chars().collect::<Vec<_>>());
    let named = prop::sample::select(vec![
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::Backspace,
        KeyCode::Delete,
        KeyCode::F(1),
        KeyCode::F(12),
        KeyCode::Insert,
    ]);
    let code = prop_oneof![
        4 => known.prop_map(KeyCode::Char),
        4 => named,
        1 => any::<char>().prop_map(KeyCode::Char),
    ];
    let held = prop_oneof![
        8 => Just(KeyModifiers::NONE),
        1 => Just(KeyModifiers::CONTROL),
        1 => Just(KeyModifiers::SHIFT),
    ];
    (code, held).prop_map(|(code, held)| KeyEvent::new(code, held))
}

fn any_happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        12 => any_key().prop_map(Happening::Key),
        1 => any::<String>().prop_map(Happening::Paste),
        1 => (0u16..220, 0u16..70).prop_map(|(columns, rows)| Happening::Resize(columns, rows)),
        1 => (0..SITUATIONS.len()).prop_map(Happening::Situation),
    ]
}

/// What must hold of every frame.
fn check(buffer: &Buffer, snapshot: &Snapshot, skin: &Skin) -> Result<(), TestCaseError> {
    for cell in &buffer.content {
        let bad = |c: char| {
            c.is_control()
                || matches!(u32::from(c), 0x200b..=0x200f | 0x202a..=0x202e | 0x2066..=0x2069 | 0xfeff)
        };
        prop_assert!(!cell.symbol().contains(bad), "{:?}", cell.symbol());
        prop_assert!(
            skin.glyphs == GlyphSet::Unicode || cell.symbol().is_ascii(),
            "{:?}",
            cell.symbol()
        );
    }
    if buffer.area.width < 40 || buffer.area.height < 10 {
        return Ok(());
    }
    let lines = drawing::lines(buffer);
    let counter = match (snapshot.no_contact(), snapshot.totals.expected) {
        (true, _) => "brokers ?".to_owned(),
        (false, 0) => "brokers".to_owned(),
        (false, expected) => format!("brokers {}/{expected}", snapshot.totals.alive),
    };
    prop_assert!(lines[0].contains(&counter), "{counter:?} in {:?}", lines[0]);
    let broken = snapshot
        .brokers
        .iter()
        .filter(|broker| broker.verdict.kind != VerdictKind::Up);
    for broker in broken {
        let name = format!(
            "{}{}",
            glyphs::glyph(broker.verdict.kind).of(skin.glyphs),
            broker.id
        );
        prop_assert!(lines[1].contains(&name), "{name} in {:?}", lines[1]);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_keys_in_no_situation_break_the_frame(
        first in 0..SITUATIONS.len(),
        size in (0u16..220, 0u16..70),
        plain in any::<bool>(),
        happenings in prop::collection::vec(any_happening(), 0..40),
    ) {
        let skin = if plain { plainest() } else { skin("dark") };
        let mut snapshot = SNAPSHOTS[first].clone();
        let mut size = size;
        let mut state = drawing::open(Snapshot::clone(&snapshot), &Place::Overview, size, skin.clone());
        check(&drawn(&state, size), &snapshot, &skin)?;
        for happening in happenings {
            let event = match happening {
                Happening::Key(key) => Event::Key(key),
                Happening::Paste(text) => Event::Paste(text),
                Happening::Resize(columns, rows) => {
                    size = (columns, rows);
                    Event::Resize { columns, rows }
                }
                Happening::Situation(index) => {
                    snapshot = SNAPSHOTS[index].clone();
                    Event::Snapshot(snapshot.clone())
                }
            };
            state.update(event, NOW);
            check(&drawn(&state, size), &snapshot, &skin)?;
        }
    }
}

/// Every screen of the hostile cluster, not only those that random keys find.
#[test]
fn names_from_the_network_never_reach_the_terminal_raw() {
    let snapshot = scene::snapshot("hostile_names");
    let topics = snapshot
        .facts
        .topology
        .value()
        .unwrap()
        .topics
        .keys()
        .cloned();
    let groups = snapshot.facts.groups.value().unwrap().by_id.keys().cloned();
    let mut places = vec![
        Place::Overview,
        Place::Brokers,
        Place::Groups,
        Place::Quorum,
    ];
    places.push(Place::Topics { faults_only: false });
    places.extend(
        snapshot
            .brokers
            .iter()
            .map(|broker| Place::Broker(broker.id)),
    );
    places.extend(topics.map(Place::Topic));
    places.extend(groups.map(Place::Group));
    for place in places {
        for (skin, size) in [(skin("dark"), (120, 36)), (plainest(), (80, 24))] {
            let drawing = drawing::draw(snapshot.clone(), &place, size, skin.clone());
            check(&drawing, &snapshot, &skin).unwrap_or_else(|e| panic!("{place:?}: {e}"));
        }
    }
}
