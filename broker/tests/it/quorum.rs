//! The metadata quorum: several nodes in one process, over loopback, with faults.
#![cfg(test)]

mod cuts;
mod disk;
mod house;
mod losses;
mod nodes;
mod voters;
