//! What the program remembers between events, and the only code that changes it.
//!
//! [`State::update`] is pure: same state, event and moment give the same state and effects. It never waits,
//! reads a clock or touches a terminal.

pub mod keys;

use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use crate::action::{Action, InputKey, in_input};
use crate::effect::Effect;
use crate::event::Event;
use crate::model::{Focus, Moment, Place, Practice, Snapshot};
use crate::screens::frame::{Frame, Overlay};
use crate::screens::help::Help;
use crate::screens::palette::{Palette, PaletteReply};
use crate::screens::{Reply, Room, Scene, Screen};
use crate::ui::frame;
use crate::ui::input::{Edit, Input};
use crate::ui::line::Skin;

/// What keys mean just now.
#[derive(Debug, Clone)]
pub enum Mode {
    /// They act on the screen.
    Browse,
    /// They edit the filter of the screen.
    Filter(Input),
    /// They search for a place to go.
    Palette(Palette),
    /// They scroll the list of keys.
    Help(Help),
}

/// Everything the frame is drawn from.
#[derive(Debug)]
pub struct State {
    snapshot: Arc<Snapshot>,
    practice: Option<Arc<Practice>>,
    now: Moment,
    skin: Skin,
    area: Rect,
    /// The way here; the last is shown. Never empty: `home` stands below it.
    trail: Vec<Screen>,
    home: Screen,
    mode: Mode,
    focus: Focus,
}

impl State {
    /// The state before the first event.
    pub fn new(skin: Skin, area: Rect, snapshot: Arc<Snapshot>, now: Moment) -> Self {
        Self {
            snapshot,
            practice: None,
            now,
            skin,
            area,
            trail: Vec::new(),
            home: Screen::at(&Place::Overview),
            mode: Mode::Browse,
            focus: Focus::Cluster,
        }
    }

    /// The screen that is shown.
    pub fn screen(&self) -> &Screen {
        self.trail.last().unwrap_or(&self.home)
    }

    /// What keys mean just now.
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// All a view may see.
    pub fn scene(&self) -> Scene<'_> {
        Scene {
            snapshot: &self.snapshot,
            now: self.now,
            skin: &self.skin,
            practice: self.practice.as_deref(),
            body: body(self.area),
        }
    }

    /// The one door: takes an event and says what the outside must do.
    pub fn update(&mut self, event: Event, now: Moment) -> Vec<Effect> {
        self.now = now;
        match event {
            Event::Key(key) => self.press(key),
            Event::Paste(text) => self.paste(&text),
            Event::Resize { columns, rows } => {
                self.area = Rect::new(0, 0, columns, rows);
                self.settle();
                Vec::new()
            }
            Event::Snapshot(snapshot) => {
                self.snapshot = snapshot;
                self.settle();
                Vec::new()
            }
            Event::Practice(practice) => {
                self.practice = Some(practice);
                self.settle();
                Vec::new()
            }
            Event::Tick => Vec::new(),
        }
    }

    fn press(&mut self, key: KeyEvent) -> Vec<Effect> {
        match std::mem::replace(&mut self.mode, Mode::Browse) {
            Mode::Browse => match keys::meaning(self.screen().keys(), key) {
                Some(action) => self.act(action),
                None => Vec::new(),
            },
            Mode::Filter(input) => self.edit_filter(input, key),
            Mode::Palette(palette) => self.search(palette, key),
            Mode::Help(help) => self.scroll_help(help, key),
        }
    }

    fn paste(&mut self, text: &str) -> Vec<Effect> {
        match &mut self.mode {
            Mode::Filter(input) => {
                input.edit(&Edit::Paste(text.to_owned()));
                let filter = input.text().to_owned();
                self.filter(&filter);
            }
            Mode::Palette(palette) => palette.paste(text),
            Mode::Browse | Mode::Help(_) => {}
        }
        Vec::new()
    }

    fn act(&mut self, action: Action) -> Vec<Effect> {
        match action {
            Action::Quit => vec![Effect::Quit],
            Action::Suspend => vec![Effect::Suspend],
            Action::Redraw => vec![Effect::Redraw],
            Action::Refresh => vec![Effect::Refresh],
            Action::Help => {
                self.mode = Mode::Help(Help::default());
                Vec::new()
            }
            Action::GoTo => {
                self.mode = Mode::Palette(Palette::new(&self.scene()));
                Vec::new()
            }
            Action::Filter => {
                if let Some(filter) = self.screen().filter() {
                    self.mode = Mode::Filter(Input::new(filter));
                }
                Vec::new()
            }
            Action::Back => self.back(),
            Action::Leave if self.trail.is_empty() => vec![Effect::Quit],
            Action::Leave => self.leave(),
            other => {
                let reply = self.on_screen(|screen, scene| screen.update(other, scene));
                self.answer(reply)
            }
        }
    }

    fn answer(&mut self, reply: Reply) -> Vec<Effect> {
        match reply {
            Reply::Stay => Vec::new(),
            Reply::Go(place) => self.go(&place),
            Reply::Practice(order) => vec![Effect::Practice(order)],
        }
    }

    /// Gives up what is begun, then clears a filter, then leaves the screen; the first screen stays.
    fn back(&mut self) -> Vec<Effect> {
        if self.on_screen(|screen, _| screen.cancel()) {
            return Vec::new();
        }
        if self
            .screen()
            .filter()
            .is_some_and(|filter| !filter.is_empty())
        {
            self.filter("");
            return Vec::new();
        }
        self.leave()
    }

    fn leave(&mut self) -> Vec<Effect> {
        self.trail.pop();
        self.settle();
        self.refocus()
    }

    /// To a place: back to it where it lies on the way here, otherwise forward.
    pub fn go(&mut self, place: &Place) -> Vec<Effect> {
        if *place == Place::Overview {
            self.trail.clear();
        } else if let Some(index) = self
            .trail
            .iter()
            .position(|screen| screen.place() == *place)
        {
            self.trail.truncate(index + 1);
        } else {
            self.trail.push(Screen::at(place));
        }
        self.settle();
        self.refocus()
    }

    fn refocus(&mut self) -> Vec<Effect> {
        let focus = self.screen().focus();
        if focus == self.focus {
            return Vec::new();
        }
        self.focus = focus.clone();
        vec![Effect::Focus(focus)]
    }

    fn edit_filter(&mut self, mut input: Input, key: KeyEvent) -> Vec<Effect> {
        match in_input(key) {
            InputKey::Cancel => self.filter(""),
            InputKey::Accept => {}
            InputKey::Quit => return vec![Effect::Quit],
            InputKey::Move(action) => {
                self.mode = Mode::Filter(input);
                self.on_screen(|screen, scene| screen.update(action, scene));
            }
            InputKey::Nothing => self.mode = Mode::Filter(input),
            InputKey::Edit(edit) => {
                input.edit(&edit);
                let filter = input.text().to_owned();
                self.mode = Mode::Filter(input);
                self.filter(&filter);
            }
        }
        Vec::new()
    }

    fn filter(&mut self, filter: &str) {
        self.on_screen(|screen, scene| {
            screen.set_filter(filter);
            screen.settle(scene);
        });
    }

    fn search(&mut self, mut palette: Palette, key: KeyEvent) -> Vec<Effect> {
        match palette.press(key) {
            PaletteReply::Stay => self.mode = Mode::Palette(palette),
            PaletteReply::Close => {}
            PaletteReply::Quit => return vec![Effect::Quit],
            PaletteReply::Go(place) => return self.go(&place),
        }
        Vec::new()
    }

    fn scroll_help(&mut self, mut help: Help, key: KeyEvent) -> Vec<Effect> {
        match keys::meaning(self.screen().keys(), key) {
            Some(Action::Quit) => return vec![Effect::Quit],
            Some(Action::Back | Action::Leave | Action::Help) => {}
            Some(action) => {
                help.scroll(action, &self.frame().keys(), body(self.area));
                self.mode = Mode::Help(help);
            }
            None => self.mode = Mode::Help(help),
        }
        Vec::new()
    }

    /// Lets the shown screen fit its rows to the data and the size. While nothing can be shown it keeps its place.
    fn settle(&mut self) {
        if frame::split(self.area).is_none() {
            return;
        }
        self.on_screen(Room::settle);
        let mut mode = std::mem::replace(&mut self.mode, Mode::Browse);
        if let Mode::Palette(palette) = &mut mode {
            palette.settle(&self.scene());
        }
        self.mode = mode;
    }

    fn on_screen<T>(&mut self, change: impl FnOnce(&mut Screen, &Scene) -> T) -> T {
        let scene = Scene {
            snapshot: &self.snapshot,
            now: self.now,
            skin: &self.skin,
            practice: self.practice.as_deref(),
            body: body(self.area),
        };
        change(self.trail.last_mut().unwrap_or(&mut self.home), &scene)
    }

    /// The frame to draw.
    pub fn frame(&self) -> Frame<'_> {
        let overlay = match &self.mode {
            Mode::Browse => Overlay::Nothing,
            Mode::Filter(input) => Overlay::Filter(input),
            Mode::Palette(palette) => Overlay::Palette(palette),
            Mode::Help(help) => Overlay::Help(help),
        };
        Frame {
            scene: self.scene(),
            screen: self.screen(),
            trail: self.trail.iter().collect(),
            overlay,
            everywhere: keys::EVERYWHERE,
        }
    }
}

/// The part of the terminal that a screen may use; none where the terminal is too small.
fn body(area: Rect) -> Rect {
    frame::split(area)
        .map(|areas| areas.body)
        .unwrap_or_default()
}
