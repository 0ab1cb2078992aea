//! Files of other tools, told by their content: Java's `client.properties`, librdkafka's and kcat's configuration, and
//! the clusters of rpk, kaf and kafkactl. Each becomes settings under librdkafka's names. Total over any text.

mod kaf;
mod kafkactl;
mod rpk;

use std::path::Path;
use std::sync::Arc;

use super::java;
use super::origin::Origin;
use super::profile::ProfileError;
use super::properties::{self, Dialect};
use super::property::Key;
use super::secret::Secret;
use super::sheet::{Author, Sheet, SheetError};
use super::yaml::Node;

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    Java,
    Librdkafka,
    Rpk,
    Kaf,
    Kafkactl,
}

impl Tool {
    /// What the file is called in sentences.
    pub fn words(self) -> &'static str {
        match self {
            Self::Java => "properties of a Java client",
            Self::Librdkafka => "a configuration of kcat or another librdkafka client",
            Self::Rpk => "a configuration of rpk",
            Self::Kaf => "a configuration of kaf",
            Self::Kafkactl => "a configuration of kafkactl",
        }
    }
}

/// One cluster of a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// What the file calls it; `None` where it has one cluster without a name.
    pub name: Option<String>,
    /// Its settings, or why they cannot be used: one broken cluster does not spoil the others.
    pub sheet: Result<Sheet, ProfileError>,
}

/// What a file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    pub tool: Tool,
    pub clusters: Vec<Cluster>,
    /// The cluster that its tool would use.
    pub current: Option<String>,
}

impl Import {
    /// The one cluster to open: the only one, or the current one.
    pub fn only(self, file: &str) -> Result<Cluster, ProfileError> {
        let mut clusters = self.clusters;
        if clusters.len() == 1 {
            return clusters.pop().ok_or_else(|| nothing(file));
        }
        let names: Vec<String> = clusters.iter().filter_map(|c| c.name.clone()).collect();
        let current = clusters
            .into_iter()
            .find(|cluster| cluster.name.is_some() && cluster.name == self.current);
        current.ok_or_else(|| ProfileError::File {
            file: file.to_owned(),
            reason: format!(
                "it names several clusters and none as the current one: {}; take them over by `lookout profiles add`, and \
                 open one by `-p NAME`",
                names.join(", ")
            ),
        })
    }
}

fn nothing(file: &str) -> ProfileError {
    ProfileError::File {
        file: file.to_owned(),
        reason: "it names no cluster".to_owned(),
    }
}

/// Reads a file. `file` is how messages call it.
pub fn read(text: &str, file: &Path) -> Result<Import, ProfileError> {
    let file = super::sheet::file_name(file);
    if let Some(import) = read_yaml(text, &file)? {
        return if import.clusters.is_empty() {
            Err(nothing(&file))
        } else {
            Ok(import)
        };
    }
    if let Some(wrong) = refuse_other_kinds(text) {
        return Err(ProfileError::File {
            file: file.to_string(),
            reason: wrong.to_owned(),
        });
    }
    let tool = dialect(text);
    let sheet = read_properties(text, &file, tool);
    if sheet.as_ref().is_ok_and(Sheet::is_empty) {
        return Err(ProfileError::File {
            file: file.to_string(),
            reason: "it holds no setting of a Kafka client; expected name=value lines, or a configuration of rpk, kaf or \
                kafkactl"
                .to_owned(),
        });
    }
    Ok(Import {
        tool,
        clusters: vec![Cluster { name: None, sheet }],
        current: None,
    })
}

/// What is plainly something else.
fn refuse_other_kinds(text: &str) -> Option<&'static str> {
    let start = text.trim_start();
    if start.starts_with("-----BEGIN ") {
        return Some(
            "it is a certificate or key; name it with ssl.ca.location, ssl.certificate.location or ssl.key.location",
        );
    }
    if start.starts_with('{') {
        return Some(
            "it is JSON; expected name=value lines, or a configuration of rpk, kaf or kafkactl",
        );
    }
    if start.starts_with("KafkaClient") && start.contains('{') {
        return Some(
            "it is a JAAS file; put what stands between its braces into sasl.jaas.config of a client.properties",
        );
    }
    None
}

fn read_yaml(text: &str, file: &Arc<str>) -> Result<Option<Import>, ProfileError> {
    let has = |name: &str| {
        let begins = |line: &str| line.trim_end().strip_suffix(':') == Some(name);
        text.lines()
            .any(|line| begins(line) || line.starts_with(&format!("{name}: ")))
    };
    let convert: fn(&Node, &Arc<str>) -> Import = if has("contexts") {
        kafkactl::read
    } else if has("clusters") {
        kaf::read
    } else if has("profiles") || has("rpk") {
        rpk::read
    } else {
        return Ok(None);
    };
    let root = Node::read(text).map_err(|error| ProfileError::File {
        file: file.to_string(),
        reason: error.to_string(),
    })?;
    Ok(Some(convert(&root, file)))
}

/// Java's files are told by names that only Java has, and by escapes that only Java needs.
fn dialect(text: &str) -> Tool {
    let lines = properties::read(text, Dialect::Librdkafka);
    let has = |names: &[&str]| lines.iter().any(|line| names.contains(&line.name.as_str()));
    let only_librdkafka = has(&[
        "metadata.broker.list",
        "sasl.mechanisms",
        "sasl.username",
        "sasl.password",
        "ssl.ca.location",
        "ssl.ca.pem",
        "ssl.certificate.location",
        "ssl.key.location",
        "enable.ssl.certificate.verification",
    ]);
    let only_java = has(&[
        "sasl.jaas.config",
        "ssl.truststore.location",
        "ssl.truststore.type",
        "ssl.keystore.type",
        "sasl.login.callback.handler.class",
    ]);
    if only_librdkafka && !only_java {
        Tool::Librdkafka
    } else {
        Tool::Java
    }
}

fn read_properties(text: &str, file: &Arc<str>, tool: Tool) -> Result<Sheet, ProfileError> {
    let dialect = match tool {
        Tool::Librdkafka => Dialect::Librdkafka,
        Tool::Java | Tool::Rpk | Tool::Kaf | Tool::Kafkactl => Dialect::Java,
    };
    let mut sheet = Sheet::default();
    for line in properties::read(text, dialect) {
        let origin = Origin::line(file, line.line);
        sheet.put(&line.name, &[line.value], origin, Author::Anybody)?;
    }
    java::translate(&mut sheet)?;
    Ok(sheet)
}

/// Settings of one cluster of a YAML file, as they are gathered.
struct Gathered<'a> {
    sheet: Sheet,
    file: &'a Arc<str>,
}

impl<'a> Gathered<'a> {
    fn new(file: &'a Arc<str>) -> Self {
        Self {
            sheet: Sheet::default(),
            file,
        }
    }

    fn origin(&self, node: &Node) -> Origin {
        Origin::line(self.file, node.line)
    }

    /// Takes texts over as the value of a setting.
    fn take(&mut self, key: Key, node: Option<&Node>) -> Result<(), SheetError> {
        let Some(node) = node else { return Ok(()) };
        let values = node.items().iter().filter_map(Node::text);
        let values: Vec<Secret> = values.map(Secret::new).collect();
        let origin = self.origin(node);
        self.sheet.put(key.name(), &values, origin, Author::Anybody)
    }

    /// Sets a value that follows from a node.
    fn set(&mut self, key: Key, value: &str, node: &Node) -> Result<(), SheetError> {
        let (origin, value) = (self.origin(node), Secret::new(value));
        self.sheet
            .put(key.name(), &[value], origin, Author::Anybody)
    }

    /// The protocol that follows from whether TLS and a login are there.
    fn protocol(&mut self, tls: Option<&Node>, sasl: Option<&Node>) {
        let (protocol, node) = match (tls, sasl) {
            (None, None) => return,
            (Some(node), None) => ("SSL", node),
            (None, Some(node)) => ("SASL_PLAINTEXT", node),
            (Some(_), Some(node)) => ("SASL_SSL", node),
        };
        let origin = self.origin(node);
        self.sheet
            .set_if_unset(Key::SecurityProtocol, protocol, origin);
    }

    fn refuse(&self, node: &Node, name: &str, reason: &str) -> SheetError {
        SheetError::Refused {
            origin: self.origin(node),
            name: name.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

/// The mechanism in Kafka's own spelling, of the spellings that other tools use.
fn mechanism(text: &str) -> &str {
    match text.to_ascii_lowercase().as_str() {
        "plain" | "plaintext" => "PLAIN",
        "scram-sha-256" | "scram-sha256" => "SCRAM-SHA-256",
        "scram-sha-512" | "scram-sha512" => "SCRAM-SHA-512",
        "oauth" | "oauthbearer" => "OAUTHBEARER",
        "aws_msk_iam" | "aws-msk-iam" => "AWS_MSK_IAM",
        _ => text,
    }
}

#[cfg(test)]
mod tests;
