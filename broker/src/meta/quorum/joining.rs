//! A voter whose directory is new. It may have been here before, with a vote that it gave and entries
//! that it acknowledged: of these it knows nothing now, and could help to elect a leader without them.
//! So it neither votes nor asks for votes before a leader has told it everything that is agreed on, or
//! a majority of the voters turns out to be as new as itself: then there was no cluster yet. It follows
//! a leader at once. Knows no network.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use super::disk::{self, DiskError};
use super::types::{LogId, Vote};

/// There as long as the directory counts as new.
const MARK: &str = "joining";

/// Whether this voter may vote yet.
#[derive(Debug)]
pub struct Joining {
    mark: PathBuf,
    node: i32,
    voters: usize,
    waits: AtomicBool,
    /// Other voters that said that they are new too.
    new: Mutex<BTreeSet<i32>>,
}

impl Joining {
    /// Looks at a directory before anything is made in it: a new one is marked. Of two voters the other
    /// one has all that was ever agreed on, and neither leads without it: there is nothing to wait for.
    pub fn open(dir: &Path, node: i32, voters: &[i32]) -> Result<Self, DiskError> {
        let mark = dir.join(MARK);
        let exists = |path: &Path| path.try_exists().map_err(DiskError::io(path));
        let is_new = !exists(&dir.join("log"))? && !exists(&disk::vote_path(dir))?;
        if is_new && voters.contains(&node) && voters.len() > 2 {
            disk::replace(&mark, b"{}\n").map_err(DiskError::io(&mark))?;
        }
        let waits = AtomicBool::new(exists(&mark)?);
        Ok(Self {
            mark,
            node,
            voters: voters.len(),
            waits,
            new: Mutex::default(),
        })
    }

    /// The same for a node that gets its vote from others, if ever: a new directory waits for a leader
    /// whoever else is new.
    pub fn open_observer(dir: &Path, node: i32) -> Result<Self, DiskError> {
        let mark = dir.join(MARK);
        let exists = |path: &Path| path.try_exists().map_err(DiskError::io(path));
        if !exists(&dir.join("log"))? && !exists(&disk::vote_path(dir))? {
            disk::replace(&mark, b"{}\n").map_err(DiskError::io(&mark))?;
        }
        let waits = AtomicBool::new(exists(&mark)?);
        Ok(Self {
            mark,
            node,
            voters: usize::MAX,
            waits,
            new: Mutex::default(),
        })
    }

    /// Whether this voter must not vote yet.
    pub fn is_joining(&self) -> bool {
        self.waits.load(Ordering::Acquire)
    }

    /// Another voter said whether it is new: its id, if it is.
    pub fn hear_new(&self, node: Option<i32>) {
        let Some(node) = node.filter(|_| self.is_joining()) else {
            return;
        };
        let mut new = self.new.lock().unwrap_or_else(PoisonError::into_inner);
        new.insert(node);
        let is_beginning = new.len() + 1 > self.voters / 2;
        drop(new);
        if is_beginning {
            self.end("a majority of the voters is new: the cluster begins");
        }
    }

    /// A leader's entries were taken in: `last` is the last entry here, `committed` the last one that
    /// the leader says is agreed on. Where it is of the leader's own term, it implies all before.
    pub fn hear_leader(&self, leader: Vote, committed: Option<LogId>, last: Option<LogId>) {
        let is_own = committed.is_some_and(|id| id.leader_id == *leader.leader_id());
        if self.is_joining() && is_own && last >= committed {
            self.end("it has everything that is agreed on");
        }
    }

    /// From here on it votes. What cannot be written down does not hold: a restart would forget it.
    fn end(&self, why: &str) {
        let removed = match fs::remove_file(&self.mark) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done.and_then(|()| disk::sync_directory(&self.mark)),
        };
        match removed {
            Ok(()) => {
                log::info!("voter {} votes from now on: {why}", self.node);
                self.waits.store(false, Ordering::Release);
            }
            Err(error) => log::error!("{}: {error}: no vote yet", self.mark.display()),
        }
    }
}

/// Whether a voter with this log and this vote has never been part of anything: its only entry is the
/// list of voters that it began with, its only vote the one for itself that goes with it.
pub fn is_new(last: Option<LogId>, vote: Vote) -> bool {
    last.is_none_or(|id| id.index == 0) && vote.leader_id().term <= 1 && !vote.is_committed()
}

#[cfg(test)]
mod tests {
    use openraft::CommittedLeaderId;

    use super::*;

    const VOTERS: [i32; 3] = [1, 2, 3];

    fn id(term: u64, index: u64) -> LogId {
        LogId::new(CommittedLeaderId::new(term, 2), index)
    }

    fn joining(dir: &Path) -> Joining {
        Joining::open(dir, 1, &VOTERS).unwrap()
    }

    #[test]
    fn a_new_directory_is_joining_until_it_has_what_the_leader_agreed_on_in_its_own_term() {
        let dir = tempfile::tempdir().unwrap();
        let leader = Vote::new_committed(3, 2);
        let voter = joining(dir.path());
        assert!(voter.is_joining());
        // What an earlier leader agreed on may not be all: only an entry of its own says that.
        voter.hear_leader(leader, Some(id(2, 7)), Some(id(3, 9)));
        voter.hear_leader(leader, None, Some(id(3, 9)));
        voter.hear_leader(leader, Some(id(3, 9)), Some(id(3, 8)));
        // A restart in between changes nothing, although there is a log by now.
        fs::write(dir.path().join("log"), "").unwrap();
        let voter = joining(dir.path());
        assert!(voter.is_joining());
        voter.hear_leader(leader, Some(id(3, 9)), Some(id(3, 9)));
        assert!(!voter.is_joining());
        assert!(!joining(dir.path()).is_joining());
    }

    #[test]
    fn a_majority_of_new_voters_begins_a_cluster_and_one_of_three_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let voter = joining(dir.path());
        assert!(voter.is_joining());
        voter.hear_new(Some(3));
        assert!(!voter.is_joining());
        let five = tempfile::tempdir().unwrap();
        let voter = Joining::open(five.path(), 1, &[1, 2, 3, 4, 5]).unwrap();
        voter.hear_new(Some(3));
        voter.hear_new(Some(3));
        assert!(voter.is_joining(), "the same one twice");
        voter.hear_new(Some(4));
        assert!(!voter.is_joining());
    }

    #[test]
    fn one_of_two_voters_at_most_and_a_node_without_a_vote_wait_for_nobody() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!Joining::open(dir.path(), 1, &[1]).unwrap().is_joining());
        assert!(!Joining::open(dir.path(), 1, &[1, 2]).unwrap().is_joining());
        assert!(!Joining::open(dir.path(), 9, &VOTERS).unwrap().is_joining());
    }

    #[test]
    fn who_has_an_entry_or_voted_for_another_is_not_new() {
        assert!(is_new(None, Vote::default()));
        assert!(is_new(Some(id(0, 0)), Vote::new(1, 2)));
        assert!(!is_new(Some(id(1, 1)), Vote::new(1, 2)));
        assert!(!is_new(Some(id(0, 0)), Vote::new(2, 2)));
        assert!(!is_new(Some(id(0, 0)), Vote::new_committed(1, 2)));
    }
}
