//! `AllocateProducerIds`: blocks of ids that no two brokers share (KIP-730).

use crate::meta::record::Record;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::{AllocateProducerIdsRequest, AllocateProducerIdsResponse};

use super::Controller;
use super::brokers::check_epoch;
use super::draft::Draft;

impl Controller {
    /// Gives a broker the next block.
    pub(super) fn allocate_producer_ids(
        &self,
        draft: &mut Draft,
        request: &AllocateProducerIdsRequest,
    ) -> AllocateProducerIdsResponse {
        let length = self.settings.producer_id_block;
        let start = draft.image.next_producer_id;
        let checked = check_epoch(&draft.image, request.broker_id, request.broker_epoch);
        let next = checked.and_then(|()| {
            let next = start.checked_add(length.into());
            next.ok_or(ErrorCode::UNKNOWN_SERVER_ERROR)
        });
        match next {
            Ok(next) => {
                draft.push(Record::ProducerIds { next });
                AllocateProducerIdsResponse {
                    producer_id_start: start,
                    producer_id_len: length,
                    ..Default::default()
                }
            }
            Err(error_code) => AllocateProducerIdsResponse {
                error_code,
                ..Default::default()
            },
        }
    }
}
