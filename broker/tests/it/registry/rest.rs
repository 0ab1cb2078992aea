//! Registering, finding and looking up over HTTP, with the codes that clients act on.

use serde_json::{Value, json};

use super::http::{cluster, of, one_int, record};

const CANONICAL: &str = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"}]}"#;
const SPACED: &str =
    r#" { "fields" : [ {"type":{"type":"int"}, "name":"a"} ], "name":"R", "type":"record" } "#;

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_is_registered_once_and_found_in_every_way() {
    let cluster = cluster(1).await;
    let registry = of(&cluster, 1);
    assert_eq!(registry.get("/subjects").await.ok(), json!([]));
    let text = one_int();
    let first = registry.register("orders-value", &text).await;
    assert!(
        first
            .head
            .contains("content-type: application/vnd.schemaregistry.v1+json")
    );
    assert_eq!(first.ok(), json!({"id": 1}));
    // Again, in other words, and under another subject: the same id.
    let again = registry
        .post(
            "/subjects/orders-value/versions",
            &json!({"schema": SPACED}),
        )
        .await;
    assert_eq!(again.ok(), json!({"id": 1}));
    assert_eq!(
        registry.register("other-value", &text).await.ok(),
        json!({"id": 1})
    );
    assert_eq!(
        registry.register("third", &json!("string")).await.ok(),
        json!({"id": 2})
    );

    let whole = json!({"subject": "orders-value", "version": 1, "id": 1, "schema": CANONICAL});
    for at in ["1", "latest", "-1"] {
        let found = registry
            .get(&format!("/subjects/orders-value/versions/{at}"))
            .await;
        assert_eq!(found.ok(), whole);
    }
    let lookup = registry
        .post("/subjects/orders-value", &json!({"schema": SPACED}))
        .await;
    assert_eq!(lookup.ok(), whole);
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_registered_is_listed_by_subject_and_by_id() {
    let cluster = cluster(1).await;
    let registry = of(&cluster, 1);
    let text = one_int();
    registry.register("orders-value", &text).await.ok();
    registry.register("other-value", &text).await.ok();
    registry.register("third", &json!("string")).await.ok();
    let whole = json!({"subject": "orders-value", "version": 1, "id": 1, "schema": CANONICAL});
    let all = |target: &'static str| async move { registry.get(target).await.ok() };
    assert_eq!(
        all("/subjects").await,
        json!(["orders-value", "other-value", "third"])
    );
    assert_eq!(
        all("/subjects?subjectPrefix=o&offset=1").await,
        json!(["other-value"])
    );
    assert_eq!(all("/subjects/orders-value/versions").await, json!([1]));
    assert_eq!(all("/subjects/orders-value/versions/1/schema").await, text);
    assert_eq!(all("/schemas/ids/1").await, json!({"schema": CANONICAL}));
    assert_eq!(
        all("/schemas/ids/2?fetchMaxId=true").await,
        json!({"schema": "\"string\"", "maxId": 2})
    );
    assert_eq!(all("/schemas/ids/1/schema").await, text);
    assert_eq!(
        all("/schemas/ids/1/subjects").await,
        json!(["orders-value", "other-value"])
    );
    let places = json!([
        {"subject": "orders-value", "version": 1},
        {"subject": "other-value", "version": 1},
    ]);
    assert_eq!(all("/schemas/ids/1/versions").await, places);
    assert_eq!(all("/schemas?subjectPrefix=orders").await, json!([whole]));
    assert_eq!(all("/contexts").await, json!(["."]));
    assert!(
        all("/schemas/types")
            .await
            .as_array()
            .unwrap()
            .contains(&json!("AVRO"))
    );
    assert_eq!(all("/").await, json!({}));
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_or_wrong_has_its_own_code() {
    let cluster = cluster(1).await;
    let registry = of(&cluster, 1);
    registry.register("s", &one_int()).await.ok();
    for (target, status, code) in [
        ("/subjects/none/versions", 404, 40401),
        ("/subjects/none/versions/1", 404, 40401),
        ("/subjects/s/versions/2", 404, 40402),
        ("/subjects/s/versions/0", 422, 42202),
        ("/subjects/s/versions/earliest", 422, 42202),
        ("/subjects/:.other:s/versions", 422, 42208),
        ("/schemas/ids/7", 404, 40403),
        ("/schemas/ids/seven", 404, 404),
        ("/config/s", 404, 40408),
        ("/mode/s", 404, 40409),
        ("/nothing", 404, 404),
        ("/subjects/s/%zz", 400, 400),
    ] {
        assert_eq!(
            registry.get(target).await.refusal(),
            (status, code),
            "{target}"
        );
    }
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_says_nothing_registers_nothing() {
    let cluster = cluster(1).await;
    let registry = of(&cluster, 1);
    registry.register("s", &one_int()).await.ok();
    for (body, status, code) in [
        (json!({}), 422, 42201),
        (json!({"schema": ""}), 422, 42201),
        (json!({"schema": "{"}), 422, 42201),
        (
            json!({"schema": r#"{"type":"record","name":"R"}"#}),
            422,
            42201,
        ),
        (
            json!({"schema": "\"int\"", "schemaType": "XML"}),
            422,
            42201,
        ),
        (
            json!({"schema": "\"int\"", "references": [{"name": "x", "subject": "none", "version": 1}]}),
            422,
            42201,
        ),
        (json!({"schema": 1}), 422, 422),
        (json!([1]), 422, 422),
        (json!({"schema": "\"int\"", "id": 9}), 422, 42205),
    ] {
        let refused = registry.post("/subjects/new/versions", &body).await;
        assert_eq!(refused.refusal(), (status, code), "{body}");
    }
    let unknown = json!({"schema": "\"long\""});
    let found = [
        registry.post("/subjects/s", &unknown).await.refusal(),
        registry.post("/subjects/none", &unknown).await.refusal(),
        registry
            .put("/config", &json!({"compatibility": "SIDEWAYS"}))
            .await
            .refusal(),
        registry
            .put("/mode", &json!({"mode": "ASLEEP"}))
            .await
            .refusal(),
        registry.put("/subjects/s", &Value::Null).await.refusal(),
    ];
    assert_eq!(
        found,
        [
            (404, 40403),
            (404, 40401),
            (422, 42203),
            (422, 42204),
            (405, 405)
        ]
    );
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_old_readers_or_data_cannot_take_is_refused_with_the_reason() {
    let cluster = cluster(1).await;
    let registry = of(&cluster, 1);
    registry.register("s", &one_int()).await.ok();
    let wider = record(
        "R",
        &json!([{"name": "a", "type": "int"}, {"name": "b", "type": "int"}]),
    );
    let refused = registry.register("s", &wider).await;
    assert_eq!(refused.refusal(), (409, 409));
    let why = refused.body["message"].as_str().unwrap().to_owned();
    assert!(
        why.contains("READER_FIELD_MISSING_DEFAULT_VALUE at /fields/1") && why.contains("'b'"),
        "{why}"
    );

    let body = json!({"schema": wider.to_string()});
    let check = "/compatibility/subjects/s/versions/latest";
    assert_eq!(
        registry.post(check, &body).await.ok(),
        json!({"is_compatible": false})
    );
    let told = registry
        .post(&format!("{check}?verbose=true"), &body)
        .await
        .ok();
    assert!(told["messages"][0].as_str().unwrap().contains("/fields/1"));
    let missing = registry
        .post("/compatibility/subjects/s/versions/9", &body)
        .await;
    assert_eq!(missing.refusal(), (404, 40402));

    // Forward it fits: old readers leave `b` alone.
    let set = registry
        .put("/config/s", &json!({"compatibility": "forward"}))
        .await
        .ok();
    assert_eq!(set, json!({"compatibility": "FORWARD"}));
    assert_eq!(
        registry.post(check, &body).await.ok(),
        json!({"is_compatible": true})
    );
    assert_eq!(registry.register("s", &wider).await.ok(), json!({"id": 2}));
    let all = registry
        .post("/compatibility/subjects/s/versions", &body)
        .await
        .ok();
    assert_eq!(all, json!({"is_compatible": true}));
    let none = registry
        .post("/compatibility/subjects/none/versions/latest", &body)
        .await
        .ok();
    assert_eq!(none, json!({"is_compatible": true}));
    cluster.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_uses_the_types_of_another_and_keeps_it_from_going() {
    let cluster = cluster(1).await;
    let registry = of(&cluster, 1);
    registry
        .register(
            "customer",
            &record("shop.Customer", &json!([{"name": "id", "type": "long"}])),
        )
        .await
        .ok();
    let order = record("Order", &json!([{"name": "by", "type": "shop.Customer"}]));
    let references = json!([{"name": "shop.Customer", "subject": "customer", "version": 1}]);
    let body = json!({"schema": order.to_string(), "references": references});
    let registered = registry.post("/subjects/order/versions", &body).await.ok();
    assert_eq!(registered, json!({"id": 2}));
    let found = registry.get("/schemas/ids/2").await.ok();
    assert_eq!(found["references"], references);
    assert!(
        found["schema"]
            .as_str()
            .unwrap()
            .contains(r#""type":"shop.Customer""#)
    );
    let resolved = registry.get("/schemas/ids/2?format=resolved").await.ok();
    assert!(
        resolved["schema"]
            .as_str()
            .unwrap()
            .contains(r#""name":"id""#)
    );
    let by = registry
        .get("/subjects/customer/versions/1/referencedby")
        .await
        .ok();
    assert_eq!(by, json!([2]));
    let kept = registry.delete("/subjects/customer").await;
    assert_eq!(kept.refusal(), (422, 42206));
    assert_eq!(registry.delete("/subjects/order").await.ok(), json!([1]));
    assert_eq!(registry.delete("/subjects/customer").await.ok(), json!([1]));
    cluster.end().await;
}
