//! `CreatePartitions` (37): the controller decides (rule 72); the answer comes when this node knows
//! the new partitions.

use std::collections::BTreeMap;

use super::access::Rights;
use super::forward::{self, Failure};
use super::{Ctx, needs};
use crate::meta::image::Image;
use crate::wire::messages::create_partitions::{
    CreatePartitionsTopic, CreatePartitionsTopicResult,
};
use crate::wire::messages::{CreatePartitionsRequest, CreatePartitionsResponse};

/// The first version whose clients know `THROTTLING_QUOTA_EXCEEDED`.
const STRICT_FROM: i16 = 3;

/// Asks the controller.
pub async fn answer(ctx: &Ctx, mut request: CreatePartitionsRequest) -> CreatePartitionsResponse {
    let denied = take_denied(&ctx.rights(), &mut request);
    let mut response = if request.topics.is_empty() && !denied.is_empty() {
        CreatePartitionsResponse::default()
    } else {
        create(ctx, request).await
    };
    response.results.extend(denied);
    response
}

/// Takes the topics out of a request that the one who asks may not let grow, with what is told of them. Names that
/// are there twice stay: they are refused anyway.
fn take_denied(
    rights: &Rights,
    request: &mut CreatePartitionsRequest,
) -> Vec<CreatePartitionsTopicResult> {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for topic in &request.topics {
        *times.entry(topic.name.clone()).or_default() += 1;
    }
    let mut denied = Vec::new();
    request.topics.retain(|topic| {
        let allowed = match times.get(&topic.name) {
            Some(1) => rights.check(&needs::GROW_TOPIC, &topic.name),
            _ => Ok(()),
        };
        denied.extend(allowed.err().map(|error_code| CreatePartitionsTopicResult {
            name: topic.name.clone(),
            error_code,
            error_message: None,
            ..CreatePartitionsTopicResult::default()
        }));
        allowed.is_ok()
    });
    denied
}

async fn create(ctx: &Ctx, request: CreatePartitionsRequest) -> CreatePartitionsResponse {
    let until = forward::deadline(request.timeout_ms);
    let asked = forward::submit_within_quota(ctx, request.clone(), STRICT_FROM, until).await;
    let response: CreatePartitionsResponse = match asked {
        Ok(response) => response,
        Err(failure) => return refused(&request, &failure),
    };
    if !request.validate_only {
        let done = |topic: &&CreatePartitionsTopic| {
            let mut results = response.results.iter();
            results.any(|result| result.name == topic.name && result.error_code.is_ok())
        };
        let done: Vec<_> = request.topics.iter().filter(done).collect();
        forward::seen(ctx, until, |image| {
            done.iter().all(|topic| has_grown(image, topic))
        })
        .await;
    }
    response
}

fn has_grown(image: &Image, wanted: &CreatePartitionsTopic) -> bool {
    let count = usize::try_from(wanted.count).unwrap_or(0);
    let topic = image.topics.get(wanted.name.as_str());
    topic.is_none_or(|topic| topic.partitions.len() >= count)
}

/// Every topic with the reason why the controller could not be asked.
pub fn refused(request: &CreatePartitionsRequest, failure: &Failure) -> CreatePartitionsResponse {
    let result = |topic: &CreatePartitionsTopic| CreatePartitionsTopicResult {
        name: topic.name.clone(),
        error_code: failure.code,
        error_message: Some(failure.message.clone()),
        ..CreatePartitionsTopicResult::default()
    };
    CreatePartitionsResponse {
        results: request.topics.iter().map(result).collect(),
        ..CreatePartitionsResponse::default()
    }
}
