//! `lookout profiles test`: goes in by each profile and says how far it came. Asks for metadata and nothing else.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{Open, Opening, Place, ProfilesError, Said, Unnamed, columns};
use crate::cluster;
use crate::config::choice::Flags;
use crate::config::outside::Outside;
use crate::model::{Focus, Snapshot};

/// Tries a profile, or all of them one after the other; each may take `timeout`.
pub async fn test(
    place: Place<'_>,
    name: Option<&str>,
    timeout: Duration,
    outside: &mut dyn Outside,
) -> Result<Said, ProfilesError> {
    let names: Vec<&str> = match name {
        Some(name) => vec![name],
        None => place.clusters.names().collect(),
    };
    if names.is_empty() {
        return Err(ProfilesError::None);
    }
    let mut said = Said::default();
    let mut rows = Vec::new();
    for name in names {
        let flags = Flags {
            profile: Some(name.to_owned()),
            ..place.flags.clone()
        };
        let place = Place {
            flags: &flags,
            ..place
        };
        let outcome = match place.open(Unnamed::Nothing, outside) {
            Ok(Opening::Cluster(open)) => {
                let notices = open.notices.iter();
                said.notices
                    .extend(notices.map(|notice| format!("{name}: {notice}")));
                knock(&open, timeout).await
            }
            Ok(Opening::Practice | Opening::Nothing) => {
                Err(vec!["try it with `lookout practice status`".to_owned()])
            }
            Err(error) => Err(vec![error.to_string()]),
        };
        said.failed |= outcome.is_err();
        rows.extend(told(name, outcome));
    }
    said.printed = columns(&rows);
    Ok(said)
}

fn told(name: &str, outcome: Result<String, Vec<String>>) -> Vec<Vec<String>> {
    let row = |name: &str, word: &str, words: String| vec![name.to_owned(), word.to_owned(), words];
    match outcome {
        Ok(words) => vec![row(name, "ok", words)],
        Err(reasons) => {
            let mut reasons = reasons.into_iter();
            let first = row(name, "FAILED", reasons.next().unwrap_or_default());
            let others = reasons.map(|reason| row("", "", reason));
            std::iter::once(first).chain(others).collect()
        }
    }
}

/// Goes in once. What was found there, or why nobody answered.
async fn knock(open: &Open, timeout: Duration) -> Result<String, Vec<String>> {
    let began = Instant::now();
    let (_focus, focused) = watch::channel(Focus::Cluster);
    let watch = cluster::watch(open.watch_options(), focused);
    let mut snapshots = watch.snapshots.clone();
    let answered = |snapshot: &std::sync::Arc<Snapshot>| {
        snapshot.facts.topology.value().is_some() || snapshot.no_contact()
    };
    let in_time = tokio::time::timeout(timeout, snapshots.wait_for(answered)).await;
    let snapshot = match in_time {
        Ok(Ok(snapshot)) => std::sync::Arc::clone(&snapshot),
        Ok(Err(_)) => return Err(vec!["the attempt was given up".to_owned()]),
        Err(_) => return Err(vec![format!("no answer within {} s", timeout.as_secs())]),
    };
    let facts = &snapshot.facts;
    let Some(topology) = facts.topology.value() else {
        let reasons: Vec<String> = facts
            .contact_failures
            .iter()
            .map(ToString::to_string)
            .collect();
        return Err(reasons);
    };
    let identity = facts.identity.value();
    let id = identity.map_or("", |identity| &*identity.cluster_id);
    let cluster = if id.is_empty() {
        String::new()
    } else {
        format!(", cluster {id}")
    };
    let (brokers, ms) = (topology.brokers.len(), began.elapsed().as_millis());
    let s = if brokers == 1 { "" } else { "s" };
    Ok(format!("{brokers} broker{s}{cluster}, {ms} ms"))
}
