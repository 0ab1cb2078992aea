//! The whole frame: header, strip, screen, footer, and what lies over them. A pure function of what it is given.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::widgets::{Clear, Widget as _};

use crate::action::Binding;
use crate::screens::chrome::{footer, header, strip};
use crate::screens::help::Help;
use crate::screens::listing;
use crate::screens::palette::Palette;
use crate::screens::{Room as _, Scene, Screen};
use crate::ui::frame;
use crate::ui::input::Input;
use crate::ui::line::{self, Line, Skin};
use crate::ui::text::Align;
use crate::ui::theme::Role;

/// What lies over the screen, and takes the keys.
#[derive(Debug, Clone, Copy)]
pub enum Overlay<'a> {
    Nothing,
    Filter(&'a Input),
    Palette(&'a Palette),
    Help(&'a Help),
}

/// All of a frame.
#[derive(Debug)]
pub struct Frame<'a> {
    pub scene: Scene<'a>,
    pub screen: &'a Screen,
    /// The screens on the way here.
    pub trail: Vec<&'a Screen>,
    pub overlay: Overlay<'a>,
    /// Keys that act on every screen.
    pub everywhere: &'static [Binding],
}

impl Frame<'_> {
    /// All keys that act here: those of the screen, then those that act everywhere.
    pub fn keys(&self) -> Vec<&'static [Binding]> {
        let mut keys = self.screen.keys().to_vec();
        keys.push(self.everywhere);
        keys
    }

    /// Draws it. Returns where the text cursor stands, while something is typed.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer) -> Option<Position> {
        let skin = self.scene.skin;
        buffer.set_style(area, skin.style(Role::Text));
        let Some(parts) = frame::split(area) else {
            frame::draw_too_small(area, buffer, skin);
            return None;
        };
        let width = usize::from(area.width);
        buffer.set_style(parts.header, skin.style(Role::Header));
        let (left, right) = header::lines(&self.scene, &self.trail, width);
        line::draw(&left, Align::Left, parts.header, buffer, skin);
        line::draw(&right, Align::Right, parts.header, buffer, skin);
        let (brokers, age) = strip::lines(&self.scene, width);
        line::draw(&brokers, Align::Left, parts.strip, buffer, skin);
        line::draw(&age, Align::Right, parts.strip, buffer, skin);
        self.screen.view(&self.scene, parts.body, buffer);
        self.dim_what_is_old(parts.body, buffer);
        self.draw_footer(parts.footer, buffer);
        self.draw_overlay(parts.body, parts.footer, buffer)
    }

    /// An old picture is dim throughout: none of its colours may pass for news.
    fn dim_what_is_old(&self, body: Rect, buffer: &mut Buffer) {
        if !self.scene.is_old() {
            return;
        }
        let old = listing::below(body, self.screen.current_rows(&self.scene));
        let loud = Modifier::BOLD | Modifier::UNDERLINED;
        let stale = self.scene.skin.style(Role::Stale).remove_modifier(loud);
        buffer.set_style(old, stale);
    }

    fn draw_footer(&self, area: Rect, buffer: &mut Buffer) {
        let keys = self.keys();
        let (left, right) = footer::lines(&self.scene, &keys, usize::from(area.width));
        line::draw(&left, Align::Left, area, buffer, self.scene.skin);
        line::draw(&right, Align::Right, area, buffer, self.scene.skin);
    }

    fn draw_overlay(&self, body: Rect, footer: Rect, buffer: &mut Buffer) -> Option<Position> {
        let skin = self.scene.skin;
        match self.overlay {
            Overlay::Nothing => None,
            Overlay::Filter(input) => {
                blank(footer, buffer, skin);
                Some(input.draw(&Line::of(" filter: ", Role::Key), footer, buffer, skin))
            }
            Overlay::Palette(palette) => Some(palette.view(body, buffer, skin)),
            Overlay::Help(help) => {
                help.view(&self.keys(), body, buffer, skin);
                None
            }
        }
    }
}

/// Empties an area before something is drawn over it.
pub fn blank(area: Rect, buffer: &mut Buffer, skin: &Skin) {
    Clear.render(area, buffer);
    buffer.set_style(area, skin.style(Role::Text));
}
