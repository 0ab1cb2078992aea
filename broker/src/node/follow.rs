//! The metadata on its way to the replicas and groups of this node: every change, in order.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::api::Broker;

/// Waits for the broker's registration, and from there on lets the node follow every change. What
/// was known before is of an earlier run: by it, replicas of this run could be taken for strangers.
pub async fn follow(
    broker: Arc<Broker>,
    mut registered: watch::Receiver<i64>,
    followed: watch::Sender<i64>,
    trouble: watch::Sender<Option<String>>,
) {
    let Ok(epoch) = registered.wait_for(|epoch| *epoch >= 0).await.map(|at| *at) else {
        return;
    };
    let mut images = broker.quorum.images();
    if images
        .wait_for(|image| image.offset >= epoch)
        .await
        .is_err()
    {
        return;
    }
    let mut changes = broker.quorum.changes();
    while let Some((image, delta)) = changes.next().await {
        let (node, now, change) = (Arc::clone(&broker), Arc::clone(&image), delta.clone());
        // Replicas make and delete directories.
        let done = spawn_blocking(move || node.replicas.follow_metadata(&now, &change)).await;
        if let Err(error) = done {
            // What was missed would never come again: a node that is wrong about its replicas ends.
            let why = format!(
                "the metadata at offset {} was not followed: {error}",
                image.offset
            );
            trouble.send_replace(Some(why));
            return;
        }
        let me = broker.config.node_id;
        broker.groups.follow_metadata(&image, &delta, me);
        followed.send_replace(image.offset);
    }
}
