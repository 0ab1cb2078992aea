//! A cluster in a few lines of TOML, turned into facts and judged at a fixed moment.
//!
//! Brokers are named by rack, topics by numbers; leaders, in-sync and offline replicas follow from who is down, in the
//! order they died, as a KRaft controller would have left them. `[topic.partition.N]` overrides.

mod cluster;
mod groups;
mod practice;
mod topics;

use std::collections::BTreeMap;

use lookout::model::{Facts, Moment, Snapshot, Span};
use serde::Deserialize;

/// 2026-03-14 14:06:00 UTC: the moment every scene is looked at.
pub const NOW: Moment = Moment::from_unix_ms(1_773_497_160_000);

/// A scene file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// What the operator named.
    pub name: String,
    /// Broker ids by rack; the rack `-` means none.
    #[serde(default)]
    pub racks: BTreeMap<String, Vec<i32>>,
    /// `kraft` or `zookeeper`.
    #[serde(default = "kraft")]
    pub kind: String,
    /// Quorum voters; none = the quorum is not known.
    #[serde(default)]
    pub voters: Vec<i32>,
    /// Quorum leader.
    pub leader: Option<i32>,
    /// Dead brokers, and how long they have been dead (`4m`, `90s`, `2h`).
    #[serde(default)]
    pub down: BTreeMap<String, String>,
    /// Of the dead ones: whose host answers with RST.
    #[serde(default)]
    pub refused: Vec<i32>,
    /// Brokers that accept and do not answer any more, still listed, and for how long.
    #[serde(default)]
    pub hanging: BTreeMap<String, String>,
    /// Fenced brokers whose process answers, and for how long.
    #[serde(default)]
    pub fenced: BTreeMap<String, String>,
    /// Alive brokers that are out of every in-sync set.
    #[serde(default)]
    pub behind: Vec<i32>,
    /// Alive brokers nobody can fetch from.
    #[serde(default)]
    pub abandoned: Vec<i32>,
    /// Log dirs that are offline, by broker.
    #[serde(default)]
    pub failed_dir: BTreeMap<String, String>,
    /// Volumes with so many percent free, by broker.
    #[serde(default)]
    pub free_percent: BTreeMap<String, u64>,
    /// Nodes of a practice cluster that cannot open connections to others.
    #[serde(default)]
    pub cut: BTreeMap<String, Vec<i32>>,
    /// Rules that lead to brokers, by broker, and what is dialled by them.
    #[serde(default)]
    pub led: BTreeMap<String, (String, String)>,
    /// Brokers at whose address another one answers, and what is said of it.
    #[serde(default)]
    pub misled: BTreeMap<String, String>,
    /// What the last round that failed said, a minute ago, by broker.
    #[serde(default)]
    pub failed_lately: BTreeMap<String, String>,
    /// Everything was learned so long ago.
    pub stale: Option<String>,
    /// No broker has answered for so long.
    pub no_contact: Option<String>,
    /// The quorum has had no leader for so long.
    pub quorum_lost: Option<String>,
    /// Sections we have no permission for: `quorum`, `configs`, `registrations`, `log_dirs`, `groups`.
    #[serde(default)]
    pub denied: Vec<String>,
    /// How long this tool had been watching before [`NOW`].
    #[serde(default = "watched")]
    pub watched: String,
    #[serde(default)]
    pub topic: Vec<SceneTopic>,
    #[serde(default)]
    pub group: Vec<SceneGroup>,
}

/// A topic.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SceneTopic {
    pub name: String,
    #[serde(default = "one")]
    pub partitions: u32,
    #[serde(default = "one")]
    pub rf: u32,
    /// `min.insync.replicas`; absent = the default, 1.
    #[serde(default = "one")]
    pub min_isr: u32,
    #[serde(default)]
    pub compacted: bool,
    #[serde(default)]
    pub internal: bool,
    /// Bytes of one copy of the whole topic.
    #[serde(default)]
    pub size: u64,
    /// Position of the first replica of partition 0 in the list of brokers.
    #[serde(default)]
    pub first: u32,
    /// What differs, by partition.
    #[serde(default)]
    pub partition: BTreeMap<String, ScenePartition>,
}

/// What differs from the rule in one partition.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenePartition {
    pub replicas: Option<Vec<i32>>,
    pub isr: Option<Vec<i32>>,
    /// −1 = none.
    pub leader: Option<i32>,
    pub offline: Option<Vec<i32>>,
    /// Replicas being added; they stand at the end of `replicas`.
    #[serde(default)]
    pub adding: Vec<i32>,
}

/// A group.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SceneGroup {
    pub id: String,
    #[serde(default = "consumer")]
    pub kind: String,
    #[serde(default = "stable")]
    pub state: String,
    #[serde(default)]
    pub members: u32,
    /// Lag per partition, by topic; −1 = nothing committed.
    #[serde(default)]
    pub reads: BTreeMap<String, i64>,
    /// Nothing is known of its offsets and members.
    #[serde(default)]
    pub unknown: bool,
}

impl Scene {
    /// Reads `tests/it/scenes/<name>.toml`.
    pub fn load(name: &str) -> Self {
        let path = format!("{}/tests/it/scenes/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        Self::parse(&text)
    }

    /// Reads a scene from text.
    pub fn parse(text: &str) -> Self {
        toml::from_str(text).unwrap_or_else(|e| panic!("{e}"))
    }

    /// The facts, all of them learned just now or as stale as the scene says.
    pub fn facts(&self) -> Facts {
        let mut facts = Facts {
            name: self.name.as_str().into(),
            pace: Span::from_secs(5),
            ..Facts::default()
        };
        cluster::add(self, &mut facts);
        topics::add(self, &mut facts);
        groups::add(self, &mut facts);
        facts
    }

    /// What the tool shows at [`NOW`], having watched the same facts for a while.
    pub fn judge(&self) -> Snapshot {
        let before = Snapshot::judge(self.facts(), None, NOW.minus(span(&self.watched)));
        Snapshot::judge(self.facts(), Some(&before), NOW)
    }

    /// When the facts were learned.
    fn learned(&self) -> Moment {
        let quiet = self.no_contact.as_ref().or(self.stale.as_ref());
        NOW.minus(quiet.map_or(Span::from_secs(1), |age| span(age)))
    }

    /// All brokers, racks interleaved so that replicas spread.
    fn brokers(&self) -> Vec<(i32, &str)> {
        let longest = self.racks.values().map(Vec::len).max().unwrap_or(0);
        (0..longest)
            .flat_map(|position| {
                self.racks
                    .iter()
                    .filter_map(move |(rack, ids)| Some((*ids.get(position)?, rack.as_str())))
            })
            .collect()
    }

    /// Whether the cluster has dropped it.
    fn absent(&self, id: i32) -> bool {
        let key = id.to_string();
        self.down.contains_key(&key) || self.fenced.contains_key(&key)
    }

    /// Absent brokers, those that left first at the front.
    fn absent_in_order(&self) -> Vec<i32> {
        let mut left: Vec<(u64, i32)> = self
            .down
            .iter()
            .chain(&self.fenced)
            .map(|(id, age)| (span(age).ms, id.parse().unwrap()))
            .collect();
        left.sort_by(|a, b| b.cmp(a));
        left.into_iter().map(|(_, id)| id).collect()
    }
}

/// The judged scene of a file.
pub fn snapshot(name: &str) -> Snapshot {
    Scene::load(name).judge()
}

/// `90s`, `4m`, `2h`, `3d`.
pub fn span(text: &str) -> Span {
    let (number, unit) = text.split_at(text.len() - 1);
    let number: u64 = number
        .parse()
        .unwrap_or_else(|_| panic!("a span like 4m, not {text}"));
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => panic!("a span like 4m, not {text}"),
    };
    Span::from_secs(number * seconds)
}

fn kraft() -> String {
    "kraft".to_owned()
}

fn watched() -> String {
    "4m".to_owned()
}

fn consumer() -> String {
    "consumer".to_owned()
}

fn stable() -> String {
    "Stable".to_owned()
}

fn one() -> u32 {
    1
}
