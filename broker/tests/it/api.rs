//! What clients are answered, over images made by hand.

mod cluster;
mod configs;
mod metadata;
mod quorum;
mod topic_partitions;
