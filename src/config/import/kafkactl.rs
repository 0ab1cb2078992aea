//! kafkactl's `config.yml`: `current-context`, `contexts.NAME.{brokers,tls,sasl,clientID,schemaRegistry}`.

use std::sync::Arc;

use super::{Cluster, Gathered, Import, Tool, mechanism};
use crate::config::property::Key;
use crate::config::sheet::{Sheet, SheetError};
use crate::config::yaml::Node;

const KUBERNETES: &str = "a cluster inside of Kubernetes cannot be reached through kubectl run; forward a port of a broker \
    (`kubectl port-forward`) and write dial.map = \"* -> bootstrap\"";
const PLUGIN: &str = "plugins of kafkactl cannot be run here; let another program write tokens to the file of \
    sasl.oauthbearer.token.file";

/// Reads it.
pub fn read(root: &Node, file: &Arc<str>) -> Import {
    let contexts = root.get("contexts").map(Node::entries).unwrap_or_default();
    let cluster = |(name, node): &(String, Node)| Cluster {
        name: Some(name.clone()),
        sheet: sheet(node, file).map_err(Into::into),
    };
    let current = root.get("current-context").and_then(Node::text);
    Import {
        tool: Tool::Kafkactl,
        clusters: contexts.iter().map(cluster).collect(),
        current: current.map(str::to_owned),
    }
}

fn sheet(context: &Node, file: &Arc<str>) -> Result<Sheet, SheetError> {
    let mut gathered = Gathered::new(file);
    let enabled = |name: &str| {
        let section = context.get(name)?;
        section.get("enabled").filter(|node| node.is_true())?;
        Some(section)
    };
    if let Some(node) = enabled("kubernetes") {
        return Err(gathered.refuse(node, "kubernetes.enabled", KUBERNETES));
    }
    gathered.take(Key::Bootstrap, context.get("brokers"))?;
    gathered.take(Key::ClientId, context.get("clientID"))?;
    let (tls, sasl) = (enabled("tls"), enabled("sasl"));
    gathered.protocol(tls, sasl);
    if let Some(tls) = tls {
        gathered.take(Key::CaLocation, tls.get("ca"))?;
        gathered.take(Key::CertificateLocation, tls.get("cert"))?;
        gathered.take(Key::KeyLocation, tls.get("certKey"))?;
        let unverified = tls.get("insecure");
        if let Some(node) = unverified.filter(|node| node.is_true()) {
            gathered.set(Key::Verification, "false", node)?;
        }
    }
    if let Some(sasl) = sasl {
        take_login(&mut gathered, sasl)?;
    }
    take_registry(&mut gathered, context)?;
    Ok(gathered.sheet)
}

fn take_login(gathered: &mut Gathered<'_>, sasl: &Node) -> Result<(), SheetError> {
    // Without a mechanism kafkactl logs in by PLAIN.
    let (text, node) = match sasl.get("mechanism") {
        Some(node) => (node.text().unwrap_or("plaintext"), node),
        None => ("plaintext", sasl),
    };
    if let Some(plugin) = sasl.at(&["tokenprovider", "plugin"]) {
        return Err(gathered.refuse(plugin, "sasl.tokenprovider", PLUGIN));
    }
    gathered.set(Key::SaslMechanism, mechanism(text), node)?;
    gathered.take(Key::SaslUsername, sasl.get("username"))?;
    gathered.take(Key::SaslPassword, sasl.get("password"))
}

fn take_registry(gathered: &mut Gathered<'_>, context: &Node) -> Result<(), SheetError> {
    let newer = context.get("schemaRegistry");
    let url = newer.and_then(|registry| registry.get("url"));
    let older = context.at(&["avro", "schemaRegistry"]);
    if let Some(node) = url.or(older)
        && let Some(address) = node.text()
    {
        let has_scheme = address.contains("://");
        let url = if has_scheme {
            address.to_owned()
        } else {
            format!("http://{address}")
        };
        gathered.set(Key::RegistryUrl, &url, node)?;
    }
    let part = |name| newer.and_then(|registry| registry.get(name));
    let (user, password) = (part("username"), part("password"));
    if let Some((user, password)) = user.and_then(Node::text).zip(password.and_then(Node::text))
        && let Some(node) = newer
    {
        gathered.set(Key::RegistryUserInfo, &format!("{user}:{password}"), node)?;
    }
    Ok(())
}
