//! Where the office stands: in a network namespace of its own where that is permitted, else on addresses of loopback
//! that nobody else uses. Only the jump host has an address on this side.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use super::office::free_port;

/// Both ends of the wire between the namespace and this side; addresses for tests of networks (RFC 2544).
const HERE: &str = "198.18.77.1";
const THERE: &str = "198.18.77.2";
const PATIENCE: Duration = Duration::from_mins(1);

/// Makes the inside of a namespace: its own names, its own /run, its own loopback. Says so, then stays until its
/// standard input ends: with us.
const SETTLE: &str = "set -e; mount --bind \"$1/hosts\" /etc/hosts; mount -t tmpfs tmpfs /run; mkdir -m 755 /run/sshd; \
    ip link set lo up; : >\"$1/settled\"; exec cat";

/// The place.
pub enum Place {
    /// A process that holds the namespaces open; the wire ends with them.
    Namespace { holder: Child, next: AtomicU16 },
    /// Why there is no namespace.
    Loopback { why: String },
}

impl Place {
    /// Makes the place; `names` are those that mean something inside alone.
    pub fn make(dir: &Path, names: &[String]) -> Self {
        let hosts = names.iter().zip(1..);
        let hosts = hosts.map(|(name, id)| format!("{} {name}\n", inside(id)));
        let hosts: String = std::iter::once("127.0.0.1 localhost\n".to_owned())
            .chain(hosts)
            .collect();
        fs::create_dir_all(dir).expect("a directory");
        fs::write(dir.join("hosts"), hosts).expect("a file");
        let made = match std::env::var("LOOKOUT_TUNNELS_FORM").as_deref() {
            Ok("loopback") => Err("LOOKOUT_TUNNELS_FORM=loopback".to_owned()),
            _ => namespace(dir),
        };
        match made {
            Ok(holder) => Self::Namespace {
                holder,
                next: AtomicU16::new(9092),
            },
            Err(why) => Self::Loopback { why },
        }
    }

    /// What this run can prove.
    pub fn says(&self) -> String {
        match self {
            Self::Namespace { .. } => {
                "the brokers are in a network namespace; only the jump host is reached from here"
                    .to_owned()
            }
            Self::Loopback { why } => format!(
                "no network namespace ({why}): the brokers are on addresses of loopback; their names mean nothing all the same"
            ),
        }
    }

    /// Whether the jump host resolves the brokers' names.
    pub fn knows_names(&self) -> bool {
        matches!(self, Self::Namespace { .. })
    }

    /// Where a node listens.
    #[expect(clippy::unused_self, reason = "it is asked of a place")]
    pub fn host(&self, id: u32) -> String {
        inside(id).to_string()
    }

    /// Where the jump host listens.
    pub fn jump(&self) -> String {
        match self {
            Self::Namespace { .. } => THERE.to_owned(),
            Self::Loopback { .. } => "127.0.0.1".to_owned(),
        }
    }

    /// A port that is free inside.
    pub fn port(&self) -> u16 {
        match self {
            Self::Namespace { next, .. } => next.fetch_add(1, Ordering::Relaxed),
            Self::Loopback { .. } => free_port(),
        }
    }

    /// A command that runs inside.
    pub fn command(&self, program: &Path) -> Command {
        let Self::Namespace { holder, .. } = self else {
            return Command::new(program);
        };
        let mut command = Command::new("nsenter");
        let pid = holder.id().to_string();
        command.args(["--net", "--mount", "--target", &pid, "--"]);
        command.arg(program);
        command
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Namespace { holder, .. } = self {
            // The wire goes with the namespace.
            let _ended = holder.kill();
            let _reaped = holder.wait();
        }
    }
}

fn inside(id: u32) -> Ipv4Addr {
    Ipv4Addr::new(127, 0, 77, u8::try_from(id).expect("few"))
}

fn namespace(dir: &Path) -> Result<Child, String> {
    let settled: PathBuf = dir.join("settled");
    let mut holder = Command::new("unshare")
        .args(["--net", "--mount", "sh", "-c", SETTLE, "sh"])
        .arg(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("unshare: {error}"))?;
    let deadline = Instant::now() + PATIENCE;
    while !settled.exists() {
        let ended = holder.try_wait().map_err(|error| error.to_string())?;
        if ended.is_some() || Instant::now() > deadline {
            let _ended = holder.kill();
            let _reaped = holder.wait();
            return Err("unshare --net --mount is refused".to_owned());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let wired = wire(&holder.id().to_string());
    if wired.is_err() {
        let _ended = holder.kill();
        let _reaped = holder.wait();
    }
    wired.map(|()| holder)
}

/// A wire between here and the namespace of a process.
fn wire(pid: &str) -> Result<(), String> {
    let (here, there) = (format!("lk{pid}a"), format!("lk{pid}b"));
    let (near, far) = (format!("{HERE}/30"), format!("{THERE}/30"));
    let enter = ["nsenter", "--net", "--target", pid, "--"];
    let link = ["ip", "link", "add", &here, "type", "veth", "peer"];
    let inside = |words: &[&str]| run(&[&enter, words].concat());
    run(&[&link[..], &["name", &there, "netns", pid]].concat())?;
    run(&["ip", "address", "add", &near, "dev", &here])?;
    run(&["ip", "link", "set", &here, "up"])?;
    inside(&["ip", "address", "add", &far, "dev", &there])?;
    inside(&["ip", "link", "set", &there, "up"])
}

fn run(words: &[&str]) -> Result<(), String> {
    let done = Command::new(words[0]).args(&words[1..]).output();
    let done = done.map_err(|error| format!("{}: {error}", words[0]))?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr);
    Err(format!("{}: {}", words.join(" "), said.trim()))
}
