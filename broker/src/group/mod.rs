//! Consumer groups: pure state machines per group, offsets in `__consumer_offsets` with Kafka's
//! schemas.
//!
//! `classic` decides about one group, `partition` about all groups of one partition, `replay` reads
//! them back from the log; none of them knows a clock, a lock or a task. `shell` has these, `load`
//! and `follow` take partitions over as the metadata says, `requests` is the door for the APIs.

pub mod classic;
mod entry;
mod follow;
mod load;
pub mod offsets;
pub mod offsets_log;
pub mod partition;
pub mod replay;
mod requests;
pub mod schema;
pub mod settings;
mod shell;
pub mod write;

pub use offsets_log::{Committed, OFFSETS_TOPIC, OffsetsLog, OffsetsRead};
pub use requests::Member;
pub use schema::OffsetValue;
pub use settings::GroupSettings;
pub use shell::{Groups, partition_of};
