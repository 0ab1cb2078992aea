//! Faults on purpose, off unless asked for: what this node's own connections and disks refuse. A
//! cut is kept by the node that *opens* the connection: "cut A B one way" tells A not to reach B.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::watch;

/// What is broken right now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Nodes that this node cannot open data connections to.
    pub cut_brokers: BTreeSet<i32>,
    /// Nodes that this node cannot open connections of the metadata quorum to (commands, streams).
    pub cut_controllers: BTreeSet<i32>,
    /// Every request to another node waits this long first.
    pub delay: Duration,
    /// Log directories (by position in `log.dirs`) that refuse every write as full.
    pub full_dirs: BTreeSet<usize>,
    /// Log directories that fail every access.
    pub failed_dirs: BTreeSet<usize>,
}

impl Plan {
    /// Reads a fault file: one fault a line, `#` begins a comment. `dirs` are `log.dirs`. Lines that
    /// say nothing known are given back, and everything else holds.
    ///
    /// ```text
    /// cut 5               no connection to node 5; `cut 5 broker`, `cut 5 controller`: only those
    /// delay 200ms         every request to another node waits this long
    /// full DIR, fail DIR  a log directory without space, or broken
    /// ```
    pub fn parse(text: &str, dirs: &[PathBuf]) -> (Self, Vec<String>) {
        let mut plan = Self::default();
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let unknown = lines.filter(|line| plan.take(line, dirs).is_none());
        let unknown = unknown.map(str::to_owned).collect();
        (plan, unknown)
    }

    /// Takes in one line; `None` if it says nothing known.
    fn take(&mut self, line: &str, dirs: &[PathBuf]) -> Option<()> {
        let (verb, rest) = line.split_once(char::is_whitespace)?;
        let rest = rest.trim();
        let dir = || dirs.iter().position(|dir| dir == Path::new(rest));
        match verb {
            "cut" => self.cut(rest)?,
            "delay" => self.delay = duration(rest)?,
            "full" => _ = self.full_dirs.insert(dir()?),
            "fail" => _ = self.failed_dirs.insert(dir()?),
            _ => return None,
        }
        Some(())
    }

    fn cut(&mut self, what: &str) -> Option<()> {
        let mut words = what.split_whitespace();
        let node = words.next()?.parse().ok()?;
        let (broker, controller) = match (words.next(), words.next()) {
            (None, None) => (true, true),
            (Some("broker"), None) => (true, false),
            (Some("controller"), None) => (false, true),
            _ => return None,
        };
        if broker {
            self.cut_brokers.insert(node);
        }
        if controller {
            self.cut_controllers.insert(node);
        }
        Some(())
    }
}

/// `200ms` or `2s`, at most a minute.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => (text.strip_suffix('s')?, 1000),
    };
    let ms = number.trim().parse::<u64>().ok()?.checked_mul(unit)?;
    (ms <= 60_000).then(|| Duration::from_millis(ms))
}

/// The kind of connection a node opens to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Link {
    /// Fetching data.
    Broker,
    /// Commands to the controller and the streams of the quorum.
    Controller,
}

/// The node's faults; a handle, cheap to clone.
#[derive(Debug, Clone)]
pub struct Faults {
    plan: Arc<RwLock<Arc<Plan>>>,
    changed: watch::Sender<u64>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            plan: Arc::default(),
            changed: watch::Sender::new(0),
        }
    }
}

impl Faults {
    /// What is broken right now.
    pub fn plan(&self) -> Arc<Plan> {
        self.plan
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Breaks and mends: open connections over a link that is now cut must end.
    pub fn set(&self, plan: Plan) {
        *self.plan.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(plan);
        self.changed.send_modify(|count| *count += 1);
    }

    /// Whether this node may open or keep a connection to `node`.
    pub fn allows(&self, link: Link, node: i32) -> bool {
        let plan = self.plan();
        match link {
            Link::Broker => !plan.cut_brokers.contains(&node),
            Link::Controller => !plan.cut_controllers.contains(&node),
        }
    }

    /// Resolves as soon as the link to `node` is cut.
    pub async fn cut(&self, link: Link, node: i32) {
        let mut changed = self.changed.subscribe();
        while self.allows(link, node) {
            if changed.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (Plan, Vec<String>) {
        Plan::parse(text, &["/a".into(), "/b c".into()])
    }

    #[test]
    fn a_file_says_what_is_broken_line_by_line() {
        let text = "# since noon\n\n cut 5\ncut 2 broker\ncut 3 controller\ndelay 200ms\nfull /b c\nfail /a\n";
        let (plan, unknown) = parse(text);
        assert_eq!(unknown, Vec::<String>::new());
        assert_eq!(plan.cut_brokers, BTreeSet::from([2, 5]));
        assert_eq!(plan.cut_controllers, BTreeSet::from([3, 5]));
        assert_eq!(plan.delay, Duration::from_millis(200));
        assert_eq!(plan.full_dirs, BTreeSet::from([1]));
        assert_eq!(plan.failed_dirs, BTreeSet::from([0]));
    }

    #[test]
    fn a_line_that_says_nothing_known_leaves_the_others_in_force() {
        let bad = [
            "cut",
            "cut x",
            "cut 5 both",
            "cut 5 broker 6",
            "delay",
            "delay 5",
            "delay 61s",
            "full /elsewhere",
            "break everything",
        ];
        for bad in bad {
            let (plan, unknown) = parse(&format!("{bad}\ncut 7"));
            assert_eq!(unknown, [bad]);
            assert_eq!(plan.cut_brokers, BTreeSet::from([7]), "{bad}");
        }
    }

    #[test]
    fn an_empty_file_heals() {
        assert_eq!(parse(""), (Plan::default(), Vec::new()));
    }
}
