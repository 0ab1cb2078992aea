//! The outside as it is: this process's environment, files, a shell, the terminal.

use std::env;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use directories::BaseDirs;
use rustix::process::{Resource, Rlimit, setrlimit};

use super::{Found, Outside};
use crate::config::property;
use crate::config::secret::Secret;
use crate::terminal;

/// A file of settings or a secret is smaller than this; a device that never ends is cut here.
const FILE_BYTES: u64 = 1024 * 1024;
/// Bytes that tell the kind of a file.
const HEAD_BYTES: u64 = 64;
/// How long a command may take: a password store may ask its operator something first.
const COMMAND_DEADLINE: Duration = Duration::from_secs(30);
/// Pause between two looks at a command that runs.
const LOOK: Duration = Duration::from_millis(10);
/// How much of what a command says of its failure is repeated.
const SAID_CHARS: usize = 200;

/// The outside of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Outside for System {
    fn variable(&self, name: &str) -> Option<String> {
        env::var(name).ok()
    }

    fn home(&self) -> Option<PathBuf> {
        BaseDirs::new().map(|dirs| dirs.home_dir().to_owned())
    }

    fn read(&self, path: &Path) -> io::Result<Found> {
        let file = File::open(path)?;
        let mode = file.metadata()?.permissions().mode();
        let mut text = String::new();
        file.take(FILE_BYTES).read_to_string(&mut text)?;
        Ok(Found {
            text: Secret::new(&text),
            mode,
        })
    }

    fn head(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        File::open(path)?.take(HEAD_BYTES).read_to_end(&mut head)?;
        Ok(head)
    }

    fn run(&self, command: &str) -> Result<Secret, String> {
        let mut shell = Command::new("sh");
        for name in property::secret_variables() {
            shell.env_remove(name);
        }
        let spawned = shell
            .args(["-c", command])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = spawned.map_err(|error| format!("`{command}` cannot be run: {error}"))?;
        let (said, complained) = (listen(child.stdout.take()), listen(child.stderr.take()));
        let ended = wait(&mut child).map_err(|why| format!("`{command}` {why}"))?;
        let text = |heard: Receiver<Vec<u8>>| {
            let bytes = heard.recv_timeout(COMMAND_DEADLINE).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let said = text(said);
        let first = said.lines().next().map(str::trim_end).unwrap_or_default();
        if ended.success() && first.is_empty() {
            return Err(format!("`{command}` printed nothing"));
        }
        if ended.success() {
            return Ok(Secret::new(first));
        }
        let complained = complaint(&text(complained), first);
        Err(format!("`{command}` failed ({ended}){complained}"))
    }

    fn ask(&mut self, question: &str) -> Result<Option<Secret>, String> {
        if !io::stdin().is_terminal() {
            return Ok(None);
        }
        match terminal::ask(question) {
            Ok(typed) => Ok(typed.map(|typed| Secret::new(&typed))),
            Err(error) => Err(format!("the terminal cannot be read: {error}")),
        }
    }
}

/// Reads a stream to its end beside the caller.
fn listen(stream: Option<impl io::Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (tell, told) = sync_channel(1);
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(stream) = stream
            && let Err(error) = stream.take(FILE_BYTES).read_to_end(&mut bytes)
        {
            log::warn!("what a command says cannot be read: {error}");
        }
        // Nobody waits any more where the command took too long.
        let _nobody = tell.send(bytes);
    });
    told
}

fn wait(child: &mut Child) -> Result<std::process::ExitStatus, String> {
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(ended)) => return Ok(ended),
            Ok(None) if began.elapsed() < COMMAND_DEADLINE => thread::sleep(LOOK),
            Ok(None) => {
                let seconds = COMMAND_DEADLINE.as_secs();
                let ended = child.kill().and_then(|()| child.wait());
                let why = ended
                    .err()
                    .map(|error| format!(" and cannot be ended: {error}"));
                let why = why.unwrap_or_default();
                return Err(format!("took longer than {seconds} s{why}"));
            }
            Err(error) => return Err(format!("cannot be waited for: {error}")),
        }
    }
}

/// What a command said of its failure, on one line and without what it printed.
fn complaint(said: &str, printed: &str) -> String {
    let said = match printed {
        "" => said.to_owned(),
        secret => said.replace(secret, "***"),
    };
    let words: Vec<&str> = said.split_whitespace().collect();
    let line: String = words.join(" ").chars().take(SAID_CHARS).collect();
    let harmless: String = line.chars().flat_map(char::escape_debug).collect();
    if harmless.is_empty() {
        String::new()
    } else {
        format!(": {harmless}")
    }
}

/// Keeps this process's memory from being written to a file when it crashes, and from being read by other processes of
/// its user: it holds secrets now.
pub fn forbid_core_dumps() {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if let Err(error) = setrlimit(Resource::Core, none) {
        log::warn!("core dumps cannot be switched off: {error}");
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
            log::warn!("core dumps cannot be forbidden: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_of_a_command_is_the_secret() {
        let found = System.run("printf 'one\\ntwo\\n'").unwrap();
        assert_eq!(found.reveal(), "one");
    }

    #[test]
    fn a_failed_command_is_told_with_its_complaint_and_without_what_it_printed() {
        let error = System
            .run("printf hunter; echo \"not $(echo hunter) logged in\" >&2; exit 3")
            .unwrap_err();
        assert!(
            error.ends_with("(exit status: 3): not *** logged in"),
            "{error}"
        );
        let error = System.run("true").unwrap_err();
        assert_eq!(error, "`true` printed nothing");
    }

    #[test]
    fn a_file_is_read_with_its_mode_and_cut_where_it_does_not_end() {
        let found = System.read(Path::new(env!("CARGO_MANIFEST_PATH"))).unwrap();
        assert!(found.text.reveal().contains("[package]"));
        assert!(System.read(Path::new("/nonexistent")).is_err());
        assert_eq!(System.head(Path::new("/dev/zero")).unwrap().len(), 64);
    }
}
