//! The command line: types only. Help texts are part of the product: one sentence each, then what it prints.

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

Exit codes: 0 done · 3 no contact, wrong usage or configuration";

/// Roles without a screen.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Every known broker with its verdict, since when, and its share of the cluster
    Brokers(Headless),
    /// Every topic with partitions, replication, faults and size
    Topics(Headless),
    /// Every consumer group with state, members and lag
    Groups(Headless),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
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
