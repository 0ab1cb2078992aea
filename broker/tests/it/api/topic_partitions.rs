//! DescribeTopicPartitions, page by page (rule 12, KIP-966).

use broker::api::access::Rights;
use broker::api::describe_topic_partitions::describe;
use broker::wire::error_code::ErrorCode;
use broker::wire::messages::describe_topic_partitions::{
    DescribeTopicPartitionsResponseTopic, RequestCursor, TopicRequest,
};
use broker::wire::messages::{DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse};

use super::cluster::{Cluster, partition};

fn request(
    names: &[&str],
    limit: i32,
    cursor: Option<(&str, i32)>,
) -> DescribeTopicPartitionsRequest {
    let topic = |name: &&str| TopicRequest {
        name: (*name).to_owned(),
        ..TopicRequest::default()
    };
    DescribeTopicPartitionsRequest {
        topics: names.iter().map(topic).collect(),
        response_partition_limit: limit,
        cursor: cursor.map(|(topic, partition)| RequestCursor {
            topic_name: topic.to_owned(),
            partition_index: partition,
            ..RequestCursor::default()
        }),
        ..DescribeTopicPartitionsRequest::default()
    }
}

fn told(response: &DescribeTopicPartitionsResponse) -> Vec<(String, Vec<i32>)> {
    let one = |topic: &DescribeTopicPartitionsResponseTopic| {
        let partitions = topic.partitions.iter();
        (
            topic.name.clone().unwrap(),
            partitions.map(|one| one.partition_index).collect(),
        )
    };
    response.topics.iter().map(one).collect()
}

fn next(response: &DescribeTopicPartitionsResponse) -> Option<(&str, i32)> {
    let cursor = response.next_cursor.as_ref()?;
    Some((&cursor.topic_name, cursor.partition_index))
}

fn three_topics() -> Cluster {
    let mut cluster = Cluster::of(1);
    for name in ["b", "a", "c"] {
        cluster.topic(name, &[partition(&[1]), partition(&[1]), partition(&[1])]);
    }
    cluster
}

/// What all pages tell, one after the other.
fn all_pages(cluster: &Cluster, names: &[&str], limit: i32) -> Vec<String> {
    let mut seen = Vec::new();
    let mut cursor: Option<(String, i32)> = None;
    for _ in 0..20 {
        let from = cursor.as_ref().map(|(topic, at)| (topic.as_str(), *at));
        let response = describe(
            &cluster.0,
            "PLAINTEXT",
            &request(names, limit, from),
            2_000,
            &Rights::default(),
        );
        let page = told(&response);
        let count: usize = page.iter().map(|(_, indexes)| indexes.len()).sum();
        assert!(count <= usize::try_from(limit).unwrap());
        for (topic, indexes) in page {
            seen.extend(indexes.iter().map(|index| format!("{topic}{index}")));
        }
        cursor = next(&response).map(|(topic, at)| (topic.to_owned(), at));
        if cursor.is_none() {
            break;
        }
    }
    seen
}

#[test]
fn pages_follow_each_other_without_gap_or_repetition() {
    let cluster = three_topics();
    for names in [&["c", "a", "b"][..], &[]] {
        for limit in 1..=10 {
            assert_eq!(
                all_pages(&cluster, names, limit).join(" "),
                "a0 a1 a2 b0 b1 b2 c0 c1 c2",
                "limit {limit}"
            );
        }
    }
}

#[test]
fn the_brokers_limit_holds_and_a_page_is_never_empty() {
    let cluster = three_topics();
    let count = |asked, limit| {
        let response = describe(
            &cluster.0,
            "PLAINTEXT",
            &request(&["a"], asked, None),
            limit,
            &Rights::default(),
        );
        response.topics[0].partitions.len()
    };
    assert_eq!(count(100, 2), 2);
    assert_eq!(count(0, 2), 1);
    assert_eq!(count(-5, 2_000), 1);
}

#[test]
fn a_cursor_at_a_topic_that_is_gone_goes_on_with_the_next() {
    let cluster = three_topics();
    let response = describe(
        &cluster.0,
        "PLAINTEXT",
        &request(&[], 100, Some(("aa", 2))),
        2_000,
        &Rights::default(),
    );
    assert_eq!(told(&response)[0], ("b".to_owned(), vec![0, 1, 2]));
    let negative = describe(
        &cluster.0,
        "PLAINTEXT",
        &request(&["a"], 100, Some(("a", -1))),
        2_000,
        &Rights::default(),
    );
    assert_eq!(told(&negative), [("a".to_owned(), vec![0, 1, 2])]);
    let beyond = describe(
        &cluster.0,
        "PLAINTEXT",
        &request(&["a"], 100, Some(("a", 9))),
        2_000,
        &Rights::default(),
    );
    assert_eq!(
        (told(&beyond), next(&beyond)),
        (vec![("a".to_owned(), vec![])], None)
    );
}

#[test]
fn eligible_leaders_and_unknown_topics_are_told() {
    let mut cluster = Cluster::of(3);
    let mut state = partition(&[1, 2, 3]);
    state.isr = vec![1];
    state.elr = vec![2];
    state.last_known_elr = vec![3];
    cluster.topic("a", &[state]);
    cluster.fence(3, true);
    let asked = request(&["a", "nope", "a b"], 2_000, None);
    let response = describe(&cluster.0, "PLAINTEXT", &asked, 2_000, &Rights::default());
    let partition = &response.topics[0].partitions[0];
    assert_eq!(partition.eligible_leader_replicas, Some(vec![2]));
    assert_eq!(partition.last_known_elr, Some(vec![3]));
    assert_eq!(partition.offline_replicas, [3]);
    let errors: Vec<_> = response.topics.iter().map(|one| one.error_code).collect();
    assert_eq!(
        errors,
        [
            ErrorCode::NONE,
            ErrorCode::INVALID_TOPIC_EXCEPTION,
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        ]
    );
}
