//! Who may enter a listener, and how: TLS, certificates, logins; and who may do what.

mod acls;
mod any_bytes;
mod authorizer;
mod between;
mod login;
mod mechanisms;
mod sessions;
mod tls;
mod token;
mod users;

use crate::support::cluster::Cluster;

/// The listener that stories enter: one node, whose listener for clients asks for a login.
pub const LISTENER: [(&str, &str); 3] = [
    (
        "listener.security.protocol.map",
        "PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT,INSIDE:PLAINTEXT",
    ),
    ("inter.broker.listener.name", "INSIDE"),
    ("connection.failed.authentication.delay.ms", "300"),
];

/// One node whose `PLAINTEXT` listener asks for a login, and whose `INSIDE` does not.
pub async fn guarded(set: &[(&str, &str)]) -> Cluster {
    let mut cluster = Cluster::planned(1, &LISTENER);
    cluster.add_listener("INSIDE");
    for (key, value) in set {
        cluster.set(1, key, value);
    }
    cluster.launch(1).await;
    cluster.all_serving().await;
    cluster
}
