//! Which names a topic may have (rule 71). Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Longest name, so that a directory `name-index` fits file systems.
const MAX_LENGTH: usize = 249;

/// Says what is wrong with a name, if anything is.
pub fn check_name(name: &str) -> Result<(), String> {
    let legal = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
    match name {
        "" => Err("a topic needs a name".to_owned()),
        "." | ".." => Err(format!("topic name {name:?} is not allowed")),
        _ if name.len() > MAX_LENGTH => Err(format!(
            "topic name is {} characters long; at most {MAX_LENGTH} are allowed",
            name.len()
        )),
        _ if !name.chars().all(legal) => Err(format!(
            "topic name {name:?} has characters other than ASCII letters and digits, '.', '_' and '-'"
        )),
        _ => Ok(()),
    }
}

/// A topic whose name differs from `name` only in '.' and '_', which metric names do not tell apart.
/// Looks only at names with the same start.
pub(super) fn find_collision<'a, T>(
    topics: &'a BTreeMap<Arc<str>, T>,
    name: &str,
) -> Option<&'a Arc<str>> {
    let start = name.split(['.', '_']).next().unwrap_or_default();
    let unified = unify(name);
    topics
        .range::<str, _>((std::ops::Bound::Included(start), std::ops::Bound::Unbounded))
        .map(|(other, _)| other)
        .take_while(|other| other.starts_with(start))
        .find(|other| ***other != *name && unify(other) == unified)
}

fn unify(name: &str) -> String {
    name.replace('.', "_")
}
