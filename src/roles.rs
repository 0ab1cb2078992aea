//! From the command line to a role: settings, runtime, screen or text.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::CommandFactory as _;

use crate::app;
use crate::cli::{Cli, ClusterArgs, Command, Headless};
use crate::cluster::{Paces, WatchOptions};
use crate::headless::{self, Format, Outcome, Subject};
use crate::ui::line::Skin;

/// No contact, or wrong usage or configuration.
pub const EXIT_NO_CONTACT: u8 = 3;

/// Plays the role that the command line names.
pub fn run(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        None => screen(&cli.cluster),
        Some(Command::Brokers(args)) => text(Subject::Brokers, &args),
        Some(Command::Topics(args)) => text(Subject::Topics, &args),
        Some(Command::Groups(args)) => text(Subject::Groups, &args),
        Some(Command::Completions { shell }) => {
            clap_complete::generate(shell, &mut Cli::command(), "lookout", &mut io::stdout());
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Man) => {
            let page = clap_mangen::Man::new(Cli::command());
            page.render(&mut io::stdout().lock()).context("cannot print the manual page")?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn screen(cluster: &ClusterArgs) -> Result<ExitCode> {
    let options = options(cluster)?;
    let skin = Skin::default();
    crate::terminal::install_panic_hook();
    runtime()?.block_on(app::run(skin, options))
}

fn text(subject: Subject, args: &Headless) -> Result<ExitCode> {
    let options = options(&args.cluster)?;
    let format = if args.json { Format::Json } else { Format::Text };
    let timeout = Duration::from_secs(args.timeout);
    match runtime()?.block_on(headless::print(subject, format, options, timeout))? {
        Outcome::Done => Ok(ExitCode::SUCCESS),
        Outcome::NoContact => Ok(ExitCode::from(EXIT_NO_CONTACT)),
    }
}

fn options(cluster: &ClusterArgs) -> Result<WatchOptions> {
    if cluster.bootstrap.is_empty() {
        bail!("no cluster named: give its addresses with -b HOST:PORT");
    }
    Ok(WatchOptions {
        name: Arc::from(cluster.bootstrap.join(",")),
        bootstrap: cluster.bootstrap.clone(),
        client_id: Arc::from("lookout"),
        paces: Paces::default(),
        roster: None,
    })
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")
}
