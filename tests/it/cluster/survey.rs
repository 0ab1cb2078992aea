//! Every way climbed once: what works, what does not, and the rules that would help.

use lookout::cluster::Surveyor;
use lookout::config::route::{Route, rules};
use lookout::model::survey::{Advice, Reach, Survey};
use lookout::model::{BrokerId, Rung};

use super::{PATIENCE, dialer, endpoints};
use crate::support::canned::{Canned, Mood, World};
use crate::support::proxies::Proxy;

async fn climb(bootstrap: Vec<String>, route: Route) -> Survey {
    let dialer = dialer(&route, &bootstrap);
    let (surveyor, seen) = Surveyor::new(dialer, "lookout-test".into());
    let climbed = tokio::time::timeout(PATIENCE, surveyor.run(endpoints(&bootstrap))).await;
    climbed.expect("in time");
    let (survey, underway) = seen.borrow().clone();
    assert!(underway.is_empty());
    survey
}

fn by(map: &str) -> Route {
    Route {
        rules: rules(map).unwrap(),
        ..Route::default()
    }
}

fn failed_at(survey: &Survey) -> Vec<Option<Rung>> {
    let brokers = survey.brokers.iter();
    brokers
        .map(|ladder| ladder.failure.as_ref().map(|failure| failure.rung))
        .collect()
}

#[tokio::test]
async fn a_cluster_in_reach_is_climbed_to_the_top() {
    let canned = Canned::start(World::empty(3)).await;
    let survey = climb(vec![canned.address(2)], Route::default()).await;
    assert_eq!(survey.reach(), Reach::All);
    assert_eq!(failed_at(&survey), [None, None, None]);
    assert_eq!(survey.bootstrap[0].answered, Some(BrokerId(2)));
    let third = &survey.brokers[2];
    assert_eq!(third.answered, Some(BrokerId(3)));
    assert_eq!(third.cluster_id.as_deref(), Some("paper-cluster-00000001"));
    assert_eq!(third.dialled.as_deref(), Some(&*canned.address(3)));
    let rungs: Vec<Rung> = third.rungs.iter().map(|(rung, _)| *rung).collect();
    assert_eq!(
        rungs,
        [Rung::Dns, Rung::Tcp, Rung::ApiVersions, Rung::Metadata]
    );
    assert!(survey.advice.is_empty());
}

#[tokio::test]
async fn one_broker_away_is_said_and_the_others_are_reached() {
    let canned = Canned::start(World::empty(3)).await;
    let named = vec![canned.address(1)];
    canned.mood(2, Mood::Hang);
    let survey = climb(named, Route::default()).await;
    assert_eq!(survey.reach(), Reach::Some);
    assert_eq!(failed_at(&survey), [None, Some(Rung::ApiVersions), None]);
}

#[tokio::test]
async fn nobody_at_the_bootstrap_addresses_is_no_contact() {
    let canned = Canned::start(World::empty(1)).await;
    let named = vec![canned.address(1)];
    drop(canned);
    let survey = climb(named, Route::default()).await;
    assert_eq!(survey.reach(), Reach::None);
    assert!(survey.brokers.is_empty());
}

#[tokio::test]
async fn rules_that_help_are_tried_before_they_are_offered() {
    let world = World::empty(3).advertising("broker-{id}.paper.invalid");
    let canned = Canned::start(world).await;
    let survey = climb(vec![canned.address(1)], Route::default()).await;
    assert_eq!(survey.reach(), Reach::Some);
    assert_eq!(failed_at(&survey), [Some(Rung::Dns); 3]);
    let texts: Vec<String> = survey
        .advice
        .iter()
        .map(|advice| match advice {
            Advice::Tried { rule, .. } => rule.to_string(),
            Advice::Open { rule, .. } => panic!("not tried: {rule}"),
        })
        .collect();
    let port = |id: i32| canned.address(id).rsplit(':').next().unwrap().to_owned();
    let wanted = |id: i32| format!("broker-{id}.paper.invalid:{0} -> 127.0.0.1:{0}", port(id));
    assert_eq!(texts, [wanted(1), wanted(2), wanted(3)]);

    let after = climb(vec![canned.address(1)], by(&texts.join("\n"))).await;
    assert_eq!(after.reach(), Reach::All);
    assert_eq!(after.brokers[1].rule.as_deref(), Some(&*texts[1]));
}

#[tokio::test]
async fn a_rule_has_a_place_to_fill_in_where_nothing_known_leads_to_a_broker() {
    let world = World::empty(2).advertising("broker-{id}.paper.invalid");
    let canned = Canned::start(world).await;
    let named = vec![canned.address(1)];
    canned.mood(2, Mood::Away);
    let survey = climb(named, Route::default()).await;
    let port = canned.address(2).rsplit(':').next().unwrap().to_owned();
    assert!(matches!(&survey.advice[0], Advice::Tried { id, .. } if *id == BrokerId(1)));
    let open = Advice::Open {
        id: BrokerId(2),
        rule: format!("broker-2.paper.invalid:{port} -> HOST:PORT").into(),
    };
    assert_eq!(survey.advice[1], open);
}

#[tokio::test]
async fn a_forwarder_to_another_broker_is_found_out() {
    let world = World::empty(2).advertising("broker-{id}.paper.invalid");
    let canned = Canned::start(world).await;
    let survey = climb(vec![canned.address(1)], by("* -> bootstrap")).await;
    assert_eq!(failed_at(&survey), [None, Some(Rung::Node)]);
    assert_eq!(survey.advice.len(), 1);
}

#[tokio::test]
async fn the_way_through_a_proxy_has_its_own_rung() {
    let canned = Canned::start(World::empty(2)).await;
    let proxy = Proxy::connect(None, std::collections::BTreeMap::new()).await;
    let route = Route {
        via: format!("http://{}", proxy.address).parse().unwrap(),
        ..Route::default()
    };
    let survey = climb(vec![canned.address(1)], route).await;
    assert_eq!(survey.reach(), Reach::All);
    assert!(survey.brokers.iter().all(|ladder| {
        let rungs: Vec<Rung> = ladder.rungs.iter().map(|(rung, _)| *rung).collect();
        rungs.starts_with(&[Rung::Route, Rung::Tcp])
    }));
}
