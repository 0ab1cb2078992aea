//! Logins that end: repeated in time on connections of our own, and the whole screen over TLS and a login.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use lookout::cluster::{Dialer, Paces, Watch, WatchOptions, watch};
use lookout::config::route::Route;
use lookout::config::security::{Sasl, ScramHash, Security, Tls};
use lookout::model::{BrokerId, Focus, Rung, VerdictKind};
use std::sync::Arc;

use super::certificates::Authority;
use super::user;
use crate::support::canned::{Canned, World};
use crate::support::gate::{Doorman, Gate, Plan, Tally};

pub const PATIENCE: Duration = Duration::from_mins(1);

/// A quick watch.
pub fn options(bootstrap: Vec<String>, security: &Security, route: &Route) -> WatchOptions {
    let every = Duration::from_millis(200);
    WatchOptions {
        dialer: Dialer::new(security, route, &[]).unwrap(),
        paces: Paces {
            cheap: every,
            probes: every,
            groups: every,
            focus: every,
            slow: every,
        },
        ..WatchOptions::plain("paper", bootstrap, "lookout-test")
    }
}

/// A paper cluster behind gates, one per broker.
struct Fort {
    _canned: Canned,
    gates: Vec<Gate>,
    route: Route,
    bootstrap: Vec<String>,
}

async fn fort(brokers: i32, plan: &Plan) -> Fort {
    let canned = Canned::start(World::empty(brokers)).await;
    let mut fort = Fort {
        gates: Vec::new(),
        route: Route::default(),
        bootstrap: canned.bootstrap(),
        _canned: canned,
    };
    for advertised in &fort.bootstrap {
        let gate = Gate::open(Plan {
            behind: Some(advertised.clone()),
            ..plan.clone()
        })
        .await;
        let rule = format!("{advertised} -> {}", gate.address);
        fort.route.rules.push(rule.parse().unwrap());
        fort.gates.push(gate);
    }
    fort
}

impl Fort {
    fn look(&self, security: &Security) -> Watch {
        let options = options(self.bootstrap.clone(), security, &self.route);
        watch(options, tokio::sync::watch::channel(Focus::Cluster).1)
    }

    fn sum(&self, counter: impl Fn(&Tally) -> &AtomicU64) -> u64 {
        self.gates
            .iter()
            .map(|gate| Tally::of(counter(&gate.tally)))
            .sum()
    }
}

fn secured(authority: &Authority, password: &str) -> Security {
    Security {
        tls: Some(Tls {
            trust: authority.trusted(),
            ..Tls::default()
        }),
        sasl: Some(Sasl::Scram {
            hash: ScramHash::Sha256,
            login: user(password),
            token: false,
        }),
    }
}

fn guarded(authority: &Authority, lifetime: Duration) -> Plan {
    Plan {
        lifetime,
        doorman: Doorman::Scram("pencil", "pencil"),
        ..Plan::tls(authority.issue(&["127.0.0.1"], |_| {}).server())
    }
}

#[tokio::test]
async fn a_cluster_behind_tls_and_a_login_is_on_the_screen_and_its_logins_never_end() {
    let authority = Authority::new("Paper CA");
    let plan = guarded(&authority, Duration::from_secs(3));
    let fort = fort(2, &plan).await;
    let mut watch = fort.look(&secured(&authority, "pencil"));
    let all_up = |snapshot: &Arc<lookout::model::Snapshot>| {
        let reachable = snapshot
            .facts
            .probes
            .values()
            .filter(|probe| probe.reachable == Some(true));
        reachable.count() == 2
    };
    let seen = tokio::time::timeout(PATIENCE, watch.snapshots.wait_for(all_up)).await;
    let seen = seen.expect("in time").unwrap().clone();
    let rungs: Vec<Rung> = seen.facts.probes[&BrokerId(1)]
        .rungs
        .iter()
        .map(|(rung, _)| *rung)
        .collect();
    assert_eq!(
        rungs,
        [
            Rung::Dns,
            Rung::Tcp,
            Rung::Tls,
            Rung::Sasl,
            Rung::ApiVersions,
            Rung::Metadata
        ]
    );
    let connections = fort.sum(|tally| &tally.connections);
    // Each of these connections logs in again at least twice while requests go on.
    let renewed = async {
        while fort.sum(|tally| &tally.done) < connections * 3 {
            watch.snapshots.changed().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, renewed)
        .await
        .expect("logins are repeated");
    assert_eq!(
        fort.sum(|tally| &tally.late),
        0,
        "no request came after a login's end"
    );
    let facts = &watch.snapshots.borrow().facts;
    assert!(
        facts.probes.values().all(|probe| probe.failure.is_none()),
        "{:?}",
        facts.probes
    );
}

#[tokio::test]
async fn a_cluster_that_refuses_the_login_is_told_so_once_and_asked_once() {
    let authority = Authority::new("Paper CA");
    let plan = guarded(&authority, Duration::ZERO);
    let fort = fort(3, &plan).await;
    let mut watch = fort.look(&secured(&authority, "crayon"));
    let mut rounds = 0;
    let told = async {
        while rounds < 5 {
            watch.snapshots.changed().await.unwrap();
            rounds += u32::from(!watch.snapshots.borrow().facts.contact_failures.is_empty());
        }
    };
    tokio::time::timeout(PATIENCE, told).await.expect("told");
    let failures = watch.snapshots.borrow().facts.contact_failures.clone();
    let refused = failures
        .iter()
        .filter(|text| text.contains("authentication refused"));
    assert_eq!(refused.count(), 3, "{failures:?}");
    assert_eq!(fort.sum(|tally| &tally.begun), 1);
    watch.refresh();
    watch.snapshots.changed().await.unwrap();
    assert_eq!(fort.sum(|tally| &tally.begun), 1);
    watch.insist();
    let again = async {
        while fort.sum(|tally| &tally.begun) < 2 {
            watch.snapshots.changed().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, again)
        .await
        .expect("tried again");
}

#[tokio::test]
async fn a_broker_that_begins_to_refuse_us_is_unreachable_from_here_and_not_down() {
    let authority = Authority::new("Paper CA");
    let plan = guarded(&authority, Duration::ZERO);
    let mut fort = fort(3, &plan).await;
    // The third broker knows another password.
    let strict = Plan {
        doorman: Doorman::Scram("other", "other"),
        behind: Some(fort.bootstrap[2].clone()),
        ..plan
    };
    let gate = Gate::open(strict).await;
    let rule = format!("{} -> {}", fort.bootstrap[2], gate.address);
    fort.route.rules[2] = rule.parse().unwrap();
    fort.bootstrap.truncate(1);
    let mut watch = fort.look(&secured(&authority, "pencil"));
    let judged = |snapshot: &Arc<lookout::model::Snapshot>| {
        let of = |id| {
            snapshot
                .broker(BrokerId(id))
                .map(|broker| broker.verdict.kind)
        };
        of(3) == Some(VerdictKind::UnreachableHere) && of(1) == Some(VerdictKind::Up)
    };
    let seen = tokio::time::timeout(PATIENCE, watch.snapshots.wait_for(judged)).await;
    let seen = seen.expect("in time").unwrap().clone();
    let failure = seen.facts.probes[&BrokerId(3)].failure.clone().unwrap();
    assert_eq!((failure.rung, failure.refused), (Rung::Sasl, true));
    assert!(
        failure.text.contains("authentication refused"),
        "{}",
        failure.text
    );
    // One that a busy machine cut short was no refusal, and is begun again.
    let begun = Tally::of(&gate.tally.begun);
    assert!((1..=2).contains(&begun), "{begun} logins");
}
