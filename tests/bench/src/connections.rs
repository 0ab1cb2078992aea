//! What a crowd of connections costs one node of the bundled broker: at rest, and each with half a frame that
//! never ends. Opens sockets and sends bytes; judges nothing.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use broker::wire::frame;
use broker::wire::messages::{ApiVersionsRequest, ApiVersionsResponse};
use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use crate::nodes::Nodes;
use crate::process::{cpu_ms, rss_mib};

/// A start from an empty directory takes less than a second.
const SERVES: Duration = Duration::from_secs(30);
/// The node has taken in what was sent, and given back what it does not need.
const SETTLES: Duration = Duration::from_secs(5);
/// Connections from one address of the loopback: well below the ports it has.
const FROM_ONE_ADDRESS: usize = 5_000;
/// A frame that claims 4 KiB, and the half of it that is sent.
const CLAIMED: u32 = 4 << 10;
const SENT: usize = 2 << 10;

/// Opens `count` connections to one node and prints what it holds for them.
pub fn measure(program: &str, dir: &Path, count: usize) {
    let mut nodes = Nodes::new(program, dir, 1, &[]);
    nodes.start(&nodes.ids());
    let pid = nodes.pid(1).expect("a node of ours");
    let address: SocketAddr = nodes.bootstrap().parse().expect("an address");
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    runtime.block_on(async {
        serving(address).await;
        tokio::time::sleep(SETTLES).await;
        let empty = State::of(pid);
        println!("| state | RSS MiB | KiB a connection | processor ms a connection | a new client is answered in |");
        println!("|---|---|---|---|---|");
        println!("| no connection | {:.1} | | | {} |", empty.rss_mib, answered(address).await);
        let mut all = Vec::with_capacity(count);
        for number in 0..count {
            let mut stream = open(number, address).await;
            ask(&mut stream).await.expect("an answer");
            all.push(stream);
        }
        tokio::time::sleep(SETTLES).await;
        let idle = State::of(pid);
        print(&format!("{count} at rest"), &empty, &empty, &idle, count, address).await;
        for stream in &mut all {
            stream.write_all(&CLAIMED.to_be_bytes()).await.expect("the node takes bytes");
            stream.write_all(&[0; SENT]).await.expect("the node takes bytes");
        }
        tokio::time::sleep(SETTLES).await;
        let half = State::of(pid);
        let name = format!("{count} with {SENT} bytes of a frame");
        print(&name, &empty, &idle, &half, count, address).await;
        drop(all);
        tokio::time::sleep(SETTLES).await;
        let gone = State::of(pid);
        print("all closed", &empty, &half, &gone, count, address).await;
    });
}

/// What the kernel says of the node.
struct State {
    rss_mib: f64,
    cpu_ms: f64,
}

impl State {
    fn of(pid: u32) -> Self {
        Self {
            rss_mib: rss_mib(pid),
            cpu_ms: cpu_ms(pid),
        }
    }
}

async fn print(
    name: &str,
    empty: &State,
    before: &State,
    now: &State,
    count: usize,
    address: SocketAddr,
) {
    let each = count as f64;
    println!(
        "| {name} | {:.1} | {:.2} | {:.3} | {} |",
        now.rss_mib,
        (now.rss_mib - empty.rss_mib) * 1024.0 / each,
        (now.cpu_ms - before.cpu_ms) / each,
        answered(address).await
    );
}

/// Waits until the node answers clients.
async fn serving(address: SocketAddr) {
    let began = Instant::now();
    loop {
        if let Ok(mut stream) = TcpStream::connect(address).await
            && ask(&mut stream).await.is_ok()
        {
            return;
        }
        assert!(began.elapsed() < SERVES, "the node does not serve");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How long a client who comes now waits for its first answer.
async fn answered(address: SocketAddr) -> String {
    let began = Instant::now();
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    match tokio::time::timeout(SERVES, ask(&mut stream)).await {
        Ok(Ok(())) => format!("{:.1} ms", began.elapsed().as_secs_f64() * 1e3),
        Ok(Err(error)) => format!("never: {error}"),
        Err(_) => "never".to_owned(),
    }
}

async fn open(number: usize, to: SocketAddr) -> TcpStream {
    let last = u8::try_from(2 + number / FROM_ONE_ADDRESS).expect("at most a million connections");
    let socket = TcpSocket::new_v4().expect("a socket; `ulimit -n` says how many");
    let from = SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), 0));
    socket.bind(from).expect("an address of the loopback");
    socket.connect(to).await.expect("a connection")
}

/// Asks for the API versions and reads the answer.
async fn ask(stream: &mut TcpStream) -> std::io::Result<()> {
    let request = ApiVersionsRequest::default();
    let bytes = frame::request_frame(&request, 0, 1, Some("crowd")).expect("a request");
    stream.write_all(&bytes).await?;
    let mut buffer = BytesMut::with_capacity(512);
    loop {
        let content = frame::next_frame(&mut buffer, 1 << 20).expect("a frame");
        if let Some(content) = content {
            frame::read_response::<ApiVersionsResponse>(&content, 0).expect("an answer");
            return Ok(());
        }
        if stream.read_buf(&mut buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}
