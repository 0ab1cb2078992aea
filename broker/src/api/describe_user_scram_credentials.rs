//! `DescribeUserScramCredentials` (50): which mechanisms users have, and their iterations (KIP-554).
//! Never the credentials.

use std::collections::BTreeMap;

use super::{Ctx, needs};
use crate::meta::image::Image;
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::describe_user_scram_credentials::{
    CredentialInfo, DescribeUserScramCredentialsResult,
};
use crate::wire::messages::{
    DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse,
};

/// Answers from what this node knows.
#[expect(clippy::unused_async, reason = "every API is asked in the same way")]
pub async fn answer(
    ctx: &Ctx,
    request: DescribeUserScramCredentialsRequest,
) -> DescribeUserScramCredentialsResponse {
    match ctx.rights().check_cluster(&needs::DESCRIBE_USERS) {
        Ok(()) => describe(&ctx.broker.image(), request),
        Err(refused) => DescribeUserScramCredentialsResponse {
            error_code: refused.code,
            error_message: Some(refused.message),
            ..DescribeUserScramCredentialsResponse::default()
        },
    }
}

/// The users that are asked for; all of them for none.
pub fn describe(
    image: &Image,
    request: DescribeUserScramCredentialsRequest,
) -> DescribeUserScramCredentialsResponse {
    let asked = request.users.unwrap_or_default();
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    if asked.is_empty() {
        times.extend(image.scram_users.keys().map(|user| (user.clone(), 1)));
    }
    for user in asked {
        *times.entry(user.name).or_default() += 1;
    }
    let users = times.into_iter();
    DescribeUserScramCredentialsResponse {
        results: users
            .map(|(user, times)| one(image, user, times == 1))
            .collect(),
        ..DescribeUserScramCredentialsResponse::default()
    }
}

fn one(image: &Image, user: String, is_once: bool) -> DescribeUserScramCredentialsResult {
    let known = image.scram_users.get(&user);
    let failure = match known {
        _ if !is_once => Some((
            ErrorCode::DUPLICATE_RESOURCE,
            "Cannot describe SCRAM credentials for the same user twice in a single request: ",
        )),
        None => Some((
            ErrorCode::RESOURCE_NOT_FOUND,
            "Attempt to describe a user credential that does not exist: ",
        )),
        Some(_) => None,
    };
    if let Some((error_code, why)) = failure {
        return DescribeUserScramCredentialsResult {
            error_code,
            error_message: Some(format!("{why}{user}")),
            user,
            ..DescribeUserScramCredentialsResult::default()
        };
    }
    let credentials = known.into_iter().flatten();
    DescribeUserScramCredentialsResult {
        credential_infos: credentials
            .map(|(hash, credential)| CredentialInfo {
                mechanism: hash.number(),
                iterations: credential.iterations,
                ..CredentialInfo::default()
            })
            .collect(),
        user,
        ..DescribeUserScramCredentialsResult::default()
    }
}
