//! One walk for every request that names several things: each name is answered once, one that is there
//! twice is refused, and a request that only asks whether it could changes nothing. Knows no command.

use std::collections::BTreeMap;

use crate::wire::error_code::ErrorCode;

use super::assignment::Refusal;
use super::draft::Draft;

/// What is said of a topic that a request names twice.
pub(super) const TWICE: &str = "Duplicate topic name.";

/// Whether a request is to be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is.
    Change,
    /// It is only checked (`validate_only`).
    Trial,
}

impl Mode {
    /// What a request says.
    pub fn of(validate_only: bool) -> Self {
        if validate_only {
            Self::Trial
        } else {
            Self::Change
        }
    }
}

/// Acts on each of `all` by its name, and gives each name's result in the order of the request; later
/// ones see what earlier ones changed, in a trial too. `twice` is said of a name that is there again.
pub(super) fn each_named<'a, T, K: Ord, R>(
    draft: &mut Draft,
    mode: Mode,
    all: &'a [T],
    (name, twice): (impl Fn(&'a T) -> K, &str),
    mut act: impl FnMut(&mut Draft, &'a T) -> Result<R, Refusal>,
) -> Vec<(&'a T, Result<R, Refusal>)> {
    let mut counts: BTreeMap<K, usize> = BTreeMap::new();
    for one in all {
        *counts.entry(name(one)).or_default() += 1;
    }
    let mut trial = Draft::new(&draft.image);
    let target = match mode {
        Mode::Change => draft,
        Mode::Trial => &mut trial,
    };
    let mut results = Vec::with_capacity(counts.len());
    for one in all {
        let result = match counts.remove(&name(one)) {
            None => continue,
            Some(1) => act(target, one),
            Some(_) => Err((ErrorCode::INVALID_REQUEST, twice.to_owned())),
        };
        results.push((one, result));
    }
    results
}
