//! The in-sync replicas of a led partition: what the controller agreed to, and at most one change it
//! was asked for (rule 25). Pure; never decides on its own that a change has happened.

use crate::wire::error_code::ErrorCode;

/// A change of the ISR for the controller (`AlterPartition`, KIP-497).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The leader's epoch.
    pub leader_epoch: i32,
    /// The partition epoch that the change builds on.
    pub partition_epoch: i32,
    /// Every member with its broker epoch, −1 where unknown (KIP-903).
    pub isr: Vec<(i32, i64)>,
}

/// What the controller says a partition is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// The leader's epoch.
    pub leader_epoch: i32,
    /// The partition's epoch.
    pub partition_epoch: i32,
    /// The in-sync replicas.
    pub isr: Vec<i32>,
}

/// What to do after an answer of the controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The ISR is as the answer says.
    Settled,
    /// The change is off; a later one may be proposed at once.
    Dropped,
    /// The same change has to be sent again, after a pause.
    Retry,
    /// Somebody else changed the partition: the metadata will say what it is now.
    AwaitMetadata,
    /// The answer is about a state that is gone.
    Stale,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pending {
    members: Vec<(i32, i64)>,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    ToSend,
    Sent,
}

/// The ISR as its leader knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Isr {
    members: Vec<i32>,
    partition_epoch: i32,
    pending: Option<Pending>,
}

impl Isr {
    /// The ISR that the metadata states.
    pub fn new(members: Vec<i32>, partition_epoch: i32) -> Self {
        Self {
            members,
            partition_epoch,
            pending: None,
        }
    }

    /// Members that the controller agreed to; what the check of `min.insync.replicas` counts.
    pub fn members(&self) -> &[i32] {
        &self.members
    }

    /// The partition's epoch, as last agreed.
    pub fn partition_epoch(&self) -> i32 {
        self.partition_epoch
    }

    /// Whether the replica is in the maximal ISR: agreed on, or asked for (rule 23).
    pub fn may_hold(&self, replica: i32) -> bool {
        self.members.contains(&replica)
            || self
                .pending
                .as_ref()
                .is_some_and(|pending| pending.members.iter().any(|(id, _)| *id == replica))
    }

    /// Size of the maximal ISR.
    pub fn maximal_len(&self) -> usize {
        let asked = self.pending.iter().flat_map(|pending| &pending.members);
        let new = asked.filter(|(id, _)| !self.members.contains(id)).count();
        self.members.len() + new
    }

    /// Whether a change is waiting for the controller.
    pub fn is_changing(&self) -> bool {
        self.pending.is_some()
    }

    /// Notes a wanted change, unless one is waiting already.
    pub fn propose(&mut self, members: Vec<(i32, i64)>) {
        if self.pending.is_none() {
            self.pending = Some(Pending {
                members,
                stage: Stage::ToSend,
            });
        }
    }

    /// The change to send now; each is given out once until [`Isr::answered`] asks for a retry.
    pub fn take_proposal(&mut self, leader_epoch: i32) -> Option<Proposal> {
        let pending = self.pending.as_mut()?;
        if pending.stage == Stage::Sent {
            return None;
        }
        pending.stage = Stage::Sent;
        Some(Proposal {
            leader_epoch,
            partition_epoch: self.partition_epoch,
            isr: pending.members.clone(),
        })
    }

    /// Takes in the metadata's word, if it is newer than what is known; a waiting change is moot then.
    pub fn follow(&mut self, members: &[i32], partition_epoch: i32) -> bool {
        if partition_epoch <= self.partition_epoch {
            return false;
        }
        self.members = members.to_vec();
        self.partition_epoch = partition_epoch;
        self.pending = None;
        true
    }

    /// Takes in the controller's answer to `sent`.
    pub fn answered(
        &mut self,
        leader_epoch: i32,
        sent: &Proposal,
        answer: Result<&Agreed, ErrorCode>,
    ) -> Next {
        let awaited = self.pending.as_ref().is_some_and(|pending| {
            pending.stage == Stage::Sent
                && pending.members == sent.isr
                && sent.leader_epoch == leader_epoch
                && sent.partition_epoch == self.partition_epoch
        });
        if !awaited {
            return Next::Stale;
        }
        match answer {
            Ok(agreed) => self.agree(leader_epoch, agreed),
            Err(error) => self.refused(error),
        }
    }

    fn agree(&mut self, leader_epoch: i32, agreed: &Agreed) -> Next {
        if agreed.leader_epoch != leader_epoch || agreed.partition_epoch < self.partition_epoch {
            return Next::AwaitMetadata;
        }
        self.members.clone_from(&agreed.isr);
        self.partition_epoch = agreed.partition_epoch;
        self.pending = None;
        Next::Settled
    }

    /// While the metadata is awaited the change stays pending, so that the high watermark goes on
    /// waiting for every replica that may have become a member.
    fn refused(&mut self, error: ErrorCode) -> Next {
        match error {
            ErrorCode::INELIGIBLE_REPLICA | ErrorCode::OPERATION_NOT_ATTEMPTED => {
                self.pending = None;
                Next::Dropped
            }
            ErrorCode::INVALID_UPDATE_VERSION
            | ErrorCode::FENCED_LEADER_EPOCH
            | ErrorCode::NEW_LEADER_ELECTED
            | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
            | ErrorCode::UNKNOWN_TOPIC_ID
            | ErrorCode::INVALID_REQUEST => Next::AwaitMetadata,
            _ => {
                if let Some(pending) = self.pending.as_mut() {
                    pending.stage = Stage::ToSend;
                }
                Next::Retry
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanding() -> (Isr, Proposal) {
        let mut isr = Isr::new(vec![1, 2], 7);
        isr.propose(vec![(1, 10), (2, 20), (3, 30)]);
        let proposal = isr.take_proposal(4).unwrap();
        (isr, proposal)
    }

    #[test]
    fn one_change_is_in_flight_at_a_time() {
        let (mut isr, first) = expanding();
        isr.propose(vec![(1, 10)]);
        assert_eq!(isr.take_proposal(4), None);
        assert_eq!(first.isr.len(), 3);
        assert_eq!(first.partition_epoch, 7);
    }

    #[test]
    fn a_pending_member_counts_for_the_watermark_but_not_for_min_isr() {
        let (isr, _) = expanding();
        assert!(isr.may_hold(3));
        assert_eq!(isr.maximal_len(), 3);
        assert_eq!(isr.members(), [1, 2]);
    }

    #[test]
    fn a_pending_removal_still_counts_for_the_watermark() {
        let mut isr = Isr::new(vec![1, 2], 7);
        isr.propose(vec![(1, 10)]);
        assert!(isr.may_hold(2));
        assert_eq!(isr.maximal_len(), 2);
    }

    #[test]
    fn an_agreed_change_settles() {
        let (mut isr, sent) = expanding();
        let agreed = Agreed {
            leader_epoch: 4,
            partition_epoch: 8,
            isr: vec![1, 2, 3],
        };
        assert_eq!(isr.answered(4, &sent, Ok(&agreed)), Next::Settled);
        assert_eq!(isr.members(), [1, 2, 3]);
        assert!(!isr.is_changing());
        assert_eq!(isr.answered(4, &sent, Ok(&agreed)), Next::Stale);
    }

    #[test]
    fn each_error_has_its_way_out() {
        let cases = [
            (ErrorCode::INELIGIBLE_REPLICA, Next::Dropped, false),
            (ErrorCode::INVALID_UPDATE_VERSION, Next::AwaitMetadata, true),
            (ErrorCode::FENCED_LEADER_EPOCH, Next::AwaitMetadata, true),
            (ErrorCode::NOT_CONTROLLER, Next::Retry, true),
            (ErrorCode::REQUEST_TIMED_OUT, Next::Retry, true),
        ];
        for (error, next, changing) in cases {
            let (mut isr, sent) = expanding();
            assert_eq!(isr.answered(4, &sent, Err(error)), next, "{error}");
            assert_eq!(isr.is_changing(), changing, "{error}");
            let again = isr.take_proposal(4);
            assert_eq!(again.is_some(), next == Next::Retry, "{error}");
        }
    }

    #[test]
    fn newer_metadata_makes_a_pending_change_moot() {
        let (mut isr, sent) = expanding();
        assert!(!isr.follow(&[1], 7));
        assert!(isr.follow(&[1], 8));
        assert!(!isr.may_hold(3));
        assert_eq!(
            isr.answered(4, &sent, Err(ErrorCode::NOT_CONTROLLER)),
            Next::Stale
        );
    }
}
