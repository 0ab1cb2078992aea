//! `UpdateFeatures`: the levels that the cluster agrees on (KIP-584). All of a request is done or nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::meta::features::{
    ELIGIBLE_LEADER_REPLICAS, METADATA_VERSION, PRESUPPOSED, SUPPORTED, is_lossy, metadata_name,
};
use crate::meta::image::Image;
use crate::meta::record::{PartitionState, Record, Resource};
use crate::wire::error_code::ErrorCode;
use crate::wire::messages::update_features::FeatureUpdateKey;
use crate::wire::messages::{UpdateFeaturesRequest, UpdateFeaturesResponse};

use super::Controller;
use super::assignment::{Refusal, first_directory};
use super::change::{Change, Elr};
use super::draft::{Draft, Found};
use super::isr::is_able;

/// The setting that must be the same for all brokers while eligible leaders are kept (KIP-966).
const MIN_ISR: &str = "min.insync.replicas";

/// What a change of a level may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Upgrade,
    SafeDowngrade,
    UnsafeDowngrade,
}

impl Direction {
    fn of(number: i8) -> Option<Self> {
        match number {
            1 => Some(Self::Upgrade),
            2 => Some(Self::SafeDowngrade),
            3 => Some(Self::UnsafeDowngrade),
            _ => None,
        }
    }
}

impl Controller {
    /// Raises and lowers finalised levels; with `validate_only` says what would come of it.
    pub(super) fn update_features(
        &self,
        draft: &mut Draft,
        request: &UpdateFeaturesRequest,
    ) -> UpdateFeaturesResponse {
        match next_levels(&draft.image, &request.feature_updates) {
            Ok(levels) => {
                let done = levels.into_iter().filter(|_| !request.validate_only);
                done.for_each(|(name, level)| self.set_level(draft, name, level));
                UpdateFeaturesResponse {
                    error_message: None,
                    ..Default::default()
                }
            }
            Err((error_code, why)) => UpdateFeaturesResponse {
                error_code,
                error_message: Some(format!(
                    "The update failed for all features since the following feature had an error: {why}"
                )),
                ..Default::default()
            },
        }
    }

    fn set_level(&self, draft: &mut Draft, name: &str, level: i16) {
        let before = draft.image.feature(name);
        if before == level {
            return;
        }
        if name == ELIGIBLE_LEADER_REPLICAS {
            match level {
                ..=0 => self.forget_eligible(draft),
                1.. if before == 0 => self.agree_on_min_isr(draft),
                1.. => {}
            }
        }
        draft.push(Record::Feature {
            name: name.to_owned(),
            level,
        });
    }

    /// One minimum for all brokers: who is eligible must not depend on who leads.
    fn agree_on_min_isr(&self, draft: &mut Draft) {
        let of_brokers = draft.image.configs.iter();
        let of_brokers = of_brokers.filter(|(_, values)| values.contains_key(MIN_ISR));
        let own: Vec<Resource> = of_brokers
            .map(|(resource, _)| resource.clone())
            .filter(|resource| matches!(resource, Resource::Broker(Some(_))))
            .collect();
        for resource in own {
            draft.push(Record::Config {
                resource,
                key: MIN_ISR.to_owned(),
                value: None,
            });
        }
        let all = Resource::Broker(None);
        let known = draft.image.config(&all);
        if known.is_none_or(|values| !values.contains_key(MIN_ISR)) {
            draft.push(Record::Config {
                resource: all,
                key: MIN_ISR.to_owned(),
                value: Some(self.settings.min_insync_replicas.to_string()),
            });
        }
    }

    /// Without eligible leaders an ISR is never empty. Who was eligible has every committed record, so one
    /// of them takes its place; else the last leader, which has yet to recover.
    fn forget_eligible(&self, draft: &mut Draft) {
        let kept = draft
            .partitions_where(|state| !(state.elr.is_empty() && state.last_known_elr.is_empty()));
        for found in kept {
            if let Some(next) = self.without_eligible(&draft.image, &found) {
                draft.set_partition(found.topic, found.index, next);
            }
        }
    }

    fn without_eligible(&self, image: &Image, found: &Found) -> Option<PartitionState> {
        let state = &*found.state;
        let can_lead = |id: i32| is_able(image, state, id);
        let directory = |id: i32| first_directory(image, id);
        let mut change = Change {
            elr: Elr::Off,
            ..self.change_of(image, (&found.name, state), &can_lead, &directory)
        };
        if state.isr.is_empty() {
            let able = state.elr.iter().find(|id| can_lead(**id));
            let last = able.or(state.elr.first());
            change.recovering |= last.is_none();
            change.isr = last
                .or(state.last_known_elr.first())
                .copied()
                .into_iter()
                .collect();
        }
        change.build()
    }
}

/// The levels that are asked for, checked one by one and then against each other.
fn next_levels<'a>(
    image: &Image,
    updates: &'a [FeatureUpdateKey],
) -> Result<BTreeMap<&'a str, i16>, Refusal> {
    let mut levels = BTreeMap::new();
    for update in updates {
        check_level(image, update).map_err(|why| refusal(update, &why))?;
        levels.insert(update.feature.as_str(), update.max_version_level);
    }
    for update in updates {
        check_presupposed(image, &levels, &update.feature).map_err(|why| refusal(update, &why))?;
    }
    // Whatever else stands on a level that is lowered must still stand.
    let asked: BTreeSet<&str> = levels.keys().copied().collect();
    for name in image
        .features
        .keys()
        .filter(|name| !asked.contains(name.as_str()))
    {
        if let Err(why) = check_presupposed(image, &levels, name) {
            let blamed = updates.iter().find(|update| why.contains(&update.feature));
            let blamed = blamed.or(updates.first());
            return Err(blamed
                .map_or((ErrorCode::INVALID_UPDATE_VERSION, why.clone()), |update| {
                    refusal(update, &why)
                }));
        }
    }
    Ok(levels)
}

fn refusal(update: &FeatureUpdateKey, why: &str) -> Refusal {
    let (level, feature) = (update.max_version_level, &update.feature);
    let why = format!("Invalid update version {level} for feature {feature}. {why}");
    (ErrorCode::INVALID_UPDATE_VERSION, why)
}

fn check_level(image: &Image, update: &FeatureUpdateKey) -> Result<(), String> {
    let name = update.feature.as_str();
    let Some(direction) = Direction::of(update.upgrade_type) else {
        return Err("The controller does not support the given upgrade type.".to_owned());
    };
    let (now, next) = (image.feature(name), update.max_version_level);
    if next < 0 {
        return Err("A feature version cannot be less than 0.".to_owned());
    }
    check_supported(image, name, next)?;
    if next < now && direction == Direction::Upgrade {
        return Err(
            "Can't downgrade the version of this feature without setting the upgrade type to \
             either safe or unsafe downgrade."
                .to_owned(),
        );
    }
    if next > now && direction != Direction::Upgrade {
        return Err("Can't downgrade to a newer version.".to_owned());
    }
    if name == METADATA_VERSION && is_lossy(now, next) {
        let why = match direction {
            Direction::UnsafeDowngrade => {
                "Unsafe metadata downgrade is not supported in this version."
            }
            _ => {
                "Refusing to perform the requested downgrade because it might delete metadata \
                 information."
            }
        };
        let (from, to) = (metadata_name(now), metadata_name(next));
        return Err(format!(
            "Unsupported metadata.version downgrade from {from} to {to}. {why}"
        ));
    }
    Ok(())
}

/// Everybody must be able to live with the level: this program and every registered broker.
fn check_supported(image: &Image, name: &str, level: i16) -> Result<(), String> {
    let own = SUPPORTED.iter().find(|feature| feature.name == name);
    let own = own.map_or((0, 0), |feature| (feature.min, feature.max));
    check_range("The local controller", own, level)?;
    for (id, broker) in &*image.brokers {
        let known = broker.registration.features.iter();
        let mut known = known.filter(|(feature, ..)| feature == name);
        let range = known.next().map_or((0, 0), |(_, min, max)| (*min, *max));
        check_range(&format!("Broker {id}"), range, level)?;
    }
    Ok(())
}

fn check_range(who: &str, (min, max): (i16, i16), level: i16) -> Result<(), String> {
    if (min..=max).contains(&level) {
        return Ok(());
    }
    Err(match (min, max) {
        (_, 0) => format!("{who} does not support this feature."),
        _ if min == max => format!("{who} only supports versions {min}"),
        _ => format!("{who} only supports versions {min}-{max}"),
    })
}

/// What a feature's level stands on must be there, as it will be after the request.
fn check_presupposed(
    image: &Image,
    levels: &BTreeMap<&str, i16>,
    feature: &str,
) -> Result<(), String> {
    let after = |name: &str| {
        levels
            .get(name)
            .copied()
            .unwrap_or_else(|| image.feature(name))
    };
    let level = after(feature);
    for (name, from, other, least) in PRESUPPOSED {
        if name == feature && level >= from && after(other) < least {
            return Err(format!(
                "{feature} could not be set to {level} because it depends on {other} level {least}"
            ));
        }
    }
    Ok(())
}
