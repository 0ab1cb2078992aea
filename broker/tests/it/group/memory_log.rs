//! `__consumer_offsets` in memory: commits when the story says so.

use std::collections::VecDeque;
use std::sync::Mutex;

use broker::group::{Committed, OffsetsLog, OffsetsRead};
use broker::wire::error_code::ErrorCode;
use broker::wire::records::{Chunk, RecordSet, set_base_offset};
use tokio::sync::oneshot;

#[derive(Debug, Default)]
pub struct MemoryLog {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    epoch: i32,
    holds: bool,
    refuses: Option<ErrorCode>,
    bytes: Vec<u8>,
    end: i64,
    high_watermark: i64,
    waiting: VecDeque<(i64, oneshot::Sender<Result<i64, ErrorCode>>)>,
}

impl MemoryLog {
    /// Leads in an epoch.
    pub fn lead(&self, epoch: i32) {
        self.kept.lock().unwrap().epoch = epoch;
    }

    /// Keeps everything from now on uncommitted.
    pub fn hold(&self) {
        self.kept.lock().unwrap().holds = true;
    }

    /// Commits everything, now and from now on.
    pub fn release(&self) {
        let mut kept = self.kept.lock().unwrap();
        kept.holds = false;
        kept.high_watermark = kept.end;
        for (offset, waiting) in kept.waiting.drain(..) {
            let _ = waiting.send(Ok(offset));
        }
    }

    /// Refuses every append, or none.
    pub fn refuse(&self, code: Option<ErrorCode>) {
        self.kept.lock().unwrap().refuses = code;
    }

    pub fn end(&self) -> i64 {
        self.kept.lock().unwrap().end
    }
}

impl OffsetsLog for MemoryLog {
    fn append(&self, _: i32, leader_epoch: i32, mut batch: Vec<u8>) -> Committed {
        let mut kept = self.kept.lock().unwrap();
        let fenced = leader_epoch != kept.epoch;
        let refused = kept
            .refuses
            .or(fenced.then_some(ErrorCode::NOT_LEADER_OR_FOLLOWER));
        if let Some(code) = refused {
            return Box::pin(std::future::ready(Err(code)));
        }
        let base = kept.end;
        set_base_offset(&mut batch, base).unwrap();
        let Some(Ok(Chunk::Batch(read))) = RecordSet::new(&batch).next() else {
            panic!("no batch");
        };
        kept.end = read.header.last_offset() + 1;
        kept.bytes.extend_from_slice(&batch);
        let (committed, waits) = oneshot::channel();
        if kept.holds {
            kept.waiting.push_back((base, committed));
        } else {
            kept.high_watermark = kept.end;
            let _ = committed.send(Ok(base));
        }
        Box::pin(async move {
            waits
                .await
                .unwrap_or(Err(ErrorCode::NOT_LEADER_OR_FOLLOWER))
        })
    }

    fn read(&self, _: i32, offset: i64) -> Result<OffsetsRead, ErrorCode> {
        let kept = self.kept.lock().unwrap();
        let mut records = Vec::new();
        for chunk in RecordSet::new(&kept.bytes) {
            let Ok(Chunk::Batch(batch)) = chunk else {
                panic!("no batch");
            };
            // One batch a read, so that loading has steps.
            if batch.header.last_offset() >= offset && records.is_empty() {
                records.extend_from_slice(batch.bytes());
            }
        }
        Ok(OffsetsRead {
            records: records.into(),
            high_watermark: kept.high_watermark,
            log_end_offset: kept.end,
            leader_epoch: kept.epoch,
        })
    }
}
