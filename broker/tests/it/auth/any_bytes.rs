//! Bytes that are no login: every parser gives an answer, and none lets anybody in.

use std::path::PathBuf;
use std::time::Duration;

use broker::auth::Then;
use broker::auth::login::{Known, Login, Moment, Offer};
use broker::auth::principal::PrincipalRules;
use broker::auth::token::{KeySet, Verified, verify};
use broker::config::security::{KeySource, TokenRules};
use broker::sasl::Mechanism;
use broker::sasl::jaas::Jaas;
use broker::sasl::scram::{Client, Credential, Hash};
use broker::secret::Secret;
use broker::wire::error_code::ErrorCode;
use proptest::prelude::*;

/// Users whom nobody guesses.
struct Users(Secret);

impl Known for Users {
    fn password(&self, _: &str) -> Option<&Secret> {
        Some(&self.0)
    }

    fn credential(&self, _: &str, hash: Hash) -> Option<Credential> {
        let salted = vec![7; 32];
        Some(Credential::from_salted(hash, b"salt", &salted, 4096))
    }

    fn token(&self, token: &Secret, now_ms: i64) -> Result<Verified, String> {
        let rules = TokenRules {
            keys: KeySource::File(PathBuf::new()),
            refresh: Duration::ZERO,
            retry: (Duration::ZERO, Duration::ZERO),
            audiences: Vec::new(),
            issuer: None,
            sub_claim: "sub".to_owned(),
            scope_claim: "scope".to_owned(),
            skew: Duration::ZERO,
        };
        verify(token, &KeySet::default(), &rules, now_ms).map_err(|error| error.to_string())
    }
}

fn mechanism() -> impl Strategy<Value = Mechanism> {
    proptest::sample::select(Mechanism::ALL.to_vec())
}

/// Bytes, and texts that come near to messages.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let pieces = proptest::sample::select(vec![
        "n",
        "y",
        ",",
        "n=",
        "r=",
        "c=biws",
        "p=",
        "a=",
        "=2C",
        "\u{1}",
        "auth=Bearer ",
        "\0",
        ".",
        "eyJhbGciOiJSUzI1NiJ9",
        "x",
        "\u{1}\u{1}",
        "tokenauth=true",
    ]);
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        proptest::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat().into_bytes()),
    ]
}

proptest! {
    #[test]
    fn no_messages_log_anybody_in(
        mechanism in mechanism(),
        messages in proptest::collection::vec(message(), 1..4),
    ) {
        let offer = Offer {
            mechanisms: Mechanism::ALL.to_vec(),
            ..Offer::default()
        };
        let users = Users(Secret::new("a password that no test makes up"));
        let mut login = Login::default();
        let now = Moment::default();
        let (code, _) = login.handshake(&offer, mechanism.name(), 1, now);
        prop_assert_eq!(code, ErrorCode::NONE);
        for message in messages {
            let said = login.authenticate(&message, (&offer, &users), "nonce", now);
            prop_assert!(!login.is_done());
            prop_assert!(login.entered().is_none());
            if said.then == Then::Close {
                break;
            }
        }
    }

    #[test]
    fn any_text_is_an_entry_a_rule_or_a_challenge_or_is_refused(text in ".{0,200}") {
        let _ = Jaas::parse(&text);
        let _ = PrincipalRules::parse(&text);
        let rule = format!("RULE:{text}/$1$2/L");
        if let Ok(rules) = PrincipalRules::parse(&rule) {
            let _ = rules.name("CN=a,OU=b");
        }
        let (client, _) = Client::start(Hash::Sha256, ("a", &Secret::new("b")), "n", false);
        let _ = client.prove(text.as_bytes());
        let _ = KeySet::parse(text.as_bytes());
    }

    #[test]
    fn any_token_is_refused(parts in proptest::collection::vec("[A-Za-z0-9_-]{0,40}", 0..5)) {
        let users = Users(Secret::new(""));
        prop_assert!(users.token(&Secret::new(&parts.join(".")), 0).is_err());
    }
}
