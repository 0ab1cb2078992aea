//! Tokens of an `OpenID` provider by client credentials (KIP-768, RFC 6749 §4.4). One request per token; the client
//! secret goes as Kafka's own clients send it, in the header, as it is.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use serde_json::Value;

use super::Fault;
use super::lease::Fresh;
use super::token;
use crate::clock;
use crate::cluster::dialer::http::{self, Question, Reply, Url};
use crate::cluster::dialer::tls::Tls;
use crate::cluster::error::{WayError, printable};
use crate::config::secret::Secret;
use crate::config::security::Material;
use crate::model::{Moment, Span};

/// A provider.
pub struct Oidc {
    url: Url,
    tls: Option<Tls>,
    basic: Secret,
    form: String,
}

impl fmt::Debug for Oidc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oidc")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Oidc {
    /// Reads the address and loads the authorities.
    pub fn load(
        endpoint: &str,
        (id, secret): (&str, &Secret),
        scope: Option<&str>,
        trust: &[Material],
        warnings: &mut Vec<Arc<str>>,
    ) -> Result<Self, WayError> {
        let url = Url::read(endpoint).map_err(|why| WayError::Login {
            mechanism: "OAUTHBEARER",
            why: format!("sasl.oauthbearer.token.endpoint.url: {why}"),
        })?;
        let tls = url.secure.then(|| Tls::towards_web(trust)).transpose()?;
        if !url.secure {
            warnings.push(
                format!("the client secret is sent in the clear: {endpoint} is not https").into(),
            );
        }
        let scope = scope.map_or(String::new(), |scope| {
            format!("&scope={}", http::encoded(scope))
        });
        Ok(Self {
            url,
            tls,
            basic: Secret::new(&STANDARD.encode(format!("{id}:{}", secret.reveal()))),
            form: format!("grant_type=client_credentials{scope}"),
        })
    }

    /// Asks for a token.
    pub async fn fetch(&self) -> Result<Fresh<Secret>, Fault> {
        let question = Question {
            method: Method::POST,
            url: &self.url,
            headers: vec![
                (
                    "content-type",
                    "application/x-www-form-urlencoded".to_owned(),
                ),
                ("authorization", format!("Basic {}", self.basic.reveal())),
            ],
            body: self.form.clone(),
        };
        let asked = http::ask(question, self.tls.as_ref()).await;
        let reply = asked.map_err(|why| Fault::new(format!("no token: {why}")))?;
        read(&reply, &self.url, clock::now())
    }
}

fn read(reply: &Reply, url: &Url, now: Moment) -> Result<Fresh<Secret>, Fault> {
    let endpoint = &url.endpoint;
    let answer: Option<Value> = serde_json::from_slice(&reply.body).ok();
    let text = |name: &str| {
        answer
            .as_ref()
            .and_then(|answer| answer.get(name)?.as_str())
    };
    if reply.status != 200 {
        let status = reply.status;
        let why = match (text("error"), text("error_description")) {
            (Some(error), Some(words)) => format!("{error}: {words}"),
            (Some(error), None) => error.to_owned(),
            (None, _) => format!("status {status}"),
        };
        let why = printable(&why);
        return Err(Fault::new(format!(
            "no token: {endpoint} refuses ({why}); check client id, client secret and scope"
        )));
    }
    let Some(token) = text("access_token") else {
        return Err(Fault::new(format!(
            "no token: {endpoint} answers without access_token; is sasl.oauthbearer.token.endpoint.url the token endpoint?"
        )));
    };
    let lives = answer
        .as_ref()
        .and_then(|answer| answer.get("expires_in")?.as_u64());
    let by_answer = lives.map(|seconds| now.plus(Span::from_ms(seconds.saturating_mul(1000))));
    Ok(Fresh {
        value: Secret::new(token),
        expires: token::end(token).or(by_answer),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, body: &'static str) -> Result<(String, Option<Moment>), String> {
        let url = Url::read("https://idp.example/token").expect("an address");
        let reply = Reply {
            status,
            body: body.into(),
        };
        let fresh = read(&reply, &url, Moment::from_unix_ms(1000));
        let fresh = fresh.map_err(|fault| fault.0)?;
        Ok((fresh.value.reveal().to_owned(), fresh.expires))
    }

    #[test]
    fn an_opaque_token_lives_as_long_as_the_answer_says() {
        let body = r#"{"access_token":"abc","token_type":"Bearer","expires_in":300}"#;
        let expires = Some(Moment::from_unix_ms(301_000));
        assert_eq!(answered(200, body), Ok(("abc".to_owned(), expires)));
    }

    #[test]
    fn a_refusal_carries_the_providers_words() {
        let body = r#"{"error":"invalid_client","error_description":"Invalid client secret"}"#;
        assert_eq!(
            answered(401, body).expect_err("refused"),
            "no token: idp.example:443 refuses (invalid_client: Invalid client secret); check client id, client secret and scope"
        );
        assert_eq!(
            answered(502, "<html>").expect_err("refused"),
            "no token: idp.example:443 refuses (status 502); check client id, client secret and scope"
        );
    }

    #[test]
    fn a_page_is_not_taken_for_a_token() {
        let error = answered(200, "<html>").expect_err("a page");
        assert!(error.contains("without access_token"), "{error}");
    }
}
