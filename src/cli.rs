//! The command line: types only. Help texts are part of the product: one sentence each, then what it prints.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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

/// Which cluster.
#[derive(Debug, Clone, Default, Args)]
pub struct ClusterArgs {
    /// Bootstrap addresses, `host:port`, separated by commas [env: LOOKOUT_BOOTSTRAP]
    #[arg(short, long, global = true, value_name = "HOST:PORT,…")]
    pub bootstrap: Option<String>,
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
