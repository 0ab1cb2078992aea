//! rpk's `rpk.yaml`: `current_profile`, `profiles[].{name,kafka_api,schema_registry}`; of older files `rpk.kafka_api`.

use std::sync::Arc;

use super::{Cluster, Gathered, Import, Tool, mechanism};
use crate::config::property::Key;
use crate::config::sheet::{Sheet, SheetError};
use crate::config::yaml::Node;

/// Reads it.
pub fn read(root: &Node, file: &Arc<str>) -> Import {
    let profiles = root.get("profiles").map(Node::items).unwrap_or_default();
    let mut clusters: Vec<Cluster> = profiles
        .iter()
        .map(|profile| Cluster {
            name: profile.get("name").and_then(Node::text).map(str::to_owned),
            sheet: sheet(profile, file).map_err(Into::into),
        })
        .collect();
    if let Some(old) = root.get("rpk").filter(|old| old.get("kafka_api").is_some()) {
        clusters.push(Cluster {
            name: None,
            sheet: sheet(old, file).map_err(Into::into),
        });
    }
    let current = root.get("current_profile").and_then(Node::text);
    Import {
        tool: Tool::Rpk,
        clusters,
        current: current.map(str::to_owned),
    }
}

fn sheet(profile: &Node, file: &Arc<str>) -> Result<Sheet, SheetError> {
    let mut gathered = Gathered::new(file);
    let Some(kafka) = profile.get("kafka_api") else {
        return Ok(gathered.sheet);
    };
    gathered.take(Key::Bootstrap, kafka.get("brokers"))?;
    // A map, even an empty one, says that TLS is spoken; `enabled: false` that it is not.
    let tls = kafka.get("tls").filter(|tls| match tls.get("enabled") {
        Some(enabled) => enabled.is_true(),
        None => true,
    });
    let sasl = kafka.get("sasl").filter(|sasl| sasl.get("user").is_some());
    gathered.protocol(tls, sasl);
    if let Some(tls) = tls {
        gathered.take(Key::CaLocation, either(tls, "ca_file", "truststore_file"))?;
        gathered.take(Key::CertificateLocation, tls.get("cert_file"))?;
        gathered.take(Key::KeyLocation, tls.get("key_file"))?;
        let unverified = tls.get("insecure_skip_verify");
        if let Some(node) = unverified.filter(|node| node.is_true()) {
            gathered.set(Key::Verification, "false", node)?;
        }
    }
    if let Some(sasl) = sasl {
        take_login(&mut gathered, sasl)?;
    }
    let registry = profile.at(&["schema_registry", "addresses"]);
    let registry = registry.filter(|addresses| !addresses.items().is_empty());
    if let Some(node) = registry {
        let tls = profile.at(&["schema_registry", "tls"]).is_some();
        gathered.set(Key::RegistryUrl, &urls(node, tls), node)?;
    }
    Ok(gathered.sheet)
}

fn take_login(gathered: &mut Gathered<'_>, sasl: &Node) -> Result<(), SheetError> {
    if let Some(node) = either(sasl, "mechanism", "type")
        && let Some(text) = node.text()
    {
        gathered.set(Key::SaslMechanism, mechanism(text), node)?;
    }
    gathered.take(Key::SaslUsername, sasl.get("user"))?;
    gathered.take(Key::SaslPassword, sasl.get("password"))
}

fn either<'a>(node: &'a Node, name: &str, older: &str) -> Option<&'a Node> {
    node.get(name).or_else(|| node.get(older))
}

/// Addresses without a scheme are `host:port`.
fn urls(addresses: &Node, tls: bool) -> String {
    let scheme = if tls { "https" } else { "http" };
    let url = |address: &str| {
        if address.contains("://") {
            address.to_owned()
        } else {
            format!("{scheme}://{address}")
        }
    };
    let urls: Vec<String> = addresses
        .items()
        .iter()
        .filter_map(Node::text)
        .map(url)
        .collect();
    urls.join(",")
}
