//! What is set, as the metadata and a node's file say: the values in force now. Reads an image;
//! changes nothing.

use std::sync::Arc;

use super::image::Image;
use super::record::Resource;
use crate::config::layers::Layers;
use crate::config::topic::{self, Values};
use crate::config::{NodeConfig, TopicSettings};

/// What is set for this node: its dynamic values over those of all brokers over its file.
pub fn layers<'a>(image: &'a Image, node: &'a NodeConfig) -> Layers<'a> {
    Layers {
        broker: values(image, &Resource::Broker(Some(node.node_id))),
        cluster: values(image, &Resource::Broker(None)),
        file: &node.given,
    }
}

/// The settings in force for a topic on this node.
pub fn of_topic(image: &Image, node: &NodeConfig, topic: &str) -> TopicSettings {
    let own = values(image, &Resource::Topic(topic.to_owned()));
    let set: Vec<&Values> = layers(image, node)
        .strongest_first()
        .map(|(_, values)| values)
        .collect();
    topic::effective(own, &set)
}

fn values<'a>(image: &'a Image, resource: &Resource) -> Option<&'a Values> {
    image.config(resource).map(Arc::as_ref)
}
