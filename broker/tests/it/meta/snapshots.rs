//! Records and images: a snapshot holds all there is, and no record can break an image.

use std::sync::Arc;

use broker::meta::acl::{Acl, Operation, Pattern, Permission, ResourceKind};
use broker::meta::apply::apply;
use broker::meta::image::{Delta, Image};
use broker::meta::record::{PartitionState, Record, Registration, Resource};
use broker::wire::uuid::Uuid;
use proptest::prelude::*;

fn id() -> impl Strategy<Value = Uuid> {
    (0_u128..6).prop_map(|number| Uuid(number.to_be_bytes()))
}

fn name() -> impl Strategy<Value = String> {
    "[ab]{1,2}"
}

fn state() -> impl Strategy<Value = PartitionState> {
    let ids = || prop::collection::vec(0..4_i32, 0..4);
    (
        ids(),
        ids(),
        ids(),
        prop::collection::vec(id(), 0..4),
        any::<bool>(),
        -1..4_i32,
    )
        .prop_map(
            |(replicas, isr, elr, directories, recovering, leader)| PartitionState {
                adding: elr.clone(),
                removing: isr.clone(),
                last_known_elr: replicas.clone(),
                replicas,
                directories,
                isr,
                elr,
                leader,
                leader_epoch: leader * 3,
                partition_epoch: leader * 5,
                recovering,
            },
        )
}

fn resource() -> impl Strategy<Value = Resource> {
    prop_oneof![
        name().prop_map(Resource::Topic),
        prop::option::of(0..3_i32).prop_map(Resource::Broker),
        name().prop_map(Resource::Group),
        name().prop_map(Resource::ClientMetrics),
    ]
}

/// Few of each kind, so that the same rules come and go.
fn acl() -> impl Strategy<Value = Acl> {
    let name = prop_oneof![name(), Just("*".to_owned())];
    let of = |all: &'static [Operation]| prop::sample::select(all);
    (
        prop::sample::select(ResourceKind::ALL),
        name,
        prop::sample::select(Pattern::ALL),
        of(&[Operation::All, Operation::Read]),
        prop::sample::select(Permission::ALL),
    )
        .prop_map(|(kind, name, pattern, operation, permission)| Acl {
            kind,
            name,
            pattern,
            principal: "User:alice".to_owned(),
            host: "*".to_owned(),
            operation,
            permission,
        })
}

fn registration() -> impl Strategy<Value = Registration> {
    (
        0..4_i32,
        id(),
        prop::option::of(name()),
        prop::collection::vec(id(), 0..3),
    )
        .prop_map(|(id, incarnation, rack, log_dirs)| Registration {
            id,
            incarnation,
            rack,
            listeners: Vec::new(),
            log_dirs,
            features: vec![("f".to_owned(), 0, 1)],
        })
}

fn record() -> impl Strategy<Value = Record> {
    let flag = || prop::option::of(any::<bool>());
    let dirs = prop::option::of(prop::collection::vec(id(), 0..3));
    prop_oneof![
        1 => (registration(), any::<i64>())
            .prop_map(|(registration, epoch)| Record::RegisterBroker { registration, epoch }),
        1 => (0..4_i32).prop_map(|id| Record::UnregisterBroker { id }),
        1 => (0..4_i32, flag(), flag(), dirs).prop_map(|(id, fenced, in_controlled_shutdown, log_dirs)| {
            Record::BrokerChange { id, fenced, in_controlled_shutdown, log_dirs }
        }),
        3 => (id(), name()).prop_map(|(id, name)| Record::Topic { id, name }),
        1 => id().prop_map(|id| Record::RemoveTopic { id }),
        6 => (id(), -1..4_i32, state())
            .prop_map(|(topic, index, state)| Record::Partition { topic, index, state }),
        3 => (resource(), name(), prop::option::of(name()))
            .prop_map(|(resource, key, value)| Record::Config { resource, key, value }),
        1 => any::<i64>().prop_map(|next| Record::ProducerIds { next }),
        1 => (name(), -1..3_i16).prop_map(|(name, level)| Record::Feature { name, level }),
        3 => acl().prop_map(|acl| Record::AccessControlEntry { acl }),
        1 => acl().prop_map(|acl| Record::RemoveAccessControlEntry { acl }),
    ]
}

fn image_of(records: &[Record]) -> Image {
    let mut image = Image::empty();
    for (offset, record) in (0..).zip(records) {
        apply(&mut image, offset, record, &mut Delta::default());
    }
    image
}

proptest! {
    #[test]
    fn a_snapshot_makes_an_equal_image(records in prop::collection::vec(record(), 0..80)) {
        let image = image_of(&records);
        prop_assert_eq!(&Image::from_records(image.offset, &image.records()), &image);
    }

    #[test]
    fn records_survive_being_written_down(record in record()) {
        let text = serde_json::to_string(&record).unwrap();
        prop_assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    }

    /// What a delta does not name is shared with the image before: nothing is copied in vain.
    #[test]
    fn a_delta_names_all_that_changed(records in prop::collection::vec(record(), 1..60)) {
        let (last, earlier) = records.split_last().unwrap();
        let before = image_of(earlier);
        let mut after = before.clone();
        let mut delta = Delta::default();
        apply(&mut after, before.offset + 1, last, &mut delta);
        for (name, topic) in &*after.topics {
            let known = before.topics.get(name);
            for (index, state) in (0..).zip(&topic.partitions) {
                let same = known.and_then(|known| known.partitions.get(usize::try_from(index).unwrap()));
                let is_same = same.is_some_and(|same| Arc::ptr_eq(same, state));
                prop_assert!(is_same || delta.partitions.contains(&(topic.id, index)));
            }
        }
        for (id, broker) in &*after.brokers {
            let is_same = before.brokers.get(id).is_some_and(|same| Arc::ptr_eq(same, broker));
            prop_assert!(is_same || delta.brokers.contains(id));
        }
        for name in before.topics.keys().filter(|name| !after.topics.contains_key(*name)) {
            prop_assert!(delta.removed_topics.iter().any(|(_, removed)| removed == name));
        }
    }
}

#[test]
fn a_record_that_does_not_fit_changes_nothing_but_the_offset() {
    let (here, gone) = (Uuid([1; 16]), Uuid([2; 16]));
    let topic = |id, name: &str| Record::Topic {
        id,
        name: name.to_owned(),
    };
    let image = image_of(&[topic(here, "a"), Record::ProducerIds { next: 9 }]);
    let config = Record::Config {
        resource: Resource::Topic("gone".to_owned()),
        key: "k".to_owned(),
        value: Some("v".to_owned()),
    };
    for record in [
        topic(here, "b"),
        topic(gone, "a"),
        Record::RemoveTopic { id: gone },
        Record::UnregisterBroker { id: 1 },
        Record::ProducerIds { next: 8 },
        config,
    ] {
        let mut after = image.clone();
        let mut delta = Delta::default();
        apply(&mut after, 2, &record, &mut delta);
        let expected = Image {
            offset: 2,
            ..image.clone()
        };
        assert_eq!((after, delta), (expected, Delta::default()), "{record:?}");
    }
}
