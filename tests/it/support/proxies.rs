//! Proxies and forwarders on loopback, as small as they can be: what an operator's way leads through.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Whom the proxy lets in.
pub type Login = Option<(&'static str, &'static str)>;

/// What the proxy knows: names that exist only behind it, and what it was asked for.
#[derive(Debug, Default)]
struct Behind {
    names: BTreeMap<String, String>,
    asked: Mutex<Vec<String>>,
}

impl Behind {
    /// Connects to what `host:port` means here.
    async fn connect(&self, target: &str) -> io::Result<TcpStream> {
        self.asked.lock().unwrap().push(target.to_owned());
        let place = self.names.get(target).map_or(target, String::as_str);
        TcpStream::connect(place).await
    }
}

/// A running proxy; it ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    pub address: String,
    behind: Arc<Behind>,
    _accepting: JoinSet<()>,
}

#[derive(Debug, Clone, Copy)]
enum Protocol {
    Socks5,
    Connect,
}

impl Protocol {
    async fn serve(self, client: TcpStream, login: Login, behind: Arc<Behind>) -> Option<()> {
        match self {
            Self::Socks5 => socks5(client, login, &behind).await,
            Self::Connect => connect(client, login, &behind).await,
        }
    }
}

impl Proxy {
    /// A SOCKS5 proxy. `names`: advertised `host:port` → where that is.
    pub async fn socks5(login: Login, names: BTreeMap<String, String>) -> Self {
        Self::start(Protocol::Socks5, login, names).await
    }

    /// An HTTP proxy.
    pub async fn connect(login: Login, names: BTreeMap<String, String>) -> Self {
        Self::start(Protocol::Connect, login, names).await
    }

    async fn start(protocol: Protocol, login: Login, names: BTreeMap<String, String>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let behind = Arc::new(Behind {
            names,
            asked: Mutex::default(),
        });
        let known = behind.clone();
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut streams = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let known = known.clone();
                streams.spawn(protocol.serve(stream, login, known));
            }
        });
        Self {
            address,
            behind,
            _accepting: accepting,
        }
    }

    /// The targets it was asked for so far.
    pub fn asked(&self) -> Vec<String> {
        self.behind.asked.lock().unwrap().clone()
    }
}

async fn socks5(mut client: TcpStream, login: Login, behind: &Behind) -> Option<()> {
    let [_, methods] = read(&mut client).await?;
    let mut offered = vec![0; usize::from(methods)];
    client.read_exact(&mut offered).await.ok()?;
    let method = if login.is_some() { 2 } else { 0 };
    if !offered.contains(&method) {
        client.write_all(&[5, 0xff]).await.ok()?;
        return None;
    }
    client.write_all(&[5, method]).await.ok()?;
    if let Some((user, password)) = login {
        let [_] = read(&mut client).await?;
        let fits = text(&mut client).await? == user && text(&mut client).await? == password;
        client.write_all(&[1, u8::from(!fits)]).await.ok()?;
        if !fits {
            return None;
        }
    }
    let [_, _, _, kind] = read(&mut client).await?;
    let host = match kind {
        1 => Ipv4Addr::from(read::<4>(&mut client).await?).to_string(),
        _ => text(&mut client).await?,
    };
    let port = u16::from_be_bytes(read(&mut client).await?);
    let server = behind.connect(&format!("{host}:{port}")).await;
    let reply = match &server {
        Ok(_) => 0,
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => 5,
        Err(_) => 4,
    };
    let answer = [5, reply, 0, 1, 0, 0, 0, 0, 0, 0];
    client.write_all(&answer).await.ok()?;
    carry(client, server.ok()?).await
}

async fn connect(client: TcpStream, login: Login, behind: &Behind) -> Option<()> {
    let mut client = BufReader::new(client);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        client.read_line(&mut line).await.ok()?;
        if line.trim_end().is_empty() {
            break;
        }
        head.push(line.trim_end().to_owned());
    }
    let target = head.first()?.split(' ').nth(1)?.to_owned();
    // `me:secret`, as RFC 7617 encodes it.
    let wanted = "Proxy-Authorization: Basic bWU6c2VjcmV0";
    let fits = match login {
        None => true,
        Some(login) => login == ("me", "secret") && head.iter().any(|line| line == wanted),
    };
    if !fits {
        let answer = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n";
        client.write_all(answer).await.ok()?;
        return None;
    }
    let server = behind.connect(&target).await;
    let answer: &[u8] = match &server {
        Ok(_) => b"HTTP/1.1 200 Connection established\r\nVia: paper\r\n\r\n",
        Err(_) => b"HTTP/1.1 502 Bad Gateway\r\n\r\n",
    };
    client.write_all(answer).await.ok()?;
    carry(client.into_inner(), server.ok()?).await
}

async fn carry(mut client: TcpStream, mut server: TcpStream) -> Option<()> {
    let copied = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    copied.ok().map(drop)
}

async fn read<const N: usize>(stream: &mut TcpStream) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await.ok()?;
    Some(bytes)
}

/// A text with its length before it.
async fn text(stream: &mut TcpStream) -> Option<String> {
    let [length] = read(stream).await?;
    let mut bytes = vec![0; usize::from(length)];
    stream.read_exact(&mut bytes).await.ok()?;
    String::from_utf8(bytes).ok()
}
