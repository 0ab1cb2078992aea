//! From the command line to a role: settings, runtime, screen or text.

use std::env;
use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{CommandFactory as _, Parser as _};
use log::LevelFilter;

use crate::app;
use crate::cli::{
    Cli, ClusterArgs, Command, ConnectArgs, Headless, LookArgs, NodeArgs, NodeId, PracticeArgs,
    PracticeCommand,
};
use crate::cluster::{self, Dialer, Paces, WatchOptions};
use crate::config::paths::Paths;
use crate::config::settings::{self, Choices, Environment, Settings};
use crate::headless::connect::{self, Detail};
use crate::headless::{self, Format, Outcome, Subject};
use crate::logging;
use crate::model::practice::Ways;
use crate::model::survey::Reach;
use crate::model::{BrokerId, Order};
use crate::node;
use crate::practice::{self, Call, Entry, Keeper, PracticeError};
use crate::terminal;
use crate::ui::glyph::GlyphSet;
use crate::ui::line::Skin;

/// No contact, or wrong usage or configuration.
pub const EXIT_NO_CONTACT: u8 = 3;

/// Some brokers are reached, and some are not.
const EXIT_SOME: u8 = 1;

/// What brokers see of us in their logs and quotas.
const CLIENT_ID: &str = "lookout";

/// The roster's file in the state directory.
const ROSTER_FILE: &str = "roster.sqlite";

/// Two threads carry the pollers of any cluster; more would only cost memory.
const WORKERS: usize = 2;

/// What is still under way at the end is given up after this.
const GRACE: Duration = Duration::from_millis(200);

const NO_CLUSTER: &str = "no cluster is named: give its addresses with `-b HOST:PORT` (several after commas), with \
    LOOKOUT_BOOTSTRAP, or as `bootstrap = \"HOST:PORT\"` in config.toml. To try it out, start a cluster to practise \
    on with `lookout practice up`";

/// What the practice cluster is called.
const PRACTICE: &str = "practice";

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
        Some(Command::Connect(args)) => connect(&cli.cluster, &args),
        Some(Command::Practice(args)) => practise(args),
        Some(Command::Node(args)) => node(&args),
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
    let named = options(&paths, &settings)?;
    if let Err(error) = logging::start(paths.state_dir.as_deref(), LevelFilter::Info) {
        log::warn!("{error}"); // into memory: a home that is full or read-only is no reason to stay blind
    }
    terminal::install_panic_hook();
    let Some(options) = named else {
        terminal::require()?;
        return practice_screen(&paths, skin);
    };
    finish(app::run(skin, options, None))?
}

/// The screen on the practice cluster: the one that runs, or one that is started now and ends with the screen.
fn practice_screen(paths: &Paths, skin: Skin) -> Result<ExitCode> {
    let dir = paths.practice_dir().ok_or(PracticeError::NoHome)?;
    let keeper = Keeper::take(&dir)?;
    let options = WatchOptions {
        name: Arc::from(PRACTICE),
        ..watch_options(paths, keeper.bootstrap())
    };
    let seat = keeper.open()?;
    let code = finish(app::run(skin, options, Some(seat.line())));
    if seat.ends_cluster() {
        // The terminal is given back already; standard error may be gone with it.
        let _nobody = writeln!(std::io::stderr(), "lookout: ending the practice cluster");
    }
    seat.leave();
    code?
}

fn practise(args: PracticeArgs) -> Result<ExitCode> {
    let paths = paths();
    let dir = args.dir.or_else(|| paths.practice_dir());
    let dir = dir.ok_or(PracticeError::NoHome)?;
    let order = Call::Order;
    let of = |id: NodeId| BrokerId(id.id);
    let call = match args.command {
        PracticeCommand::Up {
            fresh,
            nodes,
            secure,
        } => Call::Up {
            fresh,
            nodes: nodes.map(usize::from),
            entry: secure.then_some(Entry::Secured),
        },
        PracticeCommand::Down => Call::Down,
        PracticeCommand::Status { json } => Call::Status { json },
        PracticeCommand::Kill(id) => order(Order::Kill(of(id))),
        PracticeCommand::Stop(id) => order(Order::Stop(of(id))),
        PracticeCommand::Start(id) => order(Order::Start(of(id))),
        PracticeCommand::Restart(id) => order(Order::Restart(of(id))),
        PracticeCommand::Pause(id) => order(Order::Pause(of(id))),
        PracticeCommand::Resume(id) => order(Order::Resume(of(id))),
        PracticeCommand::Cut { from, to, one_way } => order(Order::Cut {
            from: BrokerId(from),
            to: BrokerId(to),
            ways: if one_way { Ways::One } else { Ways::Both },
        }),
        PracticeCommand::Heal => order(Order::Heal),
        PracticeCommand::Workload { lifeline } => {
            logging::start(Some(&dir.join("clients")), LevelFilter::Info)?;
            Call::Workload { lifeline }
        }
    };
    let done = finish(practice::run(&dir, call))??;
    headless::write_out(done.as_bytes()).context("cannot print")?;
    Ok(ExitCode::SUCCESS)
}

fn node(args: &NodeArgs) -> Result<ExitCode> {
    match &args.log_dir {
        Some(dir) => logging::start(Some(dir), LevelFilter::Info)?,
        None => logging::start_on_stderr(LevelFilter::Info),
    }
    let lifeline = if args.lifeline {
        node::Lifeline::Stdin
    } else {
        node::Lifeline::None
    };
    let code = finish(node::run(args.config.as_deref(), &args.set, lifeline))??;
    Ok(ExitCode::from(code))
}

/// The cluster that is named, or the practice cluster that runs.
fn chosen(cluster: &ClusterArgs) -> Result<WatchOptions> {
    let paths = paths();
    let settings = settings(&paths, cluster, &LookArgs::default())?;
    match options(&paths, &settings)? {
        Some(named) => Ok(named),
        None => running_practice(&paths).context(NO_CLUSTER),
    }
}

fn format(json: bool) -> Format {
    if json { Format::Json } else { Format::Text }
}

fn connect(cluster: &ClusterArgs, args: &ConnectArgs) -> Result<ExitCode> {
    let options = chosen(cluster)?;
    let detail = if args.explain {
        Detail::Rungs
    } else {
        Detail::Outcome
    };
    let climbed = finish(connect::connect(options, detail, format(args.json)))??;
    Ok(ExitCode::from(match climbed {
        Reach::All => 0,
        Reach::Some => EXIT_SOME,
        Reach::None => EXIT_NO_CONTACT,
    }))
}

fn text(subject: Subject, cluster: &ClusterArgs, args: &Headless) -> Result<ExitCode> {
    let options = chosen(cluster)?;
    let format = format(args.json);
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
        env::var_os("LOOKOUT_DATA_DIR"),
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

/// The practice cluster, where it runs.
fn running_practice(paths: &Paths) -> Option<WatchOptions> {
    let bootstrap = practice::find_running(&paths.practice_dir()?)?;
    Some(WatchOptions {
        name: Arc::from(PRACTICE),
        ..watch_options(paths, bootstrap)
    })
}

/// How to watch the cluster that flags, environment or settings name; `None` where none of them names one.
fn options(paths: &Paths, settings: &Settings) -> Result<Option<WatchOptions>> {
    let named = settings.bootstrap.as_deref().unwrap_or_default();
    let bootstrap: Vec<String> = named
        .split(',')
        .map(str::trim)
        .filter(|a| !a.is_empty())
        .map(str::to_owned)
        .collect();
    if bootstrap.is_empty() {
        return Ok(None);
    }
    if let Some(wrong) = bootstrap
        .iter()
        .find_map(|text| cluster::bootstrap_endpoint(text).err())
    {
        bail!(wrong);
    }
    Ok(Some(watch_options(paths, bootstrap)))
}

fn watch_options(paths: &Paths, bootstrap: Vec<String>) -> WatchOptions {
    WatchOptions {
        name: Arc::from(name(&bootstrap)),
        bootstrap,
        client_id: Arc::from(CLIENT_ID),
        dialer: Dialer::default(),
        paces: Paces::default(),
        roster: paths.state_dir.as_ref().map(|dir| dir.join(ROSTER_FILE)),
    }
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
