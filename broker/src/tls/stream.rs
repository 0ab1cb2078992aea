//! A byte stream that is encrypted or not. Who reads and writes it need not know which.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::{BufMut as _, BytesMut};
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncBufRead as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::time::timeout;
use tokio_rustls::TlsStream;

/// How long the other end may take to let go of an encrypted stream.
const GOODBYE: Duration = Duration::from_secs(1);

/// A connection.
#[derive(Debug)]
pub enum Stream {
    /// As it is.
    Plain(TcpStream),
    /// Encrypted.
    Tls(Box<TlsStream<TcpStream>>),
}

impl From<TcpStream> for Stream {
    fn from(tcp: TcpStream) -> Self {
        Self::Plain(tcp)
    }
}

impl Stream {
    /// Sends small pieces at once.
    pub fn set_nodelay(&self) -> io::Result<()> {
        let tcp = match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref().0,
        };
        tcp.set_nodelay(true)
    }

    /// The certificate that the other end showed.
    pub fn peer_certificate(&self) -> Option<CertificateDer<'static>> {
        let Self::Tls(tls) = self else { return None };
        let shown = tls.get_ref().1.peer_certificates()?;
        Some(shown.first()?.clone().into_owned())
    }

    /// Two sides of one stream, for one task.
    pub fn split(&mut self) -> (ReadSide<'_>, WriteSide<'_>) {
        match self {
            Self::Plain(tcp) => {
                let (read, write) = tcp.split();
                (ReadSide::Plain(read), WriteSide::Plain(write))
            }
            Self::Tls(tls) => {
                let shared = Shared(Arc::new(Mutex::new(tls)));
                (ReadSide::Tls(shared.clone()), WriteSide::Tls(shared))
            }
        }
    }

    /// Whether nothing came since it was read last, not even its end.
    pub fn is_at_rest(&mut self) -> bool {
        let would_block = |error: io::Error| error.kind() == io::ErrorKind::WouldBlock;
        match self {
            Self::Plain(tcp) => tcp.try_read(&mut [0]).is_err_and(would_block),
            Self::Tls(tls) => {
                let mut now = Context::from_waker(Waker::noop());
                Pin::new(tls.as_mut()).poll_fill_buf(&mut now).is_pending()
            }
        }
    }

    /// Ends it in order: the other end learns that nothing was cut off.
    pub async fn close(mut self) {
        if let Self::Tls(tls) = &mut self
            && let Ok(Err(error)) = timeout(GOODBYE, tls.shutdown()).await
        {
            log::debug!("a stream was not closed in order: {error}");
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, buf),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_shutdown(cx),
        }
    }
}

/// An encrypted stream that both sides of one task hold; never locked across a wait.
#[derive(Clone)]
pub struct Shared<'a>(Arc<Mutex<&'a mut TlsStream<TcpStream>>>);

impl<'a> Shared<'a> {
    fn lock(&self) -> MutexGuard<'_, &'a mut TlsStream<TcpStream>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The side that reads. While nothing comes it holds no memory for what will.
pub enum ReadSide<'a> {
    /// As it is.
    Plain(ReadHalf<'a>),
    /// Encrypted.
    Tls(Shared<'a>),
}

impl ReadSide<'_> {
    /// Waits until there is something to read, or the end. Safe to drop.
    pub async fn readable(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(read) => read.readable().await,
            Self::Tls(shared) => {
                std::future::poll_fn(|cx| {
                    let mut tls = shared.lock();
                    Pin::new(&mut **tls).poll_fill_buf(cx).map_ok(|_| ())
                })
                .await
            }
        }
    }

    /// Reads what is there into the free room of the buffer: 0 is the end of the stream, an error of
    /// the kind `WouldBlock` that nothing is there after all.
    pub fn try_read_buf(&mut self, buffer: &mut BytesMut) -> io::Result<usize> {
        match self {
            Self::Plain(read) => read.try_read_buf(buffer),
            Self::Tls(shared) => {
                let mut tls = shared.lock();
                read_now(&mut tls, buffer)
            }
        }
    }
}

/// Takes what is decrypted, record by record, until the buffer is full.
fn read_now(tls: &mut TlsStream<TcpStream>, buffer: &mut BytesMut) -> io::Result<usize> {
    let mut now = Context::from_waker(Waker::noop());
    let mut total = 0;
    loop {
        let room = buffer.capacity() - buffer.len();
        if room == 0 {
            return Ok(total);
        }
        let taken = match Pin::new(&mut *tls).poll_fill_buf(&mut now) {
            Poll::Ready(Ok(there)) => {
                let taken = there.get(..there.len().min(room)).unwrap_or_default();
                buffer.put_slice(taken);
                taken.len()
            }
            Poll::Ready(Err(error)) if total == 0 => return Err(error),
            Poll::Pending if total == 0 => return Err(io::ErrorKind::WouldBlock.into()),
            // What was read counts first; the rest shows at the next call.
            Poll::Ready(Err(_)) | Poll::Pending => return Ok(total),
        };
        if taken == 0 {
            return Ok(total);
        }
        Pin::new(&mut *tls).consume(taken);
        total += taken;
    }
}

/// The side that writes.
pub enum WriteSide<'a> {
    /// As it is.
    Plain(WriteHalf<'a>),
    /// Encrypted.
    Tls(Shared<'a>),
}

impl AsyncWrite for WriteSide<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(write) => Pin::new(write).poll_write(cx, buf),
            Self::Tls(shared) => Pin::new(&mut **shared.lock()).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(write) => Pin::new(write).poll_flush(cx),
            Self::Tls(shared) => Pin::new(&mut **shared.lock()).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(write) => Pin::new(write).poll_shutdown(cx),
            Self::Tls(shared) => Pin::new(&mut **shared.lock()).poll_shutdown(cx),
        }
    }
}
