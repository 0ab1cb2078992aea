//! One row per figure, in markdown: what was measured, how often, and the budget it has.

/// What a figure may be at most, in its own unit.
#[derive(Debug, Clone, Copy)]
pub enum Budget {
    /// Nothing is promised.
    None,
    /// Its median.
    Median(f64),
    /// Its 95th percentile.
    P95(f64),
    /// Its median, and its 95th percentile.
    Both(f64, f64),
}

/// Prints a figure as soon as it is known.
pub fn row(figure: &str, values: &[f64], unit: &str, budget: Budget) {
    let (median, p95) = (rank(values, 50), rank(values, 95));
    let over = |value: f64, limit: f64| if value > limit { " ✗" } else { " ✓" };
    let budget = match budget {
        Budget::None => String::new(),
        Budget::Median(limit) => format!("p50 ≤ {}{}", short(limit), over(median, limit)),
        Budget::P95(limit) => format!("p95 ≤ {}{}", short(limit), over(p95, limit)),
        Budget::Both(half, most) => format!(
            "≤ {}{} / ≤ {}{}",
            short(half),
            over(median, half),
            short(most),
            over(p95, most)
        ),
    };
    let (median, p95, runs) = (short(median), short(p95), values.len());
    println!("| {figure} | {median} / {p95} {unit} | {runs} | {budget} |");
}

/// The value that `percent` of all values do not exceed.
fn rank(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

/// Three digits are all that a busy machine can promise.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
