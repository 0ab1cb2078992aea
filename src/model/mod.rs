//! What a cluster is: plain data and pure rules. No I/O, no clock, no async, no terminal.
//!
//! | word | meaning |
//! |---|---|
//! | fact | something one source told us, kept as an [`Observed`] value with its time, source and last error |
//! | [`Facts`] | all facts of one cluster, in sections that are shared by `Arc` from poll to poll |
//! | [`Snapshot`] | facts plus what follows from them: verdicts, partition states, findings |
//! | verdict | the one word for the state of a broker (operations.md §1.5) |
//! | finding | something an operator should know, with its rule id (operations.md §2) |
//! | coverage | which of the brokers that could know did answer |
//! | listed | in the broker list of a Metadata answer: registered, not fenced, has our listener (E1) |
//! | practice | the cluster of our own to learn on, and the orders that break and mend it |
//! | roster | every broker ever seen in this cluster, remembered on disk (E12) |

pub mod broker;
pub mod evidence;
pub mod facts;
pub mod group;
pub mod health;
pub mod matrix;
pub mod observed;
pub mod practice;
pub mod quorum;
pub mod snapshot;
pub mod survey;
pub mod topic;
pub mod topic_view;
pub mod units;
pub mod verdict;

pub use broker::{BrokerId, Endpoint, LogDir, Probe, ProbeFailure, Rung};
pub use facts::{Coverage, Facts, Focus, Identity, Kind, Registration, RosterEntry, Topology};
pub use group::{Group, GroupKind, GroupOffset, Groups, Member};
pub use health::{Finding, Place, Rule, Severity};
pub use observed::{Failure, Observed, Source};
pub use practice::{NodeState, Order, Practice, PracticeNode};
pub use quorum::{Quorum, QuorumReplica};
pub use snapshot::{BrokerView, PartitionState, Snapshot, TopicView};
pub use topic::{Move, Partition, Topic, TopicConfig, TopicName, TopicPartition, Topics};
pub use units::{Moment, Span};
pub use verdict::{Verdict, VerdictKind};
