//! `DescribeProducers` (61): who writes to the partitions that this broker leads (KIP-664).

use super::{Ctx, Data, needs};
use crate::log::ActiveProducer;
use crate::meta::image::Image;
use crate::replica::TopicRef;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::describe_producers::{
    PartitionResponse, ProducerState, TopicRequest, TopicResponse,
};
use crate::wire::messages::{DescribeProducersRequest, DescribeProducersResponse};

/// Answers partition by partition.
#[expect(clippy::unused_async, reason = "every API is asked the same way")]
pub async fn answer(ctx: &Ctx, request: DescribeProducersRequest) -> DescribeProducersResponse {
    serve(&Data::of(ctx), request)
}

/// Answers by what the replicas hold.
pub fn serve(data: &Data, request: DescribeProducersRequest) -> DescribeProducersResponse {
    let image = data.replicas.image();
    let topics = request.topics.into_iter();
    DescribeProducersResponse {
        topics: topics.map(|topic| describe(data, &image, topic)).collect(),
        ..DescribeProducersResponse::default()
    }
}

fn describe(data: &Data, image: &Image, topic: TopicRequest) -> TopicResponse {
    let need = &needs::DESCRIBE_PRODUCERS_TOPIC;
    let allowed = data.rights.check(need, &topic.name);
    let indexes = topic.partition_indexes.iter();
    let partitions = indexes.map(|index| {
        let found = allowed.and_then(|()| producers(data, image, &topic.name, *index));
        PartitionResponse {
            partition_index: *index,
            error_code: *found.as_ref().err().unwrap_or(&ErrorCode::NONE),
            error_message: allowed.err().map(|_| need.message().to_owned()),
            active_producers: found.unwrap_or_default().iter().map(state).collect(),
            ..PartitionResponse::default()
        }
    });
    TopicResponse {
        partitions: partitions.collect(),
        name: topic.name,
        ..TopicResponse::default()
    }
}

fn producers(
    data: &Data,
    image: &Image,
    topic: &str,
    index: i32,
) -> Result<Vec<ActiveProducer>, ErrorCode> {
    let partition = data.replicas.find(image, TopicRef::Name(topic), index)?;
    let state = partition.lock();
    state.leader()?;
    Ok(state.log()?.producers())
}

fn state(producer: &ActiveProducer) -> ProducerState {
    ProducerState {
        producer_id: producer.producer_id,
        producer_epoch: i32::from(producer.producer_epoch),
        last_sequence: producer.last_sequence,
        last_timestamp: producer.last_timestamp_ms,
        coordinator_epoch: producer.coordinator_epoch,
        current_txn_start_offset: producer.transaction_start_offset,
        ..ProducerState::default()
    }
}
