//! What clients are answered, over images made by hand.

mod cluster;
mod configs;
mod forwarded;
mod metadata;
mod quorum;
mod topic_partitions;
mod versions;
