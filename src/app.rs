//! The loop: event → update → effects → draw. A key is drawn at once, data at most every `FRAME`.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use crossterm::event::Event as Input;
use ratatui::layout::Rect;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};

use crate::clock;
use crate::cluster::{self, Watch, WatchOptions};
use crate::effect::Effect;
use crate::event::Event;
use crate::model::{Focus, Order, Practice, Snapshot};
use crate::practice::Line;
use crate::state::State;
use crate::terminal::{Inputs, Signal, Signals, Terminal};
use crate::ui::line::Skin;

/// Data is drawn at most this often: nobody reads faster, and a slow line must not queue frames.
const FRAME: Duration = Duration::from_millis(33);
/// Ages are read in seconds, so time is looked at once a second.
const TICK: Duration = Duration::from_secs(1);
/// So many times the cluster is asked again with a tick, while nodes of a practice cluster that were just started are
/// missing in it: they enter it one after the other, and the pollers would look again only seconds later.
const ENTRANCES: u32 = 10;

/// When the frame must be drawn after an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Draw {
    /// Nothing changed.
    No,
    /// With the next frame.
    Soon,
    /// The operator waits for it.
    Now,
}

/// Whether the loop goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Go,
    /// End with this code.
    Quit(u8),
}

/// Opens the screen on a cluster; returns when the operator or a signal ends it. `practice` is the way to the
/// processes of the practice cluster, where it is that one.
pub async fn run(skin: Skin, options: WatchOptions, practice: Option<Line>) -> Result<ExitCode> {
    let mut app = App::open(skin, options, practice)?;
    loop {
        if let Next::Quit(code) = app.turn().await? {
            return Ok(ExitCode::from(code));
        }
    }
}

/// Everything the loop holds.
struct App {
    terminal: Terminal,
    state: State,
    inputs: Inputs,
    signals: Signals,
    watch: Watch,
    practice: Option<Line>,
    focus: watch::Sender<Focus>,
    ticks: Interval,
    drawn: Instant,
    due: Draw,
    /// Ticks left to look for nodes that have not entered the cluster yet.
    entrances: u32,
}

impl App {
    /// Takes the terminal over and draws once before any network.
    fn open(skin: Skin, options: WatchOptions, practice: Option<Line>) -> Result<Self> {
        let signals = Signals::listen().context("cannot listen for signals")?;
        let mut terminal = Terminal::enter()?;
        let (columns, rows) =
            crossterm::terminal::size().context("cannot ask the terminal's size")?;
        let first = Snapshot::named(&options.name, options.stakes);
        let area = Rect::new(0, 0, columns, rows);
        let mut state = State::new(skin, area, Arc::new(first), clock::now());
        if let Some(line) = &practice {
            let view = line.views.borrow().clone();
            state.update(Event::Practice(view), clock::now());
        }
        paint(&mut terminal, &state)?;
        if let Some(line) = &practice {
            line.begin();
        }
        let inputs = Inputs::listen().context("cannot read the terminal")?;
        let (focus, focused) = watch::channel(Focus::Cluster);
        let watch = cluster::watch(options, focused);
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let drawn = Instant::now();
        Ok(Self {
            terminal,
            state,
            inputs,
            signals,
            watch,
            practice,
            focus,
            ticks,
            drawn,
            due: Draw::No,
            entrances: 0,
        })
    }

    /// Waits for something to happen and answers it.
    async fn turn(&mut self) -> Result<Next> {
        let frame = self.drawn + FRAME;
        tokio::select! {
            biased;
            input = self.inputs.next() => return self.take_inputs(input),
            signal = self.signals.next() => return self.take_signal(signal),
            () = sleep_until(frame), if self.due == Draw::Soon => self.draw()?,
            changed = self.watch.snapshots.changed() => {
                changed.context("the pollers ended")?;
                let snapshot = Arc::clone(&self.watch.snapshots.borrow_and_update());
                if starts(self.state.scene().practice) && !knows(&snapshot) {
                    // Nobody answers yet because nobody runs yet: that is no news.
                    return Ok(Next::Go);
                }
                let due = urgency(self.state.scene().snapshot, &snapshot);
                self.state.update(Event::Snapshot(snapshot), clock::now());
                self.due = self.due.max(due);
                if self.due == Draw::Now {
                    self.draw()?;
                }
            }
            view = view(self.practice.as_mut()) => {
                if starts(self.state.scene().practice) {
                    // Somebody may serve now who did not before.
                    self.watch.refresh();
                    self.entrances = ENTRANCES;
                }
                self.state.update(Event::Practice(view), clock::now());
                self.due = self.due.max(Draw::Soon);
            }
            _ = self.ticks.tick() => {
                self.look_for_entrances();
                self.state.update(Event::Tick, clock::now());
                self.due = self.due.max(Draw::Soon);
            }
        }
        Ok(Next::Go)
    }

    fn look_for_entrances(&mut self) {
        let scene = self.state.scene();
        if self.entrances > 0 && lacks(scene.snapshot, scene.practice) {
            self.entrances -= 1;
            self.watch.refresh();
        }
    }

    /// Takes every key that waits, then draws once: a burst of keys costs one frame.
    fn take_inputs(&mut self, first: io::Result<Input>) -> Result<Next> {
        let mut next = Some(first);
        while let Some(input) = next {
            let event = match input.context("the terminal is gone")? {
                Input::Key(key) => Event::Key(key),
                Input::Paste(text) => Event::Paste(text),
                Input::Resize(columns, rows) => Event::Resize { columns, rows },
                Input::FocusGained | Input::FocusLost | Input::Mouse(_) => {
                    next = self.inputs.waiting();
                    continue;
                }
            };
            self.due = Draw::Now;
            if let Next::Quit(code) = self.take(event)? {
                return Ok(Next::Quit(code));
            }
            next = self.inputs.waiting();
        }
        if self.due == Draw::Now {
            self.draw()?;
        }
        Ok(Next::Go)
    }

    fn take_signal(&mut self, signal: Signal) -> Result<Next> {
        match signal {
            Signal::Terminate | Signal::HangUp | Signal::Interrupt => {
                Ok(Next::Quit(signal.exit_code()))
            }
            Signal::Continue => {
                self.terminal
                    .resume()
                    .context("cannot take the terminal over again")?;
                self.draw()?;
                Ok(Next::Go)
            }
        }
    }

    fn take(&mut self, event: Event) -> Result<Next> {
        for effect in self.state.update(event, clock::now()) {
            match effect {
                Effect::Focus(focus) => {
                    self.focus.send_replace(focus);
                }
                Effect::Refresh => self.watch.insist(),
                Effect::Practice(order) => self.order(order),
                Effect::Redraw => self.terminal.resume().context("cannot draw anew")?,
                Effect::Suspend => self.terminal.suspend().context("cannot suspend")?,
                Effect::Quit => return Ok(Next::Quit(0)),
            }
        }
        Ok(Next::Go)
    }

    /// Hands an order to the practice cluster, where it is that one.
    fn order(&self, order: Order) {
        if let Some(line) = &self.practice {
            line.order(order);
        }
    }

    fn draw(&mut self) -> Result<()> {
        paint(&mut self.terminal, &self.state)?;
        self.drawn = Instant::now();
        self.due = Draw::No;
        Ok(())
    }
}

/// The next picture of the practice cluster; none ever comes where there is no such cluster, or its thread is gone.
async fn view(line: Option<&mut Line>) -> Arc<Practice> {
    if let Some(line) = line
        && line.views.changed().await.is_ok()
    {
        return line.views.borrow_and_update().clone();
    }
    std::future::pending().await
}

/// Whether nodes of a practice cluster are being started.
fn starts(practice: Option<&Practice>) -> bool {
    practice.is_some_and(|practice| practice.starting)
}

/// Whether fewer brokers are known to live than nodes of the practice cluster run.
fn lacks(snapshot: &Snapshot, practice: Option<&Practice>) -> bool {
    let known = usize::try_from(snapshot.totals.alive).unwrap_or(usize::MAX);
    practice.is_some_and(|practice| known < practice.alive())
}

/// Whether anything is known of the cluster.
fn knows(snapshot: &Snapshot) -> bool {
    snapshot.facts.topology.value().is_some()
}

/// The first data at once: the operator has waited for it since the program began.
fn urgency(shown: &Snapshot, new: &Snapshot) -> Draw {
    if knows(new) && !knows(shown) {
        Draw::Now
    } else {
        Draw::Soon
    }
}

fn paint(terminal: &mut Terminal, state: &State) -> Result<()> {
    let drawn = terminal.draw(|frame| {
        let area = frame.area();
        if let Some(cursor) = state.frame().draw(area, frame.buffer_mut()) {
            frame.set_cursor_position(cursor);
        }
    });
    drawn.context("cannot write to the terminal")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::practice::{NodeState, Owner, PracticeNode};
    use crate::model::{BrokerId, Endpoint};

    fn running(states: &[NodeState]) -> Practice {
        let node = |(id, state): (i32, &NodeState)| PracticeNode {
            id: BrokerId(id),
            rack: Arc::from("a"),
            endpoint: Endpoint {
                host: Arc::from("127.0.0.1"),
                port: 9092,
            },
            state: *state,
            pid: None,
            cut_from: Vec::new(),
            faults: Vec::new(),
        };
        Practice {
            nodes: (1..).zip(states).map(node).collect(),
            owner: Owner::Us,
            starting: false,
            workload: false,
            notice: None,
        }
    }

    #[test]
    fn nodes_that_run_and_are_not_listed_yet_are_lacking_and_killed_ones_are_not() {
        let practice = running(&[NodeState::Running, NodeState::Running, NodeState::Killed]);
        let mut snapshot = Snapshot::default();
        snapshot.totals.alive = 1;
        assert!(lacks(&snapshot, Some(&practice)));
        snapshot.totals.alive = 2;
        assert!(!lacks(&snapshot, Some(&practice)));
        assert!(!lacks(&snapshot, None), "another cluster lacks nothing");
    }
}
