//! JSON Web Tokens (RFC 7519) and the key sets that sign them (RFC 7517): RS256 and ES256. Pure and
//! total: any bytes give who they stand for, or why they are refused. Never shows a token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::config::security::TokenRules;
use crate::secret::Secret;

/// Why a token is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TokenError {
    /// It is no signed token.
    #[error("it is no JSON web token: {0}")]
    Malformed(&'static str),
    /// Signed in a way that is not checked here.
    #[error("it is signed with {0}; RS256 and ES256 are checked here")]
    Algorithm(String),
    /// By a key that is not known.
    #[error("it is signed by a key that is not known")]
    UnknownKey,
    /// By somebody else.
    #[error("its signature is wrong")]
    Signature,
    /// A claim that is missing or not as it must be.
    #[error("its claim {claim} {why}")]
    Claim {
        /// The claim.
        claim: String,
        /// What is wrong.
        why: &'static str,
    },
}

/// Who a token stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The principal's name.
    pub name: String,
    /// When the token ends, in milliseconds since 1970.
    pub expires_ms: i64,
}

/// Keys that sign tokens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeySet(Vec<Key>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    id: Option<String>,
    material: Material,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Material {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// A point of P-256, not compressed.
    P256(Vec<u8>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Rs256,
    Es256,
}

impl KeySet {
    /// Reads a JWK set; keys of other kinds, and those to encrypt with, are left out.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let whole: Value = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let keys = whole.get("keys").and_then(Value::as_array);
        let keys = keys.ok_or("it has no list `keys`")?;
        Ok(Self(keys.iter().filter_map(Key::read).collect()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn check(
        &self,
        (algorithm, id): (Algorithm, Option<&str>),
        signed: &[u8],
        signature: &[u8],
    ) -> Result<(), TokenError> {
        let fits =
            |key: &&Key| key.algorithm() == algorithm && (id.is_none() || key.id.as_deref() == id);
        let mut fitting = self.0.iter().filter(fits).peekable();
        if fitting.peek().is_none() {
            return Err(TokenError::UnknownKey);
        }
        let is_right = fitting.any(|key| key.has_signed(signed, signature));
        is_right.then_some(()).ok_or(TokenError::Signature)
    }
}

impl Key {
    fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let bytes = |name: &str| BASE64.decode(text(name)?.trim_end_matches('=')).ok();
        if text("use").is_some_and(|used| used != "sig") {
            return None;
        }
        let material = match (text("kty")?, text("crv")) {
            ("RSA", _) => Material::Rsa {
                n: without_zeros(bytes("n")?),
                e: without_zeros(bytes("e")?),
            },
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes("x")?, bytes("y")?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                Material::P256([vec![4], x, y].concat())
            }
            _ => return None,
        };
        Some(Self {
            id: text("kid").map(str::to_owned),
            material,
        })
    }

    fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Rsa { .. } => Algorithm::Rs256,
            Material::P256(_) => Algorithm::Es256,
        }
    }

    fn has_signed(&self, signed: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Rsa { n, e } => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, signed, signature)
                .is_ok(),
            Material::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .verify(signed, signature)
                .is_ok(),
        }
    }
}

/// ring takes numbers without leading zeros.
fn without_zeros(bytes: Vec<u8>) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.into_iter().skip(zeros).collect()
}

/// Who a token stands for, if it holds at `now_ms` under these rules.
pub fn verify(
    token: &Secret,
    keys: &KeySet,
    rules: &TokenRules,
    now_ms: i64,
) -> Result<Verified, TokenError> {
    let malformed = TokenError::Malformed;
    let token = token.reveal();
    let (signed, signature) = token.rsplit_once('.').ok_or(malformed("it has no parts"))?;
    let (header, claims) = signed
        .split_once('.')
        .filter(|(_, claims)| !claims.contains('.'))
        .ok_or(malformed("it has not three parts"))?;
    let header = object(header).ok_or(malformed("its header is no JSON"))?;
    let algorithm = match header.get("alg").and_then(Value::as_str) {
        Some("RS256") => Algorithm::Rs256,
        Some("ES256") => Algorithm::Es256,
        other => {
            let name: String = other.unwrap_or("nothing").chars().take(20).collect();
            return Err(TokenError::Algorithm(name));
        }
    };
    if header.contains_key("crit") {
        return Err(malformed("its header demands what is not known here"));
    }
    let signature = BASE64
        .decode(signature)
        .map_err(|_| malformed("its signature is not base64"))?;
    let id = header.get("kid").and_then(Value::as_str);
    keys.check((algorithm, id), signed.as_bytes(), &signature)?;
    let claims = object(claims).ok_or(malformed("its claims are no JSON"))?;
    Claims(&claims).verified(rules, now_ms)
}

fn object(part: &str) -> Option<Map<String, Value>> {
    let bytes = BASE64.decode(part).ok()?;
    match serde_json::from_slice(&bytes).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

/// What a token says, once its signature is right.
struct Claims<'a>(&'a Map<String, Value>);

impl Claims<'_> {
    fn verified(&self, rules: &TokenRules, now_ms: i64) -> Result<Verified, TokenError> {
        let skew_ms = i64::try_from(rules.skew.as_millis()).unwrap_or(i64::MAX);
        let expires_ms = self
            .time("exp")?
            .ok_or_else(|| refused("exp", "is missing"))?;
        if now_ms >= expires_ms.saturating_add(skew_ms) {
            return Err(refused("exp", "is past"));
        }
        if self.time("iat")?.is_none() {
            return Err(refused("iat", "is missing"));
        }
        if self
            .time("nbf")?
            .is_some_and(|from| now_ms < from.saturating_sub(skew_ms))
        {
            return Err(refused("nbf", "is to come"));
        }
        if let Some(issuer) = &rules.issuer
            && self.text("iss") != Some(issuer)
        {
            return Err(refused("iss", "is not the expected one"));
        }
        if !rules.audiences.is_empty() && !self.is_for(&rules.audiences) {
            return Err(refused("aud", "names none that is expected"));
        }
        self.check_scope(&rules.scope_claim)?;
        if self.text("sub").is_none_or(str::is_empty) {
            return Err(refused("sub", "is missing"));
        }
        let name = self.text(&rules.sub_claim).map(str::trim);
        let name = name.filter(|name| !name.is_empty());
        Ok(Verified {
            name: name
                .ok_or_else(|| refused(&rules.sub_claim, "names nobody"))?
                .to_owned(),
            expires_ms,
        })
    }

    fn text(&self, claim: &str) -> Option<&str> {
        self.0.get(claim).and_then(Value::as_str)
    }

    /// A time in milliseconds; tokens give seconds, with a fraction if they like.
    fn time(&self, claim: &'static str) -> Result<Option<i64>, TokenError> {
        let Some(value) = self.0.get(claim) else {
            return Ok(None);
        };
        let wrong = || refused(claim, "is no time");
        if let Some(seconds) = value.as_i64() {
            return seconds.checked_mul(1000).map(Some).ok_or_else(wrong);
        }
        let seconds = value.as_f64().filter(|seconds| seconds.abs() < 1e12);
        let millis = seconds.ok_or_else(wrong)? * 1e3;
        let text = format!("{millis:.0}");
        text.parse().map(Some).map_err(|_| wrong())
    }

    fn is_for(&self, expected: &[String]) -> bool {
        let is_one = |name: &Value| {
            name.as_str()
                .is_some_and(|name| expected.iter().any(|known| known == name))
        };
        match self.0.get("aud") {
            Some(Value::Array(names)) => names.iter().any(is_one),
            Some(name) => is_one(name),
            None => false,
        }
    }

    /// Scopes are a text or a list of texts, none of them blank.
    fn check_scope(&self, claim: &str) -> Result<(), TokenError> {
        let is_blank = |value: &Value| value.as_str().is_none_or(|text| text.trim().is_empty());
        let is_wrong = match self.0.get(claim) {
            Some(Value::Array(all)) => all.iter().any(is_blank),
            Some(one @ Value::String(_)) => is_blank(one),
            _ => false,
        };
        if is_wrong {
            return Err(refused(claim, "holds a blank scope"));
        }
        Ok(())
    }
}

fn refused(claim: &str, why: &'static str) -> TokenError {
    let claim = claim.to_owned();
    TokenError::Claim { claim, why }
}
