//! The fault file of a node: what is broken on purpose, one fault a line, read by the node whenever it changes.
//!
//! ```text
//! cut 5               no connections opened to node 5, `cut 5 broker` and `cut 5 controller` only those
//! delay 200ms         every request to another node waits this long
//! full DIR, fail DIR  a log directory that is full, or fails
//! ```

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::{PracticeError, file};
use super::layout::write_whole;

/// What one node's file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Faults {
    /// Nodes it opens no connection to.
    pub(super) cuts: BTreeSet<i32>,
    /// Other lines, as they stand.
    pub(super) others: Vec<String>,
}

impl Faults {
    /// Reads a file's text. Lines that are no plain cut are kept as they are: the node judges them.
    pub(super) fn parse(text: &str) -> Self {
        let mut faults = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let cut = line.strip_prefix("cut ").map(|id| id.trim().parse());
            match cut {
                Some(Ok(id)) => {
                    faults.cuts.insert(id);
                }
                Some(Err(_)) | None => faults.others.push(line.to_owned()),
            }
        }
        faults
    }

    /// The file's text.
    pub(super) fn text(&self) -> String {
        let cuts = self.cuts.iter().map(|id| format!("cut {id}\n"));
        let others = self.others.iter().map(|line| format!("{line}\n"));
        cuts.chain(others).collect()
    }

    fn path(node_dir: &Path) -> PathBuf {
        node_dir.join("faults")
    }

    /// What is in the node's file; nothing where there is none.
    pub(super) fn load(node_dir: &Path) -> Result<Self, PracticeError> {
        let path = Self::path(node_dir);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(file(&path)(error)),
        }
    }

    /// Puts this into the node's file, in one step.
    pub(super) fn store(&self, node_dir: &Path) -> Result<(), PracticeError> {
        write_whole(&Self::path(node_dir), &self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_are_read_and_everything_else_is_kept() {
        let faults =
            Faults::parse("cut 5\n\n cut 3 \ncut 2 controller\ndelay 200ms\nfull /data/x\n");
        assert_eq!(faults.cuts, BTreeSet::from([3, 5]));
        assert_eq!(
            faults.others,
            ["cut 2 controller", "delay 200ms", "full /data/x"]
        );
        assert_eq!(Faults::parse(&faults.text()), faults);
        assert_eq!(Faults::default().text(), "");
    }
}
