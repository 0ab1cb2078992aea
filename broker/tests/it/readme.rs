//! The table of APIs in `broker/README.md` against the code.

use broker::wire::messages::APIS;

const README: &str = include_str!("../../README.md");

#[test]
fn the_readme_lists_every_api_with_its_versions() {
    let listed: Vec<String> = README
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains(" | `"))
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
            format!("| {key} | `{name}` | {min}-{max} | {flexible} |")
        })
        .collect();
    assert_eq!(listed, known);
}
