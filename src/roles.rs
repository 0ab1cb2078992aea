//! From the command line to a role: settings, runtime, screen or text.

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{CommandFactory as _, Parser as _};
use log::LevelFilter;

use crate::app;
use crate::cli::{Cli, ClusterArgs, Command, Headless, LookArgs};
use crate::cluster::{self, Paces, WatchOptions};
use crate::config::paths::Paths;
use crate::config::settings::{self, Choices, Environment, Settings};
use crate::headless::{self, Format, Outcome, Subject};
use crate::logging;
use crate::terminal;
use crate::ui::glyph::GlyphSet;

/// No contact, or wrong usage or configuration.
pub const EXIT_NO_CONTACT: u8 = 3;

/// What brokers see of us in their logs and quotas.
const CLIENT_ID: &str = "lookout";

/// The roster's file in the state directory.
const ROSTER_FILE: &str = "roster.sqlite";

/// Two threads carry the pollers of any cluster; more would only cost memory.
const WORKERS: usize = 2;

/// What is still under way at the end is given up after this.
const GRACE: Duration = Duration::from_millis(200);

const NO_CLUSTER: &str = "no cluster is named: give its addresses with `-b HOST:PORT` (several after commas), with \
    LOOKOUT_BOOTSTRAP, or as `bootstrap = \"HOST:PORT\"` in config.toml. To try it on a real Kafka of your own, \
    start one with `tests/interop/kafka up` in the source tree";

/// Plays the role that these arguments name.
pub fn run(arguments: impl Iterator<Item = OsString>) -> Result<ExitCode> {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(told) => {
            told.print().context("cannot print")?;
            // Help and version come this way too.
            return Ok(if told.use_stderr() {
                ExitCode::from(EXIT_NO_CONTACT)
            } else {
                ExitCode::SUCCESS
            });
        }
    };
    match cli.command {
        None => screen(&cli.cluster, &cli.look),
        Some(Command::Brokers(args)) => text(Subject::Brokers, &cli.cluster, &args),
        Some(Command::Topics(args)) => text(Subject::Topics, &cli.cluster, &args),
        Some(Command::Groups(args)) => text(Subject::Groups, &cli.cluster, &args),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "lookout", &mut script);
            headless::write_out(&script).context("cannot print the completions")?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Man) => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command())
                .render(&mut page)
                .and_then(|()| headless::write_out(&page))
                .context("cannot print the manual page")?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn screen(cluster: &ClusterArgs, look: &LookArgs) -> Result<ExitCode> {
    let paths = paths();
    let settings = settings(&paths, cluster, look)?;
    let skin = settings.skin(&paths)?;
    let options = options(&paths, &settings)?;
    if let Err(error) = logging::start(paths.state_dir.as_deref(), LevelFilter::Info) {
        log::warn!("{error}"); // into memory: a home that is full or read-only is no reason to stay blind
    }
    terminal::install_panic_hook();
    finish(app::run(skin, options))?
}

fn text(subject: Subject, cluster: &ClusterArgs, args: &Headless) -> Result<ExitCode> {
    let paths = paths();
    let settings = settings(&paths, cluster, &LookArgs::default())?;
    let options = options(&paths, &settings)?;
    let format = if args.json {
        Format::Json
    } else {
        Format::Text
    };
    let timeout = Duration::from_secs(args.timeout);
    match finish(headless::print(subject, format, options, timeout))?? {
        Outcome::Done => Ok(ExitCode::SUCCESS),
        Outcome::NoContact => Ok(ExitCode::from(EXIT_NO_CONTACT)),
    }
}

fn paths() -> Paths {
    Paths::choose(
        env::var_os("LOOKOUT_CONFIG_DIR"),
        env::var_os("LOOKOUT_STATE_DIR"),
    )
}

fn settings(paths: &Paths, cluster: &ClusterArgs, look: &LookArgs) -> Result<Settings> {
    let environment = Environment::read(|name| env::var(name).ok())?;
    let flags = Choices {
        theme: look.theme.clone(),
        glyphs: look.ascii.then_some(GlyphSet::Ascii),
        color: look
            .color
            .as_deref()
            .map(settings::color_flag)
            .transpose()?,
        bootstrap: cluster.bootstrap.clone(),
    };
    Ok(settings::load(paths, environment, flags)?)
}

fn options(paths: &Paths, settings: &Settings) -> Result<WatchOptions> {
    let named = settings.bootstrap.as_deref().unwrap_or_default();
    let bootstrap: Vec<String> = named
        .split(',')
        .map(str::trim)
        .filter(|a| !a.is_empty())
        .map(str::to_owned)
        .collect();
    if bootstrap.is_empty() {
        bail!(NO_CLUSTER);
    }
    if let Some(wrong) = bootstrap
        .iter()
        .find_map(|text| cluster::bootstrap_endpoint(text).err())
    {
        bail!(wrong);
    }
    Ok(WatchOptions {
        name: Arc::from(name(&bootstrap)),
        bootstrap,
        client_id: Arc::from(CLIENT_ID),
        paces: Paces::default(),
        roster: paths.state_dir.as_ref().map(|dir| dir.join(ROSTER_FILE)),
    })
}

/// What the header calls a cluster that has no name: its first address, and how many more were given.
fn name(bootstrap: &[String]) -> String {
    let first = bootstrap.first().cloned().unwrap_or_default();
    match bootstrap.len() {
        0 | 1 => first,
        count => format!("{first} +{}", count - 1),
    }
}

/// Runs to the end, and does not wait for look-ups of names that a dead resolver holds up.
fn finish<T>(work: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let done = runtime.block_on(work);
    runtime.shutdown_timeout(GRACE);
    Ok(done)
}
