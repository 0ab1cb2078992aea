//! The start of a node's part in the quorum: its files, each checked against the others, and the list of
//! voters that a new one begins with. Never mends what is damaged: the others have it.

use std::fs;

use openraft::error::{InitializeError, RaftError};

use super::changes::Feed;
use super::disk;
use super::joining::Joining;
use super::log_file::LogFile;
use super::state::StateMachine;
use super::storage::LogStore;
use super::types::Raft;
use super::{QuorumError, QuorumOptions};

/// What lies in the directory of a node's quorum.
pub struct Opened {
    /// Log and vote.
    pub log: LogStore,
    /// The image as of the newest snapshot.
    pub machine: StateMachine,
    /// Whether the node may vote yet.
    pub joining: Joining,
}

/// Opens the files of a directory; a new one is begun, a damaged one is refused.
pub fn open(options: &QuorumOptions, feed: &Feed) -> Result<Opened, QuorumError> {
    let dir = options.dir.as_path();
    fs::create_dir_all(dir).map_err(|source| QuorumError::Directory {
        path: dir.to_owned(),
        source,
    })?;
    // The vote is read first: it refuses a directory of a later version before anything is touched.
    let vote = disk::read_vote(dir)?;
    let machine = StateMachine::open(dir.to_owned(), feed.clone())?;
    let beginners: Vec<i32> = options.beginners().into_keys().collect();
    let joining = if options.voters.is_empty() && !beginners.contains(&options.node_id) {
        Joining::open_observer(dir, options.node_id)?
    } else {
        Joining::open(dir, options.node_id, &beginners)?
    };
    if vote.is_some() {
        LogFile::check_there(dir)?;
    }
    let log = LogStore::open(dir)?;
    log.check(vote.is_some(), machine.applied())?;
    Ok(Opened {
        log,
        machine,
        joining,
    })
}

/// Gives a new voter the list of voters. All of them start with the same first entry, so it does
/// not matter who was first. A directory with another list is refused.
pub async fn begin(raft: &Raft, options: &QuorumOptions) -> Result<(), QuorumError> {
    let beginners = options.beginners();
    let given: Vec<i32> = beginners.keys().copied().collect();
    let failed = |error: String| QuorumError::Start(error);
    if given.contains(&options.node_id) {
        match raft.initialize(beginners).await {
            Ok(()) | Err(RaftError::APIError(InitializeError::NotAllowed(_))) => {}
            Err(error) => return Err(failed(error.to_string())),
        }
    }
    let recorded: Vec<i32> = raft
        .with_raft_state(|state| state.membership_state.effective().voter_ids().collect())
        .await
        .map_err(|error| failed(error.to_string()))?;
    // Voters that the settings do not name may have become others.
    if options.voters.is_empty() || recorded.is_empty() || recorded == given {
        return Ok(());
    }
    if let Err(error) = raft.shutdown().await {
        log::debug!("the metadata quorum did not stop cleanly: {error}");
    }
    let path = options.dir.clone();
    Err(QuorumError::Voters {
        path,
        recorded,
        given,
    })
}
