//! The role of one broker node in the foreground: settings in, a controlled shutdown at the end. What a node is, the
//! broker crate alone knows.

use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use broker::NodeConfig;
use thiserror::Error;
use tokio::sync::oneshot;

use crate::terminal::{Signal, Signals};

/// How long a controlled shutdown may take.
const STOPS_WITHIN: Duration = Duration::from_secs(15);
/// … where whoever wanted the node is gone.
const ENDS_WITHIN: Duration = Duration::from_secs(3);

/// Why a node does not run.
#[derive(Debug, Error)]
pub enum NodeError {
    /// Settings that are refused, one a line.
    #[error("{0}")]
    Settings(String),
    /// The node cannot start.
    #[error("the node cannot start: {0}")]
    Start(String),
    /// The node ran and cannot go on.
    #[error("the node ends: {0}")]
    Failed(String),
    /// Signals cannot be listened for.
    #[error("cannot listen for signals: {0}")]
    Signals(std::io::Error),
}

/// Whose life the node's life hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifeline {
    /// It runs until a signal stops it.
    None,
    /// It stops when its standard input ends: when the process that started it is gone.
    Stdin,
}

/// Runs a node until a signal or the end of its lifeline stops it. Returns the exit code.
pub async fn run(
    config: Option<&Path>,
    set: &[String],
    lifeline: Lifeline,
) -> Result<u8, NodeError> {
    let mut signals = Signals::listen().map_err(NodeError::Signals)?;
    let config = NodeConfig::load(config, set);
    let config = config.map_err(|wrong| NodeError::Settings(wrong.to_string()))?;
    let id = config.node_id;
    let node = broker::run(config).await;
    let node = node.map_err(|error| NodeError::Start(error.to_string()))?;
    let member = async {
        node.serving().await;
        log::info!("node {id} serves");
        std::future::pending::<()>().await;
    };
    let (within, failed) = tokio::select! {
        () = stop_signal(&mut signals, lifeline) => (STOPS_WITHIN, None),
        () = cut(lifeline) => (ENDS_WITHIN, None),
        () = member => (ENDS_WITHIN, None),
        why = node.failed() => (Duration::ZERO, Some(why)),
    };
    match &failed {
        Some(why) => log::error!("node {id} cannot go on: {why}"),
        None => log::info!("node {id} shuts down"),
    }
    tokio::select! {
        () = node.shut_down(within) => log::info!("node {id} has ended"),
        () = stop_signal(&mut signals, lifeline) => log::warn!("node {id} ends at once, out of order"),
    }
    failed.map_or(Ok(0), |why| Err(NodeError::Failed(why)))
}

/// The next signal that means the end. A terminal that is closed means it only to a node that hangs on its starter.
async fn stop_signal(signals: &mut Signals, lifeline: Lifeline) {
    loop {
        match signals.next().await {
            Signal::Terminate | Signal::Interrupt => return,
            Signal::HangUp if lifeline == Lifeline::Stdin => return,
            Signal::HangUp | Signal::Continue => {}
        }
    }
}

/// Returns when the lifeline is cut; never without one.
pub async fn cut(lifeline: Lifeline) {
    if lifeline == Lifeline::None {
        return std::future::pending().await;
    }
    let (tell, told) = oneshot::channel::<()>();
    let listener = std::thread::Builder::new().name("lifeline".into());
    let listening = listener.spawn(move || {
        let _until_the_end = tell;
        let mut byte = [0];
        // Nobody writes here; an error is an end too.
        while matches!(std::io::stdin().read(&mut byte), Ok(1..)) {}
    });
    if let Err(error) = listening {
        log::warn!("the lifeline cannot be watched: {error}");
        return std::future::pending().await;
    }
    let _cut = told.await;
}
