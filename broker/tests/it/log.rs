//! The log of a partition, seen from outside: what goes in comes out, whatever happens in between.

mod compaction;
mod crash;
mod disk;
mod flush;
mod idempotence;
mod model;
mod place;
mod retention;
mod times;
mod transactions;
mod validation;
