//! The whole frame: header, strip, screen, footer, and what lies over them. A pure function of what it is given.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::action::Binding;
use crate::screens::chrome::{self, footer, header, strip};
use crate::screens::help::Help;
use crate::screens::palette::Palette;
use crate::screens::{Room as _, Scene, Screen};
use crate::ui::input::Input;
use crate::ui::line::{self, Line};
use crate::ui::text::Align;
use crate::ui::theme::Role;

/// Below this nothing can be read; the screen says so instead.
pub const LEAST: (u16, u16) = (40, 10);

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
    /// Draws it. Returns where the text cursor stands, while something is typed.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer) -> Option<(u16, u16)> {
        let skin = self.scene.skin;
        buffer.set_style(area, skin.style(Role::Text));
        if area.width < LEAST.0 || area.height < LEAST.1 {
            too_small(area, buffer, self.scene);
            return None;
        }
        let parts = chrome::parts(area);
        let width = usize::from(area.width);
        buffer.set_style(parts.header, skin.style(Role::Header));
        let (left, right) = header::lines(&self.scene, &self.trail, width);
        line::draw(&left, Align::Left, parts.header, buffer, skin);
        line::draw(&right, Align::Right, parts.header, buffer, skin);
        line::draw(&strip::line(&self.scene, width), Align::Left, parts.strip, buffer, skin);
        self.screen.view(&self.scene, parts.body, buffer);
        self.draw_footer(parts.footer, buffer);
        self.draw_overlay(parts.body, parts.footer, buffer)
    }

    fn draw_footer(&self, area: Rect, buffer: &mut Buffer) {
        let mut keys = self.screen.keys().to_vec();
        keys.push(self.everywhere);
        let (left, right) = footer::lines(&self.scene, &keys, usize::from(area.width));
        line::draw(&left, Align::Left, area, buffer, self.scene.skin);
        line::draw(&right, Align::Right, area, buffer, self.scene.skin);
    }

    fn draw_overlay(&self, body: Rect, footer: Rect, buffer: &mut Buffer) -> Option<(u16, u16)> {
        match self.overlay {
            Overlay::Nothing => None,
            Overlay::Filter(input) => {
                let hint = "   enter keep  esc clear";
                Some(input.draw_in("filter: ", hint, footer, buffer, self.scene.skin))
            }
            Overlay::Palette(palette) => palette.view(body, buffer, self.scene.skin),
            Overlay::Help(help) => {
                let mut keys = self.screen.keys().to_vec();
                keys.push(self.everywhere);
                help.view(&keys, body, buffer, self.scene.skin);
                None
            }
        }
    }
}

fn too_small(area: Rect, buffer: &mut Buffer, scene: Scene) {
    let lines = [
        format!("{}x{} is too small", area.width, area.height),
        format!("needs {}x{}", LEAST.0, LEAST.1),
    ];
    for (y, words) in (area.top()..area.bottom()).zip(lines) {
        let row = Rect { y, height: 1, ..area };
        line::draw(&Line::of(words, Role::Warn), Align::Left, row, buffer, scene.skin);
    }
}
