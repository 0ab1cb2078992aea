//! The loop: event → update → effects → draw. A key is drawn at once, data at most every [`FRAME`].

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use crate::cluster::{WatchOptions, Watcher};
use crate::effect::Effect;
use crate::event::Event;
use crate::frame;
use crate::model::{Moment, Snapshot};
use crate::screens::Look;
use crate::state::State;
use crate::terminal::{Input, Terminal};

/// Data is drawn at most this often: nobody reads faster, and a slow line must not queue frames.
const FRAME: Duration = Duration::from_millis(33);
/// Ages are read in seconds, so time is looked at once a second.
const TICK: Duration = Duration::from_secs(1);

/// What follows from a batch of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Draw,
    Quit,
}

/// Opens the screen on a cluster and returns when the operator or a signal ends it.
pub async fn run(look: Look, options: WatchOptions) -> Result<()> {
    let mut app = App::open(look, options)?;
    app.draw()?;
    app.connect();
    loop {
        match app.turn().await? {
            Next::Draw => app.draw()?,
            Next::Quit => return Ok(()),
        }
    }
}
