//! How the state of a partition reads: sign, words, role. Under min ISR means that acks=all writes are refused (H-04).

use crate::model::PartitionState;
use crate::ui::glyph::Glyph;
use crate::ui::theme::Role;

/// The sign at the head of a row whose worst partition is in this state.
pub fn sign(state: PartitionState) -> (Glyph, Role) {
    match state {
        PartitionState::Healthy => (Glyph::new(' ', ' '), Role::Dim),
        PartitionState::UnderReplicated => (Glyph::new('▽', 'u'), Role::Warn),
        PartitionState::AtMinIsr | PartitionState::OneCopyLeft => {
            (Glyph::new('◇', 'm'), Role::Major)
        }
        PartitionState::UnderMinIsr | PartitionState::LeaderDead | PartitionState::NoLeader => {
            (Glyph::new('◆', 'C'), Role::Crit)
        }
    }
}

/// The state in words, with its rule.
pub fn words(state: PartitionState) -> &'static str {
    match state {
        PartitionState::Healthy => "ok",
        PartitionState::UnderReplicated => "under-replicated",
        PartitionState::AtMinIsr => "at min ISR",
        PartitionState::OneCopyLeft => "one in-sync copy left",
        PartitionState::UnderMinIsr => "under min ISR",
        PartitionState::LeaderDead => "leader is down",
        PartitionState::NoLeader => "no leader",
    }
}
