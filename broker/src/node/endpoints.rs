//! What a node serves over HTTP: its numbers, and the schema registry.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::StartError;
use crate::api::Broker;
use crate::config::NodeConfig;
use crate::metrics::Metrics;
use crate::net::http::{Endpoint, MetricsSite};
use crate::net::registry::RegistrySite;

const REGISTRY: &str = "lookout.registry.listener";

fn refused(key: &str, at: SocketAddr) -> impl FnOnce(std::io::Error) -> StartError {
    let name = key.to_owned();
    move |source| StartError::Listen {
        name,
        at: at.to_string(),
        source,
    }
}

/// Serves the numbers, where that is asked for.
pub(super) async fn metrics(
    config: &NodeConfig,
    metrics: &Metrics,
) -> Result<Option<Endpoint>, StartError> {
    let Some(at) = config.metrics_listener else {
        return Ok(None);
    };
    let started = Endpoint::start(at, MetricsSite(metrics.clone())).await;
    let refused = refused("lookout.metrics.listener", at);
    started.map(Some).map_err(refused)
}

/// Takes the registry's address, so that nothing is begun where somebody else has it.
pub(super) async fn bind_registry(config: &NodeConfig) -> Result<Option<TcpListener>, StartError> {
    let Some(at) = config.registry_listener else {
        return Ok(None);
    };
    if !config.is_broker {
        let why = format!("{REGISTRY}: a node that is no broker has no schema registry");
        return Err(StartError::Failed(why));
    }
    let bound = TcpListener::bind(at).await;
    bound.map(Some).map_err(refused(REGISTRY, at))
}

/// Serves the registry there.
pub(super) fn serve_registry(
    broker: &Arc<Broker>,
    socket: Option<TcpListener>,
) -> Result<Option<Endpoint>, StartError> {
    let Some(socket) = socket else {
        return Ok(None);
    };
    broker.registry.start();
    let site = RegistrySite(Arc::clone(&broker.registry));
    let served = Endpoint::serve(socket, site);
    served
        .map(Some)
        .map_err(|error| StartError::Failed(format!("{REGISTRY}: {error}")))
}
