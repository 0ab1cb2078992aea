//! A row of bars: how a figure went over the last samples.

use super::glyph::{GlyphSet, LEVELS};

/// The last `cells` values as bars from zero to the largest of them; a sample that is missing is a gap.
pub fn spark(values: &[Option<f64>], cells: usize, glyphs: GlyphSet) -> String {
    let shown = values
        .get(values.len().saturating_sub(cells)..)
        .unwrap_or_default();
    let known = |value: &Option<f64>| {
        value
            .filter(|value| value.is_finite())
            .map(|value| value.max(0.0))
    };
    let largest = shown.iter().filter_map(known).fold(0.0, f64::max);
    let steps = LEVELS.iter().zip(1_u32..);
    let step = largest / f64::from(u32::try_from(LEVELS.len()).unwrap_or(u32::MAX));
    let bar = |value: f64| {
        let mut reached = steps
            .clone()
            .take_while(|(_, at)| *at == 1 || value >= f64::from(at - 1) * step);
        let level = if step > 0.0 {
            reached.last()
        } else {
            reached.next()
        };
        level.map_or(' ', |(glyph, _)| glyph.of(glyphs))
    };
    shown
        .iter()
        .map(|value| known(value).map_or(' ', bar))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_rise_with_the_values() {
        let values = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0].map(Some);
        assert_eq!(spark(&values, 8, GlyphSet::Unicode), "▁▂▃▄▅▆▇█");
        assert_eq!(spark(&values, 2, GlyphSet::Ascii), "*#");
    }

    #[test]
    fn nothing_and_missing_samples_are_told_apart() {
        assert_eq!(
            spark(&[Some(0.0), None, Some(f64::NAN)], 5, GlyphSet::Unicode),
            "▁  "
        );
        assert_eq!(spark(&[], 5, GlyphSet::Unicode), "");
    }
}
