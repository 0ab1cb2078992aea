//! The login's state machine (rule 76): which answers, in which order, and what ends a connection.

use std::collections::BTreeMap;
use std::time::Duration;

use broker::auth::Then;
use broker::auth::login::{Known, Login, Moment, NotNow, Offer, Said};
use broker::auth::tally::Outcome;
use broker::auth::token::Verified;
use broker::sasl::Mechanism;
use broker::sasl::plain::Plain;
use broker::sasl::scram::{Credential, Hash};
use broker::secret::Secret;
use broker::wire::api_key::ApiKey;
use broker::wire::error_code::ErrorCode;

/// Everybody's password is `right`; a token is a name and the time it ends.
struct Users(Secret);

impl Known for Users {
    fn password(&self, user: &str) -> Option<&Secret> {
        (user != "nobody").then_some(&self.0)
    }

    fn credential(&self, user: &str, hash: Hash) -> Option<Credential> {
        let known = self.password(user)?;
        Credential::from_password(hash, known, b"salt", 4096)
    }

    fn token(&self, token: &Secret, _: i64) -> Result<Verified, String> {
        let (name, end) = token.reveal().split_once('.').ok_or("no token")?;
        let expires_ms = end.parse().map_err(|_| "no time".to_owned())?;
        let name = name.to_owned();
        Ok(Verified { name, expires_ms })
    }
}

/// A connection under test.
struct Line {
    login: Login,
    offer: Offer,
    users: Users,
    now: Moment,
}

impl Line {
    fn new(max_reauth_ms: u64) -> Self {
        let limit = Duration::from_millis(max_reauth_ms);
        let limits = Mechanism::ALL.into_iter().map(|one| (one, limit));
        let max_reauth = if limit.is_zero() {
            BTreeMap::new()
        } else {
            limits.collect()
        };
        Self {
            login: Login::default(),
            offer: Offer {
                mechanisms: vec![Mechanism::Plain, Mechanism::OAuthBearer],
                max_reauth,
            },
            users: Users(Secret::new("right")),
            now: Moment::default(),
        }
    }

    fn choose(&mut self, mechanism: &str) -> (ErrorCode, Then) {
        self.login.handshake(&self.offer, mechanism, 1, self.now)
    }

    fn say(&mut self, message: &[u8]) -> Said {
        let known = (&self.offer, &self.users as &dyn Known);
        self.login.authenticate(message, known, "nonce", self.now)
    }

    fn plain(&mut self, user: &str, password: &str) -> Said {
        self.say(&Plain::message(user, &Secret::new(password)))
    }

    fn pass(&mut self, ms: u64) {
        self.now.elapsed += Duration::from_millis(ms);
        self.now.now_ms += i64::try_from(ms).unwrap();
    }
}

const GO_ON: (ErrorCode, Then) = (ErrorCode::NONE, Then::GoOn);

#[test]
fn before_the_login_only_its_own_requests_are_served() {
    let mut line = Line::new(0);
    let admitted = |line: &Line, key| line.login.admit(key, line.now).is_ok();
    assert!(admitted(&line, ApiKey::API_VERSIONS));
    assert!(admitted(&line, ApiKey::SASL_HANDSHAKE));
    assert!(!admitted(&line, ApiKey::SASL_AUTHENTICATE));
    assert!(!admitted(&line, ApiKey::METADATA));
    assert_eq!(line.choose("PLAIN"), GO_ON);
    assert!(admitted(&line, ApiKey::SASL_AUTHENTICATE));
    assert!(!admitted(&line, ApiKey::API_VERSIONS));
    assert!(!admitted(&line, ApiKey::PRODUCE));
    assert_eq!(line.plain("alice", "right").code, ErrorCode::NONE);
    assert!(admitted(&line, ApiKey::METADATA) && admitted(&line, ApiKey::API_VERSIONS));
    assert_eq!(line.login.entered().unwrap().name, "alice");
}

#[test]
fn a_mechanism_that_is_not_offered_ends_the_connection_with_33() {
    let mut line = Line::new(0);
    let refused = (ErrorCode::UNSUPPORTED_SASL_MECHANISM, Then::Close);
    assert_eq!(line.choose("SCRAM-SHA-256"), refused);
    assert!(line.login.admit(ApiKey::SASL_HANDSHAKE, line.now).is_err());
    assert_eq!(Line::new(0).choose("plain"), refused);
}

#[test]
fn requests_out_of_their_order_are_answered_with_34() {
    let mut line = Line::new(0);
    assert_eq!(line.choose("PLAIN"), GO_ON);
    let early = (ErrorCode::ILLEGAL_SASL_STATE, Then::Close);
    assert_eq!(line.choose("PLAIN"), early);
    let mut line = Line::new(0);
    line.choose("PLAIN");
    line.plain("alice", "right");
    // After a login that never ends, both are refused and the connection stays.
    let late = (ErrorCode::ILLEGAL_SASL_STATE, Then::GoOn);
    assert_eq!(line.choose("PLAIN"), late);
    let said = line.plain("bob", "right");
    assert_eq!((said.code, said.then), late);
    assert_eq!(line.login.entered().unwrap().name, "alice");
}

#[test]
fn a_wrong_password_ends_the_connection_with_58() {
    for (user, password) in [("alice", "wrong"), ("nobody", "right"), ("alice", "")] {
        let mut line = Line::new(0);
        line.choose("PLAIN");
        let said = line.plain(user, password);
        assert_eq!(said.code, ErrorCode::SASL_AUTHENTICATION_FAILED);
        assert_eq!(
            (said.then, said.outcome),
            (Then::Close, Some(Outcome::Refused))
        );
        assert!(!line.login.is_done());
        assert!(line.login.admit(ApiKey::API_VERSIONS, line.now).is_err());
    }
}

#[test]
fn what_is_known_of_a_user_of_scram_is_told_to_nobody() {
    let mut told = Vec::new();
    for (first, proof) in [
        ("n,,n=nobody,r=a", ""),
        ("n,,n=alice,r=a", "c=biws,r=anonce,p=AAAA"),
    ] {
        let mut line = Line::new(0);
        line.offer.mechanisms.push(Mechanism::ScramSha256);
        line.choose("SCRAM-SHA-256");
        let mut said = line.say(first.as_bytes());
        if said.code == ErrorCode::NONE {
            said = line.say(proof.as_bytes());
        }
        assert_eq!(said.code, ErrorCode::SASL_AUTHENTICATION_FAILED);
        told.push(said.message.unwrap());
    }
    assert_eq!(told[0], told[1]);
    assert!(told[0].ends_with("invalid credentials with SASL mechanism SCRAM-SHA-256"));
}

#[test]
fn a_login_ends_with_its_limit_or_with_its_token_whichever_is_first() {
    let mut line = Line::new(5000);
    line.choose("PLAIN");
    assert_eq!(line.plain("alice", "right").lifetime_ms, 5000);
    let mut line = Line::new(5000);
    line.choose("OAUTHBEARER");
    assert_eq!(
        line.say(b"n,,\x01auth=Bearer alice.3000\x01\x01")
            .lifetime_ms,
        3000
    );
    line.pass(2999);
    assert!(line.login.admit(ApiKey::METADATA, line.now).is_ok());
    line.pass(1);
    let ended = line.login.admit(ApiKey::METADATA, line.now);
    assert_eq!(ended, Err(NotNow::Expired(ApiKey::METADATA)));
    let mut line = Line::new(0);
    line.choose("PLAIN");
    assert_eq!(line.plain("alice", "right").lifetime_ms, 0);
}

#[test]
fn a_login_is_repeated_by_the_same_principal_with_the_same_mechanism() {
    let enter = || {
        let mut line = Line::new(5000);
        line.choose("PLAIN");
        line.plain("alice", "right");
        line.pass(4000);
        line
    };
    let mut line = enter();
    assert_eq!(line.choose("PLAIN"), GO_ON);
    assert!(line.login.admit(ApiKey::METADATA, line.now).is_err());
    let said = line.plain("alice", "right");
    assert_eq!(said.outcome, Some(Outcome::EnteredAgain));
    line.pass(4999);
    assert!(line.login.admit(ApiKey::METADATA, line.now).is_ok());

    // Even when it has ended already.
    line.pass(60_000);
    assert!(line.login.admit(ApiKey::SASL_HANDSHAKE, line.now).is_ok());
    assert_eq!(line.choose("PLAIN"), GO_ON);
    line.plain("alice", "right");
    // But not twice within a second.
    line.pass(999);
    assert_eq!(line.choose("PLAIN").0, ErrorCode::ILLEGAL_SASL_STATE);

    let mut line = enter();
    line.choose("PLAIN");
    let other = line.plain("bob", "right");
    assert_eq!(other.outcome, Some(Outcome::RefusedAgain));
    assert!(
        other
            .message
            .unwrap()
            .starts_with("Cannot change principals")
    );

    let mut line = enter();
    assert_eq!(line.choose("OAUTHBEARER"), GO_ON);
    let other = line.say(b"n,,\x01auth=Bearer alice.3000\x01\x01");
    assert_eq!(
        (other.code, other.then),
        (ErrorCode::SASL_AUTHENTICATION_FAILED, Then::Close)
    );
    assert!(
        other
            .message
            .unwrap()
            .contains("not supported for re-authentication")
    );
}

#[test]
fn a_refused_token_is_told_before_the_login_fails() {
    let mut line = Line::new(0);
    line.choose("OAUTHBEARER");
    let told = line.say(b"n,,\x01auth=Bearer nothing\x01\x01");
    assert_eq!(told.code, ErrorCode::NONE);
    assert_eq!(told.bytes, br#"{"status":"invalid_token"}"#);
    let failed = line.say(b"\x01");
    assert_eq!(failed.code, ErrorCode::SASL_AUTHENTICATION_FAILED);
    assert_eq!(
        failed.message.as_deref(),
        Some(r#"{"status":"invalid_token"}"#)
    );
    let mut line = Line::new(0);
    line.choose("OAUTHBEARER");
    let other = line.say(b"n,a=bob,\x01auth=Bearer alice.3000\x01\x01");
    assert_eq!(other.code, ErrorCode::SASL_AUTHENTICATION_FAILED);
}

#[test]
fn version_0_of_the_handshake_is_followed_by_bare_messages() {
    let mut line = Line::new(0);
    line.login.handshake(&line.offer, "PLAIN", 0, line.now);
    assert!(line.login.takes_raw());
    line.plain("alice", "right");
    assert!(line.login.is_done() && !line.login.takes_raw());
}
