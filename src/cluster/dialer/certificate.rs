//! What stands in a certificate, for people: whom it is for, who issued it, until when. Trusts and judges nothing.

use std::net::IpAddr;
use std::time::Duration;

use rustls::DistinguishedName;
use rustls::pki_types::{TrustAnchor, UnixTime};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate, X509Name, X509Version};

use crate::cluster::error::printable;
use crate::model::Moment;
use crate::model::survey::Certificate;

/// Names shown of a certificate that has many.
const NAMES_SHOWN: usize = 4;
/// Signature algorithms that are too weak to prove anything, by their object identifiers.
const WEAK: [(&str, &str); 4] = [
    ("1.2.840.113549.1.1.5", "SHA-1"),
    ("1.2.840.10045.4.1", "SHA-1"),
    ("1.3.14.3.2.29", "SHA-1"),
    ("1.2.840.113549.1.1.4", "MD5"),
];

/// A certificate, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// `CN=…, O=…` as openssl prints it.
    pub subject: String,
    /// The same of who signed it.
    pub issuer: String,
    /// The common name of the subject.
    pub common_name: Option<String>,
    /// Subject alternative names that a host can have.
    pub names: Vec<String>,
    pub not_before: Moment,
    pub not_after: Moment,
    /// Whether it is of the first version of X.509, which knows no extensions.
    pub first_version: bool,
    /// The weak hash it is signed with, if it is.
    pub weak_hash: Option<&'static str>,
}

impl Card {
    /// Reads a certificate; `None` for what is none.
    pub fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let mut common_names = certificate.subject().iter_common_name();
        let common_name = common_names.next().and_then(|name| name.as_str().ok());
        let validity = certificate.validity();
        let at = |seconds: i64| Moment::from_unix_ms(seconds.saturating_mul(1000));
        let algorithm = certificate.signature_algorithm.algorithm.to_id_string();
        let weak = WEAK.iter().find(|(oid, _)| *oid == algorithm);
        Some(Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            common_name: common_name.map(str::to_owned),
            names: names(&certificate),
            not_before: at(validity.not_before.timestamp()),
            not_after: at(validity.not_after.timestamp()),
            first_version: certificate.version() == X509Version::V1,
            weak_hash: weak.map(|(_, hash)| *hash),
        })
    }

    /// The card as a fact.
    pub fn fact(&self) -> Certificate {
        Certificate {
            subject: printable(&self.subject),
            issuer: printable(&self.issuer),
            names: self.names.iter().map(|name| printable(name)).collect(),
            not_before: self.not_before,
            not_after: self.not_after,
        }
    }

    /// The moment nearest to this one at which it is valid: who speaks for it is another question than for how long.
    pub fn nearest_to(&self, now: Moment) -> UnixTime {
        let moment = now.min(self.not_after).max(self.not_before);
        let seconds = u64::try_from(moment.unix_ms / 1000).unwrap_or(0);
        UnixTime::since_unix_epoch(Duration::from_secs(seconds))
    }

    /// The names it is for, in a few words.
    pub fn names_in_words(&self) -> String {
        let total = self.names.len();
        if total == 0 {
            return match &self.common_name {
                Some(name) => format!("the common name {name} alone"),
                None => "no name at all".to_owned(),
            };
        }
        let shown: Vec<&str> = self
            .names
            .iter()
            .take(NAMES_SHOWN)
            .map(String::as_str)
            .collect();
        let shown = shown.join(", ");
        match total.saturating_sub(NAMES_SHOWN) {
            0 => shown,
            more => format!("{shown} and {more} more"),
        }
    }

    /// Whether the common name is this host's, for a certificate without subject alternative names.
    pub fn common_name_is(&self, host: &str) -> bool {
        let Some(name) = self
            .common_name
            .as_deref()
            .filter(|_| self.names.is_empty())
        else {
            return false;
        };
        match name.strip_prefix("*.") {
            // A wildcard stands for one label of a name, never for a part of an address.
            Some(parent) if host.parse::<IpAddr>().is_err() => {
                let rest = host.split_once('.').map(|(_, rest)| rest);
                rest.is_some_and(|rest| rest.eq_ignore_ascii_case(parent))
            }
            _ => name.eq_ignore_ascii_case(host),
        }
    }
}

/// The name of an authority that is trusted, as OpenSSL prints it.
pub fn subject_of(root: &TrustAnchor<'_>) -> String {
    let name = DistinguishedName::in_sequence(&root.subject);
    X509Name::from_der(name.as_ref()).map_or_else(
        |_| "an authority whose name cannot be read".to_owned(),
        |(_, name)| name.to_string(),
    )
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    let names = extension.value.general_names.iter();
    let of_host = names.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => address(bytes).map(|address| address.to_string()),
        _ => None,
    });
    of_host.collect()
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(four.into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(common_name: &str, names: &[&str]) -> Card {
        Card {
            subject: format!("CN={common_name}"),
            issuer: "CN=Test".to_owned(),
            common_name: Some(common_name.to_owned()),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            not_before: Moment::default(),
            not_after: Moment::default(),
            first_version: false,
            weak_hash: None,
        }
    }

    #[test]
    fn a_common_name_counts_only_where_there_are_no_other_names() {
        assert!(card("kafka-1.prod", &[]).common_name_is("KAFKA-1.prod"));
        assert!(!card("kafka-1.prod", &["kafka-2.prod"]).common_name_is("kafka-1.prod"));
        assert!(!card("kafka-1.prod", &[]).common_name_is("kafka-1.prod.evil"));
    }

    #[test]
    fn a_wildcard_stands_for_one_label_and_not_for_a_part_of_an_address() {
        assert!(card("*.prod.example", &[]).common_name_is("kafka-1.prod.example"));
        assert!(!card("*.prod.example", &[]).common_name_is("a.kafka-1.prod.example"));
        assert!(!card("*.prod.example", &[]).common_name_is("prod.example"));
        assert!(!card("*.0.0.1", &[]).common_name_is("127.0.0.1"));
        assert!(card("127.0.0.1", &[]).common_name_is("127.0.0.1"));
    }

    #[test]
    fn many_names_are_counted() {
        assert_eq!(
            card("x", &["a", "b", "c", "d", "e", "f"]).names_in_words(),
            "a, b, c, d and 2 more"
        );
        assert_eq!(card("x", &[]).names_in_words(), "the common name x alone");
    }

    #[test]
    fn what_is_no_certificate_is_no_card() {
        assert_eq!(Card::read(b"0123"), None);
        assert_eq!(Card::read(&[]), None);
    }
}
