//! What the APIs of data go by, and what their answers share: where brokers listen, as answers that
//! name a new leader tell it (KIP-951). No API of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Ctx;
use super::access::Rights;
use crate::meta::image::Image;
use crate::replica::Replicas;

/// What the APIs of data know besides their request.
#[derive(Debug, Clone)]
pub struct Data {
    /// The node's replicas.
    pub replicas: Arc<Replicas>,
    /// Version of the request, and so of the response.
    pub version: i16,
    /// Name of the listener that the request came in on.
    pub listener: Arc<str>,
    /// What the one who asks may do.
    pub rights: Rights,
}

impl Data {
    /// Their part of what every handler knows.
    pub fn of(ctx: &Ctx) -> Self {
        Self {
            replicas: Arc::clone(&ctx.broker.replicas),
            version: ctx.version,
            listener: Arc::clone(&ctx.caller.listener),
            rights: ctx.rights(),
        }
    }
}

/// Where one broker listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Its id.
    pub node: i32,
    /// Advertised host.
    pub host: String,
    /// Advertised port.
    pub port: i32,
    /// Its rack.
    pub rack: Option<String>,
}

/// The addresses of these brokers on the listener that the request came in on; unfenced ones only.
pub fn of(
    image: &Image,
    brokers: &BTreeSet<i32>,
    listener: &str,
) -> impl Iterator<Item = Endpoint> {
    brokers.iter().filter_map(move |id| {
        let known = image.brokers.get(id).filter(|known| !known.fenced)?;
        let registration = &known.registration;
        let found = registration
            .listeners
            .iter()
            .find(|one| one.name == listener)?;
        Some(Endpoint {
            node: *id,
            host: found.host.clone(),
            port: i32::from(found.port),
            rack: registration.rack.clone(),
        })
    })
}
