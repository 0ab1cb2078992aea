//! All keys that act here and everywhere, over the screen they act on.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::action::{Action, Binding};
use crate::screens::window::{self, BORDERS};
use crate::ui::line::{self, Line, Skin};
use crate::ui::text::Align;
use crate::ui::theme::Role;

/// Cells of the column of keys.
const KEYS_CELLS: usize = 18;
/// Width of the window.
const WIDTH: u16 = 64;

/// The help, scrolled by so many rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Help {
    offset: usize,
}

impl Help {
    /// Scrolls.
    pub fn scroll(&mut self, action: Action, keys: &[&[Binding]], body: Rect) {
        let rows = keys.iter().map(|keys| keys.len()).sum::<usize>();
        let most = rows.saturating_sub(usize::from(body.height.saturating_sub(BORDERS)));
        self.offset = match action {
            Action::Up => self.offset.saturating_sub(1),
            Action::Down => self.offset.saturating_add(1),
            Action::PageUp | Action::HalfPageUp => self.offset.saturating_sub(10),
            Action::PageDown | Action::HalfPageDown => self.offset.saturating_add(10),
            Action::Top => 0,
            Action::Bottom => most,
            _ => self.offset,
        }
        .min(most);
    }

    /// Draws the window over the body.
    pub fn view(&self, keys: &[&[Binding]], body: Rect, buffer: &mut Buffer, skin: &Skin) {
        let rows = keys.iter().map(|keys| keys.len()).sum::<usize>();
        let height = u16::try_from(rows)
            .unwrap_or(u16::MAX)
            .saturating_add(BORDERS);
        let shown = usize::from(body.height.saturating_sub(BORDERS));
        let offset = self.offset.min(rows.saturating_sub(shown));
        let title = if rows > shown {
            let (first, last) = (offset + 1, (offset + shown).min(rows));
            format!("Keys here {first}-{last} of {rows} (↑ ↓ scroll, esc closes)")
        } else {
            "Keys here (esc closes)".to_owned()
        };
        let inner = window::draw(&title, body, (WIDTH, height), buffer, skin);
        let bindings = keys.iter().copied().flatten().skip(offset);
        for (y, binding) in (inner.top()..inner.bottom()).zip(bindings) {
            let chords: Vec<String> = binding.chords.iter().map(ToString::to_string).collect();
            let line = Line::of(format!(" {:KEYS_CELLS$}", chords.join(" ")), Role::Key)
                .with(binding.label, Role::Text);
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
    }
}
