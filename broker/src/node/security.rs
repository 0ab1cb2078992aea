//! Who may enter this node's listeners, and how it enters those of others: reads what the settings
//! name, before anything is served. Decides nothing about a single connection.

use std::sync::Arc;

use tokio::task::{JoinSet, spawn_blocking};

use super::StartError;
use crate::api::Broker;
use crate::auth::gate::{self, Surroundings};
use crate::auth::{Gate, GateError};
use crate::config::NodeConfig;
use crate::config::security::Outgoing;
use crate::net::Bound;
use crate::peer::{Way, Ways};
use crate::sasl::scram::Credentials;
use crate::tls::{Connector, TlsError};

/// How the others' listeners are entered.
pub(super) async fn ways(config: &NodeConfig) -> Result<Ways, StartError> {
    let config = config.clone();
    let read = spawn_blocking(move || {
        Ok(Ways {
            brokers: way(&config.to_brokers)
                .map_err(|why| refused(&config.inter_broker_listener, why.into()))?,
            controllers: way(&config.to_controllers)
                .map_err(|why| refused(&config.controller_listener, why.into()))?,
        })
    });
    read.await
        .map_err(|error| StartError::Failed(error.to_string()))?
}

fn way(outgoing: &Outgoing) -> Result<Way, TlsError> {
    Ok(Way {
        tls: outgoing.tls.as_ref().map(Connector::of).transpose()?,
        login: outgoing.login.clone(),
    })
}

fn refused(listener: &str, why: GateError) -> StartError {
    let listener = listener.to_owned();
    StartError::Security { listener, why }
}

/// The users that a new cluster begins with.
pub(super) async fn first_users(config: &NodeConfig) -> Result<Credentials, StartError> {
    let users = config.first_users.clone();
    let salted = spawn_blocking(move || gate::first_credentials(&users)).await;
    let failed = |error: &dyn std::fmt::Display| StartError::Failed(error.to_string());
    salted
        .map_err(|error| failed(&error))?
        .map_err(|error| failed(&error))
}

/// A gate for every listener, in their order.
pub(super) async fn gates(
    broker: &Arc<Broker>,
    first: Arc<Credentials>,
    bound: Vec<Bound>,
) -> Result<Vec<(Bound, Arc<Gate>)>, StartError> {
    let around = Surroundings {
        images: broker.quorum.images(),
        first,
        clock: broker.clock.clone(),
        metrics: broker.metrics.clone(),
    };
    let config = Arc::clone(&broker.config);
    let read = spawn_blocking(move || {
        let listeners = config.listeners.iter().zip(bound);
        listeners
            .map(|(listener, bound)| {
                let gate = Gate::of(listener, &around);
                let gate = gate.map_err(|why| refused(&listener.name, why))?;
                Ok((bound, Arc::new(gate)))
            })
            .collect()
    });
    read.await
        .map_err(|error| StartError::Failed(error.to_string()))?
}

/// Keeps what the gates go by up to date.
pub(super) fn keep(gates: &[(Bound, Arc<Gate>)], tasks: &mut JoinSet<()>) {
    for (_, gate) in gates {
        tasks.spawn(Arc::clone(gate).keep_keys());
    }
}
