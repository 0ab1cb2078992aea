//! Where AWS keys come from, in the order of AWS's own tools: environment, web identity, profile files, container,
//! instance. A role that is named is taken on with whatever was found. Signs nothing for brokers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper::Method;
use serde_json::Value;

use super::Fault;
use super::lease::{Fresh, Lease};
use super::sigv4::{Ask, Keys, Scope, presign, query_text};
use super::token::printed;
use crate::clock;
use crate::cluster::dialer::http::{self, Question, Reply, Url, encoded};
use crate::cluster::dialer::tls::Tls;
use crate::cluster::error::{WayError, printable};
use crate::config::secret::Secret;
use crate::config::security::Aws;
use crate::model::Moment;

/// Variables that are looked at.
const VARIABLES: [&str; 17] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CONFIG_FILE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_ENDPOINT_URL_STS",
];
/// Where a container asks when it is given a path only.
const CONTAINER: &str = "http://169.254.170.2";
/// Where an instance asks.
const INSTANCE: &str = "http://169.254.169.254";
/// Elsewhere than on an instance nobody answers there.
const INSTANCE_DEADLINE: Duration = Duration::from_secs(2);
const SESSION_NAME: &str = "lookout";
const STS_VERSION: &str = "2011-06-15";
/// Profiles that may lead to each other.
const MAX_SOURCES: usize = 5;

/// The environment as far as it matters here.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    variables: BTreeMap<&'static str, String>,
    home: Option<PathBuf>,
}

impl Surroundings {
    /// This process's own.
    pub fn of_process() -> Self {
        let set = |name: &'static str| {
            let value = std::env::var(name).ok().filter(|value| !value.is_empty())?;
            Some((name, value))
        };
        Self {
            variables: VARIABLES.into_iter().filter_map(set).collect(),
            home: directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    fn file(&self, variable: &str, customary: &str) -> Option<PathBuf> {
        let named = self.get(variable).map(PathBuf::from);
        named.or_else(|| Some(self.home.as_ref()?.join(".aws").join(customary)))
    }
}

/// A section of AWS's files: names and values.
type Profile = BTreeMap<String, String>;

/// The keys of one cluster.
#[derive(Debug)]
pub struct Wallet {
    aws: Aws,
    around: Surroundings,
    tls: Option<Tls>,
    held: Lease<Keys>,
}

impl Wallet {
    /// Looks where the operator says, else where AWS's tools look.
    pub fn new(aws: &Aws, around: Surroundings) -> Result<Self, WayError> {
        // Only taking on a role needs TLS of its own; a system without authorities is an error for those alone.
        let tls = match Tls::towards_web(&[]) {
            Ok(tls) => Some(tls),
            Err(WayError::NoAuthorities) => None,
            Err(error) => return Err(error),
        };
        Ok(Self {
            aws: aws.clone(),
            around,
            tls,
            held: Lease::default(),
        })
    }

    /// The region that is set somewhere.
    pub fn region(&self) -> Option<String> {
        let set = self.aws.region.clone();
        let by_variable = || {
            let region = self.around.get("AWS_REGION");
            region
                .or(self.around.get("AWS_DEFAULT_REGION"))
                .map(str::to_owned)
        };
        set.or_else(by_variable)
            .or_else(|| self.profile(&self.profile_name()).remove("region"))
    }

    /// Keys that are good now.
    pub async fn keys(&self, region: &str) -> Result<Keys, Fault> {
        self.held.take(self.fetch(region)).await
    }

    async fn fetch(&self, region: &str) -> Result<Fresh<Keys>, Fault> {
        let found = self.find(region).await?;
        match &self.aws.role_arn {
            Some(role) => self.take_role(role, &found.value, region).await,
            None => Ok(found),
        }
    }

    async fn find(&self, region: &str) -> Result<Fresh<Keys>, Fault> {
        let chosen = self.aws.profile.is_some();
        if !chosen {
            if let Some(keys) = self.of_environment() {
                return Ok(keys);
            }
            if let Some(keys) = self.of_web_identity(region).await? {
                return Ok(keys);
            }
        }
        let name = self.profile_name();
        if let Some(keys) = self.of_profile(&name, region).await? {
            return Ok(keys);
        }
        if chosen {
            return Err(Fault::new(format!(
                "the AWS profile '{name}' has no credentials, or is in neither ~/.aws/credentials nor ~/.aws/config"
            )));
        }
        if let Some(keys) = self.of_container().await? {
            return Ok(keys);
        }
        self.of_instance().await
    }

    fn of_environment(&self) -> Option<Fresh<Keys>> {
        let (id, secret) = (
            self.around.get("AWS_ACCESS_KEY_ID")?,
            self.around.get("AWS_SECRET_ACCESS_KEY")?,
        );
        let session = self.around.get("AWS_SESSION_TOKEN");
        Some(lasting(id, secret, session))
    }

    async fn of_web_identity(&self, region: &str) -> Result<Option<Fresh<Keys>>, Fault> {
        let file = self.around.get("AWS_WEB_IDENTITY_TOKEN_FILE");
        let (Some(file), Some(role)) = (file, self.around.get("AWS_ROLE_ARN")) else {
            return Ok(None);
        };
        let token = text_of(Path::new(file)).await?;
        let query = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("RoleArn", role),
            ("RoleSessionName", SESSION_NAME),
            ("Version", STS_VERSION),
            ("WebIdentityToken", token.trim()),
        ];
        let query: Vec<String> = query
            .iter()
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        self.ask_sts(region, &query.join("&")).await.map(Some)
    }

    fn profile_name(&self) -> String {
        let named = self
            .aws
            .profile
            .as_deref()
            .or(self.around.get("AWS_PROFILE"));
        named.unwrap_or("default").to_owned()
    }

    /// What both files say of a profile; the credentials file wins.
    fn profile(&self, name: &str) -> Profile {
        let read = |variable, customary, section: &str| {
            let path: Option<PathBuf> = self.around.file(variable, customary);
            // Neither file has to be there.
            let text = path.and_then(|path| std::fs::read_to_string(path).ok());
            text.map(|text| section_of(&text, section))
                .unwrap_or_default()
        };
        let in_config = match name {
            "default" => name.to_owned(),
            name => format!("profile {name}"),
        };
        let mut profile = read("AWS_CONFIG_FILE", "config", &in_config);
        profile.extend(read("AWS_SHARED_CREDENTIALS_FILE", "credentials", name));
        profile
    }

    async fn of_profile(&self, name: &str, region: &str) -> Result<Option<Fresh<Keys>>, Fault> {
        // From the profile that has keys back to the one that was named, each role taken on with the keys before it.
        let mut roles = Vec::new();
        let mut name = name.to_owned();
        for _ in 0..MAX_SOURCES {
            let profile = self.profile(&name);
            let source = profile
                .get("source_profile")
                .filter(|source| **source != name);
            match (profile.get("role_arn"), source) {
                (Some(role), Some(source)) => {
                    roles.push(role.clone());
                    name.clone_from(source);
                }
                (Some(role), None) => {
                    roles.push(role.clone());
                    break;
                }
                (None, _) => break,
            }
        }
        let Some(mut found) = own_keys(&name, &self.profile(&name)).await? else {
            return Ok(None);
        };
        for role in roles.iter().rev() {
            found = self.take_role(role, &found.value, region).await?;
        }
        Ok(Some(found))
    }

    async fn take_role(&self, role: &str, keys: &Keys, region: &str) -> Result<Fresh<Keys>, Fault> {
        let host = format!("sts.{region}.amazonaws.com");
        let query = vec![
            ("Action", "AssumeRole".to_owned()),
            ("RoleArn", role.to_owned()),
            ("RoleSessionName", SESSION_NAME.to_owned()),
            ("Version", STS_VERSION.to_owned()),
        ];
        let scope = Scope {
            region,
            service: "sts",
            at: clock::now(),
            expires_s: 60,
        };
        let query = presign(keys, scope, Ask::of(&host, query));
        self.ask_sts(region, &query_text(&query)).await
    }

    async fn ask_sts(&self, region: &str, query: &str) -> Result<Fresh<Keys>, Fault> {
        let customary = format!("https://sts.{region}.amazonaws.com");
        let base = self
            .around
            .get("AWS_ENDPOINT_URL_STS")
            .unwrap_or(&customary);
        let url = url(&format!("{}/?{query}", base.trim_end_matches('/')))?;
        let reply = self.ask(Question::get(&url)).await?;
        let text = String::from_utf8_lossy(&reply.body);
        let part = |tag: &str| element(&text, tag).map(str::to_owned);
        if let (200, Some(id), Some(secret)) =
            (reply.status, part("AccessKeyId"), part("SecretAccessKey"))
        {
            let session = part("SessionToken");
            let expires = part("Expiration").and_then(|text| Moment::parse_utc(&text));
            return Ok(Fresh {
                expires,
                ..lasting(&id, &secret, session.as_deref())
            });
        }
        let said = part("Message").unwrap_or_else(|| format!("status {}", reply.status));
        let said = printable(&said);
        Err(Fault::new(format!("the role cannot be taken on: {said}")))
    }

    async fn of_container(&self) -> Result<Option<Fresh<Keys>>, Fault> {
        let full = self
            .around
            .get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
            .map(str::to_owned);
        let relative = self.around.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
        let Some(address) = relative.map(|path| format!("{CONTAINER}{path}")).or(full) else {
            return Ok(None);
        };
        let url = url(&address)?;
        let mut question = Question::get(&url);
        let by_file = match self.around.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            Some(file) => Some(text_of(Path::new(file)).await?.trim().to_owned()),
            None => None,
        };
        let given = self.around.get("AWS_CONTAINER_AUTHORIZATION_TOKEN");
        if let Some(token) = by_file.or_else(|| given.map(str::to_owned)) {
            question.headers.push(("authorization", token));
        }
        let reply = self.ask(question).await?;
        of_json(&reply, "the container's credentials").map(Some)
    }

    /// `IMDSv2`: a token first, then the role's name, then its keys.
    async fn of_instance(&self) -> Result<Fresh<Keys>, Fault> {
        let nowhere = || {
            Fault::new(
                "no AWS credentials found: not in the environment, not in ~/.aws, not from a container or an instance; set AWS_PROFILE, or log in with your AWS tool",
            )
        };
        if self.around.get("AWS_EC2_METADATA_DISABLED") == Some("true") {
            return Err(nowhere());
        }
        let base = self
            .around
            .get("AWS_EC2_METADATA_SERVICE_ENDPOINT")
            .unwrap_or(INSTANCE);
        let at = |path: &str| url(&format!("{}/latest/{path}", base.trim_end_matches('/')));
        let ticket = at("api/token")?;
        let asked_token = Question {
            method: Method::PUT,
            headers: vec![("x-aws-ec2-metadata-token-ttl-seconds", "21600".to_owned())],
            ..Question::get(&ticket)
        };
        let answered = tokio::time::timeout(INSTANCE_DEADLINE, self.ask(asked_token)).await;
        let Ok(Ok(Reply { status: 200, body })) = answered else {
            return Err(nowhere());
        };
        let token = String::from_utf8_lossy(&body).into_owned();
        let with_token = |url| Question {
            headers: vec![("x-aws-ec2-metadata-token", token.clone())],
            ..Question::get(url)
        };
        let list = at("meta-data/iam/security-credentials/")?;
        let roles = self.ask(with_token(&list)).await?;
        let names = String::from_utf8_lossy(&roles.body).into_owned();
        let role = names.lines().next().unwrap_or_default().trim();
        if roles.status != 200 || role.is_empty() {
            return Err(Fault::new(
                "this instance has no role; attach one that may connect to the cluster",
            ));
        }
        let keys = at(&format!("meta-data/iam/security-credentials/{role}"))?;
        of_json(
            &self.ask(with_token(&keys)).await?,
            "the instance's credentials",
        )
    }

    async fn ask(&self, question: Question<'_>) -> Result<Reply, Fault> {
        http::ask(question, self.tls.as_ref())
            .await
            .map_err(Fault::new)
    }
}

/// Keys without an end of their own.
fn lasting(id: &str, secret: &str, session: Option<&str>) -> Fresh<Keys> {
    Fresh {
        value: Keys {
            id: id.to_owned(),
            secret: Secret::new(secret),
            session: session.map(Secret::new),
        },
        expires: None,
    }
}

fn url(text: &str) -> Result<Url, Fault> {
    Url::read(text).map_err(Fault::new)
}

/// The keys that a profile itself has: written there, or printed by its command.
async fn own_keys(name: &str, profile: &Profile) -> Result<Option<Fresh<Keys>>, Fault> {
    let get = |key: &str| profile.get(key).map(String::as_str);
    if let (Some(id), Some(secret)) = (get("aws_access_key_id"), get("aws_secret_access_key")) {
        return Ok(Some(lasting(id, secret, get("aws_session_token"))));
    }
    if let Some(command) = get("credential_process") {
        let command = ["sh", "-c", command].map(str::to_owned);
        let text = printed(&command).await?;
        return of_text(text.as_bytes(), "the profile's credential_process").map(Some);
    }
    if get("sso_session").or(get("sso_start_url")).is_some() {
        return Err(Fault::new(format!(
            "the AWS profile '{name}' logs in by SSO: run `aws sso login --profile {name}`, then set credential_process = \"aws configure export-credentials --profile {name}\" in a profile of its own"
        )));
    }
    Ok(None)
}

async fn text_of(path: &Path) -> Result<String, Fault> {
    let owned = path.to_owned();
    let read = tokio::task::spawn_blocking(move || std::fs::read_to_string(owned)).await;
    let path = path.display();
    let read = read.map_err(|error| Fault::new(format!("reading {path} ended early: {error}")))?;
    read.map_err(|error| Fault::new(format!("{path} cannot be read: {error}")))
}

fn of_json(reply: &Reply, what: &str) -> Result<Fresh<Keys>, Fault> {
    if reply.status != 200 {
        let (status, said) = (reply.status, reply.excerpt());
        return Err(Fault::new(format!("{what}: status {status} ({said})")));
    }
    of_text(&reply.body, what)
}

fn of_text(bytes: &[u8], what: &str) -> Result<Fresh<Keys>, Fault> {
    let answer: Option<Value> = serde_json::from_slice(bytes).ok();
    let text = |name: &str| {
        answer
            .as_ref()
            .and_then(|answer| answer.get(name)?.as_str())
    };
    let (Some(id), Some(secret)) = (text("AccessKeyId"), text("SecretAccessKey")) else {
        return Err(Fault::new(format!("{what}: the answer holds no keys")));
    };
    // Containers and instances say Token, commands SessionToken.
    let session = text("Token").or(text("SessionToken"));
    Ok(Fresh {
        expires: text("Expiration").and_then(Moment::parse_utc),
        ..lasting(id, secret, session)
    })
}

/// The text of the first element of this name; AWS answers flat XML without attributes there.
fn element<'a>(xml: &'a str, tag: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&format!("<{tag}>"))?;
    let (text, _) = rest.split_once(&format!("</{tag}>"))?;
    Some(text.trim())
}

/// One section of AWS's files: lines `name = value` under `[section]`.
fn section_of(text: &str, section: &str) -> Profile {
    let mut inside = false;
    let mut found = Profile::new();
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            let header = header.split(']').next().unwrap_or_default();
            inside = header.split_whitespace().eq(section.split_whitespace());
        } else if let Some((name, value)) = line.split_once('=').filter(|_| inside) {
            found.insert(name.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests;
