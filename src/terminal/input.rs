//! What comes in from outside the program: keys, pastes, sizes, and the signals that end or continue it.
//!
//! A thread of our own reads the terminal and hands every event to a bounded channel: one hop from the key to the loop,
//! nothing to poll, and no second stream machinery beside the channel.

use std::io;
use std::thread;

use crossterm::event::{self, Event, KeyEventKind};
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};
use tokio::sync::mpsc;

/// Events waiting for the loop. A full channel holds the thread, and the rest waits in the terminal's own buffer.
const WAITING_EVENTS: usize = 256;

/// Keys, pastes and sizes in the order they came.
#[derive(Debug)]
pub struct Inputs {
    events: mpsc::Receiver<io::Result<Event>>,
}

impl Inputs {
    /// Starts reading the terminal.
    pub fn listen() -> io::Result<Self> {
        let (to_loop, events) = mpsc::channel(WAITING_EVENTS);
        thread::Builder::new()
            .name("terminal-input".to_owned())
            .spawn(move || read(&to_loop))?;
        Ok(Self { events })
    }

    /// The next event. Safe to give up and ask again. After an error nothing more comes.
    pub async fn next(&mut self) -> io::Result<Event> {
        self.events
            .recv()
            .await
            .unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))
    }

    /// An event that has already come: take these before drawing, so that a burst of keys costs one frame.
    pub fn waiting(&mut self) -> Option<io::Result<Event>> {
        self.events.try_recv().ok()
    }
}

fn read(to_loop: &mpsc::Sender<io::Result<Event>>) {
    loop {
        let event = event::read();
        let failed = event.is_err();
        if event.as_ref().is_ok_and(is_release) {
            continue;
        }
        if to_loop.blocking_send(event).is_err() || failed {
            return;
        }
    }
}

/// Some terminals tell when a key is let go; nobody here wants to know.
fn is_release(event: &Event) -> bool {
    matches!(event, Event::Key(key) if key.kind == KeyEventKind::Release)
}

/// Signals the program acts upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Signal {
    /// SIGTERM.
    Terminate,
    /// SIGHUP: the terminal is gone.
    HangUp,
    /// SIGINT from outside; ctrl-c is a key while the terminal is in raw mode.
    Interrupt,
    /// SIGCONT: take the terminal over again.
    Continue,
}

impl Signal {
    /// The exit code a shell expects of a program that ended for this.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::HangUp => 128 + 1,
            Self::Interrupt => 128 + 2,
            Self::Terminate => 128 + 15,
            Self::Continue => 0,
        }
    }
}

/// The signals as they come.
#[derive(Debug)]
pub struct Signals {
    terminate: Stream,
    hang_up: Stream,
    interrupt: Stream,
    resume: Stream,
}

impl Signals {
    /// From now on these signals no longer end the process by themselves. Needs a running tokio runtime.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            resume: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
        })
    }

    /// The next signal. Safe to give up and ask again.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.hang_up.recv() => Signal::HangUp,
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.resume.recv() => Signal::Continue,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_signal_that_was_sent_is_told() {
        let mut signals = Signals::listen().unwrap();
        let pid = rustix::process::getpid();
        rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();
        assert_eq!(signals.next().await, Signal::HangUp);
        rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
        assert_eq!(signals.next().await, Signal::Continue);
    }
}
