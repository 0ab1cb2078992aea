//! Ways into a cluster: TLS and logins, and the exact sentence for each way to be turned away.

mod certificates;
mod login;
mod material;
mod producing;
mod session;
mod shown;
mod tls;

use std::net::SocketAddr;

use lookout::cluster::{DialError, Dialer, Target};
use lookout::config::route::Route;
use lookout::config::secret::Secret;
use lookout::config::security::{Login, Sasl, Security, Tls};
use lookout::model::Endpoint;

/// What the paper broker is advertised as; no resolver knows it.
const HOST: &str = "kafka-1";
const PORT: u16 = 9093;

fn target(host: &str) -> Target {
    Target {
        endpoint: Endpoint {
            host: host.into(),
            port: PORT,
        },
        id: None,
    }
}

/// A way to one gate, whatever name is dialled.
fn dialer(security: &Security, gate: SocketAddr) -> Dialer {
    let route = Route {
        rules: vec![format!("*:{PORT} -> {gate}").parse().unwrap()],
        ..Route::default()
    };
    Dialer::new(security, &route, &[]).unwrap()
}

/// Why a broker of this name cannot be reached.
async fn refusal(dialer: &Dialer, host: &str) -> DialError {
    match dialer.dial(&target(host)).await {
        Ok(_) => panic!("{host} let us in"),
        Err(error) => error,
    }
}

fn with_tls(tls: Tls) -> Security {
    Security {
        tls: Some(tls),
        sasl: None,
    }
}

fn with_login(sasl: Sasl) -> Security {
    Security {
        tls: None,
        sasl: Some(sasl),
    }
}

fn user(password: &str) -> Login {
    Login {
        username: "alice".into(),
        password: Secret::new(password),
    }
}
