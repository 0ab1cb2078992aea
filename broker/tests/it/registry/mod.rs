//! The schema registry: its rules, its answers over HTTP, and a cluster whose nodes agree on it.

mod any_text;
mod avro;
mod cluster;
mod deleting;
mod hostile;
mod http;
mod json;
mod levels;
mod protobuf;
mod records;
mod rest;
