//! Which rule is for a target, and what it makes of its address. Pure.

use crate::cluster::dialer::Target;
use crate::cluster::error::{DialError, printable};
use crate::config::route::{Add, From, Route, Rule, To};
use crate::model::{BrokerId, Endpoint, Rung};

/// What is dialled for a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan<'r> {
    /// The addresses to try, in their order.
    pub to: Vec<Endpoint>,
    /// The rule that says so; none: as advertised.
    pub rule: Option<&'r Rule>,
    /// Whether the rule leads several brokers there.
    pub shared: bool,
}

impl Plan<'_> {
    /// An error with what led to it.
    pub(super) fn explain(&self, target: &Target, error: DialError) -> DialError {
        let Some(rule) = self.rule else {
            return error;
        };
        DialError {
            text: printable(&format!(
                "{} (dialled for {} by the rule `{}`)",
                error.text,
                target.name(),
                rule.text
            )),
            ..error
        }
    }
}

/// The first rule that matches. A rule that counts from an id passes over addresses whose broker is not known, and
/// `bootstrap` over the addresses that the operator named.
pub fn plan<'r>(
    route: &'r Route,
    target: &Target,
    bootstrap: &[Endpoint],
) -> Result<Plan<'r>, DialError> {
    for rule in &route.rules {
        if !matches(&rule.from, &target.endpoint, target.id) {
            continue;
        }
        let to = match &rule.to {
            To::Address(endpoint) => vec![endpoint.clone()],
            To::Bootstrap if target.id.is_none() => continue,
            To::Bootstrap => detours(route, bootstrap)?,
            To::Sum { host, base, add } => match (add, target.id) {
                (Add::Id, None) => continue,
                (Add::Id, Some(id)) => vec![counted(rule, host, *base, id.0.into(), target)?],
                (Add::Port, _) => {
                    let port = target.endpoint.port.into();
                    vec![counted(rule, host, *base, port, target)?]
                }
            },
        };
        return Ok(Plan {
            to,
            rule: Some(rule),
            shared: rule.is_shared(),
        });
    }
    Ok(Plan {
        to: vec![target.endpoint.clone()],
        rule: None,
        shared: false,
    })
}

/// The bootstrap addresses, each as its own rule leads it.
fn detours(route: &Route, bootstrap: &[Endpoint]) -> Result<Vec<Endpoint>, DialError> {
    let mut to = Vec::new();
    for endpoint in bootstrap {
        let named = Target {
            endpoint: endpoint.clone(),
            id: None,
        };
        to.extend(plan(route, &named, &[])?.to);
    }
    Ok(to)
}

fn counted(
    rule: &Rule,
    host: &str,
    base: i64,
    add: i64,
    target: &Target,
) -> Result<Endpoint, DialError> {
    let sum = base.saturating_add(add);
    let port = u16::try_from(sum).ok().filter(|port| *port > 0);
    let port = port.ok_or_else(|| {
        let text = format!(
            "{}: the rule `{}` makes its port {sum}, which is none; correct the rule",
            target.name(),
            rule.text
        );
        DialError::silence(Rung::Route, &text)
    })?;
    Ok(Endpoint {
        host: host.into(),
        port,
    })
}

/// A rule to `bootstrap` where no bootstrap address is known.
pub(super) fn nowhere(target: &Target) -> DialError {
    let text = format!(
        "{}: its rule leads to bootstrap, and no bootstrap address is named; name one with -b",
        target.name()
    );
    DialError::silence(Rung::Route, &text)
}

fn matches(from: &From, advertised: &Endpoint, id: Option<BrokerId>) -> bool {
    match from {
        From::Any => true,
        From::Node(node) => id == Some(BrokerId(*node)),
        From::Address { host, port } => {
            port.is_none_or(|port| port == advertised.port) && fits(host, &advertised.host)
        }
    }
}

/// Whether a host fits a pattern, in which `*` stands for any run of characters. Names know no case.
fn fits(pattern: &str, host: &str) -> bool {
    let (pattern, host) = (pattern.to_lowercase(), host.to_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = host.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        // The earliest place leaves the most for what follows.
        let Some(place) = rest.find(part) else {
            return false;
        };
        rest = rest.get(place + part.len()..).unwrap_or_default();
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn route(rules: &str) -> Route {
        Route {
            rules: crate::config::route::rules(rules).expect("rules"),
            ..Route::default()
        }
    }

    fn endpoint(host: &str, port: u16) -> Endpoint {
        Endpoint {
            host: host.into(),
            port,
        }
    }

    fn dialled(rules: &str, host: &str, port: u16, id: Option<i32>) -> Vec<String> {
        let target = Target {
            endpoint: endpoint(host, port),
            id: id.map(BrokerId),
        };
        let bootstrap = [endpoint("127.0.0.1", 9092), endpoint("::1", 9093)];
        match plan(&route(rules), &target, &bootstrap) {
            Ok(plan) => plan.to.iter().map(ToString::to_string).collect(),
            Err(error) => vec![error.text.to_string()],
        }
    }

    #[test]
    fn the_first_rule_that_matches_wins() {
        let rules = "a.internal:9092 -> x:1, node 3 -> y:2, *.internal:9092 -> z:{9000+id}, *:9093 -> w:{port+10000}";
        assert_eq!(dialled(rules, "A.Internal", 9092, Some(3)), ["x:1"]);
        assert_eq!(dialled(rules, "b.internal", 9092, Some(3)), ["y:2"]);
        assert_eq!(dialled(rules, "b.internal", 9092, Some(4)), ["z:9004"]);
        assert_eq!(dialled(rules, "b.internal", 9093, Some(4)), ["w:19093"]);
        assert_eq!(dialled(rules, "c.other", 9094, Some(4)), ["c.other:9094"]);
    }

    #[test]
    fn a_rule_that_counts_from_an_id_passes_over_an_address_whose_broker_is_not_known() {
        let rules = "*.internal:* -> z:{9000+id}, *.internal:* -> z:7";
        assert_eq!(dialled(rules, "a.internal", 1, None), ["z:7"]);
    }

    #[test]
    fn everything_can_lead_to_the_bootstrap_addresses_but_they_themselves() {
        let rules = "127.0.0.1:9092 -> 127.0.0.1:19092, * -> bootstrap";
        assert_eq!(
            dialled(rules, "a", 1, Some(1)),
            ["127.0.0.1:19092", "[::1]:9093"]
        );
        assert_eq!(dialled(rules, "::1", 9093, None), ["[::1]:9093"]);
    }

    #[test]
    fn a_port_that_is_none_is_said_with_its_rule() {
        let said = dialled("node 2 -> x:{65534+id}", "a", 1, Some(2));
        assert!(
            said[0].starts_with(
                "broker 2 (a:1): the rule `node 2 -> x:{65534+id}` makes its port 65536"
            ),
            "{said:?}"
        );
        assert!(dialled("* -> x:{port-9}", "a", 9, None)[0].contains("port 0, which is none"));
    }

    #[test]
    fn rules_that_lead_several_brokers_to_one_place_are_known() {
        let shared = |text: &str| text.parse::<Rule>().expect(text).is_shared();
        for text in [
            "* -> bootstrap",
            "*.a:1 -> b:2",
            "a:* -> b:2",
            "node 1 -> bootstrap",
        ] {
            assert!(shared(text), "{text}");
        }
        for text in ["a:1 -> b:2", "node 1 -> b:2", "* -> b:{9000+id}"] {
            assert!(!shared(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_pattern_fits_what_its_stars_are_filled_with(
            parts in proptest::collection::vec("[ab.]{0,3}", 1..5),
            fills in proptest::collection::vec("[ab.]{0,3}", 4),
        ) {
            let pattern = parts.join("*");
            let mut host = String::new();
            for (place, part) in parts.iter().enumerate() {
                host.push_str(part);
                if place + 1 < parts.len() {
                    host.push_str(&fills[place]);
                }
            }
            prop_assert!(fits(&pattern, &host), "{pattern} {host}");
        }

        #[test]
        fn a_pattern_fits_only_what_begins_and_ends_like_it(pattern in "[ab]{0,2}\\*?[ab]{0,2}", host in "[ab]{0,5}") {
            let wanted = match pattern.split_once('*') {
                None => pattern == host,
                Some((head, tail)) => {
                    host.len() >= pattern.len() - 1 && host.starts_with(head) && host.ends_with(tail)
                }
            };
            prop_assert_eq!(fits(&pattern, &host), wanted);
        }
    }
}
