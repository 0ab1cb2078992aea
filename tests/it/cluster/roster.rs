//! What is remembered of brokers from one watch to the next.

use std::path::PathBuf;

use lookout::cluster::watch;
use lookout::model::Focus;

use super::{options, until};
use crate::support::canned::{Canned, World};

fn scratch(name: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _absent = std::fs::remove_dir_all(&directory);
    directory
}

#[tokio::test]
async fn brokers_once_seen_are_remembered_on_disk() {
    let file = scratch("roster-remembers")
        .join("below")
        .join("roster.sqlite");
    for brokers in [3, 2] {
        let canned = Canned::start(World::empty(brokers)).await;
        let mut options = options(canned.bootstrap());
        options.roster = Some(file.clone());
        let mut watch = watch(options, tokio::sync::watch::channel(Focus::Cluster).1);
        let seen = until(&mut watch, |s| !s.facts.roster.is_empty()).await;
        let ids: Vec<i32> = seen.facts.roster.keys().map(|id| id.0).collect();
        assert_eq!(ids, [1, 2, 3]);
        assert_eq!(seen.facts.roster_failure, None);
    }
}

#[tokio::test]
async fn a_roster_that_cannot_be_written_is_kept_in_memory_and_says_why() {
    let directory = scratch("roster-in-the-way");
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("file"), "in the way").unwrap();
    let canned = Canned::start(World::empty(2)).await;
    let mut options = options(canned.bootstrap());
    options.roster = Some(directory.join("file").join("roster.sqlite"));
    let mut watch = watch(options, tokio::sync::watch::channel(Focus::Cluster).1);
    let seen = until(&mut watch, |s| s.facts.roster.len() == 2).await;
    let said = seen.facts.roster_failure.clone().unwrap();
    assert!(said.contains("for this session only"), "{said}");
    assert!(said.contains("set LOOKOUT_STATE_DIR"), "{said}");
}
