//! What TLS showed, for `lookout connect`: of brokers that are believed and of those that are not.

use std::fmt::Write as _;

use lookout::config::secret::Secret;
use lookout::config::security::{Material, Tls, Verify};
use lookout::model::survey::Encryption;
use rcgen::IsCa;

use super::certificates::{Authority, Pair, Version, expired, not_yet_valid};
use super::{HOST, dialer, target, with_tls};
use crate::support::gate::{Doorman, Gate, Plan};

fn trusting(authority: &Authority) -> Tls {
    Tls {
        trust: authority.trusted(),
        ..Tls::default()
    }
}

/// What was shown, and whether the broker was let pass.
async fn shown(tls: Tls, plan: Plan) -> (bool, Option<Encryption>) {
    let gate = Gate::open(plan).await;
    let dialer = dialer(&with_tls(tls), gate.address);
    let (dialled, shown) = dialer.inspect(&target(HOST)).await;
    (dialled.is_ok(), shown)
}

fn described(what: &str, (let_pass, shown): (bool, Option<Encryption>)) -> String {
    let mut text = format!("{what}: let pass {let_pass}\n");
    let Some(Encryption {
        agreed,
        chain,
        anchor,
    }) = shown
    else {
        return text + "  nothing shown\n";
    };
    if let Some(agreed) = agreed {
        writeln!(text, "  {} {}", agreed.version, agreed.cipher).unwrap();
    }
    for one in chain {
        let (subject, issuer, names) = (one.subject, one.issuer, one.names.join(" "));
        let (from, until) = (one.not_before.date_utc(), one.not_after.date_utc());
        writeln!(
            text,
            "  {subject} by {issuer} for {names}: {from} to {until}"
        )
        .unwrap();
    }
    writeln!(text, "  {anchor:?}").unwrap();
    text
}

#[tokio::test]
async fn the_chain_and_who_speaks_for_it_are_known_whether_or_not_it_is_good_enough() {
    let (ours, theirs) = (Authority::new("Paper CA"), Authority::new("Another CA"));
    let good = ours.issue(&[HOST, "10.1.2.3"], |_| {});
    let own = Pair::self_signed(&[HOST], IsCa::NoCa);
    let named = Tls {
        trust: vec![Material::Pem(Secret::new(&own.pem))],
        ..Tls::default()
    };
    let blind = Tls {
        verify: Verify::Off,
        ..trusting(&ours)
    };
    let usual = || ours.issue(&[HOST], |_| {});
    let mut with_authority = usual();
    with_authority.chain.push(ours.der.clone());
    let older = usual().asking_server(&ours, Version::Tls12);
    let known = Tls {
        identity: Some(ours.issue(&["operator"], |_| {}).identity()),
        ..trusting(&ours)
    };
    let mut said = String::new();
    for (what, tls, server) in [
        ("TLS 1.2", known, older),
        ("itself", named, own.server()),
        ("unchecked", blind, theirs.issue(&[HOST], |_| {}).server()),
    ] {
        said.push_str(&described(what, shown(tls, Plan::tls(server)).await));
    }
    for (what, pair) in [
        ("good", good),
        ("with its authority", with_authority),
        ("expired", ours.issue(&[HOST], expired)),
        ("not yet", ours.issue(&[HOST], not_yet_valid)),
        ("stranger", theirs.issue(&[HOST], |_| {})),
        ("wrong name", ours.issue(&["other"], |_| {})),
    ] {
        let plan = Plan::tls(pair.server());
        said.push_str(&described(what, shown(trusting(&ours), plan).await));
    }
    insta::assert_snapshot!(said);
}

#[tokio::test]
async fn a_port_that_speaks_plain_text_shows_nothing() {
    let plain = Plan::login(Doorman::Slams);
    let tls = trusting(&Authority::new("Paper CA"));
    assert_eq!(shown(tls, plain).await, (false, None));
}
