//! Through a jump host: one `ssh -W host:port` per connection, with the user's own configuration, agent and masters.
//!
//! Asks nothing on our terminal (`BatchMode`), passes no password, and ends with the stream.

mod words;

use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use self::words::{Said, Words};
use super::{failed, late};
use crate::cluster::dialer::elapsed;
use crate::cluster::error::DialError;
use crate::config::property;
use crate::model::{Endpoint, Rung, Span};

const PROGRAM: &str = "ssh";
/// Bytes of ssh's words read at once.
const STEP_BYTES: usize = 4 * 1024;
/// How long ssh may take to end after it has closed its output.
const ENDS_WITHIN: Duration = Duration::from_secs(2);

/// How errors name the jump host.
pub(super) fn called(destination: &str) -> String {
    format!("ssh {destination}")
}

/// The command line: only names are on it.
fn command(destination: &str, port: Option<u16>, target: &Endpoint, patience: Duration) -> Command {
    let mut command = Command::new(PROGRAM);
    for name in property::secret_variables() {
        command.env_remove(name);
    }
    let seconds = patience.as_secs().max(1);
    command
        // What it says on its way tells when it has arrived.
        .arg("-v")
        .args(["-o", "BatchMode=yes"])
        .args(["-o", &format!("ConnectTimeout={seconds}")])
        .args(["-W", &target.to_string()]);
    if let Some(port) = port {
        command.args(["-p", &port.to_string()]);
    }
    command
        .args(["--", destination])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Neither our ctrl-c nor our terminal is its own.
        .process_group(0)
        .kill_on_drop(true);
    command
}

/// Starts ssh and waits until the jump host has let us in. Whether the target answers shows with the first bytes.
pub(super) async fn open(
    destination: &str,
    port: Option<u16>,
    target: &Endpoint,
    patience: Duration,
) -> Result<(Tunnel, Vec<(Rung, Span)>), DialError> {
    let name = called(destination);
    let began = Instant::now();
    let mut child = command(destination, port, target, patience)
        .spawn()
        .map_err(|error| unstarted(&name, target, &error))?;
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(input), Some(output), Some(errors)) = pipes else {
        return Err(failed(&name, target, "its pipes are missing"));
    };
    let (tell, mut arrived) = watch::channel(false);
    let (end, ended) = oneshot::channel();
    let (words, whose) = (Words::default(), (name.clone(), target.clone()));
    let keeper = tokio::spawn(async move {
        let words = listen(errors, words, &tell).await;
        // Nobody waits any more where the stream is gone.
        let _gone = end.send(fate(child, &words, &whose).await);
    });
    let mut tunnel = Tunnel {
        input,
        output,
        fate: Fate::Open(ended),
        keeper,
    };
    tokio::select! {
        biased;
        // It has arrived, or it says no more.
        _ = arrived.wait_for(|arrived| *arrived) => {}
        () = tokio::time::sleep(patience) => return Err(late(&name, target, patience)),
    }
    if !*arrived.borrow() {
        let error = std::future::poll_fn(|cx| tunnel.fate.poll(cx)).await;
        return Err(error.unwrap_or_else(|| failed(&name, target, "ssh ended without a word")));
    }
    Ok((tunnel, vec![(Rung::Route, elapsed(began))]))
}

fn unstarted(name: &str, target: &Endpoint, error: &io::Error) -> DialError {
    let why = if error.kind() == io::ErrorKind::NotFound {
        "there is no program ssh here; install OpenSSH's client, or choose another dial.via"
            .to_owned()
    } else {
        format!("ssh cannot be started: {}", super::tcp::reason(error))
    };
    failed(name, target, &why)
}

/// Reads what ssh says until it says no more, and tells when it has arrived.
async fn listen(mut errors: ChildStderr, mut words: Words, tell: &watch::Sender<bool>) -> Words {
    let mut bytes = vec![0; STEP_BYTES];
    while let Ok(count @ 1..) = errors.read(&mut bytes).await {
        if words.hear(bytes.get(..count).unwrap_or_default()) == Said::Arrived {
            tell.send_replace(true);
        }
    }
    words
}

/// How it ended: in words where that was no ordinary end.
async fn fate(
    mut child: Child,
    words: &Words,
    (name, target): &(String, Endpoint),
) -> Option<DialError> {
    let ended = tokio::time::timeout(ENDS_WITHIN, child.wait()).await;
    match ended {
        Ok(Ok(status)) if status.success() => None,
        _ => Some(words.error(name, target)),
    }
}

/// The two ends of a running ssh. Dropping it ends ssh.
#[derive(Debug)]
pub(super) struct Tunnel {
    input: ChildStdin,
    output: ChildStdout,
    fate: Fate,
    keeper: JoinHandle<()>,
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        // The child is the keeper's, and ends with it.
        self.keeper.abort();
    }
}

/// What became of ssh.
#[derive(Debug)]
enum Fate {
    Open(oneshot::Receiver<Option<DialError>>),
    Known(Option<DialError>),
}

impl Fate {
    /// Waits for its end.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<DialError>> {
        if let Self::Open(ended) = self {
            match Pin::new(ended).poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(told) => *self = Self::Known(told.ok().flatten()),
            }
        }
        match self {
            Self::Known(error) => Poll::Ready(error.clone()),
            Self::Open(_) => Poll::Pending,
        }
    }
}

impl AsyncRead for Tunnel {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let wanted = buffer.remaining() > 0;
        let read = Pin::new(&mut self.output).poll_read(cx, buffer);
        let over = match &read {
            Poll::Ready(Ok(())) => wanted && buffer.filled().len() == before,
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        if !over {
            return read;
        }
        // Why it is over, ssh says before it ends.
        match self.fate.poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(error)) => Poll::Ready(Err(io::Error::other(error))),
            Poll::Ready(None) => read,
        }
    }
}

impl AsyncWrite for Tunnel {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.input).poll_write(cx, bytes);
        let Poll::Ready(Err(_)) = &written else {
            return written;
        };
        match self.fate.poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(error)) => Poll::Ready(Err(io::Error::other(error))),
            Poll::Ready(None) => written,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.input).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.input).poll_shutdown(cx)
    }
}
