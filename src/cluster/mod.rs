//! The only door to Kafka: watches one cluster and turns what its brokers say into [`Snapshot`]s.
//!
//! Watching never creates, changes or consumes anything; only a [`Writer`] adds records. Nothing here draws. In reading order:
//!
//! | module | what it knows |
//! |---|---|
//! | `poll` | what is asked how often; [`watch`] starts it all |
//! | `assembler` | the facts, and when a snapshot is published |
//! | `topology` `admin` `log_dirs` | questions about the cluster |
//! | `groups` `coordinator` `committed` `offsets` `focus` | questions about groups and positions |
//! | `patrol` `probe` `identity` | who can be reached from here, and who answers |
//! | `survey` | how far every address can be climbed, once, and which rules would help |
//! | `roster` | brokers ever seen, on disk |
//! | `client` `gather` | whom to ask |
//! | `connection` `pipeline` `versions` `dialer` `route` `address` | how to reach them |
//! | `write` | records on their way into a cluster, over the same dialer |
//! | `pace` `error` | how often, and what went wrong |
//!
//! [`Snapshot`]: crate::model::Snapshot

mod address;
mod admin;
mod assembler;
mod client;
mod committed;
mod connection;
mod coordinator;
mod dialer;
mod error;
mod focus;
mod gather;
mod groups;
mod identity;
mod log_dirs;
mod offsets;
mod pace;
mod patrol;
mod pipeline;
mod poll;
mod probe;
mod roster;
mod route;
mod survey;
mod topology;
mod versions;
mod write;

pub use address::endpoint as bootstrap_endpoint;
pub use dialer::{Dialer, Dialled, Duplex, Question, Reply, Session, Target, Url, ask_openly};
pub use error::{DialError, WayError};
pub use poll::{Paces, Watch, WatchOptions, watch};
pub use survey::{Surveyor, Underway};
pub use write::{Delivery, OnDelivery, Outgoing, WriteError, Writer, WriterOptions};
