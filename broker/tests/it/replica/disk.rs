//! A log as a list of epochs and values, with a tail that a crash may take.

use broker::replica::epochs::Epochs;

/// One record: the leader epoch it was written in, and a value that is never written twice.
pub type Entry = (i32, u64);

#[derive(Debug, Clone, Default)]
pub struct Disk {
    pub entries: Vec<Entry>,
    epochs: Vec<(i32, i64)>,
    pub flushed: usize,
}

pub fn offset(len: usize) -> i64 {
    i64::try_from(len).unwrap()
}

pub fn index(offset: i64) -> usize {
    usize::try_from(offset).unwrap()
}

impl Disk {
    pub fn begin_epoch(&mut self, epoch: i32) {
        if self.latest_epoch() < epoch {
            self.epochs.push((epoch, self.log_end_offset()));
        }
    }

    pub fn append(&mut self, entry: Entry) {
        self.begin_epoch(entry.0);
        self.entries.push(entry);
    }

    pub fn truncate(&mut self, at: i64) {
        self.entries.truncate(index(at));
        self.flushed = self.flushed.min(self.entries.len());
        self.epochs.retain(|(_, start)| *start < at);
    }

    pub fn flush(&mut self) {
        self.flushed = self.entries.len();
    }
}

impl Epochs for Disk {
    fn log_end_offset(&self) -> i64 {
        offset(self.entries.len())
    }

    fn log_start_offset(&self) -> i64 {
        0
    }

    fn latest_epoch(&self) -> i32 {
        self.epochs.last().map_or(-1, |(epoch, _)| *epoch)
    }

    fn end_offset_for_epoch(&self, asked: i32) -> (i32, i64) {
        if asked > self.latest_epoch() {
            return (-1, -1);
        }
        let Some(at) = self.epochs.iter().rposition(|(epoch, _)| *epoch <= asked) else {
            return (asked, self.epochs.first().map_or(-1, |(_, start)| *start));
        };
        let next = self.epochs.get(at + 1).map(|(_, start)| *start);
        (
            self.epochs[at].0,
            next.unwrap_or_else(|| self.log_end_offset()),
        )
    }
}
