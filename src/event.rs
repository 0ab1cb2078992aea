//! All that can come in from outside and change what is shown: keys, sizes, data, time.

use std::sync::Arc;

use crossterm::event::KeyEvent;

use crate::model::{Practice, Snapshot};

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
    /// The processes of the practice cluster stand like this.
    Practice(Arc<Practice>),
    /// Time went by; ages may read differently.
    Tick,
}
