//! All that can come in from outside: keys, sizes, data, time, the wish to end.

use std::sync::Arc;

use crossterm::event::KeyEvent;

use crate::model::Snapshot;

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has this many columns and rows now.
    Resize { columns: u16, rows: u16 },
    /// The cluster was judged anew.
    Snapshot(Arc<Snapshot>),
    /// Time went by; ages may read differently.
    Tick,
    /// The terminal came back after a suspend and must be drawn whole.
    Resumed,
    /// SIGTERM or SIGHUP: end, in order.
    Terminated,
}
