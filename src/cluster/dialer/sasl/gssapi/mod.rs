//! GSSAPI (RFC 4752): Kerberos by the system's own library, so that its patches, caches and settings count. No
//! security layer: what protects the connection is TLS.
//!
//! What is unsafe about calling the library is in `native` alone, about loading it in `library`.

mod complaint;
mod library;
mod native;

use std::path::{Path, PathBuf};

use self::complaint::{Complaint, Refused};
use self::native::{Context, Established};
use super::{Exchange, Fault, Step};

/// The bit of an offer that means "no security layer".
const NO_LAYER: u8 = 1;

/// Logins by tickets.
#[derive(Debug, Clone)]
pub struct Kerberos {
    service: String,
    principal: Option<String>,
    keytab: Option<PathBuf>,
}

impl Kerberos {
    /// `service` is Kafka's part of the broker's principal; without principal and keytab the credential cache decides.
    pub fn new(service: &str, principal: Option<&str>, keytab: Option<&Path>) -> Self {
        Self {
            service: service.to_owned(),
            principal: principal.map(str::to_owned),
            keytab: keytab.map(Path::to_owned),
        }
    }

    /// A run with the broker of this name.
    pub fn begin(&self, host: &str) -> Run {
        Run {
            kerberos: self.clone(),
            service: format!("{}@{host}", self.service),
            state: State::New,
        }
    }

    /// Who logs in, as errors say it.
    pub fn who(&self) -> String {
        let principal = self.principal.as_ref();
        principal.map_or(String::new(), |principal| format!(" of {principal}"))
    }

    /// What can be done, by what the library complains of.
    fn advice(&self, complaint: Complaint) -> String {
        match (complaint, &self.keytab, &self.principal) {
            (Complaint::Service, ..) => "check sasl.kerberos.service.name, and that the broker has a principal for the name it advertises".to_owned(),
            (Complaint::Servers, ..) => "check the realm's KDC in krb5.conf, and the way to it".to_owned(),
            (Complaint::Other, Some(keytab), principal) => {
                let whose = principal.as_deref().unwrap_or("the principal");
                let keytab = keytab.display();
                format!("look with `klist -kt {keytab}` whether the keytab has the newest key of {whose}")
            }
            (Complaint::Other, None, Some(principal)) => {
                format!("get a ticket with `kinit {principal}`, or set sasl.kerberos.keytab")
            }
            (Complaint::Other, None, None) => {
                "get a ticket with kinit, or set sasl.kerberos.keytab".to_owned()
            }
        }
    }
}

/// One run.
pub struct Run {
    kerberos: Kerberos,
    /// `kafka@host`, as the library wants a service.
    service: String,
    state: State,
}

enum State {
    New,
    /// Tokens go back and forth.
    Opening(Context),
    /// Both know each other; the broker's offer of security layers comes next.
    Known(Context),
    /// The layer is chosen; the broker's word comes next.
    Chosen,
}

impl Run {
    fn words(&self, refused: &Refused) -> Fault {
        let advice = self.kerberos.advice(refused.complaint);
        let (service, why) = (&self.service, &refused.words);
        Fault::new(format!("Kerberos for {service}: {why}; {advice}"))
    }

    fn broken(&self, why: &str) -> Fault {
        Fault::new(format!("Kerberos for {}: {why}", self.service))
    }

    fn open(&mut self, mut context: Context, token: Option<&[u8]>) -> Result<Step, Fault> {
        let (answer, established) = context.initiate(token).map_err(|why| self.words(&why))?;
        self.state = match established {
            Established::Yes => State::Known(context),
            Established::NotYet => State::Opening(context),
        };
        Ok(Step::Send(answer))
    }

    fn choose(&mut self, context: &Context, offer: &[u8]) -> Result<Step, Fault> {
        let offer = context.unwrap(offer).map_err(|why| self.words(&why))?;
        let Some(layers) = offer.first().filter(|_| offer.len() == 4) else {
            return Err(self.broken("the broker's offer of security layers cannot be read"));
        };
        if layers & NO_LAYER == 0 {
            return Err(self.broken(
                "the broker wants Kerberos to encrypt the connection, which is not done here; let it use TLS",
            ));
        }
        // No layer, hence no largest message; and nobody to act for.
        let choice = context.wrap(&[NO_LAYER, 0, 0, 0]);
        let choice = choice.map_err(|why| self.words(&why))?;
        self.state = State::Chosen;
        Ok(Step::Send(choice))
    }
}

impl Exchange for Run {
    fn step(&mut self, challenge: Option<&[u8]>) -> Result<Step, Fault> {
        match std::mem::replace(&mut self.state, State::New) {
            State::New => {
                let Kerberos {
                    principal, keytab, ..
                } = &self.kerberos;
                let context = Context::new(&self.service, principal.as_deref(), keytab.as_deref());
                let context = context.map_err(|error| match error {
                    native::Error::Absent(why) => Fault::new(why),
                    native::Error::Refused(why) => self.words(&why),
                })?;
                self.open(context, None)
            }
            State::Opening(context) => self.open(context, challenge),
            State::Known(context) => self.choose(&context, challenge.unwrap_or_default()),
            State::Chosen => Ok(Step::Done),
        }
    }
}
