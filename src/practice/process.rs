//! Processes that are surely ours. A pid is used again after its process ended, so a pid file holds the moment the
//! process started too, and a process that started at another moment is never signalled.

use std::fs;
use std::io;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

use super::error::PracticeError;
use super::layout::write_whole;

/// A process that was seen to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) pid: u32,
    /// When it started, as the system tells it.
    born: String,
}

/// How a process stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Runs,
    /// Stopped by SIGSTOP.
    Frozen,
}

impl Identity {
    /// The process of this pid, if there is one.
    pub(super) fn of(pid: u32) -> Option<Self> {
        let (born, _) = look(pid)?;
        Some(Self { pid, born })
    }

    /// The process that a pid file names; `None` where it names none, or one that ended.
    pub(super) fn load(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let (pid, born) = text.trim_end().split_once(' ')?;
        let named = Self {
            pid: pid.parse().ok()?,
            born: born.to_owned(),
        };
        named.standing().map(|_| named)
    }

    /// Writes the pid file.
    pub(super) fn store(&self, path: &Path) -> Result<(), PracticeError> {
        write_whole(path, &format!("{} {}\n", self.pid, self.born))
    }

    /// How it stands; `None` when it has ended, whoever has its pid now.
    pub(super) fn standing(&self) -> Option<Standing> {
        let (born, standing) = look(self.pid)?;
        (born == self.born).then_some(standing)
    }

    /// Sends a signal, if it is still the same process. One that has ended is no error.
    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        if self.standing().is_none() {
            return Ok(());
        }
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        let Some(pid) = pid else { return Ok(()) };
        match kill_process(pid, signal) {
            Err(rustix::io::Errno::SRCH) => Ok(()),
            done => Ok(done?),
        }
    }
}

/// When the process of this pid started, and how it stands. One that ended and waits for its parent has ended.
#[cfg(target_os = "linux")]
fn look(pid: u32) -> Option<(String, Standing)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    // The name stands in parentheses and may hold anything; after it come state (3rd) and start time (22nd).
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let standing = read_standing(fields.next()?)?;
    let ticks = fields.nth(18)?;
    Some((format!("{ticks} {}", boot.trim()), standing))
}

/// As on Linux, but told by `ps`.
#[cfg(not(target_os = "linux"))]
fn look(pid: u32) -> Option<(String, Standing)> {
    let told = std::process::Command::new("ps")
        .args(["-o", "stat=,lstart=", "-p", &pid.to_string()])
        .output()
        .ok()?;
    let line = String::from_utf8(told.stdout).ok()?;
    let (stat, born) = line.trim().split_once(' ')?;
    Some((born.trim().to_owned(), read_standing(stat)?))
}

fn read_standing(state: &str) -> Option<Standing> {
    match state.chars().next()? {
        'Z' | 'X' => None,
        'T' | 't' => Some(Standing::Frozen),
        _ => Some(Standing::Runs),
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    use super::*;

    fn until(what: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !what() {
            assert!(Instant::now() < deadline, "in vain");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_process_is_frozen_thawed_and_ended_and_its_pid_is_nobody_then() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let identity = Identity::of(child.id()).unwrap();
        assert_eq!(identity.standing(), Some(Standing::Runs));
        identity.signal(Signal::STOP).unwrap();
        until(|| identity.standing() == Some(Standing::Frozen));
        identity.signal(Signal::CONT).unwrap();
        until(|| identity.standing() == Some(Standing::Runs));
        identity.signal(Signal::KILL).unwrap();
        // Ended, though nobody has asked how yet.
        until(|| identity.standing().is_none());
        child.wait().unwrap();
        identity.signal(Signal::KILL).unwrap();
    }

    #[test]
    fn a_pid_that_another_process_has_now_is_not_ours() {
        let path = std::env::temp_dir().join(format!("lookout-pid-{}", std::process::id()));
        let own = Identity::of(std::process::id()).unwrap();
        own.store(&path).unwrap();
        assert_eq!(Identity::load(&path), Some(own.clone()));
        let recycled = Identity {
            born: "1 of another boot".into(),
            ..own
        };
        recycled.store(&path).unwrap();
        assert_eq!(Identity::load(&path), None);
        // This test would not see its end if the signal were sent.
        recycled.signal(Signal::KILL).unwrap();
        fs::remove_file(&path).unwrap();
    }
}
