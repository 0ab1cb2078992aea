//! `AlterClientQuotas` (KIP-546): quotas of users, client ids and addresses. Whoever is named changes as a
//! whole or not at all.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::meta::record::Record;
use crate::quota::{Amount, Entity, Kind, Limit, Name};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::alter_client_quotas::{
    OpData, RequestEntityData, RequestEntryData, ResponseEntityData, ResponseEntryData,
};
use crate::wire::messages::{AlterClientQuotasRequest, AlterClientQuotasResponse};

use super::assignment::Refusal;
use super::draft::Draft;
use super::named::{Mode, each_named};

/// Alters quotas, or only checks that it could.
pub(super) fn alter_quotas(
    draft: &mut Draft,
    request: &AlterClientQuotasRequest,
) -> AlterClientQuotasResponse {
    let name = |one: &RequestEntryData| {
        let parts = one.entity.iter();
        let parts = parts.map(|part| (part.entity_type.clone(), part.entity_name.clone()));
        let mut parts: Vec<_> = parts.collect();
        parts.sort();
        parts
    };
    let twice = "Nobody may be named more than once in a request.";
    let mode = Mode::of(request.validate_only);
    let results = each_named(draft, mode, &request.entries, (name, twice), alter_one);
    let results = results.into_iter();
    AlterClientQuotasResponse {
        entries: results.map(|(one, result)| answer(one, result)).collect(),
        ..AlterClientQuotasResponse::default()
    }
}

fn refuse<T>(why: String) -> Result<T, Refusal> {
    Err((ErrorCode::INVALID_REQUEST, why))
}

fn alter_one(draft: &mut Draft, request: &RequestEntryData) -> Result<(), Refusal> {
    let entity = entity(&request.entity)?;
    let mut changes: BTreeMap<Limit, Option<Amount>> = BTreeMap::new();
    for op in &request.ops {
        let (limit, amount) = change(&entity, op)?;
        if changes.insert(limit, amount).is_some() {
            return refuse(format!("{} is there more than once.", op.key));
        }
    }
    for (key, value) in changes {
        let now = draft.image.client_quotas.get(&entity, key);
        if now != value.map(Amount::number) {
            draft.push(Record::ClientQuota {
                entity: entity.clone(),
                key,
                value,
            });
        }
    }
    Ok(())
}

/// Who is meant.
pub fn entity(parts: &[RequestEntityData]) -> Result<Entity, Refusal> {
    let mut entity = Entity::default();
    for part in parts {
        let Some(kind) = Kind::named(&part.entity_type) else {
            return refuse(format!("There are no quotas by {:?}.", part.entity_type));
        };
        if part.entity_name.as_deref() == Some("") {
            return refuse(format!("The name of the {} is empty.", kind.name()));
        }
        if entity
            .set(kind, Name::of(part.entity_name.clone()))
            .is_some()
        {
            return refuse(format!("The {} is there more than once.", kind.name()));
        }
    }
    match &entity {
        Entity {
            user: None,
            client_id: None,
            ip: None,
        } => refuse("Nobody is named.".to_owned()),
        Entity {
            user: None,
            client_id: None,
            ip: Some(Name::Of(address)),
        } if address.parse::<IpAddr>().is_err() => refuse(format!(
            "{address} is no address: host names are not looked up."
        )),
        Entity {
            ip: Some(_),
            user,
            client_id,
        } if user.is_some() || client_id.is_some() => {
            refuse("An address has quotas of its own, not together with others.".to_owned())
        }
        _ => Ok(entity),
    }
}

/// What becomes of one quota.
fn change(entity: &Entity, op: &OpData) -> Result<(Limit, Option<Amount>), Refusal> {
    let limit = Limit::named(&op.key).filter(|limit| entity.takes(*limit));
    let Some(limit) = limit else {
        return refuse(format!("{entity} cannot have a quota named {:?}.", op.key));
    };
    if op.remove {
        return Ok((limit, None));
    }
    match limit.check(op.value) {
        Ok(amount) => Ok((limit, Some(amount))),
        Err(why) => refuse(why),
    }
}

fn answer(request: &RequestEntryData, result: Result<(), Refusal>) -> ResponseEntryData {
    let (error_code, error_message) = match result {
        Ok(()) => (ErrorCode::NONE, None),
        Err((code, why)) => (code, Some(why)),
    };
    let parts = request.entity.iter();
    ResponseEntryData {
        error_code,
        error_message,
        entity: parts
            .map(|part| ResponseEntityData {
                entity_type: part.entity_type.clone(),
                entity_name: part.entity_name.clone(),
                ..ResponseEntityData::default()
            })
            .collect(),
        ..ResponseEntryData::default()
    }
}
