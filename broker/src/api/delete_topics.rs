//! `DeleteTopics` (20): the controller decides (rule 72), unless this broker's settings forbid it.

use std::collections::BTreeMap;

use super::access::Rights;
use super::forward::{self, Failure};
use super::{Ctx, needs};
use crate::meta::image::Image;
use crate::meta::settings;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::delete_topics::{DeletableTopicResult, DeleteTopicState};
use crate::wire::messages::{DeleteTopicsRequest, DeleteTopicsResponse};

/// The first version whose clients know `THROTTLING_QUOTA_EXCEEDED`.
const STRICT_FROM: i16 = 5;

/// Asks the controller; the answer comes when this node knows that the topics are gone.
pub async fn answer(ctx: &Ctx, request: DeleteTopicsRequest) -> DeleteTopicsResponse {
    let mut request = in_newest_form(request);
    let image = ctx.broker.image();
    if !settings::layers(&image, &ctx.broker.config).flag("delete.topic.enable") {
        return refused(&request, &forbidden(ctx.version));
    }
    let denied = take_denied(&ctx.rights(), &image, &mut request);
    let mut response = if request.topics.is_empty() && !denied.is_empty() {
        DeleteTopicsResponse::default()
    } else {
        delete(ctx, &image, request).await
    };
    response.responses.extend(denied);
    response
}

/// Takes the topics out of a request that the one who asks may not delete, with what is told of them: the name
/// behind an id, and that a topic does not exist, only to those who may describe it. What is there twice stays: it
/// is refused anyway.
fn take_denied(
    rights: &Rights,
    image: &Image,
    request: &mut DeleteTopicsRequest,
) -> Vec<DeletableTopicResult> {
    if rights.may_cluster(&needs::DELETE_ANY) {
        return Vec::new();
    }
    let place = |topic: &DeleteTopicState| (topic.name.clone(), topic.topic_id);
    let mut times = BTreeMap::new();
    for topic in &request.topics {
        *times.entry(place(topic)).or_insert(0_usize) += 1;
    }
    let mut denied = Vec::new();
    request.topics.retain(|topic| {
        let told = match times.get(&place(topic)) {
            Some(1) => denial(rights, image, topic),
            _ => None,
        };
        let is_allowed = told.is_none();
        denied.extend(told);
        is_allowed
    });
    denied
}

/// What is told of a topic that the one who asks may not delete; `None` if the controller is to be asked.
fn denial(
    rights: &Rights,
    image: &Image,
    topic: &DeleteTopicState,
) -> Option<DeletableTopicResult> {
    let result = |name: Option<String>| DeletableTopicResult {
        name,
        topic_id: topic.topic_id,
        error_code: needs::DELETE_TOPIC.error(),
        error_message: Some(needs::DELETE_TOPIC.message().to_owned()),
        ..DeletableTopicResult::default()
    };
    let seen = |name: &str| rights.may(&needs::DELETE_SEEN, name);
    match topic.name.as_deref() {
        Some(name) if topic.topic_id.is_zero() => {
            let denied = if seen(name) && !image.topics.contains_key(name) {
                Ok(())
            } else {
                rights.check(&needs::DELETE_TOPIC, name)
            };
            denied.err().map(|_| result(topic.name.clone()))
        }
        Some(_) => None,
        None => {
            let known = image.topic_by_id(topic.topic_id)?;
            let denied = rights.check(&needs::DELETE_TOPIC, &known.name);
            let shown = seen(&known.name).then(|| known.name.to_string());
            denied.err().map(|_| result(shown))
        }
    }
}

async fn delete(ctx: &Ctx, image: &Image, request: DeleteTopicsRequest) -> DeleteTopicsResponse {
    let until = forward::deadline(request.timeout_ms);
    let asked = forward::submit_within_quota(ctx, request.clone(), STRICT_FROM, until).await;
    let response: DeleteTopicsResponse = match asked {
        Ok(response) => response,
        Err(failure) => return refused(&request, &failure),
    };
    let is_gone = |name: &Option<String>| {
        let before = name.as_deref().and_then(|name| image.topics.get(name));
        move |now: &crate::meta::image::Image| {
            before.is_none_or(|topic| !now.topic_names.contains_key(&topic.id))
        }
    };
    let gone: Vec<_> = response
        .responses
        .iter()
        .filter(|result| result.error_code.is_ok())
        .map(|result| is_gone(&result.name))
        .collect();
    forward::seen(ctx, until, |image| {
        gone.iter().all(|is_gone| is_gone(image))
    })
    .await;
    response
}

/// Versions before 6 list names apart. The controller is asked in the newest version, which has one
/// list: what is left in the other one does not arrive.
fn in_newest_form(request: DeleteTopicsRequest) -> DeleteTopicsRequest {
    let by_name = request
        .topic_names
        .into_iter()
        .map(|name| DeleteTopicState {
            name: Some(name),
            ..DeleteTopicState::default()
        });
    DeleteTopicsRequest {
        topics: by_name.chain(request.topics).collect(),
        topic_names: Vec::new(),
        ..request
    }
}

/// `delete.topic.enable` is off; clients before version 3 know no word for it.
fn forbidden(version: i16) -> Failure {
    Failure {
        code: if version < 3 {
            ErrorCode::INVALID_REQUEST
        } else {
            ErrorCode::TOPIC_DELETION_DISABLED
        },
        message: "delete.topic.enable is false".to_owned(),
    }
}

/// Every topic with the same reason why it is not deleted.
fn refused(request: &DeleteTopicsRequest, failure: &Failure) -> DeleteTopicsResponse {
    let topics = request.topics.iter().cloned();
    DeleteTopicsResponse {
        responses: topics
            .map(|topic| DeletableTopicResult {
                name: topic.name,
                topic_id: topic.topic_id,
                error_code: failure.code,
                error_message: Some(failure.message.clone()),
                ..DeletableTopicResult::default()
            })
            .collect(),
        ..DeleteTopicsResponse::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::command::Command;

    #[test]
    fn names_of_older_versions_reach_the_controller() {
        let request = in_newest_form(DeleteTopicsRequest {
            topic_names: vec!["orders".to_owned(), "payments".to_owned()],
            timeout_ms: 5,
            ..DeleteTopicsRequest::default()
        });
        let sent = Command::from(request).encode().unwrap();
        let arrived = Command::decode(sent.api_key, sent.api_version, &sent.body).unwrap();
        let Command::DeleteTopics(arrived) = arrived else {
            panic!("{arrived:?}");
        };
        let names = arrived.topics.iter().map(|topic| topic.name.as_deref());
        assert_eq!(
            names.collect::<Vec<_>>(),
            [Some("orders"), Some("payments")]
        );
    }
}
