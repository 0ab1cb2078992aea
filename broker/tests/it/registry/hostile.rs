//! Requests that no client of good will sends.

use serde_json::json;

use super::http::{Client, cluster, of, one_int};

const JSON: &str = "content-type: application/json\r\n";

async fn posted(registry: Client, headers: &str, body: &[u8]) -> (u16, i64) {
    let answer = registry
        .send("POST", "/subjects/s/versions", headers, body)
        .await;
    answer.refusal()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_too_deep_or_no_json_is_refused_and_the_registry_goes_on() {
    let cluster = cluster(1).await;
    let registry = of(&cluster, 1);
    assert_eq!(
        posted(registry, JSON, &vec![b' '; (1 << 20) + 1]).await,
        (413, 413)
    );
    assert_eq!(posted(registry, JSON, b"{\"schema\":").await, (400, 400));
    assert_eq!(posted(registry, JSON, b"\xff\xfe").await, (400, 400));
    assert_eq!(posted(registry, JSON, b"").await, (400, 400));
    assert_eq!(
        posted(registry, "content-type: text/html\r\n", b"{}").await,
        (415, 415)
    );
    let accept = format!("{JSON}accept: image/png\r\n");
    assert_eq!(posted(registry, &accept, b"{}").await, (406, 406));
    let deep = [
        b"{\"metadata\":".to_vec(),
        vec![b'['; 200_000],
        vec![b']'; 200_000],
    ]
    .concat();
    assert_eq!(posted(registry, JSON, &deep).await, (400, 400));
    for kind in ["AVRO", "JSON", "PROTOBUF"] {
        let mut text = "{\"type\":\"array\",\"items\":".repeat(10_000);
        text.push_str("\"int\"");
        text.push_str(&"}".repeat(10_000));
        if kind == "PROTOBUF" {
            text = "message A {".repeat(10_000) + &"}".repeat(10_000);
        }
        let body = json!({"schema": text, "schemaType": kind}).to_string();
        assert_eq!(
            posted(registry, JSON, body.as_bytes()).await,
            (422, 42201),
            "{kind}"
        );
    }
    let long = format!("/subjects/{}/versions", "x".repeat(5_000));
    let refused = registry.post(&long, &json!({"schema": "\"int\""})).await;
    assert_eq!(refused.refusal(), (422, 42208));
    let refused = registry.send("BREW", "/subjects", "", b"").await;
    assert!([405, 415].contains(&refused.status));
    registry.register("s", &one_int()).await.ok();
    cluster.end().await;
}
