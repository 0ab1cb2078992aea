//! Where bearer tokens come from: given, a file, a command, an `OpenID` provider. How long a token lives is read from
//! the token where it is a JWT; its signature is the broker's business.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use tokio::process::Command;

use super::Fault;
use super::lease::{Fresh, Lease};
use super::oidc::Oidc;
use crate::cluster::dialer::material;
use crate::cluster::error::{WayError, printable};
use crate::config::property;
use crate::config::secret::Secret;
use crate::config::security::TokenSource;
use crate::model::Moment;

/// The longest output of a command that is taken for a token.
const MAX_TOKEN_BYTES: usize = 64 * 1024;

/// The tokens of one cluster.
#[derive(Debug)]
pub struct Tokens {
    source: Source,
    held: Lease<Secret>,
}

#[derive(Debug)]
enum Source {
    Fixed(Secret),
    File(PathBuf),
    Command(Vec<String>),
    Oidc(Oidc),
}

impl Tokens {
    /// Loads what the source needs; no token is fetched yet.
    pub fn load(source: &TokenSource, warnings: &mut Vec<Arc<str>>) -> Result<Self, WayError> {
        let source = match source {
            TokenSource::Fixed(token) => Source::Fixed(token.clone()),
            TokenSource::File(path) => {
                warnings.extend(material::readers(path));
                Source::File(path.clone())
            }
            TokenSource::Command(command) if command.is_empty() => {
                return Err(WayError::Login {
                    mechanism: "OAUTHBEARER",
                    why: "the token command is empty".to_owned(),
                });
            }
            TokenSource::Command(command) => Source::Command(command.clone()),
            TokenSource::Oidc {
                endpoint,
                client_id,
                client_secret,
                scope,
                trust,
            } => Source::Oidc(Oidc::load(
                endpoint,
                (client_id, client_secret),
                scope.as_deref(),
                trust,
                warnings,
            )?),
        };
        Ok(Self {
            source,
            held: Lease::default(),
        })
    }

    /// A token that is good now.
    pub async fn take(&self) -> Result<Secret, Fault> {
        let token = self.held.take(self.fetch()).await?;
        check(token.reveal())?;
        Ok(token)
    }

    async fn fetch(&self) -> Result<Fresh<Secret>, Fault> {
        match &self.source {
            Source::Fixed(token) => Ok(fresh(token.reveal())),
            Source::File(path) => Ok(fresh(&read(path).await?)),
            Source::Command(command) => Ok(fresh(&printed(command).await?)),
            Source::Oidc(provider) => provider.fetch().await,
        }
    }
}

fn fresh(text: &str) -> Fresh<Secret> {
    let token = text.trim();
    Fresh {
        value: Secret::new(token),
        expires: end(token),
    }
}

/// A token that was pasted with more than itself would only be refused.
fn check(token: &str) -> Result<(), Fault> {
    if token.is_empty() {
        return Err(Fault::new("the token is empty"));
    }
    let fine = |c: char| c.is_ascii_graphic();
    if !token.chars().all(fine) {
        return Err(Fault::new(
            "the token holds spaces, line ends or other characters that no token has",
        ));
    }
    Ok(())
}

async fn read(path: &Path) -> Result<String, Fault> {
    let owned = path.to_owned();
    let reading = tokio::task::spawn_blocking(move || std::fs::read_to_string(owned)).await;
    let path = path.display();
    match reading {
        Ok(Ok(text)) => Ok(text),
        Ok(Err(error)) => Err(Fault::new(format!(
            "the token file {path} cannot be read: {error}"
        ))),
        Err(error) => Err(Fault::new(format!(
            "reading the token file {path} ended early: {error}"
        ))),
    }
}

/// What a command prints. It ends with the caller's patience; its words of complaint are shown, its output never.
pub async fn printed(command: &[String]) -> Result<String, Fault> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(Fault::new("no command is named"));
    };
    let mut child = Command::new(program);
    for name in property::secret_variables() {
        child.env_remove(name);
    }
    let started = child
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let child = started
        .map_err(|error| Fault::new(format!("the command {program} cannot be started: {error}")))?;
    let ended = child.wait_with_output().await;
    let output = ended.map_err(|error| Fault::new(format!("the command {program}: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said: String = said
            .trim()
            .lines()
            .last()
            .unwrap_or("it says nothing")
            .chars()
            .take(200)
            .collect();
        let (status, said) = (output.status, printable(&said));
        return Err(Fault::new(format!(
            "the command {program} failed ({status}): {said}"
        )));
    }
    if output.stdout.len() > MAX_TOKEN_BYTES {
        return Err(Fault::new(format!(
            "the command {program} prints more than a token"
        )));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| Fault::new(format!("the command {program} prints no text")))
}

/// When a JWT ends, by its claim `exp`; `None` for any other token.
pub fn end(token: &str) -> Option<Moment> {
    let mut parts = token.split('.');
    let claims = parts.nth(1).filter(|_| parts.next().is_some())?;
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let exp = claims.get("exp")?;
    // Some issuers write whole seconds as a fraction.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast of a float saturates, and nobody lives that long"
    )]
    let seconds = exp
        .as_i64()
        .or_else(|| exp.as_f64().map(|exp| exp as i64))?;
    Some(Moment::from_unix_ms(seconds.saturating_mul(1000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jwt(claims: &str) -> String {
        format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_jwt_says_when_it_ends_and_other_tokens_do_not() {
        let at = |seconds: i64| Some(Moment::from_unix_ms(seconds * 1000));
        assert_eq!(end(&jwt(r#"{"exp":1773497160}"#)), at(1_773_497_160));
        assert_eq!(end(&jwt(r#"{"exp":1773497160.5}"#)), at(1_773_497_160));
        assert_eq!(end(&jwt(r#"{"sub":"x"}"#)), None);
        assert_eq!(end("opaque"), None);
        assert_eq!(end("a.b"), None);
        assert_eq!(end("a.!.c"), None);
    }

    #[tokio::test]
    async fn a_command_prints_a_token_and_a_failing_one_says_why() {
        let run = async |script: &str| {
            let command = ["sh", "-c", script].map(str::to_owned);
            let tokens = Tokens::load(&TokenSource::Command(command.to_vec()), &mut Vec::new());
            tokens.expect("a command").take().await
        };
        let token = run("echo abc.def").await.expect("printed");
        assert_eq!(token.reveal(), "abc.def");
        let fault = run("echo secret; echo first >&2; echo 'not logged in' >&2; exit 3").await;
        assert_eq!(
            fault.expect_err("fails").0,
            "the command sh failed (exit status: 3): not logged in"
        );
        assert!(
            run("echo a b")
                .await
                .expect_err("two words")
                .0
                .contains("spaces")
        );
        assert!(run("true").await.expect_err("nothing").0.contains("empty"));
    }

    #[tokio::test]
    async fn a_token_file_that_is_not_there_is_named() {
        let source = TokenSource::File("/nonexistent/token".into());
        let tokens = Tokens::load(&source, &mut Vec::new()).expect("only later");
        let fault = tokens.take().await.expect_err("no file").0;
        assert!(
            fault.starts_with("the token file /nonexistent/token cannot be read"),
            "{fault}"
        );
    }
}
