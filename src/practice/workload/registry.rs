//! Registers the schemas of the demo topics, at whichever node answers, for as long as that takes.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::schemas::{self, Format, Frame};
use super::topics::{Stream, TOPICS};
use crate::cluster::{Question, Url, ask_openly};

/// How long one node may take, and how long after all have failed they are asked again.
const ANSWERS: Duration = Duration::from_secs(20);
const AGAIN: Duration = Duration::from_secs(1);

/// Ids by topic.
type Ids = BTreeMap<&'static str, u32>;

/// The ids of the schemas, once they are known.
#[derive(Debug)]
pub(super) struct Registered {
    /// None: there is no registry, and everything is plain JSON.
    ids: Option<Arc<OnceLock<Ids>>>,
    _registering: JoinSet<()>,
}

impl Registered {
    /// Begins to register; ends when this is dropped.
    pub(super) fn start(registries: Vec<String>) -> Self {
        let mut registering = JoinSet::new();
        let ids = (!registries.is_empty()).then(Arc::<OnceLock<Ids>>::default);
        if let Some(ids) = ids.clone() {
            registering.spawn(register_somewhere(registries, ids));
        }
        Self {
            ids,
            _registering: registering,
        }
    }

    /// How a topic's records are written now; `None` while its schema is not registered.
    pub(super) fn frame(&self, stream: &Stream) -> Option<Frame> {
        let Some(ids) = &self.ids else {
            return Some(Frame::Json);
        };
        let id = || ids.get()?.get(stream.name).copied();
        match stream.format {
            Format::Json => Some(Frame::Json),
            Format::Avro => id().map(Frame::Avro),
            Format::Protobuf => id().map(Frame::Protobuf),
        }
    }
}

/// Asks one node after the other until one has registered them.
async fn register_somewhere(registries: Vec<String>, ids: Arc<OnceLock<Ids>>) {
    for at in registries.iter().cycle() {
        match register(at).await {
            Ok(known) => {
                let _first = ids.set(known);
                return;
            }
            Err(why) => log::info!("the demo schemas are not registered yet: {why}"),
        }
        sleep(AGAIN).await;
    }
}

/// Registers all of them at one node.
async fn register(at: &str) -> Result<Ids, String> {
    let mut ids = Ids::new();
    for stream in &TOPICS {
        let Some((kind, schema)) = schemas::of(stream.format) else {
            continue;
        };
        let url = Url::read(&format!("{at}/subjects/{}-value/versions", stream.name))?;
        let question = Question {
            method: hyper::Method::POST,
            headers: vec![(
                "content-type",
                "application/vnd.schemaregistry.v1+json".to_owned(),
            )],
            body: json!({"schemaType": kind, "schema": schema}).to_string(),
            url: &url,
        };
        let answered = timeout(ANSWERS, ask_openly(question)).await;
        let reply = answered.map_err(|_| format!("{at} does not answer"))??;
        if reply.status != 200 {
            return Err(format!("{at}: {}: {}", reply.status, reply.excerpt()));
        }
        let body: Value = serde_json::from_slice(&reply.body).map_err(|error| error.to_string())?;
        let id = body.get("id").and_then(Value::as_u64);
        let id = id.and_then(|id| u32::try_from(id).ok());
        ids.insert(stream.name, id.ok_or_else(|| format!("{at} gave no id"))?);
    }
    Ok(ids)
}
