//! A million idempotent records to a real Apache Kafka, through connections that break at random all the time.
//! `tests/interop/pipe` starts what it needs.

#![cfg(test)]

mod rotten;

use std::env;

use lookout::config::security::Security;
use rotten::{Proof, number};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_records_arrive_once_and_in_order_through_broken_connections() {
    let bootstrap = env::var("LOOKOUT_BOOTSTRAP").expect("run tests/interop/pipe");
    let proof = Proof {
        open: bootstrap.clone(),
        bootstrap,
        security: Security::default(),
        replicas: 3,
        records: number("PIPE_RECORDS", 1_000_000),
        seed: number("PIPE_SEED", 1),
    };
    proof.give().await;
}
