//! AWS MSK IAM: a signed request to `kafka-cluster:Connect`, as the mechanism `AWS_MSK_IAM` wants it or as the token
//! of OAUTHBEARER. The signing is `sigv4`; where keys come from is `aws`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::aws::{Surroundings, Wallet};
use super::oauth;
use super::sigv4::{Ask, Keys, Scope, presign, query_text};
use super::{Exchange, Fault, Step};
use crate::clock;
use crate::cluster::error::WayError;
use crate::config::secret::Secret;
use crate::config::security::Aws;
use crate::model::Moment;

/// How long a signature is good; AWS takes no more.
const EXPIRES_S: u32 = 900;
const SERVICE: &str = "kafka-cluster";
const ACTION: &str = "kafka-cluster:Connect";
const USER_AGENT: &str = concat!("lookout/", env!("CARGO_PKG_VERSION"));
/// The version of the payload that brokers of MSK know.
const PAYLOAD_VERSION: &str = "2020_10_22";

/// Logins at clusters of MSK.
#[derive(Debug)]
pub struct Msk {
    wallet: Wallet,
    as_token: bool,
}

impl Msk {
    /// Notes where keys are to be looked for.
    pub fn load(aws: &Aws) -> Result<Self, WayError> {
        Ok(Self {
            wallet: Wallet::new(aws, Surroundings::of_process())?,
            as_token: aws.as_token,
        })
    }

    /// Gets keys and signs.
    pub async fn begin(&self, host: &str) -> Result<Box<dyn Exchange>, Fault> {
        let Some(region) = self.wallet.region().or_else(|| region_of(host)) else {
            return Err(Fault::new(format!(
                "the region cannot be read off {host}; set the region (AWS_REGION)"
            )));
        };
        let keys = self.wallet.keys(&region).await?;
        let now = clock::now();
        Ok(if self.as_token {
            Box::new(oauth::Run::new(&token(&keys, &region, now), &[]))
        } else {
            Box::new(Signed {
                payload: payload(&keys, &region, host, now).into_bytes(),
            })
        })
    }
}

/// `b-1.name.x.c2.kafka.eu-west-1.amazonaws.com` → `eu-west-1`.
fn region_of(host: &str) -> Option<String> {
    let mut labels = host.split('.');
    labels.find(|label| matches!(*label, "kafka" | "kafka-serverless"))?;
    let region = labels.next()?;
    (labels.next()? == "amazonaws").then(|| region.to_owned())
}

fn scope(region: &str, at: Moment) -> Scope<'_> {
    Scope {
        region,
        service: SERVICE,
        at,
        expires_s: EXPIRES_S,
    }
}

/// The message of `AWS_MSK_IAM`: the parts of the signed query by their names in lower case.
fn payload(keys: &Keys, region: &str, host: &str, at: Moment) -> String {
    let ask = Ask::of(host, vec![("Action", ACTION.to_owned())]);
    let text = |text: &str| Value::String(text.to_owned());
    let mut fields = Map::new();
    fields.insert("version".to_owned(), text(PAYLOAD_VERSION));
    fields.insert("host".to_owned(), text(host));
    fields.insert("user-agent".to_owned(), text(USER_AGENT));
    for (name, value) in presign(keys, scope(region, at), ask) {
        fields.insert(name.to_ascii_lowercase(), Value::String(value));
    }
    Value::Object(fields).to_string()
}

/// The token: the signed address itself, as AWS's own token makers build it.
fn token(keys: &Keys, region: &str, at: Moment) -> Secret {
    let host = format!("kafka.{region}.amazonaws.com");
    let ask = Ask::of(&host, vec![("Action", ACTION.to_owned())]);
    let mut query = presign(keys, scope(region, at), ask);
    // Not signed: it only tells the brokers' log who asks.
    query.push(("User-Agent".to_owned(), USER_AGENT.to_owned()));
    Secret::new(&URL_SAFE_NO_PAD.encode(format!("https://{host}/?{}", query_text(&query))))
}

/// One run of `AWS_MSK_IAM`.
struct Signed {
    payload: Vec<u8>,
}

impl Exchange for Signed {
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<Step, Fault> {
        Ok(match challenge {
            None => Step::Send(std::mem::take(&mut self.payload)),
            Some(_) => Step::Done,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Moment = Moment::from_unix_ms(1_440_938_160_000);

    fn keys() -> Keys {
        Keys {
            id: "AKIDEXAMPLE".to_owned(),
            secret: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session: Some(Secret::new("session/token")),
        }
    }

    #[test]
    fn the_region_is_read_off_the_brokers_names() {
        let region = |host| region_of(host);
        assert_eq!(
            region("b-1.demo.ab12cd.c2.kafka.eu-west-1.amazonaws.com").as_deref(),
            Some("eu-west-1")
        );
        assert_eq!(
            region("boot-x.c1.kafka-serverless.us-east-1.amazonaws.com").as_deref(),
            Some("us-east-1")
        );
        assert_eq!(region("kafka.example.com"), None);
        assert_eq!(region("kafka-1"), None);
    }

    #[test]
    fn the_payload_has_every_field_that_a_broker_of_msk_wants() {
        let payload = payload(&keys(), "eu-west-1", "b-1.demo", AT);
        let payload: Value = serde_json::from_str(&payload).expect("json");
        let names: Vec<&String> = payload.as_object().expect("an object").keys().collect();
        let mut expected = vec![
            "version",
            "host",
            "user-agent",
            "action",
            "x-amz-algorithm",
            "x-amz-credential",
            "x-amz-date",
            "x-amz-expires",
            "x-amz-security-token",
            "x-amz-signedheaders",
            "x-amz-signature",
        ];
        expected.sort_unstable();
        assert_eq!(names, expected);
        let text = |name: &str| payload[name].as_str().expect("text").to_owned();
        assert_eq!(text("action"), "kafka-cluster:Connect");
        assert_eq!(text("x-amz-date"), "20150830T123600Z");
        assert_eq!(
            text("x-amz-credential"),
            "AKIDEXAMPLE/20150830/eu-west-1/kafka-cluster/aws4_request"
        );
    }

    /// The signature is that of AWS's own signer for Python (aws-msk-iam-sasl-signer 1.0.2) at the same time with the same
    /// keys.
    #[test]
    fn the_token_is_a_signed_address() {
        let token = token(&keys(), "eu-west-1", AT);
        let address = URL_SAFE_NO_PAD.decode(token.reveal()).expect("base64");
        let address = String::from_utf8(address).expect("text");
        assert!(
            address.starts_with("https://kafka.eu-west-1.amazonaws.com/?Action=kafka-cluster%3AConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256&"),
            "{address}"
        );
        let signature = "2bbb2c8e68e40a2ebeaaf95b1ac8ebda784cee12a0e6bc4fc951c5a30cb0dce0";
        let end = format!("&X-Amz-Signature={signature}&User-Agent=lookout%2F");
        assert!(address.contains(&end), "{address}");
    }
}
