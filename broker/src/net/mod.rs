//! Sockets: listeners, connections, frames in and out in order. Knows no API but by dispatch.
