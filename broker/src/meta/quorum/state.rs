//! The state machine: agreed entries become images, in order, and everybody on the node hears of
//! them. Applies what was agreed on; decides nothing.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use openraft::storage::RaftStateMachine;
use openraft::{EntryPayload, OptionalSend, RaftSnapshotBuilder, Snapshot, StorageIOError};

use super::changes::{Feed, between};
use super::disk::DiskError;
use super::snapshot;
use super::types::{
    Entry, LogId, Picture, Proposal, SnapshotMeta, StorageError, StoredMembership, Types, Verdict,
};
use crate::meta::apply::apply;
use crate::meta::image::{Delta, Image};

/// What this node has applied.
#[derive(Debug)]
pub struct StateMachine {
    dir: PathBuf,
    image: Arc<Image>,
    applied: Option<LogId>,
    membership: StoredMembership,
    feed: Feed,
}

impl StateMachine {
    /// Starts from the newest snapshot, or from nothing.
    pub fn open(dir: PathBuf, feed: Feed) -> Result<Self, DiskError> {
        let mut machine = Self {
            image: Arc::new(Image::empty()),
            applied: None,
            membership: StoredMembership::default(),
            dir,
            feed,
        };
        if let Some((meta, picture)) = snapshot::read(&machine.dir)? {
            machine.show(&meta, &picture);
        }
        Ok(machine)
    }

    /// The last entry that is part of the image.
    pub fn applied(&self) -> Option<LogId> {
        self.applied
    }

    /// Makes a snapshot's image this node's.
    fn show(&mut self, meta: &SnapshotMeta, picture: &Picture) {
        let image = Arc::new(Image::from_records(picture.offset, &picture.records));
        let delta = between(&self.image, &image);
        self.applied = meta.last_log_id;
        self.membership = meta.last_membership.clone();
        self.publish(image, &delta);
    }

    fn publish(&mut self, image: Arc<Image>, delta: &Delta) {
        self.image = Arc::clone(&image);
        self.feed.publish(image, delta);
    }
}

/// Applies a proposal where it fits.
fn take(image: &mut Image, proposal: &Proposal, delta: &mut Delta) -> Verdict {
    if proposal.base != image.offset {
        return Verdict::Void;
    }
    for record in &proposal.records {
        apply(image, image.offset + 1, record, delta);
    }
    Verdict::Taken
}

impl RaftStateMachine<Types> for StateMachine {
    type SnapshotBuilder = Builder;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, StoredMembership), StorageError> {
        Ok((self.applied, self.membership.clone()))
    }

    async fn apply<I>(&mut self, entries: I) -> Result<Vec<Verdict>, StorageError>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut image = Image::clone(&self.image);
        let mut delta = Delta::default();
        let mut verdicts = Vec::new();
        for entry in entries {
            self.applied = Some(entry.log_id);
            verdicts.push(match entry.payload {
                EntryPayload::Blank => Verdict::Nothing,
                EntryPayload::Membership(members) => {
                    self.membership = StoredMembership::new(self.applied, members);
                    Verdict::Nothing
                }
                EntryPayload::Normal(proposal) => take(&mut image, &proposal, &mut delta),
            });
        }
        if image.offset != self.image.offset {
            self.publish(Arc::new(image), &delta);
        }
        Ok(verdicts)
    }

    async fn get_snapshot_builder(&mut self) -> Builder {
        Builder {
            dir: self.dir.clone(),
            image: Arc::clone(&self.image),
            applied: self.applied,
            membership: self.membership.clone(),
        }
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<Picture>, StorageError> {
        let (offset, records) = (-1, Vec::new());
        Ok(Box::new(Picture { offset, records }))
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta,
        snapshot: Box<Picture>,
    ) -> Result<(), StorageError> {
        let (dir, kept) = (self.dir.clone(), meta.clone());
        let picture = blocking(move || {
            snapshot::write(&dir, &kept, &snapshot)?;
            Ok(snapshot)
        })
        .await
        .map_err(|error| StorageIOError::write_snapshot(Some(meta.signature()), &error))?;
        self.show(meta, &picture);
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot<Types>>, StorageError> {
        let dir = self.dir.clone();
        let found = blocking(move || snapshot::read(&dir).map_err(io::Error::other))
            .await
            .map_err(|error| StorageIOError::read_snapshot(None, &error))?;
        Ok(found.map(|(meta, picture)| Snapshot {
            meta,
            snapshot: Box::new(picture),
        }))
    }
}

/// Writes a snapshot of one image while later ones are made.
#[derive(Debug)]
pub struct Builder {
    dir: PathBuf,
    image: Arc<Image>,
    applied: Option<LogId>,
    membership: StoredMembership,
}

impl RaftSnapshotBuilder<Types> for Builder {
    async fn build_snapshot(&mut self) -> Result<Snapshot<Types>, StorageError> {
        let (index, term) = self
            .applied
            .map_or((0, 0), |id| (id.index, id.leader_id.term));
        let meta = SnapshotMeta {
            last_log_id: self.applied,
            last_membership: self.membership.clone(),
            snapshot_id: snapshot::name(index, term),
        };
        let (dir, image, kept) = (self.dir.clone(), Arc::clone(&self.image), meta.clone());
        let picture = blocking(move || {
            let (offset, records) = (image.offset, image.records());
            let picture = Picture { offset, records };
            snapshot::write(&dir, &kept, &picture)?;
            Ok(picture)
        })
        .await
        .map_err(|error| StorageIOError::write_snapshot(Some(meta.signature()), &error))?;
        let snapshot = Box::new(picture);
        Ok(Snapshot { meta, snapshot })
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::record::Record;

    fn proposal(base: i64, next: i64) -> Proposal {
        let records = vec![Record::ProducerIds { next }; 2];
        Proposal { base, records }
    }

    #[test]
    fn of_two_proposals_on_one_image_the_second_is_void() {
        let (mut image, mut delta) = (Image::empty(), Delta::default());
        assert_eq!(
            take(&mut image, &proposal(-1, 5), &mut delta),
            Verdict::Taken
        );
        assert_eq!(
            take(&mut image, &proposal(-1, 9), &mut delta),
            Verdict::Void
        );
        assert_eq!((image.offset, image.next_producer_id), (1, 5));
        assert_eq!(
            take(&mut image, &proposal(1, 9), &mut delta),
            Verdict::Taken
        );
        assert_eq!((image.offset, image.next_producer_id), (3, 9));
    }
}
