//! What the library complains of, told by its numbers, so that the advice can fit. Pure.

/// Where MIT's table of errors begins, and three of it (`krb5.h`): `KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN`,
/// `KRB5_KDC_UNREACH`, `KRB5_REALM_UNKNOWN`.
const KRB5_BASE: i64 = -1_765_328_384;
const SERVICE_UNKNOWN: i64 = 7;
const KDC_UNREACHABLE: i64 = 156;
const REALM_UNKNOWN: i64 = 154;

/// What the library says when it fails.
#[derive(Debug)]
pub struct Refused {
    pub words: String,
    pub complaint: Complaint,
}

/// What a failure is about, where that decides what can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Complaint {
    /// The KDC does not know the broker's principal.
    Service,
    /// The KDC is not known, or does not answer.
    Servers,
    /// Tickets and keys of our own, or anything else.
    Other,
}

impl Complaint {
    /// By the library's minor status.
    pub fn of(minor: u32) -> Self {
        match i64::from(minor.cast_signed()) - KRB5_BASE {
            SERVICE_UNKNOWN => Self::Service,
            KDC_UNREACHABLE | REALM_UNKNOWN => Self::Servers,
            _ => Self::Other,
        }
    }
}
