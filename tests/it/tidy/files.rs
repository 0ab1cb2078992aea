//! Files: how they open, what they are called, and that somebody uses each of them.

use std::collections::BTreeSet;

use proc_macro2::TokenTree;

use super::source::{self, Source};

/// Names that say nothing about what is inside.
const NAMELESS: [&str; 8] = [
    "utils", "util", "helpers", "helper", "common", "manager", "misc", "shared",
];

/// Files whose parent is the build tool and not a module.
const CRATE_ROOTS: [&str; 7] = [
    "lib.rs",
    "main.rs",
    "build.rs",
    "interop/stories.rs",
    "interop/pipe.rs",
    "interop/secure.rs",
    "interop/kerberos.rs",
];

/// Folders of test input; each file in them must be named by a test.
const INPUTS: [&str; 3] = ["tests/it/data", "tests/it/scenes", "broker/tests/it/data"];

const CHANGELOG: &str = ".github/CHANGELOG.md";

#[test]
fn every_rust_file_opens_with_its_purpose() {
    let sources = source::rust_files();
    super::assert_none(
        &sources
            .iter()
            .filter_map(without_purpose)
            .collect::<Vec<_>>(),
    );
}

#[test]
fn every_module_has_a_name_that_says_something() {
    let sources = source::rust_files();
    super::assert_none(&sources.iter().flat_map(nameless).collect::<Vec<_>>());
}

#[test]
fn every_rust_file_is_compiled() {
    super::assert_none(&orphans(&source::rust_files()));
}

#[test]
fn every_file_of_test_input_is_named_by_a_test() {
    let inputs: Vec<String> = INPUTS
        .iter()
        .flat_map(|folder| source::files_under(&source::root().join(folder)))
        .map(|path| source::relative(&path))
        .collect();
    super::assert_none(&unnamed(&inputs, &source::rust_files()));
}

#[test]
fn the_changelog_says_what_is_new() {
    let text = std::fs::read_to_string(source::root().join(CHANGELOG)).unwrap();
    assert!(
        has_unreleased_entry(&text),
        "{CHANGELOG}: no entry under Unreleased"
    );
}

fn without_purpose(source: &Source) -> Option<String> {
    let opening = source.text.lines().next().unwrap_or_default();
    let says = opening
        .strip_prefix("//! ")
        .is_some_and(|purpose| !purpose.trim().is_empty());
    (!says).then(|| format!("{}:1: does not open with //! and its purpose", source.path))
}

fn nameless(source: &Source) -> Vec<String> {
    let parts = source.path.trim_end_matches(".rs").split('/');
    let bad = parts.filter(|part| NAMELESS.contains(part));
    bad.map(|part| format!("{}: a module called {part}", source.path))
        .collect()
}

/// Files that no `mod` declares: the compiler, and every test in them, passes them by.
fn orphans(sources: &[Source]) -> Vec<String> {
    let declared: BTreeSet<String> = sources.iter().flat_map(declared_by).collect();
    let is_root = |s: &Source| CRATE_ROOTS.iter().any(|root| s.path.ends_with(root));
    sources
        .iter()
        .filter(|s| !is_root(s) && !s.path.contains("/fuzz_targets/"))
        .filter(|s| !declared.contains(s.path.trim_end_matches(".rs").trim_end_matches("/mod")))
        .map(|s| format!("{}: no mod declares it", s.path))
        .collect()
}

/// Paths, without their ending, that the file's `mod x;` stand for. Where a macro of the file
/// writes `mod $name;`, every word of the file may be such a name.
fn declared_by(source: &Source) -> Vec<String> {
    let stem = source.path.trim_end_matches(".rs");
    let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
    let is_root = CRATE_ROOTS.iter().any(|root| source.path.ends_with(root));
    let within = if is_root || name == "mod" {
        folder
    } else {
        stem
    };
    let tokens = source.tokens();
    let by_macro = tokens.windows(2).any(|pair| match pair {
        [TokenTree::Ident(keyword), TokenTree::Punct(dollar)] => {
            keyword == "mod" && dollar.as_char() == '$'
        }
        _ => false,
    });
    let modules = tokens.windows(2).filter_map(|pair| match pair {
        [TokenTree::Ident(keyword), TokenTree::Ident(name)] if keyword == "mod" => Some(name),
        [_, TokenTree::Ident(name)] if by_macro => Some(name),
        _ => None,
    });
    modules.map(|module| format!("{within}/{module}")).collect()
}

/// Inputs whose file name, with or without ending, stands in no string of the Rust files.
fn unnamed(inputs: &[String], sources: &[Source]) -> Vec<String> {
    let mut strings = BTreeSet::new();
    for token in sources.iter().flat_map(Source::tokens) {
        if let TokenTree::Literal(literal) = token {
            let text = literal.to_string();
            strings.extend(text.split(['/', '"', '\\']).map(str::to_owned));
        }
    }
    let named = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        strings.contains(name) || strings.contains(stem)
    };
    let lost = inputs.iter().filter(|path| !named(path));
    lost.map(|path| format!("{path}: no test names it"))
        .collect()
}

fn has_unreleased_entry(text: &str) -> bool {
    let mut lines = text
        .lines()
        .skip_while(|line| !line.starts_with("## [Unreleased]"))
        .skip(1);
    lines
        .by_ref()
        .take_while(|line| !line.starts_with("## "))
        .any(|line| line.starts_with("- "))
}

#[test]
fn a_file_without_purpose_is_found() {
    let of = |text: &str| without_purpose(&Source::new("src/x.rs", text)).is_some();
    assert!(!of("//! Reads frames.\n"));
    assert!(of("// Reads frames.\n"));
    assert!(of("//! \nfn f() {}\n"));
    assert!(of("fn f() {}\n"));
}

#[test]
fn a_nameless_module_is_found_as_file_and_as_folder() {
    let of = |path: &str| nameless(&Source::new(path, "")).len();
    assert_eq!(of("src/ui/text.rs"), 0);
    assert_eq!(of("src/ui/utils.rs"), 1);
    assert_eq!(of("src/common/mod.rs"), 1);
}

#[test]
fn a_file_that_no_mod_declares_is_found() {
    let file = |path: &str, text: &str| Source::new(path, text);
    let mut house = vec![
        file("src/lib.rs", "pub mod model;"),
        file("src/model/mod.rs", "mod topic;"),
        file("src/model/topic.rs", "mod config;"),
        file("src/model/topic/config.rs", ""),
    ];
    assert_eq!(orphans(&house), [""; 0]);
    house.push(file("src/model/group.rs", ""));
    assert_eq!(orphans(&house), ["src/model/group.rs: no mod declares it"]);
    let listed =
        "macro_rules! list { ($($name:ident)*) => { $(mod $name;)* } } list!(group topic);";
    house.push(file("src/model/mod.rs", listed));
    assert_eq!(orphans(&house), [""; 0]);
}

#[test]
fn an_input_that_no_test_names_is_found() {
    let tests = [Source::new(
        "tests/it/x.rs",
        "fn f() { scene(\"quiet\"); g(\"data/a.hex\"); }",
    )];
    let inputs = [
        "tests/it/scenes/quiet.toml",
        "tests/it/data/a.hex",
        "tests/it/data/b.hex",
    ];
    let lost = unnamed(&inputs.map(str::to_owned), &tests);
    assert_eq!(lost, ["tests/it/data/b.hex: no test names it"]);
}

#[test]
fn a_changelog_without_an_unreleased_entry_is_found() {
    assert!(has_unreleased_entry(
        "## [Unreleased]\n\n### Added\n\n- A screen.\n"
    ));
    assert!(!has_unreleased_entry(
        "## [Unreleased]\n\n## [0.1.0]\n\n- A screen.\n"
    ));
    assert!(!has_unreleased_entry("- A screen.\n"));
}
