//! `AlterUserScramCredentials` (KIP-554): what is kept of users' passwords. A user is altered once in a
//! request; a request changes what it can and says of each user what became of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::meta::record::Record;
use crate::sasl::scram::{Credential, Hash, MAX_ITERATIONS, MIN_ITERATIONS};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::alter_user_scram_credentials::{
    AlterUserScramCredentialsResult, ScramCredentialDeletion, ScramCredentialUpsertion,
};
use crate::wire::messages::{AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse};

use super::ControllerSettings;
use super::draft::Draft;

/// Why a user is not altered.
type Refused = (ErrorCode, &'static str);

/// One alteration.
enum Alteration<'a> {
    Delete(&'a ScramCredentialDeletion),
    Upsert(&'a ScramCredentialUpsertion),
}

impl Alteration<'_> {
    fn user(&self) -> &str {
        match self {
            Self::Delete(deletion) => &deletion.name,
            Self::Upsert(upsertion) => &upsertion.name,
        }
    }

    /// The record that carries it out.
    fn record(&self, draft: &Draft) -> Result<Record, Refused> {
        let (user, number) = match self {
            Self::Delete(deletion) => (&deletion.name, deletion.mechanism),
            Self::Upsert(upsertion) => (&upsertion.name, upsertion.mechanism),
        };
        if user.is_empty() {
            let why = "Username must not be empty";
            return Err((ErrorCode::UNACCEPTABLE_CREDENTIAL, why));
        }
        let hash = Hash::of_number(number).ok_or((
            ErrorCode::UNSUPPORTED_SASL_MECHANISM,
            "Unknown SCRAM mechanism",
        ))?;
        let credential = match self {
            Self::Delete(_) if draft.image.scram_credential(user, hash).is_none() => {
                let why = "Attempt to delete a user credential that does not exist";
                return Err((ErrorCode::RESOURCE_NOT_FOUND, why));
            }
            Self::Delete(_) => None,
            Self::Upsert(upsertion) => Some(credential(hash, upsertion)?),
        };
        Ok(Record::ScramCredential {
            user: user.clone(),
            hash,
            credential,
        })
    }
}

fn credential(hash: Hash, upsertion: &ScramCredentialUpsertion) -> Result<Credential, Refused> {
    let iterations = upsertion.iterations;
    if iterations < MIN_ITERATIONS {
        return Err((ErrorCode::UNACCEPTABLE_CREDENTIAL, "Too few iterations"));
    }
    if iterations > MAX_ITERATIONS {
        return Err((ErrorCode::UNACCEPTABLE_CREDENTIAL, "Too many iterations"));
    }
    let (salt, salted) = (&upsertion.salt, &upsertion.salted_password);
    Ok(Credential::from_salted(hash, salt, salted, iterations))
}

/// Alters users; deletions are looked at before upsertions.
pub(super) fn alter_credentials(
    draft: &mut Draft,
    request: &AlterUserScramCredentialsRequest,
) -> AlterUserScramCredentialsResponse {
    let deletions = request.deletions.iter().map(Alteration::Delete);
    let upsertions = request.upsertions.iter().map(Alteration::Upsert);
    let mut decided: BTreeMap<String, Result<Record, Refused>> = BTreeMap::new();
    let mut met = BTreeSet::new();
    for alteration in deletions.chain(upsertions) {
        let user = alteration.user().to_owned();
        let is_first = met.insert(user.clone());
        let decision = match decided.remove(&user) {
            _ if is_first => alteration.record(draft),
            Some(refused @ Err(_)) => refused,
            _ => Err((
                ErrorCode::DUPLICATE_RESOURCE,
                "A user credential cannot be altered twice in the same request",
            )),
        };
        decided.insert(user, decision);
    }
    let mut response = AlterUserScramCredentialsResponse::default();
    for (user, decision) in decided {
        let mut result = AlterUserScramCredentialsResult {
            user,
            ..AlterUserScramCredentialsResult::default()
        };
        match decision {
            Ok(record) => draft.push(record),
            Err((code, why)) => {
                result.error_code = code;
                result.error_message = Some(why.to_owned());
            }
        }
        response.results.push(result);
    }
    response
}

impl ControllerSettings {
    /// Gives a new cluster the users that it begins with.
    pub(super) fn add_first_users(&self, draft: &mut Draft) {
        for ((user, hash), credential) in &*self.first_users {
            draft.push(Record::ScramCredential {
                user: user.clone(),
                hash: *hash,
                credential: Some(credential.clone()),
            });
        }
    }
}
