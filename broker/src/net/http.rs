//! The metrics endpoint: `GET /metrics` as Prometheus text over HTTP/1.1. Nothing else is served, and
//! a slow client costs its connection and no more.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::seldom::Seldom;
use crate::metrics::Metrics;

/// How long a client may take for its request's head, and in all.
const HEAD: Duration = Duration::from_secs(10);
const CONNECTION: Duration = Duration::from_mins(5);

/// Scrapers at a time; more wait to be accepted.
const CONNECTIONS: usize = 32;

/// How long nothing is accepted after the system refused to.
const REFUSED_PAUSE: Duration = Duration::from_millis(100);

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The endpoint of one node.
#[derive(Debug)]
pub struct Endpoint {
    /// Where it listens.
    pub address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Endpoint {
    /// Listens and serves from here on.
    pub async fn start(at: SocketAddr, metrics: Metrics) -> io::Result<Self> {
        let socket = TcpListener::bind(at).await?;
        let address = socket.local_addr()?;
        let serving = tokio::spawn(serve(socket, metrics));
        Ok(Self { address, serving })
    }

    /// Closes it.
    pub async fn stop(self) {
        self.serving.abort();
        if let Err(error) = self.serving.await
            && !error.is_cancelled()
        {
            log::error!("the metrics endpoint failed: {error}");
        }
    }
}

async fn serve(socket: TcpListener, metrics: Metrics) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    let mut open = tokio::task::JoinSet::new();
    let refused = Seldom::default();
    while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
        while open.try_join_next().is_some() {}
        match socket.accept().await {
            Ok((stream, from)) => {
                let served = one(stream, from, metrics.clone());
                open.spawn(async move {
                    served.await;
                    drop(permit);
                });
            }
            Err(error) => {
                if refused.is_due() {
                    log::warn!("the metrics endpoint cannot accept, trying on: {error}");
                }
                sleep(REFUSED_PAUSE).await;
            }
        }
    }
}

async fn one(stream: TcpStream, from: SocketAddr, metrics: Metrics) {
    let answer = service_fn(move |request| {
        let answer = answer(&request, &metrics);
        async move { Ok::<_, Infallible>(answer) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let connection = http.serve_connection(TokioIo::new(stream), answer);
    if let Ok(Err(error)) = timeout(CONNECTION, connection).await {
        log::debug!("metrics, client {from}: {error}");
    }
}

fn answer(request: &Request<Incoming>, metrics: &Metrics) -> Response<Full<Bytes>> {
    let known = matches!(request.uri().path(), "/metrics" | "/metrics/");
    let (status, body) = match (known, request.method()) {
        (true, &Method::GET | &Method::HEAD) => (StatusCode::OK, metrics.text()),
        (true, _) => (StatusCode::METHOD_NOT_ALLOWED, String::new()),
        (false, _) => (StatusCode::NOT_FOUND, "see /metrics\n".to_owned()),
    };
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(TEXT));
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    }
    response
}
