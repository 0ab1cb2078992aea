//! `ElectLeaders` (43): the controller decides (rule 43). Never elects here.

use super::forward::{self, Failure};
use super::{Ctx, needs};
use crate::wire::messages::elect_leaders::{
    PartitionResult, ReplicaElectionResult, TopicPartitions,
};
use crate::wire::messages::{ElectLeadersRequest, ElectLeadersResponse};

/// The first version whose answer has an error of its own.
const WITH_ERROR: i16 = 1;

/// Asks the controller.
pub async fn answer(ctx: &Ctx, request: ElectLeadersRequest) -> ElectLeadersResponse {
    if let Err(denied) = ctx.rights().check_cluster(&needs::ELECT) {
        return refused(&request, &denied, ctx.version);
    }
    let until = forward::deadline(request.timeout_ms);
    match forward::submit(&ctx.broker, request.clone(), until).await {
        Ok(response) => response,
        Err(failure) => refused(&request, &failure, ctx.version),
    }
}

/// Every partition that was named with the reason why the controller could not be asked.
fn refused(request: &ElectLeadersRequest, failure: &Failure, version: i16) -> ElectLeadersResponse {
    let partition = |index: &i32| PartitionResult {
        partition_id: *index,
        error_code: failure.code,
        error_message: Some(failure.message.clone()),
        ..PartitionResult::default()
    };
    let topic = |topic: &TopicPartitions| ReplicaElectionResult {
        topic: topic.topic.clone(),
        partition_result: topic.partitions.iter().map(partition).collect(),
        ..ReplicaElectionResult::default()
    };
    let named = request.topic_partitions.iter().flatten();
    let mut response = ElectLeadersResponse {
        replica_election_results: named.map(topic).collect(),
        ..ElectLeadersResponse::default()
    };
    if version >= WITH_ERROR {
        response.error_code = failure.code;
    }
    response
}
