//! Where brokers listen, as answers that name a new leader tell it (KIP-951). No API of its own.

use std::collections::BTreeSet;

use crate::meta::image::Image;

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
