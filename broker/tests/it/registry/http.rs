//! A client of the registry: one request a connection, as bytes on a socket.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::support::client::PATIENCE;
use crate::support::cluster::Cluster;

const JSON: &str = "application/vnd.schemaregistry.v1+json";

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
    pub head: String,
}

impl Answer {
    /// Status and `error_code`.
    pub fn refusal(&self) -> (u16, i64) {
        (
            self.status,
            self.body["error_code"].as_i64().unwrap_or_default(),
        )
    }

    /// The body of what succeeded.
    pub fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{:?}", self.body);
        self.body
    }
}

/// The registry of one node.
#[derive(Debug, Clone, Copy)]
pub struct Client(pub SocketAddr);

impl Client {
    pub async fn send(self, method: &str, target: &str, headers: &str, body: &[u8]) -> Answer {
        let exchange = async {
            let mut stream = TcpStream::connect(self.0).await.unwrap();
            let length = body.len();
            let head = format!(
                "{method} {target} HTTP/1.1\r\nhost: registry\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            // A body that is refused need not be read.
            let _sent = stream.write_all(body).await;
            let mut answer = Vec::new();
            let _closed = stream.read_to_end(&mut answer).await;
            String::from_utf8(answer).unwrap()
        };
        let text = timeout(PATIENCE, exchange).await.unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            body: serde_json::from_str(body).unwrap_or(Value::Null),
            head: head.to_ascii_lowercase(),
        }
    }

    pub async fn ask(self, method: &str, target: &str, body: &Value) -> Answer {
        let headers = format!("content-type: {JSON}\r\n");
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.send(method, target, &headers, body.as_bytes()).await
    }

    pub async fn get(self, target: &str) -> Answer {
        self.ask("GET", target, &Value::Null).await
    }

    pub async fn delete(self, target: &str) -> Answer {
        self.ask("DELETE", target, &Value::Null).await
    }

    pub async fn post(self, target: &str, body: &Value) -> Answer {
        self.ask("POST", target, body).await
    }

    pub async fn put(self, target: &str, body: &Value) -> Answer {
        self.ask("PUT", target, body).await
    }

    /// Registers an Avro schema.
    pub async fn register(self, subject: &str, schema: &Value) -> Answer {
        let body = json!({"schema": schema.to_string()});
        self.post(&format!("/subjects/{subject}/versions"), &body)
            .await
    }
}

/// A cluster of which each node has a registry.
pub async fn cluster(nodes: usize) -> Cluster {
    Cluster::with(
        nodes,
        &[
            ("lookout.registry.listener", "127.0.0.1:0"),
            ("default.replication.factor", &nodes.min(3).to_string()),
        ],
    )
    .await
}

/// The registry of a running node.
pub fn of(cluster: &Cluster, id: i32) -> Client {
    Client(cluster.node(id).registry_address().unwrap())
}

/// A record with these fields.
pub fn record(name: &str, fields: &Value) -> Value {
    json!({"type": "record", "name": name, "fields": fields})
}

/// A record with one int.
pub fn one_int() -> Value {
    record("R", &json!([{"name": "a", "type": "int"}]))
}
