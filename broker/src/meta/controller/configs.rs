//! `IncrementalAlterConfigs` (rule 74, KIP-339).

use std::collections::BTreeSet;

use crate::config::keys::{self, BadSetting, Key, Kind, Update};
use crate::meta::image::Image;
use crate::meta::record::{Record, Resource};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::incremental_alter_configs::{
    AlterConfigsResource, AlterConfigsResourceResponse, AlterableConfig,
};
use crate::wire::messages::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};

use super::Controller;
use super::assignment::Refusal;
use super::change::Election;
use super::draft::Draft;
use super::isr::Cause;
use super::named::{Mode, each_named};

/// What to do with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Set,
    Delete,
    Append,
    Subtract,
}

impl Controller {
    /// Changes single settings of resources, or only checks that it could. A resource changes as a
    /// whole or not at all.
    pub(super) fn alter_configs(
        &self,
        draft: &mut Draft,
        request: &IncrementalAlterConfigsRequest,
    ) -> IncrementalAlterConfigsResponse {
        let mode = Mode::of(request.validate_only);
        let name = |one: &AlterConfigsResource| (one.resource_type, one.resource_name.clone());
        let twice = "Each resource must appear at most once.";
        let results = each_named(
            draft,
            mode,
            &request.resources,
            (name, twice),
            |draft, one| self.alter_resource(draft, one),
        );
        let results = results.into_iter();
        IncrementalAlterConfigsResponse {
            responses: results.map(|(one, result)| answer(one, result)).collect(),
            ..Default::default()
        }
    }

    fn alter_resource(
        &self,
        draft: &mut Draft,
        request: &AlterConfigsResource,
    ) -> Result<(), Refusal> {
        let resource = find_resource(&draft.image, request)?;
        let mut keys = BTreeSet::new();
        let mut changes = Vec::new();
        for config in &request.configs {
            if !keys.insert(config.name.as_str()) {
                return refuse(&format!("Setting {} is there more than once.", config.name));
            }
            changes.push(next_value(&draft.image, &resource, config)?);
        }
        for (key, value) in changes {
            draft.push(Record::Config {
                resource: resource.clone(),
                key: key.to_owned(),
                value,
            });
        }
        if keys.contains("min.insync.replicas") {
            self.revise_elrs(draft, &resource);
        }
        Ok(())
    }

    /// Below another minimum other replicas are eligible: with an ISR that now suffices, the leader
    /// commits records that those in the ELR do not have (rule 23, KIP-966).
    fn revise_elrs(&self, draft: &mut Draft, resource: &Resource) {
        let mut partitions = draft.partitions_where(|state| !state.elr.is_empty());
        partitions.retain(|found| match resource {
            Resource::Topic(name) => *found.name == **name,
            _ => true,
        });
        self.revise(draft, partitions, Cause::Elect(Election::Clean));
    }
}

/// The resource a request means; it must be there.
fn find_resource(image: &Image, request: &AlterConfigsResource) -> Result<Resource, Refusal> {
    let name = request.resource_name.as_str();
    match request.resource_type {
        2 if image.topics.contains_key(name) => Ok(Resource::Topic(name.to_owned())),
        2 => {
            let why = format!("The topic '{name}' does not exist.");
            Err((ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, why))
        }
        4 if name.is_empty() => Ok(Resource::Broker(None)),
        4 => match name.parse() {
            Ok(id) if image.brokers.contains_key(&id) => Ok(Resource::Broker(Some(id))),
            Ok(id) => {
                let why = format!("No broker with id {id} is registered.");
                Err((ErrorCode::BROKER_ID_NOT_REGISTERED, why))
            }
            Err(_) => refuse(&format!("Broker {name:?} is not named by a number.")),
        },
        32 if name.is_empty() => refuse("The default group resource cannot be changed."),
        32 => Ok(Resource::Group(name.to_owned())),
        other => refuse(&format!(
            "Settings of resource type {other} cannot be changed here."
        )),
    }
}

/// The value of a key after a change, checked; `None` removes it.
fn next_value<'a>(
    image: &Image,
    resource: &Resource,
    config: &'a AlterableConfig,
) -> Result<(&'a str, Option<String>), Refusal> {
    let name = config.name.as_str();
    let operation = match config.config_operation {
        0 => Operation::Set,
        1 => Operation::Delete,
        2 => Operation::Append,
        3 => Operation::Subtract,
        other => return refuse(&format!("{name}: there is no operation {other}.")),
    };
    if operation == Operation::Delete {
        // A key that this program does not know may be removed: an earlier one may have known it.
        return Ok((name, None));
    }
    let Some(given) = config.value.as_deref() else {
        return refuse(&format!("Null value not supported for : {name}"));
    };
    let value = match operation {
        Operation::Set | Operation::Delete => given.to_owned(),
        Operation::Append | Operation::Subtract => {
            let list = list_key(resource, name)?;
            let own = image.config(resource).and_then(|values| values.get(name));
            let now = own
                .map(String::as_str)
                .or(list.default())
                .unwrap_or_default();
            change_list(now, given, operation)
        }
    };
    check_value(resource, name, &value)
        .map_err(|bad| (ErrorCode::INVALID_CONFIG, bad.to_string()))?;
    Ok((name, Some(value)))
}

fn change_list(now: &str, given: &str, operation: Operation) -> String {
    let mut elements: Vec<&str> = keys::list(now).collect();
    for element in keys::list(given) {
        elements.retain(|known| operation != Operation::Subtract || *known != element);
        if operation == Operation::Append && !elements.contains(&element) {
            elements.push(element);
        }
    }
    elements.join(",")
}

fn find_key(resource: &Resource, name: &str) -> Option<&'static Key> {
    match resource {
        Resource::Topic(_) => keys::find_topic(name),
        Resource::Broker(_) => keys::find(name),
        Resource::Group(_) => keys::find_group(name),
        Resource::ClientMetrics(_) => None,
    }
}

fn list_key(resource: &Resource, name: &str) -> Result<&'static Key, Refusal> {
    let known = find_key(resource, name).filter(|key| key.kind == Kind::List);
    known.ok_or_else(|| {
        let why = format!("Can't append to or subtract from {name}: its type is not LIST.");
        (ErrorCode::INVALID_CONFIG, why)
    })
}

fn check_value(resource: &Resource, name: &str, value: &str) -> Result<(), BadSetting> {
    match resource {
        Resource::Topic(_) => keys::check_topic(name, value),
        Resource::Group(_) => keys::check_group(name, value),
        Resource::Broker(Some(_)) => keys::check_broker(name, value),
        Resource::Broker(None) => match keys::find(name).map(|key| key.update) {
            Some(Update::PerBroker) => Err(BadSetting {
                key: name.to_owned(),
                why: "can be set for single brokers only, not for all of them".to_owned(),
            }),
            _ => keys::check_broker(name, value),
        },
        Resource::ClientMetrics(_) => Err(BadSetting {
            key: name.to_owned(),
            why: "client metrics are not served".to_owned(),
        }),
    }
}

fn refuse<T>(why: &str) -> Result<T, Refusal> {
    Err((ErrorCode::INVALID_REQUEST, why.to_owned()))
}

fn answer(
    request: &AlterConfigsResource,
    result: Result<(), Refusal>,
) -> AlterConfigsResourceResponse {
    let (error_code, error_message) = match result {
        Ok(()) => (ErrorCode::NONE, None),
        Err((code, why)) => (code, Some(why)),
    };
    AlterConfigsResourceResponse {
        error_code,
        error_message,
        resource_type: request.resource_type,
        resource_name: request.resource_name.clone(),
        ..Default::default()
    }
}
