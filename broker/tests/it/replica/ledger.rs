//! The checker: what was ever committed, who ever led, and whether the world keeps to it.

use std::collections::BTreeMap;

use super::disk::{Disk, Entry, index};

#[derive(Debug, Default)]
pub struct Ledger {
    pub committed: Vec<Entry>,
    leaders: BTreeMap<i32, i32>,
    watermarks: BTreeMap<(i32, i32), i64>,
}

impl Ledger {
    /// A node begins to lead.
    pub fn led(&mut self, epoch: i32, node: i32, disk: &Disk) -> Result<(), String> {
        if let Some(other) = self.leaders.insert(epoch, node)
            && other != node
        {
            return Err(format!("{node} and {other} both lead in epoch {epoch}"));
        }
        for (at, entry) in self.committed.iter().enumerate() {
            if disk.entries.get(at) != Some(entry) {
                return Err(format!(
                    "{node} leads epoch {epoch} without the committed {entry:?} at {at}: lost"
                ));
            }
        }
        Ok(())
    }

    /// A leader's high watermark stands here.
    pub fn commits(
        &mut self,
        node: i32,
        epoch: i32,
        watermark: i64,
        disk: &Disk,
    ) -> Result<(), String> {
        let before = self.watermarks.insert((epoch, node), watermark);
        if before.is_some_and(|before| before > watermark) {
            return Err(format!(
                "the watermark of {node} in epoch {epoch} went back"
            ));
        }
        let known = self.committed.len();
        let Some(new) = disk.entries.get(known..index(watermark)) else {
            return (index(watermark) <= known)
                .then_some(())
                .ok_or(format!("{node} committed beyond its log, at {watermark}"));
        };
        self.committed.extend_from_slice(new);
        Ok(())
    }

    /// A node's log below what it knows to be committed.
    pub fn agrees(&self, node: i32, watermark: i64, disk: &Disk) -> Result<(), String> {
        let known = disk.entries.get(..index(watermark));
        let agreed = self.committed.get(..index(watermark));
        (known.is_some() && known == agreed)
            .then_some(())
            .ok_or(format!(
                "the log of {node} below {watermark} is not what was committed: changed"
            ))
    }
}
