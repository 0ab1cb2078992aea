//! `DescribeClientQuotas` (48): the quotas that are set for whom a filter picks (KIP-546).

use super::{Ctx, needs};
use crate::quota::{Entity, Kind, Limits, Name};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::describe_client_quotas::{
    ComponentData, EntityData, EntryData, ValueData,
};
use crate::wire::messages::{DescribeClientQuotasRequest, DescribeClientQuotasResponse};

/// What one part of a filter asks of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    This(Name),
    Any,
}

type Filter = Vec<(Kind, Wanted)>;

/// Answers from what this node knows.
#[expect(clippy::unused_async, reason = "every API is asked in the same way")]
pub async fn answer(
    ctx: &Ctx,
    request: DescribeClientQuotasRequest,
) -> DescribeClientQuotasResponse {
    match ctx.rights().check_cluster(&needs::DESCRIBE_QUOTAS) {
        Ok(()) => describe(&ctx.broker.image().client_quotas, &request),
        Err(refused) => DescribeClientQuotasResponse {
            error_code: refused.code,
            error_message: Some(refused.message),
            entries: None,
            ..DescribeClientQuotasResponse::default()
        },
    }
}

/// The quotas that a request picks.
pub fn describe(
    limits: &Limits,
    request: &DescribeClientQuotasRequest,
) -> DescribeClientQuotasResponse {
    let filter = match filter(&request.components) {
        Ok(filter) => filter,
        Err((error_code, why)) => {
            return DescribeClientQuotasResponse {
                error_code,
                error_message: Some(why),
                entries: None,
                ..DescribeClientQuotasResponse::default()
            };
        }
    };
    let picked = limits
        .iter()
        .filter(|(entity, _)| is_picked(entity, &filter, request.strict));
    let entries = picked.map(|(entity, values)| EntryData {
        entity: entity.names().map(named).collect(),
        values: values
            .iter()
            .map(|(limit, amount)| ValueData {
                key: limit.name().to_owned(),
                value: amount.number(),
                ..ValueData::default()
            })
            .collect(),
        ..EntryData::default()
    });
    DescribeClientQuotasResponse {
        entries: Some(entries.collect()),
        ..DescribeClientQuotasResponse::default()
    }
}

fn named((kind, name): (Kind, &Name)) -> EntityData {
    EntityData {
        entity_type: kind.name().to_owned(),
        entity_name: name.text().map(str::to_owned),
        ..EntityData::default()
    }
}

/// What is asked for; the parts must make sense together.
fn filter(components: &[ComponentData]) -> Result<Filter, (ErrorCode, String)> {
    let refuse = |why: String| Err((ErrorCode::INVALID_REQUEST, why));
    let mut filter = Filter::new();
    for part in components {
        let given = &part.entity_type;
        let Some(kind) = Kind::named(given) else {
            let code = if given.is_empty() {
                ErrorCode::INVALID_REQUEST
            } else {
                ErrorCode::UNSUPPORTED_VERSION
            };
            return Err((code, format!("There are no quotas by {given:?}.")));
        };
        if filter.iter().any(|(known, _)| *known == kind) {
            return refuse(format!("{given} is there more than once."));
        }
        let wanted = match (part.match_type, &part.match_value) {
            (0, Some(name)) => Wanted::This(Name::Of(name.clone())),
            (1, None) => Wanted::This(Name::Default),
            (2, None) => Wanted::Any,
            (0, None) => return refuse(format!("An exact {given} needs a name.")),
            (1 | 2, Some(_)) => {
                return refuse(format!("{given}: only an exact match has a name."));
            }
            (other, _) => return refuse(format!("{given}: there is no match type {other}.")),
        };
        filter.push((kind, wanted));
    }
    let by_address = filter.iter().any(|(kind, _)| *kind == Kind::Ip);
    if by_address && filter.len() > 1 {
        return refuse("An address has quotas of its own, not together with others.".to_owned());
    }
    Ok(filter)
}

/// Whether a filter picks somebody; a strict one nobody with a name of another kind.
fn is_picked(entity: &Entity, filter: &Filter, strict: bool) -> bool {
    let fits = filter.iter().all(|(kind, wanted)| {
        let name = entity.name(*kind);
        name.is_some_and(|name| match wanted {
            Wanted::This(this) => this == name,
            Wanted::Any => true,
        })
    });
    fits && (!strict || entity.names().count() == filter.len())
}
