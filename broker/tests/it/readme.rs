//! The table of APIs in `broker/README.md` against the code: what the codec speaks, and what a broker serves.

use broker::api::SERVED;
use broker::wire::messages::APIS;

const README: &str = include_str!("../../README.md");

#[test]
fn the_readme_lists_every_api_with_its_versions() {
    let listed: Vec<String> = README
        .lines()
        .filter(|line| line.contains(" | `") && line.as_bytes()[2].is_ascii_digit())
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let known: Vec<String> = APIS
        .iter()
        .map(|api| {
            let (key, name) = (api.key.0, api.key.name().unwrap());
            let (min, max) = (api.versions.start(), api.versions.end());
            let flexible = match api.flexible_from {
                i16::MAX => "never".to_owned(),
                from => format!("{from}+"),
            };
            let served = served(key);
            format!("| {key} | `{name}` | {min}-{max} | {flexible} | {served} |")
        })
        .collect();
    assert_eq!(listed, known);
}

/// The versions that a broker answers: those that it tells clients and that the codec speaks.
fn served(key: i16) -> String {
    let Some(api) = SERVED.iter().find(|api| api.key.0 == key) else {
        return "–".to_owned();
    };
    let from = *api.advertised.start().max(api.spoken.start());
    let to = *api.advertised.end().min(api.spoken.end());
    format!("{from}-{to}")
}
