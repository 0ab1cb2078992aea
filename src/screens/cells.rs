//! How single facts read in a table: unknown as `–`, old ones dim with their age, lower bounds with `≥`.

use crate::model::{Moment, Observed, Span, units};
use crate::screens::Scene;
use crate::ui::line::Line;
pub use crate::ui::table::unknown;
use crate::ui::theme::Role;

/// What nobody has told us.
pub const UNKNOWN: &str = "–";

/// A number, or unknown.
pub fn number<T: Into<i64>>(value: Option<T>, role: Role) -> Line<'static> {
    value.map_or_else(unknown, |value| {
        Line::of(units::grouped(value.into()), role)
    })
}

/// The lag of a group: a lower bound where some partitions' lag is unknown.
pub fn lag((known, unknown): (Option<i64>, usize), role: Role) -> Line<'static> {
    match known {
        None => self::unknown(),
        Some(lag) if unknown > 0 => Line::of(format!("≥{}", units::grouped(lag)), role),
        Some(lag) => Line::of(units::grouped(lag), role),
    }
}

/// A number that is bad unless it is zero.
pub fn faults<T: Into<i64>>(value: Option<T>, bad: Role) -> Line<'static> {
    match value.map(Into::into) {
        None => unknown(),
        Some(0) => Line::of("0", Role::Dim),
        Some(count) => Line::of(units::grouped(count), bad),
    }
}

/// Bytes, or unknown.
pub fn bytes(value: Option<u64>) -> Line<'static> {
    value.map_or_else(unknown, |count| Line::of(units::bytes(count), Role::Text))
}

/// A share as whole percent; unknown when there is nothing to share.
pub fn percent(part: Option<u64>, whole: Option<u64>) -> Line<'static> {
    match (part, whole) {
        (Some(part), Some(whole)) if whole > 0 => {
            let percent = part.saturating_mul(100).saturating_add(whole / 2) / whole;
            Line::of(format!("{percent}%"), Role::Text)
        }
        _ => unknown(),
    }
}

/// The role of a value of this fact: dim once it is overdue at `due`, and as soon as asking again has failed.
pub fn freshness<T>(fact: &Observed<T>, now: Moment, due: Span) -> Role {
    match (fact.overdue(now, due), fact.failure()) {
        (Some(_), _) | (None, Some(_)) => Role::Stale,
        (None, None) => Role::Text,
    }
}

/// Round trips to the steps an eye tells apart, so that jitter draws nothing: `<1ms`, `2ms`, `5ms`, … `2s`.
pub fn round_trip(us: u64) -> String {
    const STEPS_MS: [u64; 10] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
    if us < 1000 {
        return "<1ms".to_owned();
    }
    let ms = us / 1000;
    match STEPS_MS.iter().rev().find(|step| **step <= ms) {
        Some(1000) | None => format!("{}s", ms / 1000),
        Some(step) => format!("{step}ms"),
    }
}

/// Facts of the slow loop (log dirs, configs) are overdue after three of its turns.
pub const SLOW_FACT_DUE: Span = Span::from_secs(180);

/// When a fact of the cheap loop is overdue: three of its turns.
pub fn overdue_after(scene: &Scene) -> Span {
    Span::from_ms(scene.snapshot.facts.pace.ms.saturating_mul(3))
}

/// Why there is nothing to show of one thing: it is not among those known, or we do not know them.
pub fn absent<T>(fact: &Observed<T>, not_among: &str) -> String {
    match (fact.value(), fact.failure()) {
        (Some(_), _) => format!(" {not_among}"),
        (None, Some(failure)) => format!(" unknown: {}", failure.text),
        (None, None) => " waiting for the first answer…".to_owned(),
    }
}

/// Adds to a summary that a fact is missing or overdue, and why.
pub fn with_gap<T>(
    mut line: Line<'static>,
    fact: &Observed<T>,
    (what, due): (&str, Span),
    scene: &Scene,
) -> Line<'static> {
    if let Some(failure) = fact.failure() {
        line.push(format!("   {}", failure.text), Role::Warn);
    } else if let Some(age) = fact.overdue(scene.now, due) {
        line.push(format!("   {what} {age} old"), Role::Stale);
    }
    line
}
