//! Quotas of clients and addresses as they are set, described and refused (KIP-546).

use broker::wire::error_code::ErrorCode;
use broker::wire::messages::alter_client_quotas::{OpData, RequestEntityData, RequestEntryData};
use broker::wire::messages::describe_client_quotas::ComponentData;
use broker::wire::messages::{
    AlterClientQuotasRequest, DescribeClientQuotasRequest, DescribeClientQuotasResponse,
};

use crate::support::client::Client;
use crate::support::cluster::Cluster;

/// Kinds with names; no name is the default.
type Parts<'a> = &'a [(&'a str, Option<&'a str>)];

/// Keys with values; no value removes.
type Ops<'a> = &'a [(&'a str, Option<f64>)];

/// Whose quotas, and for each key the value, or that it goes.
pub fn entry(parts: Parts<'_>, ops: Ops<'_>) -> RequestEntryData {
    let part = |(kind, name): &(&str, Option<&str>)| RequestEntityData {
        entity_type: (*kind).to_owned(),
        entity_name: name.map(str::to_owned),
        ..RequestEntityData::default()
    };
    let op = |(key, value): &(&str, Option<f64>)| OpData {
        key: (*key).to_owned(),
        value: value.unwrap_or_default(),
        remove: value.is_none(),
        ..OpData::default()
    };
    RequestEntryData {
        entity: parts.iter().map(part).collect(),
        ops: ops.iter().map(op).collect(),
        ..RequestEntryData::default()
    }
}

/// Alters quotas; gives what is said of each entry.
pub async fn alter(
    client: &mut Client,
    entries: Vec<RequestEntryData>,
    validate_only: bool,
) -> Vec<(ErrorCode, String)> {
    let request = AlterClientQuotasRequest {
        entries,
        validate_only,
        ..AlterClientQuotasRequest::default()
    };
    let answer = client.ask(&request, 1).await;
    let said = answer.entries.into_iter();
    said.map(|one| (one.error_code, one.error_message.unwrap_or_default()))
        .collect()
}

/// Sets or removes one quota.
pub async fn set(client: &mut Client, parts: Parts<'_>, key: &str, value: Option<f64>) {
    let said = alter(client, vec![entry(parts, &[(key, value)])], false).await;
    assert_eq!(said, [(ErrorCode::NONE, String::new())]);
}

async fn ask(
    client: &mut Client,
    components: &[(&str, i8, Option<&str>)],
    strict: bool,
) -> DescribeClientQuotasResponse {
    let component = |(kind, how, name): &(&str, i8, Option<&str>)| ComponentData {
        entity_type: (*kind).to_owned(),
        match_type: *how,
        match_value: name.map(str::to_owned),
        ..ComponentData::default()
    };
    let request = DescribeClientQuotasRequest {
        components: components.iter().map(component).collect(),
        strict,
        ..DescribeClientQuotasRequest::default()
    };
    client.ask(&request, 1).await
}

/// What a filter picks, each as `kind=name,… key=value,…`.
async fn picked(
    client: &mut Client,
    components: &[(&str, i8, Option<&str>)],
    strict: bool,
) -> Vec<String> {
    let answer = ask(client, components, strict).await;
    assert_eq!(
        answer.error_code,
        ErrorCode::NONE,
        "{:?}",
        answer.error_message
    );
    let entries = answer.entries.unwrap().into_iter();
    entries
        .map(|entry| {
            let names = entry.entity.iter().map(|part| {
                let name = part.entity_name.as_deref().unwrap_or("<default>");
                format!("{}={name}", part.entity_type)
            });
            let values = entry.values.iter();
            let values = values.map(|value| format!("{}={}", value.key, value.value));
            let join = |all: Vec<String>| all.join(",");
            format!("{} {}", join(names.collect()), join(values.collect()))
        })
        .collect()
}

const RATE: &str = "producer_byte_rate";

#[tokio::test(flavor = "multi_thread")]
async fn quotas_are_set_described_by_filter_removed_and_kept_over_a_restart() {
    let mut cluster = Cluster::start(1).await;
    let mut client = cluster.client(1).await;
    let (ann, bob) = (("user", Some("ann")), ("user", Some("bob")));
    set(&mut client, &[ann], RATE, Some(1000.0)).await;
    set(&mut client, &[ann], "request_percentage", Some(12.5)).await;
    set(
        &mut client,
        &[ann, ("client-id", Some("c"))],
        RATE,
        Some(2000.0),
    )
    .await;
    set(&mut client, &[bob], RATE, Some(3000.0)).await;
    set(&mut client, &[("user", None)], RATE, Some(4000.0)).await;
    set(
        &mut client,
        &[("ip", None)],
        "connection_creation_rate",
        Some(50.0),
    )
    .await;

    let anns = "user=ann producer_byte_rate=1000,request_percentage=12.5";
    let both = "user=ann,client-id=c producer_byte_rate=2000";
    let bobs = "user=bob producer_byte_rate=3000";
    let others = "user=<default> producer_byte_rate=4000";
    let filter = [("user", 0, Some("ann"))];
    assert_eq!(picked(&mut client, &filter, true).await, [anns]);
    assert_eq!(picked(&mut client, &filter, false).await, [anns, both]);
    let filter = [("user", 1, None)];
    assert_eq!(picked(&mut client, &filter, false).await, [others]);
    let filter = [("user", 2, None)];
    assert_eq!(
        picked(&mut client, &filter, true).await,
        [others, anns, bobs]
    );
    let filter = [("user", 2, None), ("client-id", 2, None)];
    assert_eq!(picked(&mut client, &filter, true).await, [both]);
    assert_eq!(picked(&mut client, &[], false).await.len(), 5);
    assert_eq!(picked(&mut client, &[], true).await, [""; 0]);
    let filter = [("ip", 2, None)];
    let any = ["ip=<default> connection_creation_rate=50"];
    assert_eq!(picked(&mut client, &filter, true).await, any);

    set(&mut client, &[bob], RATE, None).await;
    set(&mut client, &[bob], RATE, None).await;
    cluster.stop(1).await;
    cluster.launch(1).await;
    cluster.all_serving().await;
    let mut client = cluster.client(1).await;
    let filter = [("user", 2, None)];
    assert_eq!(picked(&mut client, &filter, true).await, [others, anns]);
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let cluster = Cluster::start(1).await;
    let mut client = cluster.client(1).await;
    let ann = ("user", Some("ann"));
    let cases: [(Parts<'_>, Ops<'_>, &str); 11] = [
        (&[], &[(RATE, Some(1.0))], "Nobody"),
        (&[("team", Some("x"))], &[(RATE, Some(1.0))], "team"),
        (&[("user", Some(""))], &[(RATE, Some(1.0))], "empty"),
        (
            &[ann, ("user", None)],
            &[(RATE, Some(1.0))],
            "more than once",
        ),
        (&[ann, ("ip", None)], &[(RATE, Some(1.0))], "address"),
        (
            &[("ip", Some("nowhere"))],
            &[("connection_creation_rate", Some(1.0))],
            "no address",
        ),
        (
            &[ann],
            &[("connection_creation_rate", Some(1.0))],
            "connection_creation_rate",
        ),
        (&[("ip", None)], &[(RATE, Some(1.0))], RATE),
        (&[ann], &[(RATE, Some(0.0))], "above zero"),
        (&[ann], &[(RATE, Some(1.5))], "whole"),
        (&[ann], &[(RATE, Some(1.0)), (RATE, None)], "more than once"),
    ];
    for (parts, ops, why) in cases {
        // What goes before it in the same entry is not done either.
        let said = alter(&mut client, vec![entry(parts, ops)], false).await;
        assert_eq!(said[0].0, ErrorCode::INVALID_REQUEST, "{parts:?}");
        assert!(said[0].1.contains(why), "{}", said[0].1);
    }
    let twice = vec![entry(&[ann], &[(RATE, Some(1.0))]); 2];
    let said = alter(&mut client, twice, false).await;
    assert_eq!(said[0].0, ErrorCode::INVALID_REQUEST);
    let tried = vec![entry(&[ann], &[(RATE, Some(1.0))])];
    let said = alter(&mut client, tried, true).await;
    assert_eq!(said, [(ErrorCode::NONE, String::new())]);
    assert_eq!(picked(&mut client, &[], false).await, [""; 0]);
    for filter in [
        [("user", 0, None)].as_slice(),
        &[("user", 1, Some("ann"))],
        &[("user", 9, None)],
        &[("user", 1, None), ("user", 2, None)],
        &[("user", 1, None), ("ip", 2, None)],
        &[("", 1, None)],
    ] {
        let answer = ask(&mut client, filter, false).await;
        assert_eq!(answer.error_code, ErrorCode::INVALID_REQUEST, "{filter:?}");
        assert_eq!(answer.entries, None);
    }
    let answer = ask(&mut client, &[("team", 1, None)], false).await;
    assert_eq!(answer.error_code, ErrorCode::UNSUPPORTED_VERSION);
    cluster.end().await;
}
