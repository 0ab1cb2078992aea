//! The name of the profile that was used last, in the state directory.

use std::fs;
use std::io;
use std::path::Path;

use super::clusters;

const FILE: &str = "last_profile";

/// The name, if one is known.
pub fn read(state_dir: &Path) -> Option<String> {
    let text = fs::read_to_string(state_dir.join(FILE)).ok()?;
    let name = text.trim();
    clusters::is_name(name).then(|| name.to_owned())
}

/// Remembers a name.
pub fn remember(state_dir: &Path, name: &str) -> io::Result<()> {
    fs::create_dir_all(state_dir)?;
    fs::write(state_dir.join(FILE), format!("{name}\n"))
}
