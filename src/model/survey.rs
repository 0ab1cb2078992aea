//! How far every address of a cluster can be climbed from here, rung by rung, and which rules would help. Plain data; it
//! dials nothing.

use std::sync::Arc;

use super::broker::{BrokerId, Endpoint, ProbeFailure, Rung};
use super::units::{Moment, Span};

/// Days before its end from which a certificate is to be issued anew: what must be asked for takes weeks.
const RENEWAL_DAYS: i64 = 30;

/// One address, from its name to its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    /// Whose address it is said to be; `None`: the operator named it.
    pub id: Option<BrokerId>,
    /// As advertised, or as the operator named it.
    pub advertised: Endpoint,
    /// What was dialled, and through what.
    pub dialled: Option<Arc<str>>,
    /// The rule of `dial.map` that led there.
    pub rule: Option<Arc<str>>,
    /// What was climbed, and how long it took.
    pub rungs: Vec<(Rung, Span)>,
    /// Where it ended, if not at the top.
    pub failure: Option<ProbeFailure>,
    /// The broker that answered, where it says so.
    pub answered: Option<BrokerId>,
    /// The cluster that answered, where it has an id.
    pub cluster_id: Option<Arc<str>>,
    /// What seems to run there.
    pub software: Option<Arc<str>>,
    /// What TLS showed, where it is spoken and got so far.
    pub encryption: Option<Encryption>,
    /// Registered and not let in by the controller: it may be down without anything being wrong with the way.
    pub fenced: bool,
}

/// What TLS showed at an address, whether or not it was good enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    /// `None` where the two sides came to no agreement.
    pub agreed: Option<Agreed>,
    /// The certificates of the other side, its own first.
    pub chain: Vec<Certificate>,
    /// Who speaks for it, while it is valid and whatever its names.
    pub anchor: Anchor,
}

/// How the two sides encrypt, by the names of the standards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// `TLSv1.3`
    pub version: Arc<str>,
    /// `TLS13_AES_256_GCM_SHA384`
    pub cipher: Arc<str>,
}

/// Who speaks for a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Anchor {
    /// An authority that the operator named.
    Named(Arc<str>),
    /// An authority that this system trusts.
    System(Arc<str>),
    /// The operator named this very certificate.
    Itself,
    /// Nothing: nothing is held against certificates here.
    Unchecked,
    /// Nobody that is trusted here.
    Nobody,
}

/// What stands in a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Whose it is, as OpenSSL prints it.
    pub subject: Arc<str>,
    pub issuer: Arc<str>,
    /// Whom it is for: the subject alternative names that a host can have.
    pub names: Vec<Arc<str>>,
    pub not_before: Moment,
    pub not_after: Moment,
}

/// How a certificate stands to a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// It begins in so many days.
    NotYet(i64),
    /// Valid, and for longer than a month.
    Good(i64),
    /// Valid, and to be issued anew now.
    EndsSoon(i64),
    /// It ended so many days ago.
    Expired(i64),
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl Certificate {
    /// How it stands now, in whole days.
    pub fn validity(&self, now: Moment) -> Validity {
        let days = |from: Moment, to: Moment| to.unix_ms.saturating_sub(from.unix_ms) / DAY_MS;
        if now < self.not_before {
            return Validity::NotYet(days(now, self.not_before));
        }
        if now > self.not_after {
            return Validity::Expired(days(self.not_after, now));
        }
        match days(now, self.not_after) {
            left @ ..=RENEWAL_DAYS => Validity::EndsSoon(left),
            left => Validity::Good(left),
        }
    }
}

impl Ladder {
    /// An address that nobody has climbed yet.
    pub fn to(id: Option<BrokerId>, advertised: Endpoint) -> Self {
        Self {
            id,
            advertised,
            dialled: None,
            rule: None,
            rungs: Vec::new(),
            failure: None,
            answered: None,
            cluster_id: None,
            software: None,
            encryption: None,
            fenced: false,
        }
    }

    /// Whether the top was reached.
    pub fn reached(&self) -> bool {
        self.failure.is_none()
    }

    /// Whether the address leads nowhere, or to somebody else: what a rule can help.
    pub fn is_astray(&self) -> bool {
        let failure = self.failure.as_ref();
        failure.is_some_and(|failure| {
            matches!(
                failure.rung,
                Rung::Dns | Rung::Route | Rung::Tcp | Rung::Node
            )
        })
    }
}

/// What would help one broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advice {
    /// A rule that was tried, and led to this broker.
    Tried { id: BrokerId, rule: Arc<str> },
    /// A rule with a place to fill in: nothing that is known leads to this broker.
    Open { id: BrokerId, rule: Arc<str> },
}

/// Everything that was climbed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Survey {
    pub bootstrap: Vec<Ladder>,
    pub brokers: Vec<Ladder>,
    /// Rules ready to paste, by broker; empty where everything advertised works, or nothing answers at all.
    pub advice: Vec<Advice>,
}

/// How it stands altogether: the exit code of `lookout connect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    All,
    Some,
    None,
}

impl Survey {
    /// Whether the brokers can be reached. Fenced ones do not count; a cluster that told none is not reached.
    pub fn reach(&self) -> Reach {
        let counted = || self.brokers.iter().filter(|ladder| !ladder.fenced);
        let reached = counted().filter(|ladder| ladder.reached()).count();
        if self.bootstrap.iter().all(|ladder| !ladder.reached()) {
            return Reach::None;
        }
        if reached > 0 && reached == counted().count() {
            Reach::All
        } else if reached > 0 || !self.brokers.is_empty() {
            Reach::Some
        } else {
            Reach::None
        }
    }

    /// Whether the cluster has one broker.
    pub fn is_of_one(&self) -> bool {
        let mut ids = self.brokers.iter().map(|ladder| ladder.id);
        let first = ids.next();
        first.is_some() && ids.all(|id| Some(id) == first)
    }

    /// The brokers that a rule may help: what is advertised does not work, and a bootstrap address does.
    pub fn astray(&self) -> Vec<&Ladder> {
        if self.bootstrap.iter().all(|ladder| !ladder.reached()) {
            return Vec::new();
        }
        let brokers = self.brokers.iter();
        brokers
            .filter(|ladder| !ladder.fenced && ladder.is_astray())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder(id: Option<i32>, rung: Option<Rung>) -> Ladder {
        let advertised = Endpoint {
            host: "a".into(),
            port: 1,
        };
        Ladder {
            failure: rung.map(|rung| ProbeFailure {
                rung,
                text: "no".into(),
                refused: false,
            }),
            ..Ladder::to(id.map(BrokerId), advertised)
        }
    }

    fn survey(bootstrap: Option<Rung>, brokers: &[Option<Rung>]) -> Survey {
        let brokers = brokers.iter().zip(1..);
        Survey {
            bootstrap: vec![ladder(None, Some(Rung::Tcp)), ladder(None, bootstrap)],
            brokers: brokers.map(|(rung, id)| ladder(Some(id), *rung)).collect(),
            advice: Vec::new(),
        }
    }

    #[test]
    fn a_certificate_is_warned_of_for_its_last_month() {
        let day = |days: i64| Moment::from_unix_ms(days * DAY_MS);
        let certificate = Certificate {
            subject: "CN=a".into(),
            issuer: "CN=b".into(),
            names: Vec::new(),
            not_before: day(100),
            not_after: day(200),
        };
        let at = |days| certificate.validity(day(days));
        assert_eq!(at(99), Validity::NotYet(1));
        assert_eq!(at(100), Validity::Good(100));
        assert_eq!(at(169), Validity::Good(31));
        assert_eq!(at(170), Validity::EndsSoon(30));
        assert_eq!(at(200), Validity::EndsSoon(0));
        assert_eq!(at(203), Validity::Expired(3));
    }

    #[test]
    fn the_code_says_whether_all_some_or_none_are_reached() {
        assert_eq!(survey(None, &[None, None]).reach(), Reach::All);
        assert_eq!(survey(None, &[None, Some(Rung::Tls)]).reach(), Reach::Some);
        assert_eq!(survey(None, &[Some(Rung::Dns)]).reach(), Reach::Some);
        assert_eq!(survey(Some(Rung::Tcp), &[]).reach(), Reach::None);
        assert_eq!(survey(None, &[]).reach(), Reach::None);
        let mut fenced = survey(None, &[None, Some(Rung::Tcp)]);
        fenced.brokers[1].fenced = true;
        assert_eq!(fenced.reach(), Reach::All);
    }

    #[test]
    fn rules_help_those_whose_address_leads_nowhere_while_a_bootstrap_address_answers() {
        let rungs = [None, Some(Rung::Dns), Some(Rung::Sasl), Some(Rung::Node)];
        let astray = survey(None, &rungs);
        let ids: Vec<_> = astray.astray().iter().map(|ladder| ladder.id).collect();
        assert_eq!(ids, [Some(BrokerId(2)), Some(BrokerId(4))]);
        assert!(survey(Some(Rung::Tcp), &rungs).astray().is_empty());
    }
}
