//! A certificate's subject as Java writes it (RFC 2253): what Kafka's mapping rules and ACLs expect.

use std::fmt::Write as _;

use rustls::pki_types::CertificateDer;
use x509_parser::asn1_rs::{Any, Tag, ToDer as _};

/// Types that Java writes by name; all others stand by their number, with the value in hexadecimal.
const NAMED: [(&str, &str); 9] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.9", "STREET"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("0.9.2342.19200300.100.1.25", "DC"),
];

/// Letters that stand behind a backslash.
const ESCAPED: &str = ",=+<>#;\"\\";

/// The subject of a certificate, the most specific part first; `None` if the certificate cannot be read.
pub fn distinguished_name(certificate: &CertificateDer<'_>) -> Option<String> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let mut parts: Vec<String> = Vec::new();
    for relative in parsed.subject().iter() {
        let pairs: Option<Vec<String>> = relative
            .iter()
            .map(|pair| written(&pair.attr_type().to_id_string(), pair.attr_value()))
            .collect();
        parts.push(pairs?.join("+"));
    }
    parts.reverse();
    Some(parts.join(","))
}

fn written(number: &str, value: &Any<'_>) -> Option<String> {
    let named = NAMED.iter().find(|(known, _)| *known == number);
    let text = named.and_then(|(_, name)| Some((name, text_of(value)?)));
    if let Some((name, text)) = text {
        return Some(format!("{name}={}", escaped(&text)));
    }
    let mut out = format!("{number}=#");
    for byte in value.to_der_vec().ok()? {
        let _written = write!(out, "{byte:02x}");
    }
    Some(out)
}

/// The text of a value that is one.
fn text_of(value: &Any<'_>) -> Option<String> {
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String => {
            std::str::from_utf8(value.data).ok().map(str::to_owned)
        }
        Tag::T61String => Some(value.data.iter().copied().map(char::from).collect()),
        Tag::BmpString => {
            let units = value
                .data
                .chunks_exact(2)
                .filter_map(|unit| unit.first_chunk());
            let units: Vec<u16> = units.copied().map(u16::from_be_bytes).collect();
            String::from_utf16(&units).ok()
        }
        _ => None,
    }
}

fn escaped(text: &str) -> String {
    let mut out = String::new();
    let blanks_before = text.len() - text.trim_start_matches(' ').len();
    let blanks_after = text.trim_end_matches(' ').len();
    for (at, letter) in text.char_indices() {
        let is_edge = letter == ' ' && (at < blanks_before || at >= blanks_after);
        if is_edge || ESCAPED.contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_with_a_meaning_and_blanks_at_the_edges_are_escaped() {
        assert_eq!(escaped("Doe, John"), "Doe\\, John");
        assert_eq!(escaped(" a#b "), "\\ a\\#b\\ ");
        assert_eq!(escaped("kafka-1.local"), "kafka-1.local");
        assert_eq!(escaped(""), "");
    }
}
