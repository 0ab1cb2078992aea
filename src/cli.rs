//! The command line: types only. Help texts are part of the product: one sentence each, then what it prints.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueHint};

/// A full-screen terminal for Kafka operators: which brokers are down, since when, and what it costs.
#[derive(Debug, Parser)]
#[command(name = "lookout", version, about, max_term_width = 100, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,

    #[command(flatten)]
    pub cluster: ClusterArgs,

    #[command(flatten)]
    pub look: LookArgs,
}

const AFTER_HELP: &str = "\
Examples:
  lookout -b kafka-1:9092,kafka-2:9092     open the screen on a cluster
  lookout --properties client.properties   the same by the file of another client, logins and certificates too
  lookout brokers -b kafka-1:9092 --json   the brokers as JSON, for scripts
  lookout                                  with no cluster named: a practice cluster to learn on

Exit codes: 0 done · 3 no contact, wrong usage or configuration; connect: 0 all brokers reached · 1 some · 3 none";

/// Roles beside the screen.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Every known broker with its verdict, since when, and its share of the cluster
    Brokers(Headless),
    /// Every topic with partitions, replication, faults and size
    Topics(Headless),
    /// Every consumer group with state, members and lag
    Groups(Headless),
    /// The clusters of config.toml: list them, try the way into each, take one over from another client's file
    Profiles(ProfilesArgs),
    /// Every setting that holds here, for the cluster that would be opened; secrets are hidden
    Config(ConfigArgs),
    /// How far every broker can be reached from here: name, route, TCP, TLS, login, answers; and which rules would help
    Connect(ConnectArgs),
    /// A cluster on this machine to learn on and to break: five nodes in racks a, b and c, with demo clients
    Practice(PracticeArgs),
    /// Run one broker node in the foreground; SIGTERM shuts it down in order
    Node(NodeArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// What to do with profiles.
#[derive(Debug, Args)]
pub struct ProfilesArgs {
    #[command(subcommand)]
    pub command: ProfilesCommand,
}

/// What to do with profiles.
#[derive(Debug, Subcommand)]
pub enum ProfilesCommand {
    /// Every profile with its addresses and its way in; nothing is dialled
    List {
        /// Print JSON (its `version` field tells the layout) instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Go in by a profile, or by each of them, and say how far it came
    Test {
        /// The profile [default: all]
        name: Option<String>,

        /// Give up waiting for an answer after this many seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
        timeout: u64,
    },
    /// Write the clusters of another client's file into config.toml; passwords go into files that only you can read
    Add {
        /// client.properties, kcat.conf, rpk.yaml, a configuration of kaf or kafkactl; told by its content
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,

        /// What to call the profile; of a file with several clusters, the one to take
        #[arg(long, value_name = "NAME")]
        name: Option<String>,

        /// Replace a profile of that name
        #[arg(long)]
        force: bool,
    },
}

/// How to print settings.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Say where each value comes from
    #[arg(long)]
    pub origins: bool,

    /// Print JSON (its `version` field tells the layout), with origins
    #[arg(long)]
    pub json: bool,
}

/// How much to say of the ways.
#[derive(Debug, Args)]
pub struct ConnectArgs {
    /// Say every rung with its time, what was dialled by which rule, and what answers
    #[arg(long)]
    pub explain: bool,

    /// Print JSON (its `version` field tells the layout) instead of text
    #[arg(long)]
    pub json: bool,
}

/// Which practice cluster, and what to do with it.
#[derive(Debug, Args)]
pub struct PracticeArgs {
    /// Where the practice cluster lies; two directories are two clusters [default: practice in the data directory]
    #[arg(long, global = true, value_name = "DIR")]
    pub dir: Option<PathBuf>,

    #[command(subcommand)]
    pub command: PracticeCommand,
}

/// What to do with a practice cluster.
#[derive(Debug, Subcommand)]
pub enum PracticeCommand {
    /// Start it in the background, wait until it is healthy, and print its addresses; it runs until `down`
    Up {
        /// Start anew, without the data of earlier runs
        #[arg(long)]
        fresh: bool,

        /// Nodes of a new cluster [default: 5]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=9))]
        nodes: Option<u8>,

        /// Ask who enters: a new cluster with TLS and a login; prints a client.properties for Kafka's tools too
        #[arg(long)]
        secure: bool,
    },
    /// End all of its processes; the data stay
    Down,
    /// How every node stands
    Status {
        /// Print JSON (its `version` field tells the layout) instead of a table
        #[arg(long)]
        json: bool,
    },
    /// End a node at once, by SIGKILL
    Kill(NodeId),
    /// Shut a node down in order
    Stop(NodeId),
    /// Start a node that does not run
    Start(NodeId),
    /// Stop a node and start it again
    Restart(NodeId),
    /// Freeze a node: it accepts connections and answers nothing
    Pause(NodeId),
    /// Thaw a frozen node
    Resume(NodeId),
    /// Cut two nodes off from each other
    Cut {
        /// The one node
        #[arg(value_name = "A")]
        from: i32,

        /// The other node
        #[arg(value_name = "B")]
        to: i32,

        /// Cut only the connections that A opens to B
        #[arg(long)]
        one_way: bool,
    },
    /// End all cuts and other faults
    Heal,
    /// Be the demo clients of the cluster
    #[command(hide = true)]
    Workload {
        /// End when standard input ends
        #[arg(long)]
        lifeline: bool,
    },
}

/// A node by its id.
#[derive(Debug, Clone, Copy, Args)]
pub struct NodeId {
    /// The node
    pub id: i32,
}

/// How to run a node.
#[derive(Debug, Args)]
pub struct NodeArgs {
    /// Settings by Kafka's names, `key=value` a line
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// A setting over that of the file; may be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,

    /// Pass for a broker of this release of Kafka: 2.8, 3.3, 3.9 or 4.0
    #[arg(long, value_name = "RELEASE")]
    pub as_version: Option<String>,

    /// Shut down when standard input ends: with the process that started it
    #[arg(long)]
    pub lifeline: bool,

    /// Keep the log in this directory instead of on standard error
    #[arg(long, value_name = "DIR")]
    pub log_dir: Option<PathBuf>,
}

/// What commands without a screen share.
#[derive(Debug, Args)]
pub struct Headless {
    /// Print JSON (its `version` field tells the layout) instead of a table
    #[arg(long)]
    pub json: bool,

    /// Give up waiting for answers after this many seconds and print what is known
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub timeout: u64,
}

/// Which cluster, and the way into it.
#[derive(Debug, Clone, Default, Args)]
pub struct ClusterArgs {
    /// A profile of config.toml; `practice` is the practice cluster [env: LOOKOUT_PROFILE]
    #[arg(
        short,
        long,
        global = true,
        value_name = "NAME",
        conflicts_with = "properties"
    )]
    pub profile: Option<String>,

    /// Bootstrap addresses, `host:port`, separated by commas [env: LOOKOUT_BOOTSTRAP]
    #[arg(short, long, global = true, value_name = "HOST:PORT,…")]
    pub bootstrap: Option<String>,

    /// A file of another client, as it is: client.properties, kcat.conf, rpk.yaml, a configuration of kaf or kafkactl
    /// [env: LOOKOUT_PROPERTIES]
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub properties: Option<PathBuf>,

    /// A setting by librdkafka's or Java's name; may be given more than once; no secrets: others can read them here
    #[arg(short = 'X', global = true, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
}

/// How the screen looks.
#[derive(Debug, Clone, Default, Args)]
pub struct LookArgs {
    /// Theme: dark, light, mono, high_contrast, or a file of that name in the themes directory [env: LOOKOUT_THEME]
    #[arg(long, value_name = "NAME")]
    pub theme: Option<String>,

    /// Draw with ASCII characters only [env: LOOKOUT_ASCII]
    #[arg(long)]
    pub ascii: bool,

    /// Colours the terminal can show; found out from NO_COLOR, COLORTERM and TERM when not given
    #[arg(long, value_name = "DEPTH", value_parser = ["truecolor", "256", "16", "mono"])]
    pub color: Option<String>,
}
