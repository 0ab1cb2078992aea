//! `AlterUserScramCredentials` (51): the controller decides (KIP-554); the answer comes when this node
//! knows the new credentials.

use std::collections::BTreeSet;

use super::forward::{self, Failure};
use super::{Ctx, needs};
use crate::meta::image::Image;
use crate::sasl::scram::Hash;
use crate::wire::messages::alter_user_scram_credentials::{
    AlterUserScramCredentialsResult, ScramCredentialUpsertion,
};
use crate::wire::messages::{AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse};

/// Asks the controller.
pub async fn answer(
    ctx: &Ctx,
    request: AlterUserScramCredentialsRequest,
) -> AlterUserScramCredentialsResponse {
    if let Err(denied) = ctx.rights().check_cluster(&needs::ALTER_USERS) {
        return refused(&request, &denied);
    }
    let until = forward::usual_deadline(&ctx.broker);
    let asked = forward::submit(&ctx.broker, request.clone(), until).await;
    let response: AlterUserScramCredentialsResponse = match asked {
        Ok(response) => response,
        Err(failure) => return refused(&request, &failure),
    };
    let results = response.results.iter();
    let done: BTreeSet<&str> = results
        .filter(|result| result.error_code.is_ok())
        .map(|result| result.user.as_str())
        .collect();
    forward::seen(ctx, until, |image| {
        let set = request.upsertions.iter();
        let mut set = set.filter(|one| done.contains(one.name.as_str()));
        let gone = request.deletions.iter();
        let mut gone = gone.filter(|one| done.contains(one.name.as_str()));
        set.all(|one| is_set(image, one))
            && gone.all(|one| !is_known(image, &one.name, one.mechanism))
    })
    .await;
    response
}

fn is_set(image: &Image, wanted: &ScramCredentialUpsertion) -> bool {
    let hash = Hash::of_number(wanted.mechanism);
    let known = hash.and_then(|hash| image.scram_credential(&wanted.name, hash));
    known.is_some_and(|known| known.salt == wanted.salt && known.iterations == wanted.iterations)
}

fn is_known(image: &Image, user: &str, mechanism: i8) -> bool {
    let hash = Hash::of_number(mechanism);
    hash.is_some_and(|hash| image.scram_credential(user, hash).is_some())
}

/// Every user with the reason why the controller could not be asked.
fn refused(
    request: &AlterUserScramCredentialsRequest,
    failure: &Failure,
) -> AlterUserScramCredentialsResponse {
    let deleted = request.deletions.iter().map(|one| &one.name);
    let set = request.upsertions.iter().map(|one| &one.name);
    let users: BTreeSet<&String> = deleted.chain(set).collect();
    let result = |user: &String| AlterUserScramCredentialsResult {
        user: user.clone(),
        error_code: failure.code,
        error_message: Some(failure.message.clone()),
        ..AlterUserScramCredentialsResult::default()
    };
    AlterUserScramCredentialsResponse {
        results: users.into_iter().map(result).collect(),
        ..AlterUserScramCredentialsResponse::default()
    }
}
