//! What a crash or a bad sector can leave, byte by byte: the log opens, keeps a beginning of what was
//! written and serves nothing else.

use std::fs;
use std::path::Path;

use broker::log::Log;
use broker::wire::records::BatchKind;

use super::place::{NOW_MS, Place, batch, batch_from, copy_dir, read_all};

/// A log of several segments with indexes, snapshots and two epochs; its files are flushed.
fn written(place: &mut Place) -> Vec<(i64, String)> {
    place.settings.segment_bytes = 700;
    place.settings.index_interval_bytes = 100;
    let mut log = place.open();
    for number in 0..8 {
        let value = format!("value {number}");
        let epoch = if number < 4 { 1 } else { 2 };
        log.append_as_leader(&batch(&[&value, "and more"]), epoch, NOW_MS + number)
            .unwrap();
        let idempotent = batch_from(7, 0, i32::try_from(number).unwrap(), 1, BatchKind::Plain);
        log.append_as_leader(&idempotent, epoch, NOW_MS).unwrap();
    }
    let all = read_all(&log, 0, 1 << 20);
    log.close().unwrap();
    all
}

/// Opens a copy of a place after `damage`, and checks that what is left is a beginning of `all`.
fn survives(place: &Place, all: &[(i64, String)], clean: bool, damage: impl FnOnce(&Path)) -> Log {
    let mut copy = Place::new();
    copy.settings = place.settings.clone();
    copy_dir(&place.dir(), &copy.dir());
    damage(&copy.dir());
    let (mut log, recovery) = copy.open_as(clean);
    let left = read_all(&log, log.log_start_offset(), 1 << 20);
    assert!(all.starts_with(&left), "{left:?} after {recovery:?}");
    let end = log.log_end_offset();
    assert_eq!(i64::try_from(left.len()).unwrap(), end, "{recovery:?}");
    if recovery.bytes_cut > 0 {
        assert!(!recovery.said.is_empty(), "a cut is said");
    }
    let appended = log.append_as_leader(&batch(&["after"]), 9, NOW_MS).unwrap();
    assert_eq!(appended.base_offset, end);
    assert_eq!(read_all(&log, end, 1), [(end, "after".to_owned())]);
    log
}

fn last_log(dir: &Path) -> std::path::PathBuf {
    let mut logs: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "log"))
        .filter(|path| fs::metadata(path).unwrap().len() > 0)
        .collect();
    logs.sort();
    logs.pop().unwrap()
}

#[test]
fn a_log_cut_at_any_byte_of_its_last_segment_keeps_the_whole_batches() {
    let mut place = Place::new();
    let all = written(&mut place);
    let length = fs::metadata(last_log(&place.dir())).unwrap().len();
    for keep in 0..=length {
        survives(&place, &all, false, |dir| {
            let file = fs::OpenOptions::new()
                .write(true)
                .open(last_log(dir))
                .unwrap();
            file.set_len(keep).unwrap();
        });
    }
}

/// Bytes of a batch that its CRC does not cover and nothing else in the file repeats.
fn is_unprotected(in_batch: usize) -> bool {
    // The base offset may grow (compaction leaves gaps) and so may the leader epoch.
    in_batch < 8 || (12..16).contains(&in_batch)
}

#[test]
fn a_bit_flipped_anywhere_in_the_last_segment_is_cut_and_never_served() {
    let mut place = Place::new();
    let all = written(&mut place);
    let bytes = fs::read(last_log(&place.dir())).unwrap();
    let mut starts = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        starts.push(at);
        at += 12 + u32::from_be_bytes(bytes[at + 8..at + 12].try_into().unwrap()) as usize;
    }
    for at in 0..bytes.len() {
        let start = starts.iter().rev().find(|start| **start <= at).unwrap();
        if is_unprotected(at - start) {
            continue;
        }
        for bit in [0, 7] {
            let log = survives(&place, &all, false, |dir| {
                let mut bytes = bytes.clone();
                bytes[at] ^= 1 << bit;
                fs::write(last_log(dir), bytes).unwrap();
            });
            assert!(
                log.log_end_offset() <= i64::try_from(all.len()).unwrap(),
                "byte {at} was cut"
            );
        }
    }
}

fn ends_in(name: &str, ending: &str) -> bool {
    Path::new(name).extension().is_some_and(|is| is == ending)
}

fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 0x41;
    bytes
}

#[test]
fn any_damage_to_an_index_a_snapshot_or_the_epochs_loses_no_record() {
    let mut place = Place::new();
    let all = written(&mut place);
    let files: Vec<_> = fs::read_dir(place.dir())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| !ends_in(name, "log"))
        .collect();
    for ending in ["index", "timeindex", "snapshot"] {
        assert!(files.iter().any(|name| ends_in(name, ending)), "{ending}");
    }
    let after_one_more = i64::try_from(all.len()).unwrap() + 1;
    for name in files {
        let bytes = fs::read(place.dir().join(&name)).unwrap();
        for clean in [true, false] {
            for at in 0..bytes.len() {
                let damage = |dir: &Path| fs::write(dir.join(&name), flipped(&bytes, at)).unwrap();
                let log = survives(&place, &all, clean, damage);
                assert_eq!(log.log_end_offset(), after_one_more, "{name} byte {at}");
                finds_every_time(&log);
            }
            let log = survives(&place, &all, clean, |dir| {
                fs::remove_file(dir.join(&name)).unwrap();
            });
            assert_eq!(log.log_end_offset(), after_one_more, "{name} removed");
        }
    }
}

fn finds_every_time(log: &Log) {
    let first = log.offset_for_timestamp(0, i64::MAX).unwrap();
    assert_eq!(first, Some((0, NOW_MS)));
    assert_eq!(
        log.offset_for_timestamp(NOW_MS + 1, i64::MAX).unwrap(),
        None
    );
}

#[test]
fn an_epoch_file_that_says_nonsense_is_learned_anew_from_the_batches() {
    let mut place = Place::new();
    written(&mut place);
    let file = place.dir().join("leader-epoch-checkpoint");
    assert_eq!(fs::read_to_string(&file).unwrap(), "0\n2\n1 0\n2 12\n");
    fs::write(&file, "0\nmany\n").unwrap();
    let (log, recovery) = place.open_as(true);
    assert!(
        recovery.said[0].contains("leader-epoch-checkpoint"),
        "{recovery:?}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "0\n2\n1 0\n2 12\n");
    assert_eq!(log.end_offset_for_epoch(1), (1, 12));
}

#[test]
fn what_follows_a_segment_that_was_cut_is_dropped() {
    let mut place = Place::new();
    let all = written(&mut place);
    let first = place.file(0, "log");
    let mut bytes = fs::read(&first).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&first, bytes).unwrap();
    let (log, recovery) = place.open_as(false);
    let left = read_all(&log, 0, 1 << 20);
    assert!(all.starts_with(&left) && !left.is_empty() && left.len() < all.len());
    assert!(
        recovery.said.iter().any(|line| line.contains("follows")),
        "{recovery:?}"
    );
}

#[test]
fn a_clean_log_is_opened_without_reading_it_through() {
    let mut place = Place::new();
    written(&mut place);
    let (_, recovery) = place.open_as(true);
    assert_eq!(recovery, broker::log::Recovery::default());
}

#[test]
fn a_follower_that_begins_inside_a_batch_keeps_it_over_a_crash() {
    let leaders = Place::new();
    let mut leader = leaders.open();
    leader
        .append_as_leader(&batch(&["a", "b", "c"]), 1, NOW_MS)
        .unwrap();
    let bytes = leader
        .read(0, super::place::limit(3, 1000))
        .unwrap()
        .read()
        .unwrap();
    for clean in [true, false] {
        let place = Place::new();
        let mut follower = place.open();
        follower.restart_at(1).unwrap();
        assert_eq!(follower.append_as_follower(&bytes, NOW_MS).unwrap(), 3);
        assert_eq!(follower.log_start_offset(), 1);
        if clean {
            follower.close().unwrap();
        } else {
            drop(follower);
        }
        let (follower, recovery) = place.try_open(clean, 0, 1).unwrap();
        assert_eq!(recovery.bytes_cut, 0, "{recovery:?}");
        assert_eq!(
            (follower.log_start_offset(), follower.log_end_offset()),
            (1, 3)
        );
    }
}
