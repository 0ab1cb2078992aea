//! Sockets: listeners, connections, frames in and out in order. Knows no API but by [`Service`];
//! never waits for a client that others could be served instead of.

mod admission;
mod connection;
pub mod http;
mod listener;
mod meter;
pub mod registry;
mod room;
mod seldom;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::api::{self, Broker, Caller, Refused, Work};

pub use admission::{Admission, Limits};
pub use listener::{Bound, Door, Serving};
pub use meter::Meter;
pub use room::Room;

/// What answers the frames of a connection.
pub trait Service: Send + Sync + 'static {
    /// Begins a request, given as the content of its frame; an error closes the connection.
    fn begin(&self, caller: &Caller, content: &Bytes) -> Result<Work, Refused>;
}

impl Service for Arc<Broker> {
    fn begin(&self, caller: &Caller, content: &Bytes) -> Result<Work, Refused> {
        api::begin(self, caller, content)
    }
}

/// What a connection is held to.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// `socket.request.max.bytes`: a longer frame closes the connection.
    pub max_frame_bytes: usize,
    /// `connections.max.idle.ms`: a connection on which nothing moves for so long is closed.
    pub max_idle: Duration,
}
