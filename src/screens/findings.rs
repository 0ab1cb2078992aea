//! The findings of the overview: a row each, and below them all there is to say of the selected one, with what to do
//! next. It never cuts a sentence that the operator cannot read in full elsewhere on the screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::{Finding, Severity};
use crate::screens::{Scene, listing};
use crate::ui::cursor::Cursor;
use crate::ui::glyph;
use crate::ui::line::{self, Line};
use crate::ui::text::{self, Align};
use crate::ui::theme::Role;

/// Cells of the marker and the severity.
const HEAD: u16 = 7;
/// Rows of the selected finding's words, and its next action, at most.
const DETAIL_MAX: u16 = 6;
/// Findings that stay in view before the details get their rows.
const LISTED_MIN: u16 = 5;
/// Cells between a finding and what stands at the right end of its row.
const GAP: usize = 2;

/// Whether keys move the selection here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chosen {
    ByKeys,
    /// They move elsewhere on the screen.
    Elsewhere,
}

/// The rows in view.
#[derive(Debug, Clone, Copy)]
pub struct List {
    pub cursor: Cursor,
    pub chosen: Chosen,
}

/// Rows that all findings and the details of the wordiest need.
pub fn rows(scene: &Scene, width: u16) -> u16 {
    let count = scene.snapshot.findings.len();
    let listed = u16::try_from(count.max(1)).unwrap_or(u16::MAX);
    listed.saturating_add(details_rows(scene, width))
}

/// Rows for the details: the same for each finding, so that nothing moves with the selection.
fn details_rows(scene: &Scene, width: u16) -> u16 {
    let findings = scene.snapshot.findings.iter();
    let most = findings
        .map(|finding| details(scene, finding, width).len())
        .max();
    u16::try_from(most.unwrap_or_default())
        .unwrap_or(u16::MAX)
        .min(DETAIL_MAX)
}

/// Where the rows and the details lie.
pub fn split(scene: &Scene, inside: Rect) -> (Rect, Rect) {
    let listed = u16::try_from(scene.snapshot.findings.len()).unwrap_or(u16::MAX);
    let spare = inside.height.saturating_sub(listed.min(LISTED_MIN));
    let below = details_rows(scene, inside.width).min(spare);
    let height = inside.height - below;
    (Rect { height, ..inside }, listing::below(inside, height))
}

impl List {
    /// Draws the rows in view and the details of the selected one.
    pub fn draw(&self, scene: &Scene, inside: Rect, buffer: &mut Buffer) {
        let findings = &scene.snapshot.findings;
        let (listed, below) = split(scene, inside);
        let cursor = self
            .cursor
            .within(findings.len(), usize::from(listed.height));
        let shown = findings.iter().enumerate().skip(cursor.offset);
        for (y, (index, finding)) in (listed.top()..listed.bottom()).zip(shown) {
            let row = Rect {
                y,
                height: 1,
                ..listed
            };
            let selected = index == cursor.selected;
            draw_row(scene, finding, selected, row, buffer);
            if selected && self.chosen == Chosen::ByKeys {
                let head = Rect {
                    width: HEAD.min(row.width),
                    ..row
                };
                buffer.set_style(head, scene.skin.style(Role::Selection));
            }
        }
        let Some(selected) = findings.get(cursor.selected) else {
            return;
        };
        let details = details(scene, selected, below.width);
        let rows = (below.top()..below.bottom()).zip(fold(details, below.height));
        for (y, words) in rows {
            let row = Rect {
                x: below.x + HEAD.min(below.width),
                y,
                width: below.width.saturating_sub(HEAD),
                height: 1,
            };
            line::draw(&words, Align::Left, row, buffer, scene.skin);
        }
    }
}

/// Of more lines than there is room for the last, what to do next, stays.
fn fold(mut lines: Vec<Line<'static>>, room: u16) -> Vec<Line<'static>> {
    let room = usize::from(room);
    if lines.len() > room {
        let next = lines.pop();
        lines.truncate(room.saturating_sub(1));
        lines.extend(next);
    }
    lines
}

fn role(severity: Severity) -> Role {
    match severity {
        Severity::Crit => Role::Crit,
        Severity::Major => Role::Major,
        Severity::Warn => Role::Warn,
        Severity::Info => Role::Dim,
    }
}

/// Sentence on the left; at the right end its note where both fit, and since when.
fn draw_row(scene: &Scene, finding: &Finding, selected: bool, row: Rect, buffer: &mut Buffer) {
    let glyphs = scene.skin.glyphs;
    let marker = if selected {
        glyph::MARKER.of(glyphs)
    } else {
        ' '
    };
    let words = format!("{marker}{:<6}", finding.severity.word());
    let mut left = Line::of(words, role(finding.severity));
    left.push(
        finding.text.clone(),
        if selected { Role::Title } else { Role::Text },
    );
    let whole = right(scene, finding, &finding.note);
    let room = usize::from(row.width);
    let right = if left.width(glyphs) + GAP + whole.width(glyphs) <= room {
        whole
    } else {
        right(scene, finding, "")
    };
    let taken = line::draw(&right, Align::Right, row, buffer, scene.skin);
    let rest = Rect {
        width: row.width.saturating_sub(taken),
        ..row
    };
    line::draw(&left, Align::Left, rest, buffer, scene.skin);
}

fn right(scene: &Scene, finding: &Finding, note: &str) -> Line<'static> {
    let line = Line::of(note.to_owned(), Role::Dim);
    let since = finding.since.map(|since| since.length(scene.now));
    line.with(format!("{:>6} ", since.unwrap_or_default()), Role::Dim)
}

/// What the row had no room for, and what to do next.
fn details(scene: &Scene, finding: &Finding, width: u16) -> Vec<Line<'static>> {
    let glyphs = scene.skin.glyphs;
    let room = usize::from(width.saturating_sub(HEAD + 1));
    let visible = |words: &str| text::visible(words, glyphs).into_owned();
    let wrapped = |words: &str, role| {
        let lines = text::wrap(&visible(words), room);
        lines.into_iter().map(move |words| Line::of(words, role))
    };
    let left = usize::from(HEAD) + GAP + text::width(&visible(&finding.text));
    let fits = |note: &str| left + right(scene, finding, note).width(glyphs) <= usize::from(width);
    let note = finding.note.as_str();
    let unsaid = match (fits(""), fits(note)) {
        (_, true) => String::new(),
        (true, false) => note.to_owned(),
        (false, false) if note.is_empty() => finding.text.clone(),
        (false, false) => format!("{} · {note}", finding.text),
    };
    let mut lines: Vec<Line<'static>> = wrapped(&unsaid, Role::Text).collect();
    if !finding.next.is_empty() {
        lines.extend(wrapped(&format!("next: {}", finding.next), Role::Key));
    }
    lines
}
