//! `ApiVersions` (18): which APIs in which versions, and which features. It is answered in any
//! version asked for, so that a client can find a common one (KIP-511).

use bytes::Bytes;

use super::{Ctx, Framed, Opening, SERVED};
use crate::config::Release;
use crate::meta::features::SUPPORTED;
use crate::meta::image::Image;
use crate::wire::api_key::ApiKey;
use crate::wire::error_code::ErrorCode;
use crate::wire::frame;
use crate::wire::messages::api_versions::{ApiVersion, FinalizedFeatureKey, SupportedFeatureKey};
use crate::wire::messages::{ApiVersionsRequest, ApiVersionsResponse, Message as _};

/// The feature that says that votes are given and taken while the quorum runs (KIP-853). The settings decide
/// it for good, so that level 1 is told where it holds, and nothing where it does not.
const VOTERS: &str = "kraft.version";

/// Answers a request in a version that can be read.
#[expect(clippy::unused_async, reason = "every API is asked in the same way")]
pub async fn answer(ctx: &Ctx, request: ApiVersionsRequest) -> ApiVersionsResponse {
    if ctx.version >= 3 && !(is_software(&request)) {
        return ApiVersionsResponse {
            error_code: ErrorCode::INVALID_REQUEST,
            ..ApiVersionsResponse::default()
        };
    }
    let controller = ctx.caller.on_controller_listener(&ctx.broker.config);
    let image = ctx.broker.image();
    let release = ctx.broker.config.as_release;
    let mut finalized = finalized(&image, release);
    let mut supported = supported(ctx.version, release);
    let is_told = release.is_none_or(|one| one.levels(VOTERS).is_some());
    if is_told && ctx.broker.quorum.is_dynamic() {
        finalized.push(FinalizedFeatureKey {
            name: VOTERS.to_owned(),
            max_version_level: 1,
            min_version_level: 1,
            ..FinalizedFeatureKey::default()
        });
        supported.push(SupportedFeatureKey {
            name: VOTERS.to_owned(),
            min_version: 1,
            max_version: 1,
            ..SupportedFeatureKey::default()
        });
    }
    ApiVersionsResponse {
        api_keys: SERVED
            .iter()
            .filter(|api| api.on(controller))
            .filter_map(|api| {
                let told = api.told(release)?;
                Some(ApiVersion {
                    api_key: api.key,
                    min_version: *told.start(),
                    max_version: *told.end(),
                    ..ApiVersion::default()
                })
            })
            .collect(),
        supported_features: supported,
        // A cluster without features has no epoch of them.
        finalized_features_epoch: if finalized.is_empty() {
            -1
        } else {
            image.offset
        },
        finalized_features: finalized,
        ..ApiVersionsResponse::default()
    }
}

/// The answer to ApiVersions in a version that this broker does not speak: version 0, error 35 and
/// the versions it does speak, so that the client asks again (rule 3). `None` for anything else.
pub fn fallback(release: Option<Release>, content: &Bytes) -> Option<Framed> {
    let opening = Opening::read(content).ok()?;
    let spoken = ApiVersionsRequest::VERSIONS;
    let told = match release {
        Some(release) => release.limit(ApiKey::API_VERSIONS.0, &spoken)?,
        None => spoken,
    };
    if opening.key != ApiKey::API_VERSIONS || told.contains(&opening.version) {
        return None;
    }
    let answer = ApiVersionsResponse {
        error_code: ErrorCode::UNSUPPORTED_VERSION,
        api_keys: vec![ApiVersion {
            api_key: ApiKey::API_VERSIONS,
            min_version: *told.start(),
            max_version: *told.end(),
            ..ApiVersion::default()
        }],
        ..ApiVersionsResponse::default()
    };
    Some(frame::response_frame(&answer, 0, opening.correlation_id))
}

/// Before version 4 a lowest level of 0 breaks old clients and is told as 1 (rule 6).
fn supported(version: i16, release: Option<Release>) -> Vec<SupportedFeatureKey> {
    let lowest = i16::from(version < 4);
    SUPPORTED
        .iter()
        .filter_map(|feature| {
            let (min, max) = match release {
                Some(release) => release.levels(feature.name)?.into_inner(),
                None => (feature.min, feature.max),
            };
            Some(SupportedFeatureKey {
                name: feature.name.to_owned(),
                min_version: min.max(lowest),
                max_version: max.min(feature.max),
                ..SupportedFeatureKey::default()
            })
        })
        .collect()
}

/// Levels in force; those that a release did not have are told as its highest.
fn finalized(image: &Image, release: Option<Release>) -> Vec<FinalizedFeatureKey> {
    let features = image.features.iter();
    features
        .filter_map(|(name, level)| {
            let level = match release {
                Some(release) => *level.min(release.levels(name)?.end()),
                None => *level,
            };
            Some(FinalizedFeatureKey {
                name: name.clone(),
                max_version_level: level,
                min_version_level: level,
                ..FinalizedFeatureKey::default()
            })
        })
        .collect()
}

fn is_software(request: &ApiVersionsRequest) -> bool {
    is_word(&request.client_software_name) && is_word(&request.client_software_version)
}

/// `[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?` (rule 4).
fn is_word(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    edge(bytes.first())
        && edge(bytes.last())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_names_itself_in_letters_digits_dashes_and_dots() {
        for good in ["a", "7", "apache-kafka-java", "4.1.0", "a--b", "a..9"] {
            assert!(is_word(good), "{good}");
        }
        for bad in ["", "-a", "a-", ".a", "a.", "a b", "ä", "a_b", "-"] {
            assert!(!is_word(bad), "{bad}");
        }
    }

    #[test]
    fn before_version_4_no_feature_starts_at_level_0() {
        assert!(
            supported(3, None)
                .iter()
                .all(|feature| feature.min_version >= 1)
        );
    }

    #[test]
    fn what_is_advertised_is_spoken_except_old_produce() {
        for api in SERVED {
            let (told, spoken) = (&api.advertised, &api.spoken);
            assert!(told.end() <= spoken.end(), "{}", api.key);
            if api.key == ApiKey::PRODUCE {
                assert_eq!(*told.start(), 0, "rule 5");
            } else {
                assert!(told.start() >= spoken.start(), "{}", api.key);
            }
        }
    }
}
