//! Topics for a measurement, made and removed through the client.

use std::thread;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::types::RDKafkaErrorCode;

/// A cluster that was just broken makes topics again within this.
const HEALS: Duration = Duration::from_secs(90);

/// Makes a topic, however often it takes.
pub fn create(
    bootstrap: &str,
    topic: &str,
    partitions: u32,
    replicas: u32,
    settings: &[(&str, &str)],
) {
    let small = |number: u32| i32::try_from(number).expect("a small number");
    let mut asked = NewTopic::new(
        topic,
        small(partitions),
        TopicReplication::Fixed(small(replicas)),
    );
    for (key, value) in settings {
        asked = asked.set(key, value);
    }
    let (admin, runtime) = (admin(bootstrap), runtime());
    let began = Instant::now();
    loop {
        let done = runtime.block_on(admin.create_topics([&asked], &patience()));
        match done.map(|mut results| results.pop()) {
            Ok(Some(Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)))) => return,
            other => assert!(began.elapsed() < HEALS, "no topic {topic}: {other:?}"),
        }
        thread::sleep(Duration::from_millis(300));
    }
}

/// Removes a topic.
pub fn delete(bootstrap: &str, topic: &str) {
    let done = runtime().block_on(admin(bootstrap).delete_topics(&[topic], &patience()));
    assert!(done.is_ok(), "{topic} is not removed: {done:?}");
}

fn patience() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(Duration::from_secs(5)))
}

fn admin(bootstrap: &str) -> AdminClient<DefaultClientContext> {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .create()
        .expect("settings of a client")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}
