//! What the documents claim, compared with the program: roles, keys, environment, links.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use lookout::action::{Binding, Shown};
use lookout::cli::Cli;
use lookout::config::property;
use lookout::model::{BrokerId, Place};
use lookout::screens::{Room as _, Screen, practice};
use lookout::state::keys;

const DOCUMENTS: [&str; 5] = [
    "README.md",
    "src/README.md",
    "broker/README.md",
    ".github/CONTRIBUTING.md",
    ".github/CHANGELOG.md",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The lines of README.md between a heading and the next one.
fn section(heading: &str) -> String {
    let readme = read("README.md");
    let lines = readme.lines().skip_while(|line| *line != heading).skip(1);
    lines
        .take_while(|line| !line.starts_with("## "))
        .collect::<Vec<_>>()
        .join("\n")
}

/// What stands in backticks in the first column of the tables of a text.
fn first_column(text: &str) -> BTreeSet<String> {
    let cells = text
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

/// Every row of keys of every screen.
fn bindings() -> Vec<Binding> {
    let places = [
        Place::Overview,
        Place::Brokers,
        Place::Broker(BrokerId(1)),
        Place::Topics { faults_only: false },
        Place::Topic("orders".into()),
        Place::Groups,
        Place::Group("billing".into()),
        Place::Quorum,
        Place::Practice,
    ];
    let screens = places.iter().flat_map(|place| Screen::at(place).keys());
    screens
        .copied()
        .chain([keys::EVERYWHERE, practice::CUTTING])
        .flatten()
        .copied()
        .collect()
}

#[test]
fn every_role_of_the_program_is_in_the_readme_and_no_other() {
    let roles = first_column(&section("## Roles"));
    let told: BTreeSet<String> = roles
        .iter()
        .filter_map(|call| call.strip_prefix("lookout "))
        .map(first_word)
        .collect();
    let program: BTreeSet<String> = Cli::command()
        .get_subcommands()
        .map(|role| role.get_name().to_owned())
        .collect();
    assert_eq!(told, program);
}

fn first_word(text: &str) -> String {
    text.split(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn every_key_of_the_readme_means_something() {
    let chords: BTreeSet<String> = bindings()
        .iter()
        .flat_map(|b| b.chords)
        .map(ToString::to_string)
        .collect();
    let told = first_column(&section("## Keys"));
    let unknown: Vec<&String> = told.difference(&chords).collect();
    assert!(
        unknown.is_empty(),
        "README.md tells of {unknown:?}; there are {chords:?}"
    );
}

#[test]
fn every_key_of_a_footer_is_in_the_readme() {
    let told = first_column(&section("## Keys"));
    for binding in bindings()
        .iter()
        .filter(|binding| binding.shown != Shown::Help)
    {
        let named = binding
            .chords
            .iter()
            .any(|chord| told.contains(&chord.to_string()));
        assert!(named, "README.md does not tell of {}", binding.label);
    }
}

#[test]
fn every_variable_that_the_program_reads_is_in_the_readme_and_no_other() {
    let variable = |word: &&str| word.starts_with("LOOKOUT_") && word.len() > "LOOKOUT_".len();
    let words = |text: &str| {
        let words = text.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
        words
            .filter(variable)
            .map(str::to_owned)
            .collect::<BTreeSet<_>>()
    };
    let mut read_by_program = BTreeSet::new();
    for path in sources(&root().join("src")) {
        read_by_program.extend(words(&fs::read_to_string(path).unwrap()));
    }
    let told: BTreeSet<String> = ["## Looks", "## Ways in"]
        .iter()
        .flat_map(|heading| words(&section(heading)))
        .collect();
    // A setting of a way in has a variable of its name: README.md tells of all by one.
    let is_setting = |word: &String| property::by_variable(word).is_ok();
    let named: BTreeSet<String> = told
        .iter()
        .filter(|word| !is_setting(word))
        .cloned()
        .collect();
    read_by_program.retain(|word| !is_setting(word));
    assert_eq!(named, read_by_program);
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let mut dead = Vec::new();
    for document in DOCUMENTS {
        let folder = Path::new(document).parent().unwrap();
        let text = read(document);
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let here = target.split('#').next().unwrap();
            if !target.starts_with("http") && !root().join(folder).join(here).exists() {
                dead.push(format!("{document}: {target}"));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:?}");
}

#[test]
fn the_test_command_is_marked_for_the_checks_to_find() {
    let readme = read("README.md");
    let block = readme.split("<!-- ci: test -->\n```sh\n").nth(1).unwrap();
    assert!(
        block.lines().next().unwrap().starts_with("cargo test"),
        "{block}"
    );
    assert!(read(".ci/run").contains("readme_block test"));
}
