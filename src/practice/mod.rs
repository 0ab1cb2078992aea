//! The practice cluster: nodes of this same file on loopback, with demo clients, to learn on and to break.
//!
//! Everything it keeps lies in one directory; two directories are two clusters. Never touches a process it cannot
//! prove to be its own, or a directory that is not its own.
//!
//! | module | what it knows |
//! |---|---|
//! | `layout` | the directory: paths, and the plan of the cluster that is kept there |
//! | `ports` | ports of loopback that stay the same from run to run |
//! | `room` | free disk and memory |
//! | `secure` | a cluster that asks who enters: its certificates, its user, `client.properties` |
//! | `entrance` | how clients of our own enter |
//! | `error` | what can go wrong |
//! | `settings` | the properties of a node |
//! | `faults` | the file from which a node reads what is broken on purpose |
//! | `process` | processes that are surely ours: pid files, signals |
//! | `node` | one node: starting it, its state |
//! | `cluster` | all nodes: orders, up, down |
//! | `keeper` | the cluster behind a screen: found or started, ended with it |
//! | `commands` | `lookout practice …` |
//! | `workload` | the demo clients |

mod cluster;
mod commands;
mod entrance;
mod error;
mod faults;
mod keeper;
mod layout;
mod node;
mod ports;
mod process;
mod room;
mod secure;
mod settings;
mod workload;

pub use commands::{Call, run};
pub use entrance::Entrance;
pub use error::PracticeError;
pub use keeper::{Keeper, Line, Seat, find_running};
pub use ports::Entry;
