//! How clients of our own enter a practice cluster: by the door that everybody uses, TLS and login included.

use super::error::PracticeError;
use super::layout::{Layout, Plan};
use super::secure::{USER, Vault};
use crate::cluster::{Dialer, WatchOptions};
use crate::config::route::Route;
use crate::config::security::{Login, Material, Sasl, ScramHash, Security, Tls};

/// Addresses, and the way to them.
#[derive(Debug, Clone)]
pub struct Entrance {
    /// `host:port` each.
    pub bootstrap: Vec<String>,
    /// The way to the brokers.
    pub dialer: Dialer,
}

impl Entrance {
    /// That of this cluster, whose files are there.
    pub(super) fn of(layout: &Layout, plan: &Plan) -> Result<Self, PracticeError> {
        let Some(bootstrap) = plan.secured_bootstrap() else {
            return Ok(Self {
                bootstrap: plan.bootstrap(),
                dialer: Dialer::default(),
            });
        };
        let security = security(&layout.vault())?;
        Ok(Self {
            dialer: Dialer::new(&security, &Route::default(), &[])?,
            bootstrap,
        })
    }

    /// How to watch the cluster from there.
    #[must_use]
    pub fn watch_options(self, name: &str, client_id: &str) -> WatchOptions {
        WatchOptions {
            dialer: self.dialer,
            ..WatchOptions::plain(name, self.bootstrap, client_id)
        }
    }
}

/// What `client.properties` says.
fn security(vault: &Vault) -> Result<Security, PracticeError> {
    let authority = Material::File {
        path: vault.authority(),
        password: None,
    };
    let login = Login {
        username: USER.into(),
        password: vault.password()?,
    };
    Ok(Security {
        tls: Some(Tls {
            trust: vec![authority],
            ..Tls::default()
        }),
        sasl: Some(Sasl::Scram {
            hash: ScramHash::Sha512,
            login,
            token: false,
        }),
    })
}
