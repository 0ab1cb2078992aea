//! Where a password could be seen and must not: process lists, environments of programs that are started, logs, state
//! files, output, the terminal.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::pty::{CTRL_C, ENTER, Pty};

const LOOKOUT: &str = env!("CARGO_BIN_EXE_lookout");
const SECRET: &str = "hunter2hunter2";
/// An `ssh` that notes what it was given, and stays.
const SSH: &str = "#!/bin/sh\nhome=${0%/*}\n\
    { tr '\\0' '\\n' </proc/$$/cmdline; tr '\\0' '\\n' </proc/$$/environ; } >\"$home/given.new\"\n\
    mv \"$home/given.new\" \"$home/given\"\nexec cat\n";
/// One who logs in by a password, through a jump host, with a token command beside it.
const SETTINGS: &str = "[profiles.team]\nbootstrap.servers = \"127.0.0.1:9\"\nsecurity.protocol = \"SASL_PLAINTEXT\"\n\
    sasl.mechanism = \"PLAIN\"\nsasl.username = \"alice\"\ndial.via = \"ssh://jump\"\n";

/// A directory for settings, state and data of one test.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        let name = format!("secrets-{name}-{}", std::process::id());
        let home = Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name));
        fs::create_dir_all(&home.0).unwrap();
        home.write("config.toml", SETTINGS, 0o600);
        home.write("ssh", SSH, 0o700);
        home
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn open(&self, program: &str, args: &[&str], more: &[(&str, &str)]) -> Pty {
        let dir = self.0.to_str().unwrap();
        let path = format!("{dir}:{}", std::env::var("PATH").unwrap());
        let own = ["CONFIG", "STATE", "DATA"].map(|name| format!("LOOKOUT_{name}_DIR"));
        let mut env: Vec<(&str, &str)> = own.iter().map(|name| (&**name, dir)).collect();
        env.push(("PATH", &path));
        env.extend(more);
        Pty::spawn(program, args, (120, 36), &env)
    }

    /// Every file below, with what is in it.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        let mut unread = vec![self.0.clone()];
        while let Some(path) = unread.pop() {
            if path.is_dir() {
                let entries = fs::read_dir(path).unwrap();
                unread.extend(entries.map(|entry| entry.unwrap().path()));
            } else {
                let bytes = fs::read(&path).unwrap();
                found.push((path, bytes));
            }
        }
        found
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

fn tells(bytes: &[u8]) -> bool {
    bytes
        .windows(SECRET.len())
        .any(|part| part == SECRET.as_bytes())
}

#[test]
fn a_password_is_in_no_process_list_no_environment_that_is_passed_on_and_no_file() {
    let home = Home::new("seen");
    let password = ("LOOKOUT_SASL_PASSWORD", SECRET);
    let url = format!("http://u:{SECRET}@registry");
    let registry = ("LOOKOUT_SCHEMA_REGISTRY_URL", &*url);
    let mut pty = home.open(LOOKOUT, &["-p", "team"], &[password, registry]);
    pty.wait_for("lookout  team ");
    pty.wait_until("an ssh that was started", |_| home.0.join("given").exists());
    let given = fs::read_to_string(home.0.join("given")).unwrap();
    assert!(
        given.contains("127.0.0.1:9") && given.contains("LOOKOUT_STATE_DIR="),
        "{given}"
    );
    let own = fs::read(format!("/proc/{}/cmdline", pty.pid())).unwrap();
    assert!(!own.is_empty() && !tells(&own));
    pty.send("q");
    assert_eq!(pty.wait_exit().exit_code(), 0);
    assert!(!tells(pty.raw()));
    let files = home.files();
    let names: Vec<_> = files
        .iter()
        .map(|(path, _)| path.file_name().unwrap().to_owned())
        .collect();
    assert!(names.iter().any(|name| name == "lookout.log"), "{names:?}");
    for (path, bytes) in files {
        assert!(!tells(&bytes), "{}", path.display());
    }
}

#[test]
fn a_password_is_in_no_output_for_programs() {
    let home = Home::new("json");
    let dir = home.0.to_str().unwrap();
    for args in [
        &["connect", "--json", "-p", "team", "-X", "dial.via=none"][..],
        &["config", "--json", "--origins", "-p", "team"],
        &[
            "brokers",
            "--json",
            "--timeout",
            "1",
            "-p",
            "team",
            "-X",
            "dial.via=none",
        ],
        &["profiles", "list", "--json"],
    ] {
        let done = Command::new(LOOKOUT)
            .args(args)
            .env("LOOKOUT_SASL_PASSWORD", SECRET)
            .env("LOOKOUT_CONFIG_DIR", dir)
            .env("LOOKOUT_STATE_DIR", dir)
            .output()
            .unwrap();
        let all = [done.stdout, done.stderr].concat();
        assert!(!all.is_empty(), "{args:?}");
        assert!(!tells(&all), "{args:?}: {}", String::from_utf8_lossy(&all));
    }
}

/// A shell that tells how the terminal stands before and after.
const AROUND: &str = "stty -a >before; \"$0\" -p team; echo \"code $?\"; stty -a >after; cmp before after && echo as before";

#[test]
fn a_prompt_that_is_left_by_ctrl_c_gives_the_terminal_back() {
    let home = Home::new("prompt");
    let script = format!("cd {}; {AROUND}", home.0.display());
    let mut pty = home.open("sh", &["-c", &script, LOOKOUT], &[]);
    pty.wait_for("password of alice for team: ");
    pty.send("hunter");
    pty.send(CTRL_C);
    pty.wait_for("as before");
    assert!(
        !pty.rows().iter().any(|row| row.contains("hunter")),
        "{:?}",
        pty.rows()
    );
    assert_eq!(pty.row_with("code "), "code 3");
}

#[test]
fn what_is_typed_at_the_prompt_stays_unseen() {
    let home = Home::new("typed");
    let mut pty = home.open(LOOKOUT, &["-p", "team"], &[]);
    pty.wait_for("password of alice for team: ");
    pty.send(&format!("{SECRET}{ENTER}"));
    pty.wait_for("lookout  team ");
    pty.send("q");
    assert_eq!(pty.wait_exit().exit_code(), 0);
    assert!(!tells(pty.raw()));
    assert!(home.files().iter().all(|(_, bytes)| !tells(bytes)));
}
