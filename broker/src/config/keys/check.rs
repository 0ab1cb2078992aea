//! Whether a text is a value of a key. Decides by the key's row alone and knows no key by name.

use std::collections::HashMap;
use std::net::IpAddr;

use super::{BadSetting, Key, Kind, Range};

/// Checks a value by its key's type and range.
pub fn check(key: &Key, value: &str) -> Result<(), BadSetting> {
    let refused = |why: String| {
        let shown = if key.is_sensitive() {
            "the value"
        } else {
            value
        };
        Err(BadSetting {
            key: key.name.to_owned(),
            why: format!("`{shown}` {why}"),
        })
    };
    let text = value.trim();
    let fits = match key.kind {
        Kind::Boolean if boolean(text).is_none() => {
            return refused("is neither true nor false".to_owned());
        }
        Kind::Boolean => true,
        Kind::Int | Kind::Short | Kind::Long => {
            let (low, high, what) = bounds(key.kind);
            match text.parse::<i64>() {
                Ok(number) if (low..=high).contains(&number) => in_range(key.range, number),
                _ => return refused(format!("is not {what}")),
            }
        }
        Kind::Double => match (double(text), key.range) {
            (Some(number), Range::Ratio(low, high)) => (low..=high).contains(&number),
            (Some(_), _) => true,
            (None, _) => return refused("is not a number".to_owned()),
        },
        Kind::String | Kind::Class | Kind::Password => text_fits(key.range, text),
        Kind::List => list_fits(key.range, text),
    };
    if fits {
        return Ok(());
    }
    refused(format!("must be {}", key.range))
}

/// A switch's value.
pub fn boolean(text: &str) -> Option<bool> {
    match text.trim() {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A finite number with a fraction.
pub fn double(text: &str) -> Option<f64> {
    text.trim()
        .parse::<f64>()
        .ok()
        .filter(|number| number.is_finite())
}

/// The elements of a list, without the blanks around them; empty for an empty text.
pub fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|element| !element.is_empty())
}

/// What `address:count` pairs say; `None` if one of them says nothing, or an address is there twice.
pub fn limits_by_address(text: &str) -> Option<HashMap<IpAddr, usize>> {
    let mut limits = HashMap::new();
    for pair in list(text) {
        let (address, count) = pair.rsplit_once(':')?;
        let bare = address.trim().trim_start_matches('[').trim_end_matches(']');
        let address: IpAddr = bare.parse().ok()?;
        let count = count.trim().parse::<u32>().ok()?;
        let twice = limits.insert(address.to_canonical(), usize::try_from(count).ok()?);
        if twice.is_some() {
            return None;
        }
    }
    Some(limits)
}

fn bounds(kind: Kind) -> (i64, i64, &'static str) {
    match kind {
        Kind::Short => (
            i16::MIN.into(),
            i16::MAX.into(),
            "a whole number of 16 bits",
        ),
        Kind::Int => (
            i32::MIN.into(),
            i32::MAX.into(),
            "a whole number of 32 bits",
        ),
        _ => (i64::MIN, i64::MAX, "a whole number of 64 bits"),
    }
}

fn in_range(range: Range, number: i64) -> bool {
    match range {
        Range::AtLeast(low) => number >= low,
        Range::Between(low, high) => (low..=high).contains(&number),
        Range::GzipLevel => number == -1 || (1..=9).contains(&number),
        _ => true,
    }
}

fn text_fits(range: Range, text: &str) -> bool {
    match range {
        Range::OneOf(words) => words.contains(&text),
        Range::OneOfAnyCase(words) => words.iter().any(|word| word.eq_ignore_ascii_case(text)),
        Range::NotEmpty => !text.is_empty(),
        Range::LimitsByAddress => limits_by_address(text).is_some(),
        Range::OffsetReset => {
            matches!(text, "latest" | "earliest")
                || text.strip_prefix("by_duration:P").is_some_and(is_duration)
        }
        _ => true,
    }
}

fn list_fits(range: Range, text: &str) -> bool {
    match range {
        Range::ListOf(words) => {
            let mut seen = Vec::new();
            list(text).all(|element| {
                let fresh = words.contains(&element) && !seen.contains(&element);
                seen.push(element);
                fresh
            })
        }
        Range::Throttled => text == "*" || list(text).all(is_partition_and_broker),
        _ => true,
    }
}

fn is_partition_and_broker(pair: &str) -> bool {
    let is_id = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    pair.split_once(':')
        .is_some_and(|(partition, broker)| is_id(partition) && is_id(broker))
}

/// Whether `text` is what follows the P of an ISO 8601 duration of days, hours, minutes, seconds.
fn is_duration(text: &str) -> bool {
    let (days, time) = match text.split_once('T') {
        Some((days, time)) if !time.is_empty() => (days, time),
        Some(_) => return false,
        None => (text, ""),
    };
    !text.is_empty() && units_in_order(days, "D") && units_in_order(time, "HMS")
}

/// Whether `text` is numbers followed by units, each unit once and in this order.
fn units_in_order(text: &str, units: &str) -> bool {
    let mut rest = text;
    let mut units = units.chars();
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
        let Some((number, tail)) = end.and_then(|end| rest.split_at_checked(end)) else {
            return false;
        };
        let mut letters = tail.chars();
        let Some(unit) = letters.next() else {
            return false;
        };
        let is_number = number.parse::<f64>().is_ok() && (unit == 'S' || !number.contains('.'));
        if !is_number || !units.any(|known| known == unit) {
            return false;
        }
        rest = letters.as_str();
    }
    true
}
