//! A client on a real socket: requests of the codec, and bytes that are none.

use std::net::SocketAddr;
use std::time::Duration;

use broker::tls::Stream;
use broker::wire::frame;
use broker::wire::messages::Request;
use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than anything takes on the slowest machine.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// One connection.
pub struct Client {
    pub stream: Stream,
    buffer: BytesMut,
    number: i32,
}

impl Client {
    pub async fn connect(to: SocketAddr) -> Self {
        Self::over(TcpStream::connect(to).await.unwrap().into())
    }

    /// A connection that is already there.
    pub fn over(stream: Stream) -> Self {
        Self {
            stream,
            buffer: BytesMut::new(),
            number: 0,
        }
    }

    /// Sends a request without waiting; gives its number.
    pub async fn send<R: Request>(&mut self, request: &R, version: i16) -> i32 {
        self.number += 1;
        let frame = frame::request_frame(request, version, self.number, Some("test")).unwrap();
        self.stream.write_all(&frame).await.unwrap();
        self.stream.flush().await.unwrap();
        self.number
    }

    /// The next answer's content.
    pub async fn next(&mut self) -> Option<bytes::Bytes> {
        timeout(PATIENCE, self.content()).await.unwrap()
    }

    async fn content(&mut self) -> Option<bytes::Bytes> {
        loop {
            let max = frame::MAX_FRAME_BYTES;
            if let Some(content) = frame::next_frame(&mut self.buffer, max).unwrap() {
                return Some(content);
            }
            match self.stream.read_buf(&mut self.buffer).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Asks and waits.
    pub async fn ask<R: Request>(&mut self, request: &R, version: i16) -> R::Response {
        let number = self.send(request, version).await;
        let content = self.next().await.unwrap();
        let (answered, response) = frame::read_response::<R::Response>(&content, version).unwrap();
        assert_eq!(answered, number);
        response
    }

    /// Sends bytes as they are; an error is a peer that closed.
    pub async fn send_bytes(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Whether the other end closes; what it sends before is dropped.
    pub async fn is_closed(&mut self) -> bool {
        let closed = async {
            let mut rest = [0; 4096];
            while let Ok(1..) = self.stream.read(&mut rest).await {}
        };
        timeout(PATIENCE, closed).await.is_ok()
    }
}
