//! A group as its record says it, and back. Sessions are not written: whoever takes the group over
//! begins them anew.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::group::schema::GroupValue;

use super::member::Member;
use super::{Group, State};

impl Group {
    /// The record of the group with these assignments; a member without one gets the empty one.
    pub(super) fn value(&self, assignments: &BTreeMap<String, Bytes>) -> GroupValue {
        let protocol = self.protocol.as_deref().unwrap_or_default();
        GroupValue {
            protocol_type: self.protocol_type.clone().unwrap_or_default(),
            generation: self.generation,
            protocol: self.protocol.clone(),
            leader: self.leader.clone(),
            state_since_ms: self.state_since_ms,
            members: self
                .members
                .values()
                .map(|member| {
                    let assignment = assignments.get(&member.id).cloned();
                    member.value(protocol, assignment.unwrap_or_default())
                })
                .collect(),
        }
    }

    /// The record of the group as it stands.
    pub(super) fn current_value(&self) -> GroupValue {
        let assignments = self
            .members
            .iter()
            .map(|(id, member)| (id.clone(), member.assignment.clone()));
        self.value(&assignments.collect())
    }

    /// A group taken over from the log: stable where it has members, each with a fresh session.
    pub fn restore(id: impl Into<String>, value: GroupValue, now_ms: i64) -> Self {
        let mut group = Self::new(id, now_ms);
        group.generation = value.generation;
        group.protocol_type = Some(value.protocol_type).filter(|kind| !kind.is_empty());
        group.state_since_ms = value.state_since_ms;
        if value.members.is_empty() {
            group.count_topics();
            return group;
        }
        let protocol = value.protocol.unwrap_or_default();
        for member in value.members {
            let member = Member::restored(member, &protocol, now_ms);
            if let Some(instance) = &member.instance_id {
                group.instances.insert(instance.clone(), member.id.clone());
            }
            group.wake_by(member.deadline_ms);
            group.members.insert(member.id.clone(), member);
        }
        group.protocol = Some(protocol);
        group.leader = value
            .leader
            .filter(|leader| group.members.contains_key(leader))
            .or_else(|| group.members.keys().next().cloned());
        group.state = State::Stable;
        group.count_topics();
        group
    }
}
