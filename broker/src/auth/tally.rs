//! What a listener counts of logins, under the names that Kafka's operators know. Decides nothing.

use crate::metrics::{Counter, Metrics};

/// How a login or a handshake ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Somebody entered. `no_again`: with a client that cannot log in again (KIP-368).
    Entered {
        /// Whether the client is too old to log in again.
        no_again: bool,
    },
    /// Somebody who was there proved it again.
    EnteredAgain,
    /// Somebody was turned away.
    Refused,
    /// Somebody who was there could not prove it again.
    RefusedAgain,
    /// A session had ended, and a request came all the same.
    Expired,
}

/// The counters of one listener.
#[derive(Debug, Clone)]
pub struct Tally {
    entered: Counter,
    entered_no_again: Counter,
    entered_again: Counter,
    refused: Counter,
    refused_again: Counter,
    expired: Counter,
}

impl Tally {
    /// The counters of the listener of this name.
    pub fn new(metrics: &Metrics, listener: &str) -> Self {
        let of = |name: &'static str| metrics.counter(name, &[("listener", listener)]);
        Self {
            entered: of("kafka_server_socket_server_metrics_successful_authentication_total"),
            entered_no_again: of(
                "kafka_server_socket_server_metrics_successful_authentication_no_reauth_total",
            ),
            entered_again: of(
                "kafka_server_socket_server_metrics_successful_reauthentication_total",
            ),
            refused: of("kafka_server_socket_server_metrics_failed_authentication_total"),
            refused_again: of("kafka_server_socket_server_metrics_failed_reauthentication_total"),
            expired: of("kafka_server_socket_server_metrics_expired_connections_killed_count"),
        }
    }

    /// Counts one.
    pub fn count(&self, outcome: Outcome) {
        let counter = match outcome {
            Outcome::Entered { no_again } => {
                if no_again {
                    self.entered_no_again.add(1);
                }
                &self.entered
            }
            Outcome::EnteredAgain => &self.entered_again,
            Outcome::Refused => &self.refused,
            Outcome::RefusedAgain => &self.refused_again,
            Outcome::Expired => &self.expired,
        };
        counter.add(1);
    }
}
