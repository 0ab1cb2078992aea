//! What the simulated lives were full of: invariants mean something only where things happen.

use std::collections::BTreeMap;

use broker::meta::record::{PartitionState, Record};

/// What lives must be full of for the invariants to mean something.
pub const WORTH_MEETING: [&str; 10] = [
    "elections",
    "unclean elections",
    "empty ISRs",
    "eligible leader replicas",
    "controlled shutdowns",
    "lost disks",
    "deleted topics",
    "moves",
    "completed moves",
    "eligible leaders turned off",
];

/// Counts what a record shows.
pub fn meet(record: &Record, shown: &mut BTreeMap<&'static str, usize>) {
    let is_moving = |state: &PartitionState| !state.adding.is_empty() || !state.removing.is_empty();
    let mut meet = |what, is_so: bool| *shown.entry(what).or_default() += usize::from(is_so);
    match record {
        Record::Partition { state, .. } => {
            meet("elections", state.leader_epoch > 0 && state.leader >= 0);
            meet("unclean elections", state.recovering);
            meet("empty ISRs", state.isr.is_empty());
            meet("eligible leader replicas", !state.elr.is_empty());
            meet("moves", is_moving(state));
        }
        Record::BrokerChange {
            in_controlled_shutdown,
            log_dirs,
            ..
        } => {
            meet(
                "controlled shutdowns",
                *in_controlled_shutdown == Some(true),
            );
            meet("lost disks", log_dirs.is_some());
        }
        Record::Feature { level: 0, .. } => meet("eligible leaders turned off", true),
        Record::RemoveTopic { .. } => meet("deleted topics", true),
        _ => {}
    }
}

/// Records in which a partition stops moving and has lost replicas to it.
pub fn completed_moves(records: &[Record]) -> usize {
    let mut moving = BTreeMap::new();
    let mut completed = 0;
    for record in records {
        if let Record::Partition {
            topic,
            index,
            state,
        } = record
        {
            let before = moving.insert((*topic, *index), state.removing.clone());
            let leaving = before.unwrap_or_default();
            let gone = |id: &i32| !state.replicas.contains(id);
            completed += usize::from(!leaving.is_empty() && leaving.iter().all(gone));
        }
    }
    completed
}
