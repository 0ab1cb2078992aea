//! Tokens against keys and rules.

use std::path::PathBuf;
use std::time::Duration;

use broker::auth::token::{KeySet, Verified, verify};
use broker::config::security::{KeySource, TokenRules};
use broker::secret::Secret;

use crate::support::secure::Signer;

/// A key of RSA, by OpenSSL.
const MODULUS: &str = "0hNxUQCd_FdoayhKr6xi5S0ON0aES_mT7Gpz67ftJuGFhyYMFwzjEnR6KNUgU6tyDCytc_Uz8Ii72t9EE8CkG4N8oFsVrD-Ut-_SrIqITKzqvLhU3qkN4YmrI5oF77ipgnpk2BeGhPy0MKArzeH70vsGXFmQAIEKoyOsKcsa6Uzggxq6x9529TOHtiiX8AWYkdeZKgKsMh25l0qETaax4rWP-MkgxJijEDuER5puVGcPsv2EDAMsLPZHIVc8bmxEqRnO_IdLuUhmqGwANHbWZ8xM1z5UBmga5v_CtXwWfmKjRj9LgFbx91N7h1Jqs6IMfctY6M9Mt7kGRvV9sMphfQ";

/// A token of that key until 2100: subject carol, audience kafka.
const RS256: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6InJzYS0xIiwidHlwIjoiSldUIn0.eyJzdWIiOiJjYXJvbCIsImlhdCI6MTcwMDAwMDAwMCwiZXhwIjo0MTAyNDQ0ODAwLCJpc3MiOiJodHRwczovL2lzc3Vlci50ZXN0IiwiYXVkIjoia2Fma2EiLCJzY29wZSI6ImEgYiJ9.AUKffpzYCCCFk3E-7UF2qKxnVeoe8e_7P0uxMf7k_geeRJLE_o0i8xoGm8t0Ss1-RJlbaD92Sfi21OsiYhefPGhQZ3bk7vDuchQUJdaH64Vj0sI_rCo0xVepjKr8-j5xRLR5gjSsjfAclPEMls_KvoYDdFt0c3jaS1NJZcCvV1UWpVupLZcCi3YLuM_TgKEom7URP-KQJjvOzZnu962p3q0UfyjhLqnslO-WE7R1zl8--IgbQVGj8oH7FzO-I3qmE5nPp1ovNAkd05gcE3tKiVEa0b2aoqdxbpIXtY-HldvTNYrhZ_opN7RZoXrmxGEfkXZbHjlG5-fbWxqSmllj4g";

/// Some time in 2025.
const NOW_MS: i64 = 1_750_000_000_000;

fn rules() -> TokenRules {
    TokenRules {
        keys: KeySource::File(PathBuf::new()),
        refresh: Duration::ZERO,
        retry: (Duration::ZERO, Duration::ZERO),
        audiences: Vec::new(),
        issuer: None,
        sub_claim: "sub".to_owned(),
        scope_claim: "scope".to_owned(),
        skew: Duration::from_secs(30),
    }
}

fn held(token: &str, keys: &str, rules: &TokenRules) -> Result<Verified, String> {
    let keys = KeySet::parse(keys.as_bytes()).unwrap();
    verify(&Secret::new(token), &keys, rules, NOW_MS).map_err(|error| error.to_string())
}

fn rsa() -> String {
    format!(r#"{{"keys":[{{"kty":"RSA","kid":"rsa-1","n":"{MODULUS}","e":"AQAB"}}]}}"#)
}

#[test]
fn a_token_of_another_implementation_is_verified_with_rs256() {
    let verified = held(RS256, &rsa(), &rules()).unwrap();
    assert_eq!(verified.name, "carol");
    assert_eq!(verified.expires_ms, 4_102_444_800_000);
    let (signed, signature) = RS256.rsplit_once('.').unwrap();
    let flipped = format!("{signed}.{}", signature.replacen('A', "B", 1));
    assert!(
        held(&flipped, &rsa(), &rules())
            .unwrap_err()
            .contains("signature")
    );
    let unknown = rsa().replace("rsa-1", "rsa-2");
    assert!(
        held(RS256, &unknown, &rules())
            .unwrap_err()
            .contains("not known")
    );
}

#[test]
fn claims_are_held_against_the_rules() {
    let signer = Signer::new();
    let keys = signer.jwks("k");
    let good = r#""sub":"alice","iat":1749999990,"exp":1750000100"#;
    let ask = |claims: &str, rules: &TokenRules| {
        held(&signer.sign("k", &format!("{{{claims}}}")), &keys, rules)
    };
    let alice = ask(good, &rules()).unwrap();
    assert_eq!(
        (alice.name.as_str(), alice.expires_ms),
        ("alice", 1_750_000_100_000)
    );
    for (claims, wrong) in [
        (r#""sub":"a","iat":1"#, "exp is missing"),
        (r#""sub":"a","iat":1,"exp":1749999970"#, "exp is past"),
        (r#""sub":"a","iat":1,"exp":"soon""#, "exp is no time"),
        (r#""sub":"a","iat":1,"exp":1e300"#, "exp is no time"),
        (
            r#""sub":"a","iat":1,"exp":9223372036854775807"#,
            "exp is no time",
        ),
        (r#""sub":"a","exp":1750000100"#, "iat is missing"),
        (r#""iat":1,"exp":1750000100"#, "sub is missing"),
        (r#""sub":" ","iat":1,"exp":1750000100"#, "sub names nobody"),
        (
            r#""sub":"a","iat":1,"exp":1750000100,"nbf":1750000031"#,
            "nbf is to come",
        ),
        (
            r#""sub":"a","iat":1,"exp":1750000100,"scope":["x"," "]"#,
            "blank scope",
        ),
    ] {
        let why = ask(claims, &rules()).unwrap_err();
        assert!(why.contains(wrong), "{claims}: {why}");
    }
    // Clocks may differ a little.
    assert!(ask(r#""sub":"a","iat":1,"exp":1749999971.5"#, &rules()).is_ok());
    let strict = TokenRules {
        audiences: vec!["kafka".to_owned(), "other".to_owned()],
        issuer: Some("https://issuer".to_owned()),
        sub_claim: "email".to_owned(),
        ..rules()
    };
    let full = r#","iss":"https://issuer","aud":["x","kafka"],"email":"a@b""#;
    assert_eq!(ask(&format!("{good}{full}"), &strict).unwrap().name, "a@b");
    for lacking in ["https://issuer", "kafka", "email"] {
        let claims = format!("{good}{}", full.replace(lacking, "y"));
        assert!(ask(&claims, &strict).is_err(), "{lacking}");
    }
}

#[test]
fn a_token_that_signs_itself_or_not_at_all_is_refused() {
    let (signer, other) = (Signer::new(), Signer::new());
    let claims = r#"{"sub":"a","iat":1,"exp":4102444800}"#;
    let keys = signer.jwks("k");
    let by_other = other.sign("k", claims);
    assert!(
        held(&by_other, &keys, &rules())
            .unwrap_err()
            .contains("signature")
    );
    for header in [r#"{"alg":"none"}"#, r#"{"alg":"HS256","kid":"k"}"#, "{}"] {
        let why = held(&signer.sign_as(header, claims), &keys, &rules()).unwrap_err();
        assert!(why.contains("RS256 and ES256"), "{why}");
    }
    // An algorithm of another kind than the key's.
    let why = held(
        &signer.sign_as(r#"{"alg":"RS256","kid":"k"}"#, claims),
        &keys,
        &rules(),
    );
    assert!(why.unwrap_err().contains("not known"));
    let crit = r#"{"alg":"ES256","kid":"k","crit":["exp"]}"#;
    assert!(held(&signer.sign_as(crit, claims), &keys, &rules()).is_err());
    // Without an id every key is tried.
    assert!(
        held(
            &signer.sign_as(r#"{"alg":"ES256"}"#, claims),
            &keys,
            &rules()
        )
        .is_ok()
    );
}

#[test]
fn key_sets_leave_out_what_they_do_not_know() {
    let set = r#"{"keys":[{"kty":"oct","k":"AAAA"},{"kty":"EC","crv":"P-521","x":"","y":""},
        {"kty":"EC","crv":"P-256","x":"AA","y":"AA"},{"kty":"RSA"},7,
        {"kty":"RSA","use":"enc","n":"AQAB","e":"AQAB"}]}"#;
    assert!(KeySet::parse(set.as_bytes()).unwrap().is_empty());
    assert!(KeySet::parse(b"[]").is_err());
    assert!(KeySet::parse(b"{").is_err());
}
