//! The go-to palette: every screen, broker, topic and group by fuzzy name.
//!
//! ```text
//! ┌ go to ────────────────────────────┐
//! │ : ord▏                            │
//! │▌topic   orders                    │
//! │  group   orders-billing           │
//! └─────────────────────────── 2 of 41┘
//! ```

use crossterm::event::KeyEvent;
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::action::{Action, InputKey, in_input};
use crate::model::Place;
use crate::screens::Scene;
use crate::screens::window::{self, BORDERS};
use crate::ui::cursor::Cursor;
use crate::ui::glyph;
use crate::ui::input::{Edit, Input};
use crate::ui::line::{self, Line, Skin};
use crate::ui::text::Align;
use crate::ui::theme::Role;

/// More rows than this nobody reads: type another letter instead.
const SHOWN_MAX: usize = 200;
/// Rows of the palette's window.
pub const WINDOW_ROWS: usize = 12;

/// One place to go.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What it is: `screen`, `broker`, `topic`, `group`.
    pub kind: &'static str,
    /// What it is called; may come from the network.
    pub name: String,
    pub place: Place,
}

/// What the palette wants after a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaletteReply {
    Stay,
    Close,
    Quit,
    Go(Place),
}

/// The palette with what was typed so far.
#[derive(Debug, Clone)]
pub struct Palette {
    pub input: Input,
    entries: Vec<Entry>,
    /// Indices into `entries`, best first.
    found: Vec<usize>,
    /// How many match in all.
    pub matching: usize,
    pub cursor: Cursor,
}

impl Palette {
    /// A palette of all places this scene knows.
    pub fn new(scene: &Scene) -> Self {
        let mut palette = Self {
            input: Input::default(),
            entries: places(scene),
            found: Vec::new(),
            matching: 0,
            cursor: Cursor::default(),
        };
        palette.search();
        palette
    }

    /// Takes in what a newer scene knows; the chosen place stays chosen.
    pub fn settle(&mut self, scene: &Scene) {
        let chosen = self.chosen().map(|entry| entry.place.clone());
        self.entries = places(scene);
        self.search();
        let found = self.found.iter().position(|index| {
            let entry = self.entries.get(*index);
            entry.map(|entry| &entry.place) == chosen.as_ref()
        });
        if let Some(index) = found {
            self.cursor = self.cursor.at(index, self.found.len(), WINDOW_ROWS);
        }
    }

    fn chosen(&self) -> Option<&Entry> {
        self.entries.get(*self.found.get(self.cursor.selected)?)
    }

    /// Types text.
    pub fn paste(&mut self, text: &str) {
        self.input.edit(&Edit::Paste(text.to_owned()));
        self.search();
    }

    /// Obeys a key.
    pub fn press(&mut self, key: KeyEvent) -> PaletteReply {
        match in_input(key) {
            InputKey::Cancel => return PaletteReply::Close,
            InputKey::Quit => return PaletteReply::Quit,
            InputKey::Accept => {
                let chosen = self.chosen().map(|entry| entry.place.clone());
                return chosen.map_or(PaletteReply::Stay, PaletteReply::Go);
            }
            InputKey::Move(action) => self.step(action),
            InputKey::Edit(edit) => {
                self.input.edit(&edit);
                self.search();
            }
            InputKey::Nothing => {}
        }
        PaletteReply::Stay
    }

    fn step(&mut self, action: Action) {
        if let Some(step) = action.step() {
            self.cursor = self.cursor.step(step, self.found.len(), WINDOW_ROWS);
        }
    }

    /// Exact names first, then names by how well they match, then what only its kind makes match (`topic ord`); among
    /// equals the order of [`places`].
    fn search(&mut self) {
        let text = self.input.text().trim();
        let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut letters = Vec::new();
        let mut scored: Vec<(bool, bool, u32, usize)> = Vec::new();
        for (index, entry) in self.entries.iter().enumerate() {
            let mut score =
                |words: &str| pattern.score(Utf32Str::new(words, &mut letters), &mut matcher);
            let by_name = score(&entry.name);
            let found = by_name.or_else(|| score(&format!("{} {}", entry.kind, entry.name)));
            if let Some(score) = found {
                let exact = entry.name == text;
                scored.push((!exact, by_name.is_none(), u32::MAX - score, index));
            }
        }
        scored.sort_unstable();
        self.matching = scored.len();
        self.found = scored
            .into_iter()
            .take(SHOWN_MAX)
            .map(|(_, _, _, index)| index)
            .collect();
        self.cursor = Cursor::default();
    }
}

/// All places: screens, brokers, topics, groups.
fn places(scene: &Scene) -> Vec<Entry> {
    let snapshot = scene.snapshot;
    let practice = scene.practice.map(|_| ("practice", Place::Practice));
    let screens = [
        ("overview", Place::Overview),
        ("brokers", Place::Brokers),
        ("topics", Place::Topics { faults_only: false }),
        ("groups", Place::Groups),
        ("quorum", Place::Quorum),
    ];
    let mut entries: Vec<Entry> = screens
        .into_iter()
        .chain(practice)
        .map(|(name, place)| Entry {
            kind: "screen",
            name: name.to_owned(),
            place,
        })
        .collect();
    entries.extend(snapshot.brokers.iter().map(|broker| Entry {
        kind: "broker",
        name: match &broker.endpoint {
            Some(endpoint) => format!("{} {endpoint}", broker.id),
            None => broker.id.to_string(),
        },
        place: Place::Broker(broker.id),
    }));
    if let Some(topology) = snapshot.facts.topology.value() {
        entries.extend(topology.topics.keys().map(|name| Entry {
            kind: "topic",
            name: name.to_string(),
            place: Place::Topic(name.clone()),
        }));
    }
    if let Some(groups) = snapshot.facts.groups.value() {
        entries.extend(groups.by_id.keys().map(|id| Entry {
            kind: "group",
            name: id.to_string(),
            place: Place::Group(id.clone()),
        }));
    }
    entries
}

/// Width of the window.
const WIDTH: u16 = 72;

impl Palette {
    /// Draws the window over the body. Returns where the text cursor stands.
    pub fn view(&self, body: Rect, buffer: &mut Buffer, skin: &Skin) -> Position {
        let rows = u16::try_from(WINDOW_ROWS).unwrap_or(u16::MAX);
        let title = format!("go to · {}", self.cursor.position(self.matching));
        let inner = window::draw(&title, body, (WIDTH, rows + 1 + BORDERS), buffer, skin);
        let prompt = Line::of(" : ", Role::Key);
        let typed = self
            .input
            .draw(&prompt, Rect { height: 1, ..inner }, buffer, skin);
        let found = self
            .found
            .iter()
            .filter_map(|index| self.entries.get(*index));
        let rows = found.enumerate().skip(self.cursor.offset);
        for (y, (index, entry)) in (inner.top() + 1..inner.bottom()).zip(rows) {
            let chosen = index == self.cursor.selected;
            let marker = if chosen {
                glyph::MARKER.of(skin.glyphs)
            } else {
                ' '
            };
            let line = Line::of(format!("{marker}{:<8}", entry.kind), Role::Dim).with(
                entry.name.clone(),
                if chosen { Role::Accent } else { Role::Text },
            );
            line::draw(
                &line,
                Align::Left,
                Rect {
                    y,
                    height: 1,
                    ..inner
                },
                buffer,
                skin,
            );
        }
        typed
    }
}
