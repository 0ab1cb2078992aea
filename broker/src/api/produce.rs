//! `Produce` (0): batches are appended at once, in the order of the request; waiting for replicas is a
//! future, so that a connection goes on with the next request meanwhile (rules 13 to 19).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{Begun, Ctx, Data, needs};
use crate::meta::image::Image;
use crate::replica::partition::{Partition, Refusal};
use crate::replica::purgatory::Bell;
use crate::replica::serve::{Acks, Written};
use crate::replica::{Replicas, TopicRef};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::produce::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceData,
    PartitionProduceResponse, TopicProduceData, TopicProduceResponse,
};
use crate::wire::messages::{ProduceRequest, ProduceResponse};
use crate::wire::records::HEADER_BYTES;

/// A write that is not yet committed, and where its answer goes.
struct Pending {
    partition: Arc<Partition>,
    written: Written,
    topic: usize,
    place: usize,
}

/// One request on its way.
struct Produce<'a> {
    data: &'a Data,
    image: Arc<Image>,
    acks: Acks,
    response: ProduceResponse,
    pending: Vec<Pending>,
    failed: bool,
}

/// Appends what the request carries.
pub fn begin(ctx: &Ctx, request: ProduceRequest) -> Begun {
    serve(&Data::of(ctx), request)
}

/// Appends by what the replicas hold.
pub fn serve(data: &Data, request: ProduceRequest) -> Begun {
    let acks = match request.acks {
        0 | 1 => Acks::Leader,
        -1 => Acks::All,
        _ => {
            let code = ErrorCode::INVALID_REQUIRED_ACKS;
            return Begun::Now(refused(data, &request, code));
        }
    };
    if let Err(code) = may_write_transactions(data, &request) {
        return match request.acks {
            0 => Begun::Close,
            _ => Begun::Now(refused(data, &request, code)),
        };
    }
    let mut produce = Produce {
        data,
        image: data.replicas.image(),
        acks,
        response: ProduceResponse::default(),
        pending: Vec::new(),
        failed: false,
    };
    for topic in request.topic_data {
        produce.topic(topic);
    }
    let Produce {
        image,
        response,
        pending,
        failed,
        ..
    } = produce;
    match request.acks {
        0 if failed => Begun::Close,
        0 => Begun::None,
        _ if pending.is_empty() => Begun::Now(finished(data, &image, response)),
        _ => {
            let wait = Duration::from_millis(u64::try_from(request.timeout_ms).unwrap_or(0));
            let data = data.clone();
            Begun::Later(Box::pin(async move {
                let response = acknowledged(pending, response, wait).await;
                finished(&data, &data.replicas.image(), response)
            }))
        }
    }
}

/// Whether the one who asks may write what the request says of transactions, if it does.
fn may_write_transactions(data: &Data, request: &ProduceRequest) -> Result<(), ErrorCode> {
    let topics = request.topic_data.iter();
    let mut batches = topics.flat_map(|topic| topic.partition_data.iter());
    if !data.rights.are_limited() || !batches.any(|one| is_transactional(one.records.as_ref())) {
        return Ok(());
    }
    match request.transactional_id.as_deref() {
        Some(id) => data.rights.check(&needs::PRODUCE_TRANSACTION, id),
        None => Err(needs::PRODUCE_TRANSACTION.error()),
    }
}

/// Whether a batch says that it belongs to a transaction.
fn is_transactional(records: Option<&Bytes>) -> bool {
    let attributes = records.and_then(|records| records.get(21..23));
    attributes.is_some_and(|bits| bits.last().is_some_and(|low| low & 0x10 != 0))
}

/// Every partition with the same reason why nothing is written, such as `acks` that mean nothing (rule 13).
fn refused(data: &Data, request: &ProduceRequest, code: ErrorCode) -> ProduceResponse {
    let mut response = ProduceResponse::default();
    for topic in &request.topic_data {
        let partitions = topic.partition_data.iter();
        response.responses.push(TopicProduceResponse {
            name: topic.name.clone(),
            topic_id: topic.topic_id,
            partition_responses: partitions
                .map(|data| failure(data.index, code.into()))
                .collect(),
            ..TopicProduceResponse::default()
        });
    }
    finished(data, &data.replicas.image(), response)
}

impl Produce<'_> {
    fn topic(&mut self, topic: TopicProduceData) {
        let at = self.response.responses.len();
        let mut done = TopicProduceResponse {
            name: topic.name,
            topic_id: topic.topic_id,
            ..TopicProduceResponse::default()
        };
        let allowed = self.allowed(&done);
        for data in topic.partition_data {
            let place = done.partition_responses.len();
            let name = topic_ref(self.data.version, &done);
            let appended = match allowed {
                Ok(()) => self.append(name, &data),
                Err(code) => Err(code.into()),
            };
            let answer = match appended {
                Ok((partition, written)) => {
                    let waits = self.acks == Acks::All && !written.committed;
                    self.pending.extend(waits.then_some(Pending {
                        partition,
                        written,
                        topic: at,
                        place,
                    }));
                    success(data.index, &written)
                }
                Err(refusal) => {
                    self.failed = true;
                    failure(data.index, refusal)
                }
            };
            done.partition_responses.push(answer);
        }
        self.response.responses.push(done);
    }

    /// Whether the one who asks may write to a topic; of an id that is unknown there is nothing to say yet.
    fn allowed(&self, topic: &TopicProduceResponse) -> Result<(), ErrorCode> {
        let name = match topic_ref(self.data.version, topic) {
            TopicRef::Id(id) => self.image.topic_by_id(id).map(|known| &*known.name),
            TopicRef::Name(name) => Some(name),
        };
        let need = &needs::PRODUCE_TOPIC;
        name.map_or(Ok(()), |name| self.data.rights.check(need, name))
    }

    fn append(
        &self,
        topic: TopicRef<'_>,
        data: &PartitionProduceData,
    ) -> Result<(Arc<Partition>, Written), Refusal> {
        let replicas: &Replicas = &self.data.replicas;
        let partition = replicas.find(&self.image, topic, data.index)?;
        let batch = one_batch(self.data.version, data.records.as_ref())?;
        let written = replicas.write(&self.image, &partition, batch, self.acks)?;
        Ok((partition, written))
    }
}

fn topic_ref(version: i16, topic: &TopicProduceResponse) -> TopicRef<'_> {
    if version >= 13 {
        TopicRef::Id(topic.topic_id)
    } else {
        TopicRef::Name(&topic.name)
    }
}

/// The one batch of a partition (rule 14): more than one is refused, and so is zstd for clients that
/// are too old to read it.
fn one_batch(version: i16, records: Option<&Bytes>) -> Result<&Bytes, Refusal> {
    let refuse = |code, message: &str| Refusal {
        code,
        message: Some(message.to_owned()),
        records: Vec::new(),
    };
    let batch = records
        .filter(|records| !records.is_empty())
        .ok_or_else(|| refuse(ErrorCode::INVALID_RECORD, "there is no record batch"))?;
    let length = batch
        .get(8..)
        .and_then(|rest| rest.first_chunk::<4>())
        .and_then(|length| usize::try_from(i32::from_be_bytes(*length)).ok())
        .map_or(batch.len(), |length| length.saturating_add(12));
    if length < batch.len() {
        let message = "there is more than one record batch for the partition";
        return Err(refuse(ErrorCode::INVALID_RECORD, message));
    }
    let zstd = batch
        .get(21..23)
        .is_some_and(|attributes| attributes.last().is_some_and(|low| low & 7 == 4));
    if version < 7 && zstd && batch.len() >= HEADER_BYTES {
        let message = "zstd takes version 7 of Produce";
        return Err(refuse(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE, message));
    }
    Ok(batch)
}

fn success(index: i32, written: &Written) -> PartitionProduceResponse {
    PartitionProduceResponse {
        index,
        base_offset: written.appended.base_offset,
        log_append_time_ms: written.appended.log_append_time_ms,
        log_start_offset: written.log_start,
        ..PartitionProduceResponse::default()
    }
}

fn failure(index: i32, refusal: Refusal) -> PartitionProduceResponse {
    let records = refusal.records.into_iter();
    PartitionProduceResponse {
        index,
        error_code: refusal.code,
        base_offset: -1,
        record_errors: records
            .map(|(batch_index, message)| BatchIndexAndErrorMessage {
                batch_index,
                batch_index_error_message: Some(message),
                ..BatchIndexAndErrorMessage::default()
            })
            .collect(),
        error_message: refusal.message,
        ..PartitionProduceResponse::default()
    }
}

/// Waits until all that is pending is committed or cannot be, at most `wait` (rule 19).
async fn acknowledged(
    pending: Vec<Pending>,
    mut response: ProduceResponse,
    wait: Duration,
) -> ProduceResponse {
    let bell = Bell::new();
    let mut waiting: BTreeMap<usize, Pending> = pending.into_iter().enumerate().collect();
    for (number, one) in &waiting {
        let end = one.written.appended.last_offset + 1;
        one.partition.purgatory.await_commit(end, &bell, *number);
    }
    let mut settle = |waiting: &mut BTreeMap<usize, Pending>, number: usize| {
        let Some(one) = waiting.get(&number) else {
            return;
        };
        let end = one.written.appended.last_offset + 1;
        match one.partition.acknowledged(one.written.leader_epoch, end) {
            Some(error) => {
                set_error(&mut response, one, error);
                waiting.remove(&number);
            }
            None => one.partition.purgatory.await_commit(end, &bell, number),
        }
    };
    for number in waiting.keys().copied().collect::<Vec<_>>() {
        settle(&mut waiting, number);
    }
    let deadline = tokio::time::Instant::now() + wait;
    while !waiting.is_empty() {
        let Ok(rung) = tokio::time::timeout_at(deadline, bell.rung()).await else {
            break;
        };
        for number in rung {
            settle(&mut waiting, number);
        }
    }
    for one in waiting.values() {
        set_error(&mut response, one, ErrorCode::REQUEST_TIMED_OUT);
    }
    response
}

fn set_error(response: &mut ProduceResponse, one: &Pending, error: ErrorCode) {
    let topic = response.responses.get_mut(one.topic);
    let place = topic.and_then(|topic| topic.partition_responses.get_mut(one.place));
    if let Some(answer) = place.filter(|_| error != ErrorCode::NONE) {
        *answer = failure(answer.index, error.into());
    }
}

/// Names the leader of every partition that is led elsewhere, and where it listens (KIP-951).
fn finished(data: &Data, image: &Image, mut response: ProduceResponse) -> ProduceResponse {
    let mut leaders = std::collections::BTreeSet::new();
    for topic in &mut response.responses {
        let name = if data.version >= 13 {
            image.topic_by_id(topic.topic_id)
        } else {
            image.topics.get(topic.name.as_str())
        };
        let Some(known) = name else { continue };
        for answer in &mut topic.partition_responses {
            if answer.error_code != ErrorCode::NOT_LEADER_OR_FOLLOWER {
                continue;
            }
            if let Some(state) = image.partition(&known.name, answer.index) {
                answer.current_leader = LeaderIdAndEpoch {
                    leader_id: state.leader,
                    leader_epoch: state.leader_epoch,
                    ..LeaderIdAndEpoch::default()
                };
                leaders.insert(state.leader);
            }
        }
    }
    response.node_endpoints = super::data::of(image, &leaders, &data.listener)
        .map(|one| NodeEndpoint {
            node_id: one.node,
            host: one.host,
            port: one.port,
            rack: one.rack,
            ..NodeEndpoint::default()
        })
        .collect();
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(attributes: u8) -> Vec<u8> {
        let mut bytes = vec![0_u8; HEADER_BYTES];
        let length = u8::try_from(HEADER_BYTES - 12).unwrap();
        bytes[11] = length;
        bytes[22] = attributes;
        bytes
    }

    #[test]
    fn one_batch_a_partition_is_taken_and_no_more() {
        let one = Bytes::from(batch(0));
        assert!(one_batch(9, Some(&one)).is_ok());
        let two = Bytes::from([batch(0), batch(0)].concat());
        let refusal = one_batch(9, Some(&two)).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::INVALID_RECORD);
        assert!(one_batch(9, None).is_err());
        assert!(one_batch(9, Some(&Bytes::new())).is_err());
        assert!(one_batch(9, Some(&Bytes::from_static(&[1, 2]))).is_ok());
    }

    #[test]
    fn zstd_takes_version_seven() {
        let zstd = Bytes::from(batch(4));
        let code = |version| one_batch(version, Some(&zstd)).map_err(|refusal| refusal.code);
        assert_eq!(
            code(6).unwrap_err(),
            ErrorCode::UNSUPPORTED_COMPRESSION_TYPE
        );
        assert!(code(7).is_ok());
    }
}
