//! Endpoints that speak HTTP/1.1, and the first of them: `GET /metrics` as Prometheus text. A slow client
//! costs its connection and no more.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
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

/// What a site answers, when it is known.
pub type Answering = Pin<Box<dyn Future<Output = Response<Full<Bytes>>> + Send>>;

/// What an endpoint serves.
pub trait Site: Send + Sync + 'static {
    /// Its name, for the log.
    const NAME: &'static str;
    /// How long a client may take for its request's head; between two requests too.
    const HEAD: Duration;
    /// How long a connection lasts; a request that is under way then is still answered.
    const CONNECTION: Duration;
    /// Clients at a time; more wait to be accepted.
    const CONNECTIONS: usize;

    /// Answers one request.
    fn answer(&self, request: Request<Incoming>) -> Answering;
}

/// How long an answer that is under way may take when its connection has lasted long enough.
const LAST_ANSWER: Duration = Duration::from_secs(30);

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
    pub async fn start<S: Site>(at: SocketAddr, site: S) -> io::Result<Self> {
        Self::serve(TcpListener::bind(at).await?, site)
    }

    /// Serves on a socket that listens already.
    pub fn serve<S: Site>(socket: TcpListener, site: S) -> io::Result<Self> {
        let address = socket.local_addr()?;
        let serving = tokio::spawn(serve(socket, Arc::new(site)));
        Ok(Self { address, serving })
    }

    /// Closes it.
    pub async fn stop(self) {
        self.serving.abort();
        if let Err(error) = self.serving.await
            && !error.is_cancelled()
        {
            log::error!("the endpoint at {} failed: {error}", self.address);
        }
    }
}

async fn serve<S: Site>(socket: TcpListener, site: Arc<S>) {
    let room = Arc::new(Semaphore::new(S::CONNECTIONS));
    let mut open = tokio::task::JoinSet::new();
    let refused = Seldom::default();
    while let Ok(permit) = Arc::clone(&room).acquire_owned().await {
        while open.try_join_next().is_some() {}
        match socket.accept().await {
            Ok((stream, from)) => {
                let served = one(stream, from, Arc::clone(&site));
                open.spawn(async move {
                    served.await;
                    drop(permit);
                });
            }
            Err(error) => {
                if refused.is_due() {
                    log::warn!("{} cannot accept, trying on: {error}", S::NAME);
                }
                sleep(REFUSED_PAUSE).await;
            }
        }
    }
}

async fn one<S: Site>(stream: TcpStream, from: SocketAddr, site: Arc<S>) {
    let answer = service_fn(move |request| {
        let answer = site.answer(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(S::HEAD);
    let connection = http.serve_connection(TokioIo::new(stream), answer);
    tokio::pin!(connection);
    let lasting = timeout(S::CONNECTION, connection.as_mut()).await;
    let ended = if let Ok(ended) = lasting {
        ended
    } else {
        connection.as_mut().graceful_shutdown();
        timeout(LAST_ANSWER, connection).await.unwrap_or(Ok(()))
    };
    if let Err(error) = ended {
        log::debug!("{}, client {from}: {error}", S::NAME);
    }
}

/// The metrics of a node.
#[derive(Debug)]
pub struct MetricsSite(pub Metrics);

impl Site for MetricsSite {
    const NAME: &'static str = "the metrics endpoint";
    const HEAD: Duration = Duration::from_secs(10);
    const CONNECTION: Duration = Duration::from_mins(5);
    const CONNECTIONS: usize = 32;

    fn answer(&self, request: Request<Incoming>) -> Answering {
        Box::pin(std::future::ready(answer(&request, &self.0)))
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
