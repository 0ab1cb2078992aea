//! Who wins.

use super::super::document::Source;
use super::super::outside::fake::Paper;
use super::super::settings;
use super::*;

const FILE: &str = "\
[profiles.prod]
bootstrap.servers = \"prod:1\"
security.protocol = \"SASL_SSL\"
sasl.mechanism = \"PLAIN\"
sasl.username = \"file\"
production = true

[profiles.dev]
bootstrap.servers = \"dev:1\"

[profiles.empty]
client.id = \"x\"
";

const PROPERTIES: &str =
    "bootstrap.servers=handed:1\nsasl.username=handed\nsasl.password=hunter2\n";

struct Case {
    file: &'static str,
    profile: Option<&'static str>,
    properties: Option<&'static str>,
    bootstrap: Option<&'static str>,
    set: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
    last: Option<&'static str>,
}

const PLAIN: Case = Case {
    file: FILE,
    profile: None,
    properties: None,
    bootstrap: None,
    set: &[],
    variables: &[],
    last: None,
};

fn chosen(case: &Case) -> Result<Chosen, ProfileError> {
    let source = Source {
        file: "config.toml",
        text: case.file,
    };
    let flags = Flags {
        profile: case.profile.map(str::to_owned),
        properties: case.properties.map(PathBuf::from),
        bootstrap: case.bootstrap.map(str::to_owned),
        set: case.set.iter().map(|text| Secret::new(text)).collect(),
    };
    let variables: Vec<(String, Secret)> = case
        .variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Secret::new(value)))
        .collect();
    let sources = Sources {
        flags: &flags,
        variables: &variables,
        clusters: &settings::read(source).unwrap().clusters,
        last: case.last,
    };
    let paper = Paper {
        files: vec![
            ("/c.properties", PROPERTIES, 0o644),
            ("/own.properties", PROPERTIES, 0o600),
        ],
        ..Paper::default()
    };
    choose(sources, &paper)
}

/// `KEY=value ORIGIN` of the settings that are asked for.
fn told(case: &Case, keys: &[Key]) -> Vec<String> {
    match chosen(case).unwrap() {
        Chosen::Cluster(choice) => {
            let line = |key: &Key| match choice.sheet.get(*key) {
                Some(given) => format!("{} {}", given.shown(*key), given.origin),
                None => "-".to_owned(),
            };
            keys.iter().map(line).collect()
        }
        Chosen::Practice => vec!["practice".to_owned()],
        Chosen::Nothing { .. } => vec!["nothing".to_owned()],
    }
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let keys = [Key::Bootstrap, Key::SaslUsername];
    let in_file = Case {
        profile: Some("prod"),
        ..PLAIN
    };
    assert_eq!(
        told(&in_file, &keys),
        ["prod:1 config.toml:2", "file config.toml:5"]
    );
    let in_environment = Case {
        variables: &[("LOOKOUT_SASL_USERNAME", "env")],
        ..in_file
    };
    assert_eq!(
        told(&in_environment, &keys),
        ["prod:1 config.toml:2", "env LOOKOUT_SASL_USERNAME"]
    );
    let by_flags = Case {
        set: &["sasl.username=flag"],
        bootstrap: Some("other:1"),
        ..in_environment
    };
    assert_eq!(told(&by_flags, &keys), ["other:1 --bootstrap", "flag -X"]);
}

#[test]
fn a_file_that_a_flag_names_wins_over_the_environment_and_one_that_it_names_does_not() {
    let keys = [Key::Bootstrap, Key::SaslUsername];
    let by_flag = Case {
        properties: Some("/own.properties"),
        variables: &[("LOOKOUT_SASL_USERNAME", "env")],
        ..PLAIN
    };
    assert_eq!(
        told(&by_flag, &keys),
        ["handed:1 /own.properties:1", "handed /own.properties:2"]
    );
    let by_variable = Case {
        variables: &[
            ("LOOKOUT_PROPERTIES", "/own.properties"),
            ("LOOKOUT_SASL_USERNAME", "env"),
        ],
        ..PLAIN
    };
    assert_eq!(
        told(&by_variable, &keys),
        ["handed:1 /own.properties:1", "env LOOKOUT_SASL_USERNAME"]
    );
}

#[test]
fn a_cluster_that_is_named_keeps_names_of_lower_levels_out() {
    let keys = [Key::Bootstrap, Key::SaslUsername];
    let env: &[_] = &[("LOOKOUT_BOOTSTRAP", "env:1"), ("LOOKOUT_PROFILE", "dev")];
    for (case, wanted) in [
        (
            Case {
                profile: Some("prod"),
                variables: env,
                ..PLAIN
            },
            ["prod:1 config.toml:2", "file config.toml:5"],
        ),
        (
            Case {
                bootstrap: Some("flag:1"),
                variables: env,
                ..PLAIN
            },
            ["flag:1 --bootstrap", "-"],
        ),
        (
            Case {
                variables: env,
                ..PLAIN
            },
            ["env:1 LOOKOUT_BOOTSTRAP", "-"],
        ),
        (
            Case {
                variables: &[("LOOKOUT_BOOTSTRAP_SERVERS", "env:2")],
                ..PLAIN
            },
            ["env:2 LOOKOUT_BOOTSTRAP_SERVERS", "-"],
        ),
    ] {
        assert_eq!(told(&case, &keys), wanted);
    }
}

#[test]
fn the_last_profile_is_opened_unless_it_is_for_production() {
    let keys = [Key::Bootstrap];
    for (last, file, wanted) in [
        (Some("dev"), FILE, "dev:1 config.toml:9"),
        (Some("prod"), FILE, "nothing"),
        (Some("gone"), FILE, "nothing"),
        (Some("practice"), FILE, "practice"),
        (None, FILE, "nothing"),
        (
            Some("dev"),
            "bootstrap = \"top:1\"\n[profiles.dev]\n",
            "top:1 config.toml:1",
        ),
    ] {
        let case = Case {
            file,
            last,
            ..PLAIN
        };
        assert_eq!(told(&case, &keys), [wanted], "{last:?}");
    }
    let Chosen::Nothing { notices } = chosen(&Case {
        last: Some("prod"),
        ..PLAIN
    })
    .unwrap() else {
        panic!("nothing is opened");
    };
    assert!(
        notices.iter().any(|notice| notice.contains("-p prod")),
        "{notices:?}"
    );
}

#[test]
fn practice_is_a_name_unless_a_profile_has_it() {
    let case = Case {
        profile: Some("practice"),
        ..PLAIN
    };
    assert_eq!(told(&case, &[]), ["practice"]);
    let own = Case {
        file: "[profiles.practice]\nbootstrap.servers = \"own:1\"",
        ..case
    };
    assert_eq!(told(&own, &[Key::Bootstrap]), ["own:1 config.toml:2"]);
}

#[test]
fn a_secret_on_the_command_line_is_refused_with_the_other_ways() {
    for set in [
        "sasl.password=hunter2",
        "dial.via=http://me:hunter2@p:1",
        "ssl.keystore.key=hunter2",
    ] {
        let set: &'static [&'static str] = vec![set].leak();
        let error = chosen(&Case { set, ..PLAIN }).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(
            text.contains("${file:/path}") && text.contains("LOOKOUT_"),
            "{text}"
        );
        assert!(!text.contains("hunter2"), "{text}");
    }
    let set = &["sasl.password=${env:PW}"];
    let reference = Case {
        set,
        bootstrap: Some("x:1"),
        ..PLAIN
    };
    assert_eq!(told(&reference, &[Key::SaslPassword]), ["${env:PW} -X"]);
}

#[test]
fn mistakes_are_named() {
    for (case, wanted) in [
        (
            Case {
                profile: Some("prd"),
                ..PLAIN
            },
            "did you mean `prod`?",
        ),
        (
            Case {
                profile: Some("empty"),
                ..PLAIN
            },
            "the profile `empty` names no bootstrap.servers",
        ),
        (
            Case {
                properties: Some("/none"),
                ..PLAIN
            },
            "/none: cannot read it",
        ),
        (
            Case {
                set: &["sasl.mecanism=PLAIN"],
                ..PLAIN
            },
            "-X: unknown setting `sasl.mecanism`",
        ),
        (
            Case {
                set: &["hunter2"],
                ..PLAIN
            },
            "-X is not written as NAME=VALUE",
        ),
        (
            Case {
                variables: &[("LOOKOUT_PROFILE", "dev"), ("LOOKOUT_PROPERTIES", "/x")],
                ..PLAIN
            },
            "both name a cluster",
        ),
        (
            Case {
                variables: &[("LOOKOUT_SSL_CRL_LOCATION", "x")],
                ..PLAIN
            },
            "LOOKOUT_SSL_CRL_LOCATION: ",
        ),
    ] {
        let error = chosen(&case).unwrap_err().to_string();
        let refused = error.contains(wanted);
        assert!(refused, "{wanted}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn what_should_be_known_is_noted() {
    let case = Case {
        properties: Some("/c.properties"),
        variables: &[
            (concat!("LOOKOUT_", "SASL_PASWORD"), "x"),
            ("LOOKOUT_THEME", "dark"),
        ],
        ..PLAIN
    };
    let Chosen::Cluster(choice) = chosen(&case).unwrap() else {
        panic!("a cluster is named");
    };
    assert_eq!(
        choice.notices,
        [
            concat!(
                "the variable LOOKOUT_",
                "SASL_PASWORD says nothing; did you mean LOOKOUT_SASL_PASSWORD?"
            ),
            "/c.properties holds a password, and others than its owner may read it; run: chmod 600 /c.properties",
        ]
    );
}
