//! What clients are answered, over images made by hand.

mod cluster;
mod configs;
mod forwarded;
mod metadata;
mod quorum;
mod releases;
mod topic_partitions;
mod versions;
