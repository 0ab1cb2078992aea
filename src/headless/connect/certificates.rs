//! What TLS showed at an address, in lines and in JSON. Pure: the clock comes in as a parameter.

use serde_json::{Value, json};

use crate::model::Moment;
use crate::model::survey::{Anchor, Certificate, Encryption, Ladder, Survey, Validity};

/// Label and words of each line about one address.
pub(super) fn explain(encryption: &Encryption, now: Moment) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    let mut line = |label: &str, words: String| lines.push((label.to_owned(), words));
    if let Some(agreed) = &encryption.agreed {
        line("TLS", format!("{} · {}", agreed.version, agreed.cipher));
    }
    for (place, certificate) in encryption.chain.iter().enumerate() {
        let label = if place == 0 {
            "certificate"
        } else {
            "above it"
        };
        line(label, certificate.subject.to_string());
        line("  issuer", certificate.issuer.to_string());
        if place == 0 {
            line("  names", names(certificate));
        }
        line("  valid", valid(certificate, now));
    }
    line("trusted", trusted(&encryption.anchor));
    lines
}

fn names(certificate: &Certificate) -> String {
    if certificate.names.is_empty() {
        return "none (subject alternative names)".to_owned();
    }
    certificate.names.join(", ")
}

fn valid(certificate: &Certificate, now: Moment) -> String {
    let (from, until) = (&certificate.not_before, &certificate.not_after);
    let (from, until) = (from.date_utc(), until.date_utc());
    let words = match certificate.validity(now) {
        Validity::Good(days) => format!("{} left", in_days(days)),
        Validity::EndsSoon(days) => format!("WARN: {} left, have it issued anew", in_days(days)),
        Validity::Expired(days) => format!("EXPIRED {} ago, have it issued anew", in_days(days)),
        Validity::NotYet(days) => format!("NOT YET VALID for {}, is a clock wrong?", in_days(days)),
    };
    format!("{from} to {until}; {words}")
}

fn in_days(days: i64) -> String {
    match days {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

fn trusted(anchor: &Anchor) -> String {
    match anchor {
        Anchor::Named(name) => {
            format!("by {name}, an authority of ssl.ca.location or the trust store")
        }
        Anchor::System(name) => format!("by {name}, an authority of this system"),
        Anchor::Itself => "this very certificate is named as trusted".to_owned(),
        Anchor::Unchecked => "UNCHECKED: enable.ssl.certificate.verification is off".to_owned(),
        Anchor::Nobody => "by NOBODY: no authority that is trusted here speaks for it".to_owned(),
    }
}

/// A line for each broker whose certificate ends soon, though all is well today.
pub(super) fn warnings(survey: &Survey, now: Moment) -> String {
    let line = |ladder: &Ladder| {
        let chain = &ladder.encryption.as_ref()?.chain;
        let soonest = chain
            .iter()
            .min_by_key(|certificate| certificate.not_after)?;
        let Validity::EndsSoon(days) = soonest.validity(now) else {
            return None;
        };
        let whose = match ladder.id {
            Some(id) => format!("broker {id} ({})", ladder.advertised),
            None => ladder.advertised.to_string(),
        };
        let (subject, days) = (&soonest.subject, in_days(days));
        Some(format!(
            "WARN {whose}: the certificate {subject} ends in {days}; have it issued anew\n"
        ))
    };
    // A bootstrap address is a broker's once more.
    survey.brokers.iter().filter_map(line).collect()
}

/// The same as JSON.
pub(super) fn json(encryption: &Encryption, now: Moment) -> Value {
    let certificate = |certificate: &Certificate| {
        let (state, days) = match certificate.validity(now) {
            Validity::Good(days) => ("valid", days),
            Validity::EndsSoon(days) => ("ends_soon", days),
            Validity::Expired(days) => ("expired", -days),
            Validity::NotYet(days) => ("not_yet_valid", days),
        };
        json!({
            "subject": &*certificate.subject,
            "issuer": &*certificate.issuer,
            "names": certificate.names.iter().map(|name| &**name).collect::<Vec<_>>(),
            "not_before_unix_ms": certificate.not_before.unix_ms,
            "not_after_unix_ms": certificate.not_after.unix_ms,
            "validity": state,
            "days": days,
        })
    };
    let (anchor, authority) = match &encryption.anchor {
        Anchor::Named(name) => ("named_authority", Some(name)),
        Anchor::System(name) => ("system_authority", Some(name)),
        Anchor::Itself => ("itself", None),
        Anchor::Unchecked => ("unchecked", None),
        Anchor::Nobody => ("nobody", None),
    };
    json!({
        "version": encryption.agreed.as_ref().map(|agreed| &*agreed.version),
        "cipher": encryption.agreed.as_ref().map(|agreed| &*agreed.cipher),
        "chain": encryption.chain.iter().map(certificate).collect::<Vec<_>>(),
        "trusted_by": anchor,
        "authority": authority.map(|name| &**name),
    })
}
