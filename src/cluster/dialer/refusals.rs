//! Logins that were refused, remembered so that nobody is locked out: an account that fails too often in a row is
//! closed by many directories, and a screen that reconnects every few seconds would do that within a minute.
//!
//! Pure: the clock comes in as a parameter.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::cluster::error::DialError;
use crate::model::Endpoint;

/// How long a login is left alone after it was refused for the first, second, … time. Directories count failures in
/// windows of 10 to 30 minutes and close an account after 3 to 10 of them: within any 15 minutes there are at most 3.
const PAUSES: [Duration; 4] = [
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(15),
    Duration::from_mins(30),
];
/// How long the sources of tokens and credentials are left alone after they gave none: they answer others too.
const SOURCE_PAUSE: Duration = Duration::from_secs(30);
/// Brokers that refuse a login which another one accepted, before it counts as refused by all: one may have missed a
/// change of the password, several tell of a change that we missed.
const DOUBTED_BY: usize = 2;

/// What is remembered of refused logins at the brokers of one cluster.
#[derive(Debug, Default)]
pub struct Refusals {
    by: BTreeMap<Endpoint, Refusal>,
    /// Brokers that accepted the login when it was last tried there.
    welcome: BTreeSet<Endpoint>,
    /// Whether any broker has accepted the login.
    proven: bool,
}

#[derive(Debug)]
struct Refusal {
    error: DialError,
    times: usize,
    until: Instant,
}

impl Refusals {
    /// Whether a login may be tried now; else the error to answer with.
    pub fn admit(&self, endpoint: &Endpoint, now: Instant) -> Result<(), DialError> {
        let holds = |refusal: &&Refusal| refusal.until > now;
        if let Some(refusal) = self.by.get(endpoint).filter(holds) {
            return Err(DialError {
                remembered: true,
                ..refusal.error.clone()
            });
        }
        let mut others = self.by.values().filter(holds);
        let enough = if self.proven { DOUBTED_BY } else { 1 };
        match others.nth(enough - 1) {
            Some(refusal) => {
                let text = format!(
                    "{endpoint}: login not tried, it failed at another broker: {}",
                    refusal.error.text
                );
                Err(DialError {
                    remembered: true,
                    ..DialError::refusal(refusal.error.rung, &text)
                })
            }
            None => Ok(()),
        }
    }

    /// Remembers a refusal. Returns it with the words that say when it is tried again.
    pub fn refused(&mut self, endpoint: &Endpoint, error: &DialError, now: Instant) -> DialError {
        let times = self.times(endpoint);
        let pause = PAUSES
            .get(times)
            .or(PAUSES.last())
            .copied()
            .unwrap_or_default();
        let words = format!("{} min", pause.as_secs() / 60);
        self.remember(endpoint, error, (times + 1, now + pause), &words)
    }

    /// Remembers that there was nothing to log in with. Returns it with the words that say when it is tried again.
    pub fn not_ready(&mut self, endpoint: &Endpoint, error: &DialError, now: Instant) -> DialError {
        let words = format!("{} s", SOURCE_PAUSE.as_secs());
        let times = self.times(endpoint);
        self.remember(endpoint, error, (times, now + SOURCE_PAUSE), &words)
    }

    fn times(&self, endpoint: &Endpoint) -> usize {
        self.by.get(endpoint).map_or(0, |refusal| refusal.times)
    }

    fn remember(
        &mut self,
        endpoint: &Endpoint,
        error: &DialError,
        (times, until): (usize, Instant),
        pause: &str,
    ) -> DialError {
        let text = format!("{}; not tried again for {pause}, unless with r", error.text);
        let error = DialError {
            text: text.into(),
            ..error.clone()
        };
        let refusal = Refusal {
            error: error.clone(),
            times,
            until,
        };
        self.welcome.remove(endpoint);
        self.by.insert(endpoint.clone(), refusal);
        error
    }

    /// Notes that a broker accepted the login.
    pub fn welcomed(&mut self, endpoint: &Endpoint) {
        self.proven = true;
        self.by.remove(endpoint);
        if !self.welcome.contains(endpoint) {
            self.welcome.insert(endpoint.clone());
        }
    }

    /// Whether any broker has accepted the login.
    pub fn proven(&self) -> bool {
        self.proven
    }

    /// Whether this broker accepted the login when it was last tried there.
    pub fn welcome(&self, endpoint: &Endpoint) -> bool {
        self.welcome.contains(endpoint)
    }

    /// Lets everything be tried again at once; the pauses go on growing from where they are.
    pub fn forgive(&mut self, now: Instant) {
        for refusal in self.by.values_mut() {
            refusal.until = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Rung;

    fn broker(number: u16) -> Endpoint {
        Endpoint {
            host: "kafka".into(),
            port: number,
        }
    }

    fn wrong_password(number: u16) -> DialError {
        let endpoint = broker(number);
        DialError::refusal(Rung::Sasl, &format!("{endpoint}: authentication refused"))
    }

    #[test]
    fn a_login_that_no_broker_accepted_yet_is_tried_once_and_then_at_none() {
        let (mut refusals, now) = (Refusals::default(), Instant::now());
        let said = refusals.refused(&broker(1), &wrong_password(1), now);
        assert_eq!(
            &*said.text,
            "kafka:1: authentication refused; not tried again for 1 min, unless with r"
        );
        let again = refusals.admit(&broker(1), now).expect_err("too soon");
        assert!(again.remembered && again.refused && again.text == said.text);
        let other = refusals.admit(&broker(2), now).expect_err("the same login");
        assert_eq!(
            &*other.text,
            "kafka:2: login not tried, it failed at another broker: kafka:1: authentication refused; not tried again for 1 min, unless with r"
        );
    }

    #[test]
    fn one_broker_that_refuses_what_others_accept_stands_alone() {
        let (mut refusals, now) = (Refusals::default(), Instant::now());
        refusals.welcomed(&broker(1));
        refusals.refused(&broker(2), &wrong_password(2), now);
        assert_eq!(refusals.admit(&broker(1), now), Ok(()));
        assert_eq!(refusals.admit(&broker(3), now), Ok(()));
        refusals.refused(&broker(3), &wrong_password(3), now);
        assert!(refusals.admit(&broker(1), now).is_err());
    }

    #[test]
    fn the_pauses_grow_and_the_operator_ends_them() {
        let (mut refusals, mut now) = (Refusals::default(), Instant::now());
        let mut tried = 0;
        let end = now + Duration::from_mins(15);
        while now < end {
            if refusals.admit(&broker(1), now).is_ok() {
                tried += 1;
                refusals.refused(&broker(1), &wrong_password(1), now);
            }
            now += Duration::from_secs(1);
        }
        assert_eq!(tried, 3);
        assert!(refusals.admit(&broker(1), now).is_err());
        refusals.forgive(now);
        assert_eq!(refusals.admit(&broker(1), now), Ok(()));
        refusals.refused(&broker(1), &wrong_password(1), now);
        assert!(
            refusals
                .admit(&broker(1), now + Duration::from_mins(29))
                .is_err()
        );
    }
}
