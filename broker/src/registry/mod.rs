//! The schema registry over `_schemas`, as Confluent's clients know it: any node with a registry's
//! listener answers, and the node that leads the topic decides changes, one after the other. Knows no
//! HTTP: a request is method, path and body, an answer a status and JSON.

pub mod asked;
pub mod avro;
mod forward;
pub mod json;
pub mod level;
pub mod protobuf;
pub mod read;
mod reader;
pub mod record;
pub mod refusal;
pub mod schema;
mod shell;
pub mod state;
mod topic;
pub mod write;

pub use asked::Asked;
pub use shell::{Answer, Ground, Registry};
