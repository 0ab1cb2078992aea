//! From the command line to a role: settings, runtime, screen or text.

use std::env;
use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::{CommandFactory as _, Parser as _};
use log::LevelFilter;

use crate::app;
use crate::cli::{
    Cli, ClusterArgs, Command, ConfigArgs, ConnectArgs, Headless, LookArgs, NodeArgs, NodeId,
    PracticeArgs, PracticeCommand, ProfilesArgs, ProfilesCommand,
};
use crate::cluster::WatchOptions;
use crate::config::addition::Existing;
use crate::config::choice::{Flags, PRACTICE};
use crate::config::outside::System;
use crate::config::paths::Paths;
use crate::config::profile::CLIENT_ID;
use crate::config::secret::Secret;
use crate::config::settings::{self, Choices, Environment, Settings};
use crate::headless::connect::{self, Detail};
use crate::headless::{self, Format, Outcome, Subject};
use crate::logging;
use crate::model::practice::Ways;
use crate::model::survey::Reach;
use crate::model::{BrokerId, Order, Stakes};
use crate::node;
use crate::practice::{self, Call, Entry, Keeper, PracticeError};
use crate::profiles::{self, Open, Opening, Origins, Place, Said, Unnamed};
use crate::terminal;
use crate::ui::glyph::GlyphSet;
use crate::ui::line::Skin;

/// No contact, or wrong usage or configuration.
pub const EXIT_NO_CONTACT: u8 = 3;

/// Some brokers are reached, and some are not.
const EXIT_SOME: u8 = 1;

/// The roster's file in the state directory.
const ROSTER_FILE: &str = "roster.sqlite";

/// Two threads carry the pollers of any cluster; more would only cost memory.
const WORKERS: usize = 2;

/// What is still under way at the end is given up after this.
const GRACE: Duration = Duration::from_millis(200);

const NO_CLUSTER: &str = "no cluster is named: give its addresses with `-b HOST:PORT` (several after commas), a profile \
    with `-p NAME`, or the file of another client with `--properties FILE`. To try it out, start a cluster to practise \
    on with `lookout practice up`";

/// Plays the role that these arguments name.
pub fn run(arguments: impl Iterator<Item = OsString>) -> Result<ExitCode> {
    let arguments: Vec<OsString> = arguments.collect();
    let cli = match Cli::try_parse_from(&arguments) {
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
    // Of a flag before the command and one behind it the parser keeps the latter.
    let set = |argument: &&OsString| argument.as_encoded_bytes().starts_with(b"-X");
    if arguments.iter().filter(set).count() > cli.cluster.set.len() {
        bail!("-X stands before and behind the command; put all of them behind the command");
    }
    match cli.command {
        None => screen(&cli.cluster, &cli.look),
        Some(Command::Brokers(args)) => text(Subject::Brokers, &cli.cluster, &args),
        Some(Command::Topics(args)) => text(Subject::Topics, &cli.cluster, &args),
        Some(Command::Groups(args)) => text(Subject::Groups, &cli.cluster, &args),
        Some(Command::Profiles(args)) => profiles(&cli.cluster, args),
        Some(Command::Config(args)) => config(&cli.cluster, &cli.look, &args),
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
    let asked = Asked::read(cluster, look)?;
    let (paths, settings, place) = (&asked.paths, &asked.settings, asked.place());
    let skin = settings.skin(paths)?;
    let opening = place.open(Unnamed::Last, &mut System)?;
    terminal::require()?;
    if let Err(error) = logging::start(paths.state_dir.as_deref(), LevelFilter::Info) {
        log::warn!("{error}"); // into memory: a home that is full or read-only is no reason to stay blind
    }
    terminal::install_panic_hook();
    let open = match opening {
        Opening::Cluster(open) => open,
        Opening::Practice => {
            place.remember(PRACTICE, Stakes::Ordinary);
            return practice_screen(paths, skin);
        }
        Opening::Nothing => return practice_screen(paths, skin),
    };
    for notice in &open.notices {
        log::warn!("{notice}");
    }
    if let Some(name) = open.name() {
        place.remember(name, open.profile.stakes);
    }
    let skin = match open.profile.color {
        Some(paint) => Skin {
            theme: skin.theme.accented(paint, settings.color),
            ..skin
        },
        None => skin,
    };
    finish(app::run(skin, watched(paths, &open), None))?
}

/// The screen on the practice cluster: the one that runs, or one that is started now and ends with the screen.
fn practice_screen(paths: &Paths, skin: Skin) -> Result<ExitCode> {
    let dir = paths.practice_dir().ok_or(PracticeError::NoHome)?;
    let keeper = Keeper::take(&dir)?;
    let options = keeper.entrance()?.watch_options(PRACTICE, CLIENT_ID);
    let options = remembered(paths, options);
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
    let mut set = args.set.clone();
    let passes_for = args.as_version.as_ref();
    set.extend(passes_for.map(|release| format!("lookout.as.version={release}")));
    let code = finish(node::run(args.config.as_deref(), &set, lifeline))??;
    Ok(ExitCode::from(code))
}

/// The cluster that is named, or the practice cluster that runs.
fn chosen(cluster: &ClusterArgs) -> Result<WatchOptions> {
    let asked = Asked::read(cluster, &LookArgs::default())?;
    let paths = &asked.paths;
    match asked.place().open(Unnamed::Nothing, &mut System)? {
        Opening::Cluster(open) => {
            for notice in &open.notices {
                log::info!("{notice}");
            }
            Ok(watched(paths, &open))
        }
        Opening::Practice | Opening::Nothing => running_practice(paths)?.context(NO_CLUSTER),
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

fn profiles(cluster: &ClusterArgs, args: ProfilesArgs) -> Result<ExitCode> {
    let asked = Asked::read(cluster, &LookArgs::default())?;
    let place = asked.place();
    let said = match args.command {
        ProfilesCommand::List { json } => profiles::list(place, told_as(json)),
        ProfilesCommand::Test { name, timeout } => {
            let timeout = Duration::from_secs(timeout);
            let mut outside = System;
            let tried = profiles::test(place, name.as_deref(), timeout, &mut outside);
            finish(tried)??
        }
        ProfilesCommand::Add { file, name, force } => {
            let wanted = profiles::Wanted {
                file: &file,
                name: name.as_deref(),
                existing: if force {
                    Existing::Replace
                } else {
                    Existing::Keep
                },
            };
            profiles::add(&asked.paths, wanted, &mut System)?
        }
    };
    say(&said)
}

fn config(cluster: &ClusterArgs, look: &LookArgs, args: &ConfigArgs) -> Result<ExitCode> {
    let asked = Asked::read(cluster, look)?;
    let origins = if args.origins {
        Origins::Shown
    } else {
        Origins::Hidden
    };
    let said = profiles::show(
        asked.place(),
        &asked.settings,
        (told_as(args.json), origins),
        &System,
    )?;
    say(&said)
}

fn told_as(json: bool) -> profiles::Format {
    if json {
        profiles::Format::Json
    } else {
        profiles::Format::Text
    }
}

/// Prints what a command has to say.
fn say(said: &Said) -> Result<ExitCode> {
    headless::write_out(said.printed.as_bytes()).context("cannot print")?;
    let mut errors = std::io::stderr().lock();
    for notice in &said.notices {
        writeln!(errors, "lookout: {notice}").context("cannot print")?;
    }
    Ok(if said.failed {
        ExitCode::from(EXIT_NO_CONTACT)
    } else {
        ExitCode::SUCCESS
    })
}

fn paths() -> Paths {
    Paths::choose(
        env::var_os("LOOKOUT_CONFIG_DIR"),
        env::var_os("LOOKOUT_STATE_DIR"),
        env::var_os("LOOKOUT_DATA_DIR"),
    )
}

fn settings(paths: &Paths, look: &LookArgs) -> Result<Settings> {
    let environment = Environment::read(|name| env::var(name).ok())?;
    let flags = Choices {
        theme: look.theme.clone(),
        glyphs: look.ascii.then_some(GlyphSet::Ascii),
        color: look
            .color
            .as_deref()
            .map(settings::color_flag)
            .transpose()?,
    };
    Ok(settings::load(paths, environment, flags)?)
}

/// What is known before a cluster is chosen: the directories, the settings, the command line.
struct Asked {
    paths: Paths,
    settings: Settings,
    flags: Flags,
}

impl Asked {
    fn read(cluster: &ClusterArgs, look: &LookArgs) -> Result<Self> {
        let paths = paths();
        Ok(Self {
            settings: settings(&paths, look)?,
            flags: flags(cluster),
            paths,
        })
    }

    fn place(&self) -> Place<'_> {
        Place {
            paths: &self.paths,
            clusters: &self.settings.clusters,
            flags: &self.flags,
        }
    }
}

/// What the command line says of the cluster.
fn flags(cluster: &ClusterArgs) -> Flags {
    Flags {
        profile: cluster.profile.clone(),
        properties: cluster.properties.clone(),
        bootstrap: cluster.bootstrap.clone(),
        set: cluster.set.iter().map(|text| Secret::new(text)).collect(),
    }
}

/// The practice cluster, where it runs.
fn running_practice(paths: &Paths) -> Result<Option<WatchOptions>> {
    let Some(dir) = paths.practice_dir() else {
        return Ok(None);
    };
    let entrance = practice::find_running(&dir)?;
    let options = entrance.map(|entrance| entrance.watch_options(PRACTICE, CLIENT_ID));
    Ok(options.map(|options| remembered(paths, options)))
}

/// How to watch a cluster that is opened.
fn watched(paths: &Paths, open: &Open) -> WatchOptions {
    remembered(paths, open.watch_options())
}

/// With the roster of the brokers that were ever seen.
fn remembered(paths: &Paths, options: WatchOptions) -> WatchOptions {
    WatchOptions {
        roster: paths.state_dir.as_ref().map(|dir| dir.join(ROSTER_FILE)),
        ..options
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
