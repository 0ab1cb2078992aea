//! Brokers that advertise names which mean nothing here, reached by rules and through proxies.

use std::collections::BTreeMap;

use lookout::cluster::{Watch, watch};
use lookout::config::route::{Route, Via, rules};
use lookout::model::{BrokerId, Focus, Probe, Rung, Snapshot, VerdictKind};

use super::{dialer, groups, options, reachable, until};
use crate::support::canned::{Canned, Mood, World};
use crate::support::proxies::Proxy;

const HOST: &str = "broker-{id}.paper.invalid";

fn world() -> World {
    World::empty(3).topics(4, 3).groups(6, 3).advertising(HOST)
}

/// Advertised addresses, and where their brokers really are.
fn places(canned: &Canned) -> BTreeMap<String, String> {
    let place = |id: i32| {
        let address = canned.address(id);
        let port = address.rsplit(':').next().unwrap();
        (format!("broker-{id}.paper.invalid:{port}"), address.clone())
    };
    (1..=3).map(place).collect()
}

fn look(bootstrap: Vec<String>, map: &str, via: &str) -> Watch {
    let route = Route {
        rules: rules(map).unwrap(),
        via: via.parse::<Via>().unwrap(),
        timeout: None,
    };
    let focus = tokio::sync::watch::channel(Focus::Cluster).1;
    let options = lookout::cluster::WatchOptions {
        dialer: dialer(&route, &bootstrap),
        ..options(bootstrap)
    };
    watch(options, focus)
}

fn probe(snapshot: &Snapshot, id: i32) -> &Probe {
    &snapshot.facts.probes[&BrokerId(id)]
}

/// Every broker answers, and everything that only brokers themselves can tell is known.
fn is_complete(snapshot: &Snapshot) -> bool {
    let groups = groups(snapshot);
    (1..=3).all(|id| reachable(snapshot, id) == Some(true))
        && snapshot.facts.log_dirs.len() == 3
        && groups.len() == 6
        && groups.iter().all(|group| group.lag().0.is_some())
}

fn complaint(snapshot: &Snapshot) -> Option<String> {
    let failures = &snapshot.facts.contact_failures;
    failures.first().map(ToString::to_string)
}

#[tokio::test]
async fn unresolvable_names_are_read_by_a_rule_that_keeps_the_port() {
    let canned = Canned::start(world()).await;
    let map = "*.paper.invalid:* -> 127.0.0.1:{port}";
    let mut watch = look(vec![canned.address(1)], map, "direct");
    let seen = until(&mut watch, |s| is_complete(s)).await;
    assert_eq!(probe(&seen, 2).rule.as_deref(), Some(map));
    assert_eq!(
        probe(&seen, 2).dialled.as_deref(),
        Some(&*canned.address(2))
    );
}

#[tokio::test]
async fn everything_is_read_through_a_socks5_proxy_that_alone_knows_the_names() {
    let canned = Canned::start(world()).await;
    let places = places(&canned);
    let proxy = Proxy::socks5(Some(("me", "secret")), places.clone()).await;
    let via = format!("socks5h://me:secret@{}", proxy.address);
    let first = places.keys().next().unwrap().clone();
    let mut watch = look(vec![first.clone()], "", &via);
    let seen = until(&mut watch, |s| is_complete(s)).await;
    let asked = proxy.asked();
    assert!(places.keys().all(|name| asked.contains(name)), "{asked:?}");
    let said = probe(&seen, 1).dialled.clone().unwrap();
    let wanted = format!("{first} through the SOCKS5 proxy {}", proxy.address);
    assert_eq!(*said, *wanted);
    let rungs: Vec<Rung> = probe(&seen, 1)
        .rungs
        .iter()
        .map(|(rung, _)| *rung)
        .collect();
    assert_eq!(
        rungs,
        [Rung::Route, Rung::Tcp, Rung::ApiVersions, Rung::Metadata]
    );
}

#[tokio::test]
async fn everything_is_read_through_an_http_proxy_with_a_login() {
    let canned = Canned::start(world()).await;
    let places = places(&canned);
    let proxy = Proxy::connect(Some(("me", "secret")), places.clone()).await;
    let via = format!("http://me:secret@{}", proxy.address);
    let first = places.keys().next().unwrap().clone();
    let mut watch = look(vec![first], "", &via);
    until(&mut watch, |s| is_complete(s)).await;
}

#[tokio::test]
async fn a_broker_that_is_away_behind_a_proxy_is_told_from_a_proxy_that_is_away() {
    let canned = Canned::start(world()).await;
    let places = places(&canned);
    let proxy = Proxy::socks5(None, places.clone()).await;
    let address = proxy.address.clone();
    let via = format!("socks5h://{address}");
    let first = places.keys().next().unwrap().clone();
    let mut watch = look(vec![first], "", &via);
    until(&mut watch, |s| is_complete(s)).await;
    canned.mood(3, Mood::Away);
    let seen = until(&mut watch, |s| reachable(s, 3) == Some(false)).await;
    let failure = probe(&seen, 3).failure.clone().unwrap();
    assert_eq!((failure.rung, failure.refused), (Rung::Tcp, true));
    let named = format!("the SOCKS5 proxy {address} cannot reach broker-3.paper.invalid");
    assert!(failure.text.starts_with(&named), "{}", failure.text);

    drop(proxy);
    let seen = until(&mut watch, |s| {
        s.no_contact()
            && probe(s, 1)
                .failure
                .as_ref()
                .is_some_and(|f| f.rung == Rung::Route)
    })
    .await;
    let failure = probe(&seen, 1).failure.clone().unwrap();
    let named = format!("the SOCKS5 proxy {address} cannot be reached on the way to broker-1");
    assert!(failure.text.starts_with(&named), "{}", failure.text);
}

#[tokio::test]
async fn a_proxy_that_refuses_the_login_is_named_and_the_password_is_not() {
    let canned = Canned::start(world()).await;
    let places = places(&canned);
    let first = places.keys().next().unwrap().clone();
    let socks = Proxy::socks5(Some(("me", "secret")), places.clone()).await;
    let http = Proxy::connect(Some(("me", "secret")), places).await;
    for (via, wanted) in [
        (
            format!("socks5h://me:wrong-one@{}", socks.address),
            "refuses the login of me",
        ),
        (
            format!("http://me:wrong-one@{}", http.address),
            "it refuses the login",
        ),
        (format!("socks5h://{}", socks.address), "wants a login"),
        (format!("socks5h://{}", http.address), "SOCKS5 proxy"),
        (format!("http://{}", socks.address), "HTTP proxy"),
    ] {
        let mut watch = look(vec![first.clone()], "", &via);
        let seen = until(&mut watch, |s| complaint(s).is_some()).await;
        let said = complaint(&seen).unwrap();
        assert!(said.contains(wanted), "{said}");
        assert!(
            said.contains(&*first) && !said.contains("wrong-one"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn brokers_behind_a_forwarder_that_leads_to_another_one_are_said_to_be() {
    let canned = Canned::start(world()).await;
    let mut watch = look(vec![canned.address(1)], "* -> bootstrap", "direct");
    let seen = until(&mut watch, |s| {
        reachable(s, 1) == Some(true)
            && [2, 3].iter().all(|id| {
                let broker = s.broker(BrokerId(*id));
                broker.is_some_and(|broker| broker.verdict.kind == VerdictKind::WrongTarget)
            })
    })
    .await;
    let failure = probe(&seen, 3).failure.clone().unwrap();
    assert_eq!(failure.rung, Rung::Node);
    for words in [
        "broker 3 (broker-3.paper.invalid:",
        "broker 1 answers there",
        "the rule `* -> bootstrap` leads several brokers to one place",
        "`node 3 -> HOST:PORT`",
    ] {
        assert!(failure.text.contains(words), "{}", failure.text);
    }
    // What broker 1 can tell is known.
    assert!(seen.facts.topology.value().is_some());
    assert_eq!(probe(&seen, 1).rule.as_deref(), Some("* -> bootstrap"));
}

#[tokio::test]
async fn a_rule_of_its_own_leads_past_the_forwarder() {
    let canned = Canned::start(world()).await;
    let map = format!(
        "node 2 -> {}\nnode 3 -> {}\n* -> bootstrap",
        canned.address(2),
        canned.address(3)
    );
    let mut watch = look(vec![canned.address(1)], &map, "direct");
    let seen = until(&mut watch, |s| is_complete(s)).await;
    let wanted = format!("node 3 -> {}", canned.address(3));
    assert_eq!(probe(&seen, 3).rule.as_deref(), Some(&*wanted));
}

#[tokio::test]
async fn an_advertised_address_where_another_broker_answers_is_a_wrong_target() {
    let canned = Canned::start(World::empty(3)).await;
    canned.divert(3, &canned, 2);
    let mut watch = super::look(vec![canned.address(1)]);
    let seen = until(&mut watch, |s| {
        let broker = s.broker(BrokerId(3));
        broker.is_some_and(|broker| broker.verdict.kind == VerdictKind::WrongTarget)
    })
    .await;
    let said = probe(&seen, 3).failure.clone().unwrap().text;
    assert!(said.contains("broker 2 answers there"), "{said}");
    assert!(said.contains("advertised.listeners"), "{said}");
}

#[tokio::test]
async fn the_last_failure_stays_when_a_broker_is_back() {
    let mut canned = Canned::start(World::empty(2)).await;
    let mut watch = super::look(vec![canned.address(1)]);
    until(&mut watch, |s| reachable(s, 2) == Some(true)).await;
    canned.mood(2, Mood::Away);
    until(&mut watch, |s| reachable(s, 2) == Some(false)).await;
    canned.serve(2).await;
    let seen = until(&mut watch, |s| {
        reachable(s, 2) == Some(true) && probe(s, 2).failure.is_none()
    })
    .await;
    let (failure, _) = probe(&seen, 2).last_failure.clone().unwrap();
    assert!(failure.text.contains("127.0.0.1:"), "{}", failure.text);
}
