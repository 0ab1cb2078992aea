//! Logins: who is let in, and the sentence for each who is not.

use std::time::Duration;

use broker::wire::error_code::ErrorCode;
use lookout::cluster::DialError;
use lookout::config::secret::Secret;
use lookout::config::security::{Sasl, ScramHash, TokenSource};
use lookout::model::Rung;

use super::{HOST, dialer, refusal, target, user, with_login};
use crate::support::gate::{Doorman, Gate, Plan, Tally};

fn plain(password: &str) -> Sasl {
    Sasl::Plain(user(password))
}

fn scram(password: &str) -> Sasl {
    Sasl::Scram {
        hash: ScramHash::Sha256,
        login: user(password),
        token: false,
    }
}

fn bearer(token: &str) -> Sasl {
    Sasl::OAuthBearer {
        tokens: TokenSource::Fixed(Secret::new(token)),
        extensions: Vec::new(),
    }
}

async fn gate(doorman: Doorman) -> Gate {
    Gate::open(Plan::login(doorman)).await
}

async fn turned_away(doorman: Doorman, sasl: Sasl) -> DialError {
    let gate = gate(doorman).await;
    refusal(&dialer(&with_login(sasl), gate.address), HOST).await
}

#[tokio::test]
async fn the_right_password_or_token_is_let_in() {
    for (doorman, sasl) in [
        (Doorman::Plain("\0alice\0pencil"), plain("pencil")),
        (Doorman::Scram("pencil", "pencil"), scram("pencil")),
        (Doorman::Bearer("auth=Bearer abc\u{1}"), bearer("abc")),
    ] {
        let gate = gate(doorman).await;
        let dialled = dialer(&with_login(sasl), gate.address)
            .dial(&target(HOST))
            .await;
        let dialled = dialled.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            dialled.rungs.last().map(|(rung, _)| *rung),
            Some(Rung::Sasl)
        );
        assert!(dialled.session.is_none());
        assert_eq!(Tally::of(&gate.tally.done), 1);
    }
}

/// Situations, who stands at the door, and the login.
fn refusals() -> [(&'static str, Doorman, Sasl); 12] {
    let expired = "e30.eyJleHAiOjE3NzM0OTcxNjB9.x";
    [
        (
            "PLAIN, wrong password",
            Doorman::Plain("\0alice\0pencil"),
            plain("crayon"),
        ),
        (
            "SCRAM, wrong password",
            Doorman::Scram("pencil", "pencil"),
            scram("crayon"),
        ),
        (
            "SCRAM, an impostor",
            Doorman::Scram("pencil", "crayon"),
            scram("pencil"),
        ),
        (
            "OAUTHBEARER, wrong token",
            Doorman::Bearer("xyz"),
            bearer("abc"),
        ),
        (
            "OAUTHBEARER, a token that has ended",
            Doorman::Bearer("xyz"),
            bearer(expired),
        ),
        (
            "wrong mechanism",
            Doorman::Offers(&["SCRAM-SHA-512", "GSSAPI"]),
            plain("pencil"),
        ),
        ("no mechanism", Doorman::Offers(&[]), plain("pencil")),
        (
            "no login wanted",
            Doorman::Handshake(ErrorCode::ILLEGAL_SASL_STATE),
            plain("pencil"),
        ),
        (
            "not permitted",
            Doorman::Refuses(ErrorCode::CLUSTER_AUTHORIZATION_FAILED, ""),
            plain("pencil"),
        ),
        (
            "without words",
            Doorman::Refuses(ErrorCode::SASL_AUTHENTICATION_FAILED, ""),
            plain("pencil"),
        ),
        (
            "hostile words",
            Doorman::Refuses(
                ErrorCode::SASL_AUTHENTICATION_FAILED,
                "\u{1b}[2Jgo away\r\n",
            ),
            plain("pencil"),
        ),
        ("too old", Doorman::Old, plain("pencil")),
    ]
}

#[tokio::test]
async fn every_refused_login_has_its_sentence_and_is_no_broker_that_is_down() {
    let mut said = Vec::new();
    for (what, doorman, sasl) in refusals() {
        let error = turned_away(doorman, sasl).await;
        assert_eq!(
            (error.rung, error.refused),
            (Rung::Sasl, true),
            "{what}: {error}"
        );
        said.push(format!("{what}: {error}"));
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[tokio::test]
async fn a_login_without_answer_has_its_sentence_and_is_no_refusal() {
    let mut said = Vec::new();
    for (what, doorman) in [
        ("closed at the first request", Doorman::Slams),
        ("closed in its midst", Doorman::SlamsLate),
    ] {
        let error = turned_away(doorman, plain("pencil")).await;
        assert_eq!(
            (error.rung, error.refused),
            (Rung::Sasl, false),
            "{what}: {error}"
        );
        said.push(format!("{what}: {error}"));
    }
    insta::assert_snapshot!(said.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_does_not_answer_the_login_is_silent() {
    let error = turned_away(Doorman::Silent, plain("pencil")).await;
    assert_eq!((error.rung, error.refused), (Rung::Sasl, false));
    assert_eq!(
        error.to_string(),
        "kafka-1:9093: port is open, the broker does not answer the login within 5 s; it may hang, or still be recovering its logs"
    );
}

#[tokio::test]
async fn a_refused_login_is_tried_once_whoever_dials_and_however_often() {
    let gate = gate(Doorman::Plain("\0alice\0pencil")).await;
    let dialer = dialer(&with_login(plain("crayon")), gate.address);
    // All at once, as at the start of a screen.
    let mut dials = tokio::task::JoinSet::new();
    for number in 0..20 {
        let dialer = dialer.clone();
        dials.spawn(async move { refusal(&dialer, &format!("kafka-{}", number % 5)).await });
    }
    let errors = dials.join_all().await;
    assert_eq!(Tally::of(&gate.tally.begun), 1);
    let fresh = errors.iter().filter(|error| !error.remembered).count();
    assert_eq!(fresh, 1, "said once");
    for _ in 0..20 {
        assert!(refusal(&dialer, HOST).await.remembered);
    }
    assert_eq!(Tally::of(&gate.tally.begun), 1);
    // The operator may insist.
    dialer.forgive();
    assert!(!refusal(&dialer, HOST).await.remembered);
    assert_eq!(Tally::of(&gate.tally.begun), 2);
}

#[tokio::test]
async fn after_a_refusal_nothing_is_dialled_at_all() {
    let gate = gate(Doorman::Offers(&["GSSAPI"])).await;
    let dialer = dialer(&with_login(plain("pencil")), gate.address);
    for _ in 0..5 {
        refusal(&dialer, HOST).await;
    }
    assert_eq!(Tally::of(&gate.tally.connections), 1);
}

#[tokio::test]
async fn without_the_systems_kerberos_or_a_ticket_a_sentence_says_what_to_do() {
    let gate = gate(Doorman::Offers(&["GSSAPI"])).await;
    let sasl = Sasl::Gssapi {
        service: "kafka".to_owned(),
        principal: Some("nobody@NOWHERE.INVALID".to_owned()),
        keytab: Some("/nonexistent/keytab".into()),
    };
    let dialer = dialer(&with_login(sasl), gate.address);
    let said = tokio::time::timeout(Duration::from_mins(1), refusal(&dialer, HOST)).await;
    let said = said.expect("in time").to_string();
    let absent = said.contains("install the package libgssapi-krb5-2");
    let refused = said.contains("Kerberos for kafka@kafka-1:")
        && said.contains("look with `klist -kt /nonexistent/keytab`");
    assert!(absent || refused, "{said}");
}
