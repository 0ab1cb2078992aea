//! The last line: the keys that act here now on the left, who answered on the right. While a filter is typed
//! it is the line it is typed into.

use crate::action::{Binding, Shown};
use crate::screens::Scene;
use crate::ui::line::Line;
use crate::ui::text;
use crate::ui::theme::Role;

/// Keys and coverage for a width in cells.
pub fn lines(scene: &Scene, keys: &[&[Binding]], width: usize) -> (Line<'static>, Line<'static>) {
    let coverage = coverage(scene);
    let room = width.saturating_sub(coverage.width(scene.skin.glyphs) + 1);
    let mut line = Line::of(" ", Role::Text);
    let mut used = 1;
    for binding in keys
        .iter()
        .copied()
        .flatten()
        .filter(|b| b.shown == Shown::Footer)
    {
        let Some(chord) = binding.chords.first() else {
            continue;
        };
        let (key, label) = (chord.to_string(), format!(" {}  ", binding.label));
        used += text::width(&key) + text::width(&label);
        if used > room {
            break;
        }
        line.push(key, Role::Key);
        line.push(label, Role::Dim);
    }
    (line, coverage)
}

/// "4 of 5 answered": of the brokers known, in the last round of probes.
fn coverage(scene: &Scene) -> Line<'static> {
    let coverage = &scene.snapshot.facts.coverage;
    if coverage.asked.is_empty() {
        return Line::new();
    }
    let role = if coverage.partial() {
        Role::Warn
    } else {
        Role::Dim
    };
    Line::of(
        format!(
            "{} of {} answered ",
            coverage.answered.len(),
            coverage.asked.len()
        ),
        role,
    )
}
