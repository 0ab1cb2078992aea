//! What a client of the registry is told when something cannot be done: HTTP's status, the registry's
//! own code, and a sentence that names the thing.

use std::fmt::Display;

/// Why a request is refused, by the numbers that clients of the registry know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP's status.
    pub status: u16,
    /// `error_code` of the answer.
    pub code: u32,
    /// `message` of the answer.
    pub message: String,
}

/// Refusals that belong to one status, each with its code.
macro_rules! refusals {
    ($($name:ident = $status:literal, $code:literal;)*) => {
        impl Refusal {
            $(
                #[doc = concat!("`", stringify!($code), "`.")]
                pub fn $name(message: impl Display) -> Self {
                    Self { status: $status, code: $code, message: message.to_string() }
                }
            )*
        }
    };
}

refusals! {
    malformed = 400, 400;
    not_found = 404, 404;
    method_not_allowed = 405, 405;
    not_acceptable = 406, 406;
    body_too_large = 413, 413;
    unsupported_media_type = 415, 415;
    unprocessable = 422, 422;
    incompatible = 409, 409;
    no_subject_at_all = 404, 40401;
    no_version_at_all = 404, 40402;
    no_schema_at_all = 404, 40403;
    subject_soft_deleted = 404, 40404;
    subject_not_soft_deleted = 404, 40405;
    version_soft_deleted = 404, 40406;
    version_not_soft_deleted = 404, 40407;
    no_level_of_subject = 404, 40408;
    no_mode_of_subject = 404, 40409;
    invalid_schema = 422, 42201;
    invalid_version_text = 422, 42202;
    invalid_level = 422, 42203;
    invalid_mode = 422, 42204;
    not_permitted = 422, 42205;
    reference_exists = 422, 42206;
    id_does_not_match = 422, 42207;
    invalid_subject = 422, 42208;
    store = 500, 50001;
    timed_out = 500, 50002;
    not_forwarded = 500, 50003;
    unknown_leader = 500, 50004;
}

impl Refusal {
    /// `40401`.
    pub fn no_subject(subject: &str) -> Self {
        Self::no_subject_at_all(format_args!("Subject '{subject}' not found."))
    }

    /// `40402`.
    pub fn no_version(version: impl Display) -> Self {
        Self::no_version_at_all(format_args!("Version {version} not found."))
    }

    /// `40403`, of an id.
    pub fn no_id(id: i32) -> Self {
        Self::no_schema_at_all(format_args!("Schema {id} not found"))
    }

    /// `42202`.
    pub fn invalid_version(version: &str) -> Self {
        Self::invalid_version_text(format_args!(
            "The specified version '{version}' is not a valid version id. Allowed values are between \
             [1, 2^31-1] and the string \"latest\""
        ))
    }
}
