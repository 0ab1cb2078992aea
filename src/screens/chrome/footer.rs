//! The last line: the keys that act here now on the left, who answered on the right. While a filter is typed
//! it is the line it is typed into.

use crate::action::{Binding, Shown};
use crate::screens::Scene;
use crate::ui::line::Line;
use crate::ui::text;
use crate::ui::theme::Role;

/// Keys and coverage for a width in cells. The last of `keys` act everywhere.
pub fn lines(scene: &Scene, keys: &[&[Binding]], width: usize) -> (Line<'static>, Line<'static>) {
    let coverage = coverage(scene);
    let room = width.saturating_sub(coverage.width(scene.skin.glyphs) + 1);
    let (everywhere, own) = keys.split_last().unwrap_or((&(&[] as &[Binding]), &[]));
    let mut bindings = own.iter().copied().flatten();
    let insists = bindings.any(|binding| binding.shown == Shown::Always);
    let mut everywhere = words(&[everywhere]);
    let mut own = words(own);
    let width = |words: &[(String, String)]| -> usize {
        let widths = words.iter();
        widths
            .map(|(key, label)| text::width(key) + text::width(label))
            .sum()
    };
    let last = everywhere.split_off(everywhere.len().saturating_sub(1));
    let all = 1 + width(&own) + width(&everywhere) + width(&last);
    if insists && all > room {
        everywhere.clear();
    }
    everywhere.extend(last);
    // How to see all keys is the last to go.
    while !own.is_empty() && 1 + width(&own) + width(&everywhere) > room {
        own.pop();
    }
    let mut line = Line::of(" ", Role::Text);
    for (key, label) in own.into_iter().chain(everywhere) {
        line.push(key, Role::Key);
        line.push(label, Role::Dim);
    }
    (line, coverage)
}

/// Key and label of each binding that the footer shows.
fn words(keys: &[&[Binding]]) -> Vec<(String, String)> {
    let bindings = keys.iter().copied().flatten();
    bindings
        .filter(|binding| binding.shown != Shown::Help)
        .filter_map(|binding| {
            let chord = binding.chords.first()?;
            Some((chord.to_string(), format!(" {}  ", binding.label)))
        })
        .collect()
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
