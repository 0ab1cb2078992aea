//! Profiles, files of other clients and secrets, as an operator meets them: through the program, on a paper cluster.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::runtime::{Builder, Runtime};

use crate::support::canned::{Canned, World};
use crate::support::pty::{ENTER, Pty};

const LOOKOUT: &str = env!("CARGO_BIN_EXE_lookout");

/// A home of its own: settings, state and files to open.
struct Home {
    dir: PathBuf,
}

impl Home {
    fn new(settings: &str) -> Self {
        static HOMES: AtomicU32 = AtomicU32::new(0);
        let home = HOMES.fetch_add(1, Ordering::Relaxed);
        let name = format!("ways-{}-{home}", std::process::id());
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&dir).unwrap();
        let home = Self { dir };
        home.write("config.toml", settings, 0o600);
        home
    }

    fn path(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str, mode: u32) -> String {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn variables(&self) -> [(&str, &str); 3] {
        let dir = self.dir.to_str().unwrap();
        [
            ("LOOKOUT_CONFIG_DIR", dir),
            ("LOOKOUT_STATE_DIR", dir),
            ("LOOKOUT_DATA_DIR", dir),
        ]
    }

    /// The program in a terminal.
    fn open(&self, args: &[&str], env: &[(&str, &str)]) -> Pty {
        let env = [&self.variables()[..], env].concat();
        Pty::spawn(LOOKOUT, args, (120, 36), &env)
    }

    /// The program without a terminal.
    fn run(&self, args: &[&str], env: &[(&str, &str)]) -> Output {
        Command::new(LOOKOUT)
            .args(args)
            .env_remove("LOOKOUT_BOOTSTRAP")
            .envs(self.variables())
            .envs(env.iter().copied())
            .output()
            .unwrap()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _left = fs::remove_dir_all(&self.dir);
    }
}

/// Both streams.
fn told(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

fn assert_exit(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}", told(output));
}

/// A paper cluster of three brokers that serves as long as this is held.
struct Paper {
    cluster: Canned,
    _runtime: Runtime,
}

impl Paper {
    fn start() -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let cluster = runtime.block_on(Canned::start(World::empty(3).topics(1, 1)));
        Self {
            cluster,
            _runtime: runtime,
        }
    }

    fn bootstrap(&self) -> String {
        self.cluster.bootstrap().join(",")
    }
}

#[test]
fn a_colleagues_file_is_on_the_screen_with_one_command() {
    let paper = Paper::start();
    let home = Home::new("");
    let text = format!(
        "# from the platform team\nbootstrap.servers={}\nsecurity.protocol=PLAINTEXT\ngroup.id=orders\n",
        paper.bootstrap()
    );
    let file = home.write("client.properties", &text, 0o644);
    let mut pty = home.open(&["--properties", &file], &[]);
    pty.wait_for("brokers 3/3");
    let output = home.run(
        &["brokers", "--json", "--timeout", "60"],
        &[("LOOKOUT_PROPERTIES", &file)],
    );
    assert_exit(&output, 0);
}

#[test]
fn the_profile_used_last_is_opened_again_and_one_for_production_only_by_its_name() {
    let paper = Paper::start();
    let bootstrap = paper.bootstrap();
    let home = Home::new(&format!(
        "[profiles.dev]\nbootstrap.servers = \"{bootstrap}\"\n[profiles.live]\nbootstrap.servers = \"{bootstrap}\"\n\
         production = true\nexpected.brokers = \"1-4\"\n"
    ));
    let quit = |args: &[&str], wanted: &[&str]| {
        let mut pty = home.open(args, &[]);
        for words in wanted {
            pty.wait_for(words);
        }
        pty.send("q");
        assert_eq!(pty.wait_exit().exit_code(), 0);
    };
    quit(&["-p", "dev"], &["lookout  dev ", "brokers 3/3"]);
    // The fourth broker is expected and nobody sees it.
    quit(
        &["-p", "live"],
        &["lookout  live PRODUCTION ", "brokers 3/4 ✗", "✗4"],
    );
    quit(&[], &["lookout  dev ", "brokers 3/3"]);
    let output = home.run(&["brokers"], &[]);
    assert_exit(&output, 3);
    assert!(
        told(&output).contains("no cluster is named"),
        "{}",
        told(&output)
    );
}

#[test]
fn profiles_are_tried_one_after_the_other() {
    let paper = Paper::start();
    let home = Home::new(&format!(
        "[profiles.a]\nbootstrap.servers = \"{}\"\n[profiles.b]\nbootstrap.servers = \"127.0.0.1:9\"\n\
         [profiles.c]\nbootstrap.server = \"x:1\"\n",
        paper.bootstrap()
    ));
    let output = home.run(&["profiles", "test", "a", "--timeout", "60"], &[]);
    assert_exit(&output, 0);
    assert!(
        told(&output).starts_with("a  ok  3 brokers"),
        "{}",
        told(&output)
    );
    let output = home.run(&["profiles", "test", "--timeout", "60"], &[]);
    assert_exit(&output, 3);
    for words in [
        "a  ok",
        "b  FAILED  127.0.0.1:9: host answers",
        "did you mean `bootstrap.servers`?",
    ] {
        assert!(told(&output).contains(words), "{words}: {}", told(&output));
    }
    let output = home.run(&["profiles", "list", "--json"], &[]);
    let listed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(listed["profiles"][1]["bootstrap"][0], "127.0.0.1:9");
    assert!(listed["profiles"][2]["error"].as_str().is_some());
}

/// The file of a client that logs in by a password.
const HANDED: &str = "bootstrap.servers=127.0.0.1:9\nsecurity.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\n\
    sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"a\" \
    password=\"hunter2\";\nacks=all\n";

#[test]
fn a_file_is_taken_over_and_its_password_is_nobody_elses_to_read() {
    let home = Home::new("# mine\ntheme = \"mono\" # always\n");
    let file = home.write("handed.properties", HANDED, 0o644);
    let output = home.run(&["profiles", "add", &file, "--name", "team"], &[]);
    assert_exit(&output, 0);
    let settings = home.read("config.toml");
    assert!(
        settings.starts_with("# mine\ntheme = \"mono\" # always\n"),
        "{settings}"
    );
    assert!(!(settings + &told(&output)).contains("hunter2"));
    let secret = home.path("secrets/team/sasl.password");
    assert_eq!(fs::read_to_string(&secret).unwrap(), "hunter2\n");
    assert_eq!(
        fs::metadata(&secret).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(
        told(&output).contains("only you can read"),
        "{}",
        told(&output)
    );

    let again = home.run(&["profiles", "add", &file, "--name", "team"], &[]);
    assert_exit(&again, 3);
    assert!(told(&again).contains("--force"), "{}", told(&again));
    assert_exit(
        &home.run(
            &["profiles", "add", &file, "--name", "team", "--force"],
            &[],
        ),
        0,
    );
}

#[test]
fn every_setting_is_told_with_its_origin_and_no_secret_is() {
    let home = Home::new("# mine\ntheme = \"mono\" # always\n");
    let file = home.write("handed.properties", HANDED, 0o644);
    assert_exit(
        &home.run(&["profiles", "add", &file, "--name", "team"], &[]),
        0,
    );
    for args in [
        &["config", "--origins", "-p", "team"][..],
        &["config", "--json", "--properties", &file],
        &["profiles", "list"],
    ] {
        let output = home.run(args, &[("LOOKOUT_SSL_KEY_PASSWORD", "hunter2")]);
        assert_exit(&output, 0);
        assert!(!told(&output).contains("hunter2"), "{}", told(&output));
    }
    let output = home.run(
        &["config", "--origins", "-p", "team"],
        &[("LOOKOUT_SASL_USERNAME", "b")],
    );
    let said = told(&output);
    for (name, value, origin) in [
        ("profile", "team", "--profile"),
        ("sasl.username", "b", "LOOKOUT_SASL_USERNAME"),
        ("client.id", "lookout", "default"),
        ("theme", "mono", "config.toml:2"),
    ] {
        let line = said
            .lines()
            .find(|line| line.starts_with(&format!("{name} ")));
        let line = line.unwrap_or_else(|| panic!("no {name}: {said}"));
        assert!(line.contains(value) && line.ends_with(origin), "{line}");
    }
}

#[test]
fn clusters_of_a_tool_are_taken_over_by_their_names() {
    let home = Home::new("");
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data/import");
    let kafkactl = data.join("kafkactl.yaml").display().to_string();
    let output = home.run(&["profiles", "add", &kafkactl], &[]);
    assert_exit(&output, 3); // two of the four cannot be used, and are told
    assert!(
        told(&output).contains("`k8s` is not taken over"),
        "{}",
        told(&output)
    );
    let rpk = data.join("rpk.yaml").display().to_string();
    assert_exit(
        &home.run(&["profiles", "add", &rpk, "--name", "cloud"], &[]),
        0,
    );
    let output = home.run(&["profiles", "list"], &[]);
    let said = told(&output);
    let names: Vec<&str> = said
        .lines()
        .skip(1)
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(names, ["cloud", "default", "prod"], "{said}");
    assert!(said.contains("SASL_SSL SCRAM-SHA-512"), "{said}");
}

#[test]
fn a_missing_password_is_asked_for_before_the_screen_opens_and_is_not_shown() {
    let home = Home::new(
        "[profiles.team]\nbootstrap.servers = \"127.0.0.1:9\"\nsecurity.protocol = \"SASL_PLAINTEXT\"\n\
         sasl.mechanism = \"PLAIN\"\nsasl.username = \"alice\"\n",
    );
    let mut pty = home.open(&["-p", "team"], &[]);
    pty.wait_for("password of alice for team: ");
    pty.send(&format!("hunter2{ENTER}"));
    pty.wait_for("lookout  team ");
    let limits = fs::read_to_string(format!("/proc/{}/limits", pty.pid())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let numbers: Vec<&str> = core.unwrap().split_whitespace().skip(4).take(2).collect();
    assert_eq!(numbers, ["0", "0"]);
    pty.send("q");
    assert_eq!(pty.wait_exit().exit_code(), 0);
    assert!(!String::from_utf8_lossy(pty.raw()).contains("hunter2"));

    let output = home.run(&["brokers", "-p", "team"], &[]);
    assert_exit(&output, 3);
    assert!(
        told(&output).contains("LOOKOUT_SASL_PASSWORD"),
        "{}",
        told(&output)
    );
}

/// The command fails with this sentence and prints nothing.
fn assert_refused(home: &Home, args: &str, wanted: &str) {
    let args: Vec<&str> = args.split(' ').collect();
    let output = home.run(&args, &[]);
    assert_exit(&output, 3);
    let said = told(&output);
    assert!(said.contains(wanted), "{args:?}: {said}");
    assert_eq!(output.stdout, b"", "{args:?}");
}

#[test]
fn what_is_wrong_is_said_before_anything_is_dialled() {
    let home = Home::new(
        "[profiles.team]\nbootstrap.servers = \"127.0.0.1:9\"\nsasl.mecanism = \"PLAIN\"\n",
    );
    for (args, wanted) in [
        ("brokers -p team", "did you mean `sasl.mechanism`?"),
        ("brokers -p tem", "did you mean `team`?"),
        (
            "brokers --properties /nonexistent",
            "/nonexistent: cannot read it",
        ),
        ("brokers -p team --properties x", "cannot be used with"),
        (
            "brokers -b x:1 -X ssl.cipher.suites=X",
            "cannot be honoured",
        ),
        (
            "-X security.protocol=SSL brokers -b x:1 -X client.id=x",
            "put all of them behind the command",
        ),
    ] {
        assert_refused(&home, args, wanted);
    }
}

#[test]
fn a_secret_that_others_can_read_is_refused() {
    let home = Home::new("");
    let open = home.write("open", "hunter2", 0o644);
    home.write("fail", "echo hunter2; exit 3", 0o700);
    let fail = home.path("fail");
    let login = "brokers -b x:1 -X security.protocol=SASL_SSL -X sasl.mechanism=PLAIN -X sasl.username=a -X sasl.password=";
    for (secret, wanted) in [
        (
            "hunter2".to_owned(),
            "everybody on this host can read a command line",
        ),
        (format!("${{file:{open}}}"), "chmod 600"),
        (format!("${{cmd:{fail}}}"), "failed (exit status: 3)"),
        ("${env:NOT_THERE}".to_owned(), "NOT_THERE is not set"),
    ] {
        assert_refused(&home, &format!("{login}{secret}"), wanted);
    }
}
