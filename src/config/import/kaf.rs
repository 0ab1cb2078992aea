//! kaf's `~/.kaf/config`: `current-cluster`, `clusters[].{name,brokers,SASL,TLS,security-protocol,schema-registry-…}`.

use std::sync::Arc;

use super::{Cluster, Gathered, Import, Tool, mechanism};
use crate::config::java::OIDC;
use crate::config::property::Key;
use crate::config::sheet::{Sheet, SheetError};
use crate::config::yaml::Node;

/// Reads it.
pub fn read(root: &Node, file: &Arc<str>) -> Import {
    let clusters = root.get("clusters").map(Node::items).unwrap_or_default();
    let cluster = |node: &Node| Cluster {
        name: node.get("name").and_then(Node::text).map(str::to_owned),
        sheet: sheet(node, file).map_err(Into::into),
    };
    let current = root.get("current-cluster").and_then(Node::text);
    Import {
        tool: Tool::Kaf,
        clusters: clusters.iter().map(cluster).collect(),
        current: current.map(str::to_owned),
    }
}

fn sheet(cluster: &Node, file: &Arc<str>) -> Result<Sheet, SheetError> {
    let mut gathered = Gathered::new(file);
    gathered.take(Key::Bootstrap, cluster.get("brokers"))?;
    gathered.take(Key::SecurityProtocol, cluster.get("security-protocol"))?;
    let (tls, sasl) = (cluster.get("TLS"), cluster.get("SASL"));
    let sasl = sasl.filter(|sasl| sasl.get("mechanism").is_some());
    gathered.protocol(tls, sasl);
    if let Some(tls) = tls {
        gathered.take(Key::CaLocation, tls.get("cafile"))?;
        gathered.take(Key::CertificateLocation, tls.get("clientfile"))?;
        gathered.take(Key::KeyLocation, tls.get("clientkeyfile"))?;
        let unverified = tls.get("insecure");
        if let Some(node) = unverified.filter(|node| node.is_true()) {
            gathered.set(Key::Verification, "false", node)?;
        }
    }
    if let Some(sasl) = sasl {
        take_login(&mut gathered, sasl)?;
    }
    gathered.take(Key::RegistryUrl, cluster.get("schema-registry-url"))?;
    if let Some(login) = cluster.get("schema-registry-credentials") {
        let part = |name| login.get(name).and_then(Node::text);
        if let Some((user, password)) = part("username").zip(part("password")) {
            gathered.set(Key::RegistryUserInfo, &format!("{user}:{password}"), login)?;
        }
    }
    Ok(gathered.sheet)
}

fn take_login(gathered: &mut Gathered<'_>, sasl: &Node) -> Result<(), SheetError> {
    if let Some(node) = sasl.get("mechanism")
        && let Some(text) = node.text()
    {
        gathered.set(Key::SaslMechanism, mechanism(text), node)?;
    }
    gathered.take(Key::SaslUsername, sasl.get("username"))?;
    gathered.take(Key::SaslPassword, sasl.get("password"))?;
    gathered.take(Key::OauthToken, sasl.get("token"))?;
    gathered.take(Key::OauthClientId, sasl.get("clientID"))?;
    gathered.take(Key::OauthClientSecret, sasl.get("clientSecret"))?;
    gathered.take(Key::OauthEndpoint, sasl.get("tokenURL"))?;
    if let Some(scopes) = sasl.get("scopes") {
        let texts: Vec<&str> = scopes.items().iter().filter_map(Node::text).collect();
        gathered.set(Key::OauthScope, &texts.join(" "), scopes)?;
    }
    if let Some(node) = sasl.get("tokenURL") {
        gathered.set(Key::OauthMethod, OIDC, node)?;
    }
    Ok(())
}
