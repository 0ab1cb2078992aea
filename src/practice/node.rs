//! One process of the practice cluster: a node, or the demo clients. Starting it, and how it stands.
//!
//! Every process is a group of its own, so that ctrl-c and ctrl-z in the terminal are not for it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::error::{PracticeError, file};
use super::layout::write_whole;
use super::process::{Identity, Standing};
use crate::config::property;
use crate::model::{BrokerId, NodeState};

/// How often a process is looked at while its start or end is awaited.
const LOOK: Duration = Duration::from_millis(10);
/// Lines of a log, and beside it, that are shown when a process ended at once.
const TAIL_LINES: usize = 5;

/// Whose life the process's life hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lifeline {
    /// It runs until it is stopped.
    None,
    /// It ends when the process that starts it ends, however that ends.
    Starter,
}

/// A process of the cluster by its directory.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// 0 for the demo clients.
    pub(super) id: BrokerId,
    pub(super) dir: PathBuf,
    /// Where it serves; `None` for the demo clients.
    pub(super) port: Option<u16>,
    /// Arguments that make this program play its part.
    pub(super) arguments: Vec<OsString>,
}

impl Node {
    fn pid_file(&self) -> PathBuf {
        self.dir.join("pid")
    }

    fn state_file(&self) -> PathBuf {
        self.dir.join("state")
    }

    /// What it says beside its log: a panic at start, for example.
    fn out_file(&self) -> PathBuf {
        self.dir.join("out")
    }

    /// Its process, while it lives.
    pub(super) fn process(&self) -> Option<Identity> {
        Identity::load(&self.pid_file())
    }

    /// How it stands: by its process, else by the last order it was given.
    pub(super) fn state(&self) -> NodeState {
        match self.process().and_then(|process| process.standing()) {
            Some(Standing::Runs) => return NodeState::Running,
            Some(Standing::Frozen) => return NodeState::Paused,
            None => {}
        }
        let noted = fs::read_to_string(self.state_file()).unwrap_or_default();
        match noted.trim() {
            "stopped" => NodeState::Stopped,
            "killed" => NodeState::Killed,
            "" => NodeState::New,
            _ => NodeState::Ended,
        }
    }

    /// Notes the order that the state follows from once the process has ended.
    pub(super) fn note(&self, state: NodeState) -> Result<(), PracticeError> {
        write_whole(&self.state_file(), &format!("{}\n", state.word()))
    }

    /// Starts the process, whose directory exists. The returned child holds the lifeline.
    pub(super) fn spawn(&self, program: &Path, line: Lifeline) -> Result<Child, PracticeError> {
        let refused = |reason| PracticeError::Spawn {
            id: self.id,
            reason,
        };
        let out = File::create(self.out_file()).map_err(file(&self.out_file()))?;
        let errors = out.try_clone().map_err(refused)?;
        self.note(NodeState::Running)?;
        let mut command = Command::new(program);
        for name in property::secret_variables() {
            command.env_remove(name);
        }
        command
            .args(&self.arguments)
            .stdout(out)
            .stderr(errors)
            .process_group(0);
        match line {
            Lifeline::None => command.stdin(Stdio::null()),
            Lifeline::Starter => command.arg("--lifeline").stdin(Stdio::piped()),
        };
        let mut child = command.spawn().map_err(refused)?;
        let stored = match Identity::of(child.id()) {
            Some(identity) => identity.store(&self.pid_file()),
            // It has ended already: its own words say why.
            None => Err(self.ended()),
        };
        if let Err(error) = stored {
            // Without a pid file nobody could ever end it.
            let ended = child.kill().and_then(|()| child.wait());
            if let Err(reason) = ended {
                log::warn!("process {} of node {}: {reason}", child.id(), self.id);
            }
            return Err(error);
        }
        Ok(child)
    }

    /// Waits until it serves clients; fails when it ends instead.
    pub(super) fn await_serving(&self, deadline: Instant) -> Result<(), PracticeError> {
        let Some(port) = self.port else { return Ok(()) };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        loop {
            if self.process().is_none() {
                return Err(self.ended());
            }
            if TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok() {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(PracticeError::Late(format!(
                    "the start of node {}",
                    self.id
                )));
            }
            thread::sleep(LOOK);
        }
    }

    /// Waits until its process has ended; `false` when it still lives.
    pub(super) fn await_end(&self, deadline: Instant) -> bool {
        while self.process().is_some() {
            if Instant::now() > deadline {
                return false;
            }
            thread::sleep(LOOK);
        }
        true
    }

    /// Sends a signal to its process, if it lives.
    pub(super) fn signal(&self, signal: Signal) -> Result<(), PracticeError> {
        let Some(process) = self.process() else {
            return Ok(());
        };
        let id = self.id;
        let sent = process.signal(signal);
        sent.map_err(|reason| PracticeError::Signal { id, reason })
    }

    /// That it ended by itself, with the last words of its log and the first beside it.
    fn ended(&self) -> PracticeError {
        let log = self.dir.join("lookout.log");
        let words = |path: &Path| fs::read_to_string(path).unwrap_or_default();
        let (log_text, out) = (words(&log), words(&self.out_file()));
        let lines: Vec<&str> = log_text.lines().collect();
        let last = lines.len().saturating_sub(TAIL_LINES);
        let last = lines.get(last..).unwrap_or_default().iter().copied();
        let out = out.lines().filter(|line| !line.is_empty()).take(TAIL_LINES);
        let tail: Vec<&str> = last.chain(out).collect();
        PracticeError::Ended {
            id: self.id,
            log,
            tail: tail.join("\n"),
        }
    }
}
