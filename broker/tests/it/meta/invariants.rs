//! What holds after every single record, whatever happened.

use broker::meta::image::Image;
use broker::meta::record::{PartitionState, Record};

/// Checks the whole image after one record, and the change itself.
pub fn check_step(before: &Image, after: &Image, record: &Record) {
    let keeps_isr = after.feature("eligible.leader.replicas.version") == 0;
    for topic in after.topics.values() {
        for (index, state) in topic.partitions.iter().enumerate() {
            let what = format!("{}-{index}: {state:?} after {record:?}", topic.name);
            check_state(after, state, &what);
            assert!(!(keeps_isr && state.isr.is_empty()), "empty ISR: {what}");
            let known = before.topic_by_id(topic.id);
            if let Some(known) = known.and_then(|known| known.partitions.get(index)) {
                check_change(known, state, &what);
            }
        }
    }
    assert!(after.next_producer_id >= before.next_producer_id);
    assert_eq!(after.topics.len(), after.topic_names.len());
}

fn check_state(image: &Image, state: &PartitionState, what: &str) {
    let in_replicas = |ids: &[i32]| ids.iter().all(|id| state.replicas.contains(id));
    let distinct = |ids: &[i32]| {
        let set: std::collections::BTreeSet<&i32> = ids.iter().collect();
        set.len() == ids.len()
    };
    assert!(
        in_replicas(&state.isr) && distinct(&state.isr),
        "ISR: {what}"
    );
    assert!(
        in_replicas(&state.elr) && distinct(&state.elr),
        "ELR: {what}"
    );
    assert!(
        state.isr.iter().all(|id| !state.elr.contains(id)),
        "in ISR and ELR: {what}"
    );
    let mut moving = state.adding.iter().chain(&state.removing);
    assert!(
        moving.all(|id| state.replicas.contains(id)),
        "moving: {what}"
    );
    assert!(
        in_replicas(&state.last_known_elr),
        "last known leader: {what}"
    );
    assert!(
        !state.replicas.is_empty() && distinct(&state.replicas),
        "replicas: {what}"
    );
    assert_eq!(
        state.directories.len(),
        state.replicas.len(),
        "directories: {what}"
    );
    let electable = [&state.isr, &state.elr, &state.last_known_elr];
    assert!(
        electable.iter().any(|ids| !ids.is_empty()),
        "nobody could ever lead: {what}"
    );
    if state.leader != -1 {
        check_leader(image, state, what);
    }
}

fn check_leader(image: &Image, state: &PartitionState, what: &str) {
    assert!(
        state.isr.contains(&state.leader),
        "leader out of ISR: {what}"
    );
    assert!(image.is_active(state.leader), "leader fenced: {what}");
    let at = state
        .replicas
        .iter()
        .position(|id| *id == state.leader)
        .unwrap();
    assert!(
        image.has_online_dir(state.leader, state.directories[at]),
        "leader on a lost disk: {what}"
    );
    assert!(
        state.last_known_elr.is_empty(),
        "leader and last known leader: {what}"
    );
    for id in &state.isr {
        assert!(
            image.is_active(*id),
            "{id} is fenced and in the ISR: {what}"
        );
    }
}

fn check_change(known: &PartitionState, state: &PartitionState, what: &str) {
    if known == state {
        return;
    }
    assert_eq!(
        state.partition_epoch,
        known.partition_epoch + 1,
        "partition epoch: {what}"
    );
    let loses_replica = known.replicas.iter().any(|id| !state.replicas.contains(id));
    let led = i32::from(state.leader != known.leader || loses_replica);
    assert_eq!(
        state.leader_epoch,
        known.leader_epoch + led,
        "leader epoch: {what}"
    );
    let is_new = state.leader != -1 && state.leader != known.leader;
    let eligible = known.isr.contains(&state.leader)
        || (known.isr.is_empty() || state.isr == [state.leader])
            && known.elr.contains(&state.leader);
    // The leader that a completed move took away has said who is in sync.
    let vouched = known.leader != -1
        && known.removing.contains(&known.leader)
        && !state.replicas.contains(&known.leader)
        && state.isr.contains(&state.leader);
    if is_new && !eligible && !vouched {
        assert!(
            state.recovering,
            "clean election of {}: {what}",
            state.leader
        );
        assert_eq!(state.isr, [state.leader], "unclean election: {what}");
        assert!(state.elr.is_empty(), "unclean election: {what}");
    }
}
