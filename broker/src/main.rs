//! `lookout-broker`: one node in the foreground. Exit codes: 0 stopped, 1 failed, 3 the settings
//! cannot be.

mod logger;

use std::path::PathBuf;
use std::process::ExitCode;

use broker::{NodeConfig, run};
use clap::Parser;

/// One node of a Kafka-compatible cluster, in the foreground.
///
/// SIGTERM or SIGINT moves leaderships away and stops; a second one stops at once. SIGHUP is
/// ignored: settings are read at start.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Exit codes: 0 stopped, 1 failed, 3 wrong settings."
)]
struct Flags {
    /// Properties file with Kafka's key names.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A setting that goes before the file's; may be given many times.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Pass for a broker of this release of Kafka: 2.8, 3.3, 3.9 or 4.0.
    #[arg(long, value_name = "RELEASE")]
    as_version: Option<String>,
    /// Log more: once for what clients do wrong, twice for everything.
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,
}

fn main() -> ExitCode {
    let flags = match Flags::try_parse() {
        Ok(flags) => flags,
        Err(said) => {
            let _nobody_reads = said.print().is_err();
            return if said.use_stderr() {
                ExitCode::from(3)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    logger::install(flags.verbose);
    let mut set = flags.set;
    let passes_for = flags.as_version;
    set.extend(passes_for.map(|release| format!("lookout.as.version={release}")));
    let config = match NodeConfig::load(flags.config.as_deref(), &set) {
        Ok(config) => config,
        Err(error) => {
            for line in error.to_string().lines() {
                log::error!("{line}");
            }
            return ExitCode::from(3);
        }
    };
    match serve(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(config: NodeConfig) -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        run(config).await?.until_stopped().await?;
        Ok(())
    })
}
