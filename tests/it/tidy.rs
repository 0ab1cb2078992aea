//! The law of the house as tests. Each rule is a function from source to violations, and each is
//! shown to find what it forbids in small sources of its own. Never changes a file.

mod files;
mod layers;
mod maxima;
mod paths;
mod source;
mod words;

/// Fails with all violations, one a line.
fn assert_none(violations: &[String]) {
    assert!(
        violations.is_empty(),
        "{} violations:\n{}",
        violations.len(),
        violations.join("\n")
    );
}
