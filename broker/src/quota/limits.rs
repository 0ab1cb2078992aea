//! Quotas as they are set: whose, which, how much; and which of them a client is held to (KIP-13, KIP-257).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What a quota limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Limit {
    /// `producer_byte_rate`: bytes of Produce requests per second.
    ProducerByteRate,
    /// `consumer_byte_rate`: bytes of answers to Fetch per second.
    ConsumerByteRate,
    /// `request_percentage`: time of threads, 100 being one thread.
    RequestPercentage,
    /// `controller_mutation_rate`: partitions created or deleted per second (KIP-599).
    ControllerMutationRate,
    /// `connection_creation_rate`: connections per second (KIP-612).
    ConnectionCreationRate,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::ProducerByteRate,
        Self::ConsumerByteRate,
        Self::RequestPercentage,
        Self::ControllerMutationRate,
        Self::ConnectionCreationRate,
    ];

    /// Kafka's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::ProducerByteRate => "producer_byte_rate",
            Self::ConsumerByteRate => "consumer_byte_rate",
            Self::RequestPercentage => "request_percentage",
            Self::ControllerMutationRate => "controller_mutation_rate",
            Self::ConnectionCreationRate => "connection_creation_rate",
        }
    }

    /// The limit of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|limit| limit.name() == name)
    }

    /// The largest number it takes, if it takes whole numbers only.
    fn whole_up_to(self) -> Option<f64> {
        match self {
            Self::ProducerByteRate | Self::ConsumerByteRate => Some(9_223_372_036_854_775_807.0),
            Self::ConnectionCreationRate => Some(2_147_483_647.0),
            Self::RequestPercentage | Self::ControllerMutationRate => None,
        }
    }

    /// Checks an amount; says what is wrong with it.
    pub fn check(self, value: f64) -> Result<Amount, String> {
        let name = self.name();
        if !value.is_finite() || value <= 0.0 {
            return Err(format!("{name} must be above zero, and is {value}."));
        }
        if let Some(most) = self.whole_up_to() {
            if value > most {
                return Err(format!("{name} must be at most {most}, and is {value}."));
            }
            if (value - value.round()).abs() > 1e-6 {
                return Err(format!("{name} must be a whole number, and is {value}."));
            }
        }
        Ok(Amount(value))
    }
}

/// How much is allowed: finite, above zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Amount(f64);

/// No amount is NaN.
impl Eq for Amount {}

impl Amount {
    /// As a number.
    pub fn number(self) -> f64 {
        self.0
    }
}

impl From<Amount> for String {
    fn from(amount: Amount) -> Self {
        amount.0.to_string()
    }
}

impl TryFrom<String> for Amount {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let number: Option<f64> = text.parse().ok();
        let sound = number.filter(|number| number.is_finite() && *number > 0.0);
        sound.map(Self).ok_or(format!("{text:?} is no amount"))
    }
}

/// A kind of things that have quotas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Users, by the names of their logins.
    User,
    /// Client ids, as clients choose them.
    ClientId,
    /// Addresses.
    Ip,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::User, Self::ClientId, Self::Ip];

    /// Kafka's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::ClientId => "client-id",
            Self::Ip => "ip",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Which one of a kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Name {
    /// All that have no quota of their own.
    Default,
    /// This one.
    Of(String),
}

impl Name {
    /// As requests write it: null is the default.
    pub fn of(name: Option<String>) -> Self {
        name.map_or(Self::Default, Self::Of)
    }

    /// As answers write it.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Default => None,
            Self::Of(name) => Some(name),
        }
    }
}

/// Whose quota it is: a user, a client id, both together, or an address.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entity {
    /// The user, if it is about one.
    pub user: Option<Name>,
    /// The client id, if it is about one.
    pub client_id: Option<Name>,
    /// The address, if it is about one.
    pub ip: Option<Name>,
}

impl Entity {
    /// Its name of a kind, if it has one.
    pub fn name(&self, kind: Kind) -> Option<&Name> {
        match kind {
            Kind::User => self.user.as_ref(),
            Kind::ClientId => self.client_id.as_ref(),
            Kind::Ip => self.ip.as_ref(),
        }
    }

    /// Gives it a name of a kind; tells the one that it had.
    pub fn set(&mut self, kind: Kind, name: Name) -> Option<Name> {
        match kind {
            Kind::User => self.user.replace(name),
            Kind::ClientId => self.client_id.replace(name),
            Kind::Ip => self.ip.replace(name),
        }
    }

    /// Its names with their kinds.
    pub fn names(&self) -> impl Iterator<Item = (Kind, &Name)> {
        Kind::ALL
            .into_iter()
            .filter_map(|kind| Some((kind, self.name(kind)?)))
    }

    /// Whether it may have such a quota.
    pub fn takes(&self, limit: Limit) -> bool {
        self.ip.is_some() == (limit == Limit::ConnectionCreationRate)
    }
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (kind, name)) in self.names().enumerate() {
            let separator = if at == 0 { "" } else { ", " };
            let name = name.text().unwrap_or("<default>");
            write!(f, "{separator}{} {name}", kind.name())?;
        }
        Ok(())
    }
}

/// A quota that a client is held to.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Per second.
    pub amount: f64,
    /// Who is measured together: the user, the client id, or both. Never a default.
    pub together: Entity,
}

/// Every quota that is set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits(BTreeMap<Entity, BTreeMap<Limit, Amount>>);

impl Limits {
    /// Sets or removes one; `None` where there was nothing to remove.
    pub fn set(&mut self, entity: &Entity, limit: Limit, amount: Option<Amount>) -> Option<()> {
        if let Some(amount) = amount {
            let own = self.0.entry(entity.clone()).or_default();
            own.insert(limit, amount);
            return Some(());
        }
        let own = self.0.get_mut(entity)?;
        own.remove(&limit)?;
        if own.is_empty() {
            self.0.remove(entity);
        }
        Some(())
    }

    /// One that is set.
    pub fn get(&self, entity: &Entity, limit: Limit) -> Option<f64> {
        let amount = self.0.get(entity)?.get(&limit)?;
        Some(amount.number())
    }

    /// All of them, by whom they are for.
    pub fn iter(&self) -> impl Iterator<Item = (&Entity, &BTreeMap<Limit, Amount>)> {
        self.0.iter()
    }

    /// The quota of a client, by its user and its client id. The closest counts, alone: user and client
    /// id, user and any client id, user; the same of any user; client id, any client id.
    pub fn of_client(&self, limit: Limit, user: &str, client_id: &str) -> Option<Held> {
        if self.0.is_empty() {
            return None;
        }
        let own = |name: &str| Some(Name::Of(name.to_owned()));
        let any = Some(Name::Default);
        let users = [own(user), any.clone(), None];
        let ids = [own(client_id), any, None];
        let mut pairs = users
            .iter()
            .flat_map(|user| ids.iter().map(move |id| (user, id)));
        pairs.find_map(|(by_user, by_id)| {
            let entity = Entity {
                user: by_user.clone(),
                client_id: by_id.clone(),
                ip: None,
            };
            Some(Held {
                amount: self.get(&entity, limit)?,
                together: Entity {
                    user: by_user.as_ref().and_then(|_| own(user)),
                    client_id: by_id.as_ref().and_then(|_| own(client_id)),
                    ip: None,
                },
            })
        })
    }

    /// Connections per second of an address, by its own quota or that of any address.
    pub fn of_address(&self, address: &str) -> Option<f64> {
        if self.0.is_empty() {
            return None;
        }
        let names = [Name::Of(address.to_owned()), Name::Default];
        names.into_iter().find_map(|name| {
            let entity = Entity {
                ip: Some(name),
                ..Entity::default()
            };
            self.get(&entity, Limit::ConnectionCreationRate)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(user: Option<&str>, client_id: Option<&str>) -> Entity {
        // A star is the default.
        let name = |name: &str| match name {
            "*" => Name::Default,
            name => Name::Of(name.to_owned()),
        };
        Entity {
            user: user.map(name),
            client_id: client_id.map(name),
            ip: None,
        }
    }

    #[test]
    fn the_closest_of_eight_levels_counts_and_says_who_is_measured_together() {
        let (both, user, id) = (
            entity(Some("u"), Some("c")),
            entity(Some("u"), None),
            entity(None, Some("c")),
        );
        let levels = [
            (entity(Some("u"), Some("c")), &both),
            (entity(Some("u"), Some("*")), &both),
            (entity(Some("u"), None), &user),
            (entity(Some("*"), Some("c")), &both),
            (entity(Some("*"), Some("*")), &both),
            (entity(Some("*"), None), &user),
            (entity(None, Some("c")), &id),
            (entity(None, Some("*")), &id),
        ];
        let limit = Limit::ProducerByteRate;
        let mut limits = Limits::default();
        let mut amount = 1.0;
        // From the farthest to the closest: each one takes over.
        for (level, together) in levels.iter().rev() {
            let set = limits.set(level, limit, limit.check(amount).ok());
            assert!(set.is_some());
            let held = limits.of_client(limit, "u", "c").unwrap();
            assert_eq!(
                held,
                Held {
                    amount,
                    together: (*together).clone()
                },
                "{level}"
            );
            amount += 1.0;
        }
        assert_eq!(limits.of_client(Limit::ConsumerByteRate, "u", "c"), None);
        let other = limits.of_client(limit, "v", "d").unwrap();
        assert!((other.amount - 4.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_removed_is_gone_and_cannot_be_removed_again() {
        let (limit, who) = (Limit::RequestPercentage, entity(Some("u"), None));
        let mut limits = Limits::default();
        limits.set(&who, limit, limit.check(12.5).ok());
        assert_eq!(limits.get(&who, limit), Some(12.5));
        assert_eq!(limits.set(&who, limit, None), Some(()));
        assert_eq!(limits.set(&who, limit, None), None);
        assert_eq!(limits, Limits::default());
    }

    #[test]
    fn amounts_are_above_zero_and_whole_where_they_count_bytes_or_connections() {
        assert!(Limit::ProducerByteRate.check(1_024.0).is_ok());
        assert!(Limit::RequestPercentage.check(0.5).is_ok());
        for (limit, value) in [
            (Limit::ProducerByteRate, 0.0),
            (Limit::ConsumerByteRate, -1.0),
            (Limit::ConsumerByteRate, 1.5),
            (Limit::ConsumerByteRate, 1e19),
            (Limit::ConnectionCreationRate, 2_147_483_648.0),
            (Limit::RequestPercentage, f64::NAN),
            (Limit::ControllerMutationRate, f64::INFINITY),
        ] {
            let why = limit.check(value).unwrap_err();
            assert!(why.starts_with(limit.name()), "{why}");
        }
    }

    #[test]
    fn an_amount_comes_back_from_its_text() {
        for number in [0.1, 1.0 / 3.0, 1e300, 12_345_678_901.0] {
            let text = String::from(Amount(number));
            assert_eq!(Amount::try_from(text), Ok(Amount(number)));
        }
        assert!(Amount::try_from("NaN".to_owned()).is_err());
    }

    #[test]
    fn an_address_has_its_own_quota_or_that_of_any() {
        let limit = Limit::ConnectionCreationRate;
        let mut limits = Limits::default();
        let mut set = |name, amount| {
            let ip = Some(name);
            let entity = Entity {
                ip,
                ..Entity::default()
            };
            limits.set(&entity, limit, limit.check(amount).ok());
        };
        set(Name::Default, 5.0);
        set(Name::Of("127.0.0.1".to_owned()), 2.0);
        assert_eq!(limits.of_address("127.0.0.1"), Some(2.0));
        assert_eq!(limits.of_address("127.0.0.2"), Some(5.0));
    }
}
