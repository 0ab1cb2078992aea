//! How many connections the node takes and how fast, as its settings and the quotas of addresses say now.

use std::sync::Arc;

use super::descriptors;
use crate::api::Broker;
use crate::config::{NodeConfig, keys};
use crate::meta::image::Image;
use crate::meta::settings;
use crate::net::{Admission, Limits};
use crate::quota::Windows;
use crate::quota::rate::float;

/// What the metadata and the node's file say; never more than the file descriptors allow.
pub fn limits(image: &Image, config: &NodeConfig, files: usize) -> Limits {
    let layers = settings::layers(image, config);
    let number = |key| layers.number(key).unwrap_or(i64::MAX);
    let count = |key| usize::try_from(number(key)).unwrap_or(usize::MAX);
    let overrides = layers.text("max.connections.per.ip.overrides");
    Limits {
        connections: count("max.connections").min(descriptors::for_connections(files)),
        per_ip: count("max.connections.per.ip"),
        // They were checked with the other settings.
        overrides: keys::limits_by_address(overrides.unwrap_or_default()).unwrap_or_default(),
        rate: float(number("max.connection.creation.rate")),
        addresses: Arc::clone(&image.client_quotas),
        windows: Windows::new(
            config.number("quota.window.num"),
            config.number("quota.window.size.seconds"),
        ),
    }
}

/// Keeps the limits as the metadata says, for as long as there is any.
pub async fn follow(broker: Arc<Broker>, admission: Admission, files: usize) {
    let mut images = broker.quorum.images();
    let mut known = broker.image();
    while images.changed().await.is_ok() {
        let image = images.borrow_and_update().clone();
        let same = Arc::ptr_eq(&image.configs, &known.configs)
            && Arc::ptr_eq(&image.client_quotas, &known.client_quotas);
        if !same {
            admission.set(limits(&image, &broker.config, files));
        }
        known = image;
    }
}
