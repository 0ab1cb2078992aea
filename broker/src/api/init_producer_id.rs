//! `InitProducerId` (22): ids for idempotent producers, from blocks that the controller gives away
//! (rule 50, KIP-98, KIP-730). Transactions are refused: nobody coordinates them here.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::forward::{self, Failure};
use super::{Broker, Ctx, needs};
use crate::meta::quorum::SubmitError;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::{
    AllocateProducerIdsRequest, AllocateProducerIdsResponse, InitProducerIdRequest,
    InitProducerIdResponse,
};

/// A new block is asked for once fewer ids than this are left.
const FEW: i64 = 100;
/// How long a client that has its id already waits for the block of those after it.
const AHEAD: Duration = Duration::from_secs(1);

/// Answers with an id of this broker's block.
pub async fn answer(ctx: &Ctx, request: InitProducerIdRequest) -> InitProducerIdResponse {
    if let Err(error_code) = allowed(ctx, &request) {
        return refused(error_code);
    }
    if let Some(error_code) = refusal(&request) {
        return refused(error_code);
    }
    let until = forward::usual_deadline(&ctx.broker);
    match ctx.broker.producer_ids.next(&ctx.broker, until).await {
        Ok(producer_id) => InitProducerIdResponse {
            producer_id,
            producer_epoch: 0,
            ..InitProducerIdResponse::default()
        },
        Err(failure) => {
            log::warn!("no producer id can be given: {}", failure.message);
            refused(failure.code)
        }
    }
}

/// Whether the one who asks may write with such an id; without a transaction, who may write to any topic may.
fn allowed(ctx: &Ctx, request: &InitProducerIdRequest) -> Result<(), ErrorCode> {
    let rights = ctx.rights();
    if let Some(id) = &request.transactional_id {
        return rights.check(&needs::PRODUCER_ID_TRANSACTION, id);
    }
    let cluster = &needs::PRODUCER_ID_CLUSTER;
    if rights.may_cluster(cluster) || rights.may_somewhere(&needs::PRODUCER_ID_TOPIC) {
        return Ok(());
    }
    rights
        .check_cluster(cluster)
        .map_err(|refused| refused.code)
}

/// Why a request cannot be served, whatever the controller says: a transactional id needs a
/// coordinator of transactions, which this broker is not.
pub fn refusal(request: &InitProducerIdRequest) -> Option<ErrorCode> {
    match request.transactional_id.as_deref() {
        None => None,
        Some("") => Some(ErrorCode::INVALID_REQUEST),
        Some(_) => Some(ErrorCode::UNSUPPORTED_VERSION),
    }
}

fn refused(error_code: ErrorCode) -> InitProducerIdResponse {
    InitProducerIdResponse {
        error_code,
        producer_id: -1,
        producer_epoch: -1,
        ..InitProducerIdResponse::default()
    }
}

/// The producer ids that this broker may give away. An id is given once in the life of a cluster.
#[derive(Debug)]
pub struct ProducerIds {
    block: Mutex<Block>,
    /// Whoever holds the permit asks the controller; it guards no data.
    asking: Semaphore,
}

impl Default for ProducerIds {
    fn default() -> Self {
        Self {
            block: Mutex::default(),
            asking: Semaphore::new(1),
        }
    }
}

impl ProducerIds {
    /// The next id. Who takes one of the last asks for a new block; who finds none waits for it.
    async fn next(&self, broker: &Broker, until: Instant) -> Result<i64, Failure> {
        loop {
            let (taken, few) = self.take();
            match taken {
                Some(id) if !few => return Ok(id),
                Some(id) => {
                    self.refill_ahead(broker, until).await;
                    return Ok(id);
                }
                None => self.wait_for_block(broker, until).await?,
            }
        }
    }

    /// Gets a block before the last one is used up, unless somebody does already.
    async fn refill_ahead(&self, broker: &Broker, until: Instant) {
        let Ok(_asking) = self.asking.try_acquire() else {
            return;
        };
        let soon = until.min(Instant::now() + AHEAD);
        if let Err(failure) = self.refill(broker, soon).await {
            log::warn!("no more producer ids for now: {}", failure.message);
        }
    }

    /// Returns once somebody has got a block, or why nobody can.
    async fn wait_for_block(&self, broker: &Broker, until: Instant) -> Result<(), Failure> {
        let timed_out = || Failure::from(SubmitError::TimedOut);
        let asking = timeout_at(until, self.asking.acquire());
        let _asking = asking
            .await
            .map_err(|_| timed_out())?
            .map_err(|_| timed_out())?;
        if self.block().is_empty() {
            self.refill(broker, until).await?;
        }
        Ok(())
    }

    async fn refill(&self, broker: &Broker, until: Instant) -> Result<(), Failure> {
        let node = broker.config.node_id;
        let epoch = broker.image().brokers.get(&node).map(|known| known.epoch);
        let request = AllocateProducerIdsRequest {
            broker_id: node,
            broker_epoch: epoch.unwrap_or(-1),
            ..AllocateProducerIdsRequest::default()
        };
        let given: AllocateProducerIdsResponse = forward::submit(broker, request, until).await?;
        if !given.error_code.is_ok() {
            return Err(Failure {
                code: ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
                message: format!("the controller gives no block: {}", given.error_code),
            });
        }
        let start = given.producer_id_start;
        self.block()
            .add(start..start.saturating_add(given.producer_id_len.into()));
        Ok(())
    }

    /// Takes one; says whether only a few are left.
    fn take(&self) -> (Option<i64>, bool) {
        let mut block = self.block();
        let taken = block.take();
        (taken, block.left() < FEW)
    }

    fn block(&self) -> std::sync::MutexGuard<'_, Block> {
        self.block.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ids that are free to give: those in use, and those got ahead.
#[derive(Debug, Default)]
struct Block {
    now: Range<i64>,
    next: Range<i64>,
}

impl Block {
    fn add(&mut self, ids: Range<i64>) {
        if self.now.is_empty() {
            self.now = ids;
        } else {
            self.next = ids;
        }
    }

    fn take(&mut self) -> Option<i64> {
        if self.now.is_empty() {
            self.now = std::mem::take(&mut self.next);
        }
        self.now.next()
    }

    fn left(&self) -> i64 {
        let of = |ids: &Range<i64>| (ids.end - ids.start).max(0);
        of(&self.now) + of(&self.next)
    }

    fn is_empty(&self) -> bool {
        self.left() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_a_block_got_ahead_follow_those_in_use() {
        let mut block = Block::default();
        assert_eq!(block.take(), None);
        block.add(10..12);
        block.add(50..51);
        assert_eq!(block.left(), 3);
        let taken: Vec<_> = std::iter::from_fn(|| block.take()).collect();
        assert_eq!(taken, [10, 11, 50]);
        assert!(block.is_empty());
    }

    #[test]
    fn a_transactional_id_is_refused_for_good_and_an_empty_one_is_no_id() {
        let asked = |id: Option<&str>| {
            refusal(&InitProducerIdRequest {
                transactional_id: id.map(str::to_owned),
                ..InitProducerIdRequest::default()
            })
        };
        assert_eq!(asked(None), None);
        assert_eq!(asked(Some("")), Some(ErrorCode::INVALID_REQUEST));
        let refused = asked(Some("payments")).expect("a refusal");
        assert!(!refused.is_retriable(), "a client must not try for ever");
    }
}
