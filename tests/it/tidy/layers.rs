//! The layers of both crates: who may import whom. Paths are read from the syntax tree, and from
//! the tokens of macro calls; what stands under `#[cfg(test)]` is free.

use std::collections::BTreeSet;

use super::paths::{self, Named};
use super::source::{self, Source};

/// A module at the top of a crate. It may import rooms of lower layers, and those `beside` it.
struct Room {
    name: &'static str,
    layer: u8,
    /// Rooms of the same layer that it may import too.
    beside: &'static [&'static str],
    /// Rooms of lower layers that it must not import all the same.
    never: &'static [&'static str],
    /// What it must not name of other crates and of `std`.
    without: &'static [&'static str],
}

const ANYTHING: &[&str] = &[];
/// No I/O, no clock, no async: time, randomness and environment are parameters.
const PURE: &[&str] = &[
    "tokio",
    "rdkafka",
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];
/// Pure, and without a terminal too.
const DATA: &[&str] = &[
    "ratatui",
    "crossterm",
    "tokio",
    "rdkafka",
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];
const TERMINAL: &[&str] = &["ratatui", "crossterm"];
const ROOMS_ABOVE: &[&str] = &["screens", "state", "ui"];

#[rustfmt::skip]
const LOOKOUT: &[Room] = &[
    Room { name: "main",     layer: 7, beside: &["cli", "roles"], never: &[], without: ANYTHING },
    Room { name: "lib",      layer: 7, beside: &[], never: &[], without: ANYTHING },
    Room { name: "roles",    layer: 7, beside: &["cli", "headless"], never: &[], without: ANYTHING },
    Room { name: "cli",      layer: 7, beside: &[], never: &[], without: PURE },
    Room { name: "headless", layer: 7, beside: &["cli"], never: &[], without: TERMINAL },
    Room { name: "app",      layer: 6, beside: &["practice", "tasks"], never: &[], without: ANYTHING },
    Room { name: "tasks",    layer: 6, beside: &[], never: &[], without: TERMINAL },
    Room { name: "node",     layer: 6, beside: &[], never: ROOMS_ABOVE, without: TERMINAL },
    Room { name: "practice", layer: 6, beside: &["node"], never: ROOMS_ABOVE, without: TERMINAL },
    Room { name: "profiles", layer: 6, beside: &[], never: ROOMS_ABOVE, without: TERMINAL },
    Room { name: "state",    layer: 5, beside: &[], never: &["cluster", "ops", "clock"], without: PURE },
    Room { name: "screens",  layer: 4, beside: &[], never: &["cluster", "clock"], without: PURE },
    Room { name: "ops",      layer: 4, beside: &[], never: ROOMS_ABOVE, without: TERMINAL },
    Room { name: "action",   layer: 3, beside: &[], never: &["clock"], without: PURE },
    Room { name: "effect",   layer: 3, beside: &["action"], never: &["clock"], without: PURE },
    Room { name: "event",    layer: 3, beside: &["action", "effect"], never: &["clock"], without: PURE },
    Room { name: "cluster",  layer: 3, beside: &[], never: ROOMS_ABOVE, without: TERMINAL },
    Room { name: "config",   layer: 2, beside: &[], never: &[], without: &["tokio", "rdkafka"] },
    Room { name: "decode",   layer: 2, beside: &[], never: &["ui", "terminal"], without: DATA },
    Room { name: "ui",       layer: 1, beside: &[], never: &[], without: PURE },
    Room { name: "model",    layer: 1, beside: &[], never: &[], without: DATA },
    Room { name: "clock",    layer: 1, beside: &["model"], never: &[], without: TERMINAL },
    Room { name: "terminal", layer: 1, beside: &[], never: &[], without: &["rdkafka"] },
    Room { name: "logging",  layer: 1, beside: &[], never: &[], without: TERMINAL },
];

#[rustfmt::skip]
const BROKER: &[Room] = &[
    Room { name: "main",     layer: 8, beside: &["lib"], never: &[], without: TERMINAL },
    Room { name: "logger",   layer: 7, beside: &[], never: &[], without: TERMINAL },
    Room { name: "lib",      layer: 7, beside: &["node"], never: &[], without: TERMINAL },
    Room { name: "node",     layer: 7, beside: &[], never: &[], without: TERMINAL },
    Room { name: "net",      layer: 6, beside: &[], never: &[], without: TERMINAL },
    Room { name: "api",      layer: 5, beside: &["registry"], never: &[], without: TERMINAL },
    Room { name: "registry", layer: 5, beside: &[], never: &[], without: TERMINAL },
    Room { name: "replica",  layer: 4, beside: &[], never: &[], without: TERMINAL },
    Room { name: "auth",     layer: 4, beside: &[], never: &[], without: TERMINAL },
    Room { name: "meta",     layer: 3, beside: &[], never: &[], without: TERMINAL },
    Room { name: "group",    layer: 3, beside: &["meta"], never: &[], without: TERMINAL },
    Room { name: "txn",      layer: 3, beside: &[], never: &[], without: TERMINAL },
    Room { name: "log",      layer: 2, beside: &[], never: &[], without: TERMINAL },
    Room { name: "config",   layer: 1, beside: &["peer"], never: &[], without: TERMINAL },
    Room { name: "quota",    layer: 1, beside: &[], never: &[], without: DATA },
    Room { name: "peer",     layer: 1, beside: &[], never: &[], without: TERMINAL },
    Room { name: "wire",     layer: 0, beside: &[], never: &[], without: DATA },
    Room { name: "secret",   layer: 0, beside: &[], never: &[], without: DATA },
    Room { name: "sasl",     layer: 0, beside: &["secret"], never: &[], without: DATA },
    Room { name: "tls",      layer: 0, beside: &["secret"], never: &[], without: TERMINAL },
    Room { name: "clock",    layer: 0, beside: &[], never: &[], without: TERMINAL },
    Room { name: "error",    layer: 0, beside: &["wire"], never: &[], without: DATA },
    Room { name: "fault",    layer: 0, beside: &[], never: &[], without: TERMINAL },
    Room { name: "metrics",  layer: 0, beside: &[], never: &[], without: TERMINAL },
];

/// What the terminal may see of the broker crate: what both sides of a connection have in common, and a node to run.
const SEEN_OF_BROKER: [&str; 6] = ["wire", "sasl", "secret", "run", "NodeConfig", "NodeHandle"];

/// Crates and modules that only these rooms of the terminal may name.
const DOORS: &[(&str, &[&str])] = &[
    ("rdkafka", &["cluster", "practice"]),
    ("tokio::net", &["cluster", "practice"]),
    ("std::net::TcpStream", &["cluster", "practice"]),
    ("anyhow", &["main", "roles", "app", "tasks", "headless"]),
];

#[test]
fn every_import_goes_down_the_layers() {
    let sources = source::rust_files();
    super::assert_none(&sources.iter().flat_map(violations).collect::<Vec<_>>());
}

fn violations(source: &Source) -> Vec<String> {
    let Some((krate, path)) = source.in_crate() else {
        return Vec::new();
    };
    if source.is_tests_only() {
        return Vec::new();
    }
    let rooms = if krate == "lookout" { LOOKOUT } else { BROKER };
    let name = path
        .split('/')
        .next()
        .unwrap_or(path)
        .trim_end_matches(".rs");
    let Some(room) = rooms.iter().find(|room| room.name == name) else {
        return vec![format!("{}: {name} is no room of the house", source.path)];
    };
    // Once per line and offence, however often the path is spelled there.
    let found: BTreeSet<(usize, String)> = paths::of(source, krate)
        .into_iter()
        .filter_map(|path| Some((path.line, offence(krate, rooms, room, &path.named)?)))
        .collect();
    found
        .into_iter()
        .map(|(line, what)| format!("{}:{line}: {what}", source.path))
        .collect()
}

/// Why a room must not name this; `None` when it may.
fn offence(krate: &str, rooms: &[Room], room: &Room, named: &Named) -> Option<String> {
    match named {
        Named::Ours(path) => ours(rooms, room, path.first().map(String::as_str)),
        Named::Used(path) => foreign(krate, room, path, true),
        Named::Foreign(path) => foreign(krate, room, path, false),
    }
}

fn ours(rooms: &[Room], room: &Room, target: Option<&str>) -> Option<String> {
    let from = room.name;
    let Some(target) = target else {
        return Some(format!("{from} imports the crate's root: name the room"));
    };
    // A program begins with what its library offers to everybody.
    if target == from || (from == "main" && SEEN_OF_BROKER.contains(&target)) {
        return None;
    }
    let Some(other) = rooms.iter().find(|room| room.name == target) else {
        return Some(format!(
            "{from} imports {target}, which is no room of the house"
        ));
    };
    let down = other.layer < room.layer && !room.never.contains(&target);
    let fine = down || room.beside.contains(&target);
    (!fine).then(|| {
        let (layer, to) = (room.layer, other.layer);
        format!("{from} (layer {layer}) must not import {target} (layer {to})")
    })
}

/// Judges a path into `std` or another crate. `used` paths come from `use` and may stop short of
/// the banned name: `use std::time;` opens the way to the clock.
fn foreign(krate: &str, room: &Room, path: &[String], used: bool) -> Option<String> {
    let reaches = |banned: &str| {
        let banned: Vec<&str> = banned.split("::").collect();
        let common = banned.iter().zip(path).take_while(|(b, p)| *b == p).count();
        common == banned.len() || (used && common == path.len())
    };
    let spelled = path.join("::");
    if let Some(banned) = room.without.iter().find(|banned| reaches(banned)) {
        return Some(format!("{} must not name {banned} ({spelled})", room.name));
    }
    if krate != "lookout" {
        return None;
    }
    let shut = |(what, rooms): &&(&str, &[&str])| reaches(what) && !rooms.contains(&room.name);
    if let Some((what, rooms)) = DOORS.iter().find(shut) {
        return Some(format!(
            "{} must not name {what}: only {} may",
            room.name,
            rooms.join(", ")
        ));
    }
    let hidden = path.first().is_some_and(|first| first == "broker")
        && !path
            .get(1)
            .is_some_and(|item| SEEN_OF_BROKER.contains(&item.as_str()));
    hidden.then(|| {
        format!(
            "{} sees {spelled}: of broker only {SEEN_OF_BROKER:?}",
            room.name
        )
    })
}

fn found(path: &str, text: &str) -> Vec<String> {
    violations(&Source::new(path, text))
}

#[test]
fn an_import_upward_is_named_with_file_and_line() {
    let up = "\nuse crate::screens::topics;";
    let at = ["src/cluster/poll.rs:2: cluster (layer 3) must not import screens (layer 4)"];
    assert_eq!(found("src/cluster/poll.rs", up), at);
    assert_eq!(found("src/app.rs", up), [""; 0]);
    assert_eq!(
        found("broker/src/log/segment.rs", "use crate::meta::record;").len(),
        1
    );
    assert_eq!(
        found("broker/src/meta/record.rs", "use crate::log::segment;"),
        [""; 0]
    );
}

#[test]
fn the_screens_and_the_state_reach_no_cluster_no_disk_and_no_clock() {
    for banned in [
        "use crate::cluster::client;",
        "use crate::ops;",
        "use crate::clock;",
        "use tokio::sync::mpsc;",
        "use rdkafka::producer::FutureProducer;",
        "use std::fs::File;",
        "use std::{fmt, time::{Duration, Instant}};",
        "use std::time;",
        "use std::time::*;",
        "fn f() { std::time::SystemTime::now(); }",
        "fn f(at: std::time::Instant) {}",
        "fn f() { assert!(std::fs::exists(\"x\").is_ok()); }",
    ] {
        assert_eq!(found("src/screens/topics.rs", banned).len(), 1, "{banned}");
        assert_eq!(found("src/state/keys.rs", banned).len(), 1, "{banned}");
    }
    let fine = "use std::{fmt, time::Duration}; use crate::{model::Topic, ui::table};";
    assert_eq!(found("src/screens/topics.rs", fine), [""; 0]);
}

#[test]
fn the_doors_to_the_cluster_know_no_screen() {
    for room in ["src/cluster/poll.rs", "src/ops/run.rs"] {
        for above in ["screens", "state", "ui"] {
            assert_eq!(
                found(room, &format!("use crate::{above}::x;")).len(),
                1,
                "{room} {above}"
            );
        }
        assert_eq!(found(room, "use crate::model::Topic;"), [""; 0]);
    }
}

#[test]
fn a_path_in_code_or_in_a_macro_call_counts_like_an_import() {
    assert_eq!(
        found("src/ui/table.rs", "fn f() { crate::model::x() }").len(),
        1
    );
    assert_eq!(
        found(
            "src/ui/table.rs",
            "fn f() { println!(\"{}\", crate::model::x()) }"
        )
        .len(),
        1
    );
    assert_eq!(
        found("src/ui/table.rs", "fn f(x: super::super::model::Topic) {}").len(),
        1
    );
    assert_eq!(
        found("src/ui/table.rs", "fn f(x: super::text::Line) {}"),
        [""; 0]
    );
    assert_eq!(
        found("src/ui/mod.rs", "use self::table::Table; use super::model;").len(),
        1
    );
    assert_eq!(found("src/ui/mod.rs", "use crate::*;").len(), 1);
}

#[test]
fn the_terminal_sees_four_names_of_the_broker() {
    for fine in [
        "use broker::wire::Frame;",
        "use broker::{NodeConfig, NodeHandle, run};",
    ] {
        assert_eq!(found("src/practice/node.rs", fine), [""; 0]);
    }
    for bad in [
        "use broker::log::Segment;",
        "use broker;",
        "fn f() { broker::meta::x() }",
    ] {
        assert_eq!(found("src/practice/node.rs", bad).len(), 1, "{bad}");
    }
    let own = "pub mod broker; pub use broker::Broker; fn f() { broker::x() }";
    assert_eq!(found("src/model/mod.rs", own), [""; 0]);
}

#[test]
fn the_codec_imports_nothing_of_ours() {
    for room in ["error", "clock", "log", "net"] {
        let import = format!("use crate::{room}::X;");
        assert_eq!(
            found("broker/src/wire/frame.rs", &import).len(),
            1,
            "{room}"
        );
    }
    assert_eq!(
        found(
            "broker/src/wire/frame.rs",
            "use crate::wire::X; use super::y;"
        ),
        [""; 0]
    );
}

#[test]
fn a_door_is_open_for_its_rooms_only() {
    assert_eq!(
        found("src/cluster/write.rs", "use rdkafka::ClientConfig;"),
        [""; 0]
    );
    assert_eq!(found("src/app.rs", "use rdkafka::ClientConfig;").len(), 1);
    assert_eq!(found("src/roles.rs", "use anyhow::Context;"), [""; 0]);
    assert_eq!(
        found("src/config/paths.rs", "use anyhow::Context;").len(),
        1
    );
}

#[test]
fn a_room_that_the_plan_does_not_have_is_found() {
    assert_eq!(
        found("src/attic.rs", ""),
        ["src/attic.rs: attic is no room of the house"]
    );
    assert_eq!(found("src/app.rs", "use crate::attic;").len(), 1);
}

#[test]
fn tests_inside_of_a_file_are_free() {
    let tests = "#[cfg(test)] mod tests { use std::fs; use crate::cluster::x; }";
    assert_eq!(found("src/screens/topics.rs", tests), [""; 0]);
    let program = tests.replace("cfg(test)", "cfg(unix)");
    assert_eq!(found("src/screens/topics.rs", &program).len(), 2);
}
