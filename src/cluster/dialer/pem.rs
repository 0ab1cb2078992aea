//! PEM: the sections of a text (RFC 7468). Whatever stands around and between them is passed over, as the "Bag
//! Attributes" of `openssl pkcs12` are. Reads no file; total over any bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// One section of a PEM text.
#[derive(PartialEq, Eq)]
pub struct Section {
    /// What stands between `BEGIN ` and the dashes: `CERTIFICATE`, `PRIVATE KEY`.
    pub label: String,
    /// The decoded body; empty where it has headers of its own, which mean the encryption of old OpenSSL.
    pub der: Vec<u8>,
    /// Whether the body is encrypted the old way (`Proc-Type: 4,ENCRYPTED`).
    pub old_encryption: bool,
}

/// Whether a text holds PEM at all.
pub fn is_pem(bytes: &[u8]) -> bool {
    let begin = BEGIN.as_bytes();
    bytes.windows(begin.len()).any(|window| window == begin)
}

/// The sections of a text, in order. The error says which one cannot be read.
pub fn sections(text: &str) -> Result<Vec<Section>, String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, from_label)) = rest.split_once(BEGIN) {
        let Some((label, after)) = from_label.split_once(DASHES) else {
            return Err("a BEGIN line has no end".to_owned());
        };
        let label = label.trim();
        let end = format!("{END}{label}{DASHES}");
        let Some((body, after)) = after.split_once(end.as_str()) else {
            return Err(format!(
                "the section {label} has no END line: is it cut off?"
            ));
        };
        found.push(section(label, body)?);
        rest = after;
    }
    Ok(found)
}

fn section(label: &str, body: &str) -> Result<Section, String> {
    let old_encryption = body.contains("Proc-Type:") && body.contains("ENCRYPTED");
    let digits: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    let der = if old_encryption {
        Vec::new()
    } else {
        // Properties files hold PEM on one line, with `\n` written out.
        let digits = digits.replace("\\n", "");
        let decoded = STANDARD.decode(digits);
        decoded.map_err(|_| format!("the section {label} is not base64: is it damaged?"))?
    };
    Ok(Section {
        label: label.to_owned(),
        der,
        old_encryption,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_around_the_sections_is_passed_over() {
        let text = "Bag Attributes\n  friendlyName: x\n-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\nkey:\n-----BEGIN PRIVATE KEY-----\r\nBAUG\r\n-----END PRIVATE KEY-----";
        let found = sections(text).expect("two sections");
        let labels: Vec<(&str, &[u8])> =
            found.iter().map(|s| (s.label.as_str(), &*s.der)).collect();
        assert_eq!(
            labels,
            [("CERTIFICATE", &[1, 2, 3][..]), ("PRIVATE KEY", &[4, 5, 6])]
        );
    }

    #[test]
    fn a_text_on_one_line_is_read_too() {
        let text = r"-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----";
        assert_eq!(sections(text).expect("one")[0].der, [1, 2, 3]);
    }

    #[test]
    fn damage_is_named() {
        let error = |text| sections(text).map(|_| ()).expect_err("damaged");
        assert_eq!(
            error("-----BEGIN CERTIFICATE-----\nAQID"),
            "the section CERTIFICATE has no END line: is it cut off?"
        );
        assert_eq!(
            error("-----BEGIN X-----\n!\n-----END X-----"),
            "the section X is not base64: is it damaged?"
        );
    }
}
