//! Access rules (ACLs): what they say, the set of them that the image holds, and which of them a filter picks.
//! Data and pure functions: who may do what is decided in [`crate::auth::authorizer`].

mod filter;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use filter::{Filter, PatternFilter};
pub use words::{Operation, Pattern, Permission, ResourceKind};

/// What stands for every resource, every host and, behind `User:`, everybody.
pub const WILDCARD: &str = "*";
/// The name of the one resource of kind [`ResourceKind::Cluster`].
pub const CLUSTER: &str = "kafka-cluster";

/// One access rule: who may, or must not, do what on which resources from where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Acl {
    /// The resources' kind.
    pub kind: ResourceKind,
    /// Their name or how it begins; `*` as a literal name is every one.
    pub name: String,
    /// How the name is meant.
    pub pattern: Pattern,
    /// `User:NAME`; `User:*` is everybody.
    pub principal: String,
    /// An address, or `*`.
    pub host: String,
    /// What is done.
    pub operation: Operation,
    /// May or must not.
    pub permission: Permission,
}

/// What a rule says of the resources that it is kept under.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// How the name is meant.
    pub pattern: Pattern,
    /// `User:NAME`; `User:*` is everybody.
    pub principal: String,
    /// An address, or `*`.
    pub host: String,
    /// What is done.
    pub operation: Operation,
    /// May or must not.
    pub permission: Permission,
}

impl Rule {
    fn of(acl: &Acl) -> Self {
        Self {
            pattern: acl.pattern,
            principal: acl.principal.clone(),
            host: acl.host.clone(),
            operation: acl.operation,
            permission: acl.permission,
        }
    }

    fn at(&self, kind: ResourceKind, name: &str) -> Acl {
        Acl {
            kind,
            name: name.to_owned(),
            pattern: self.pattern,
            principal: self.principal.clone(),
            host: self.host.clone(),
            operation: self.operation,
            permission: self.permission,
        }
    }
}

type ByName = BTreeMap<String, Arc<BTreeSet<Rule>>>;

/// All rules, by the kind and name of their resources.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acls(BTreeMap<ResourceKind, ByName>);

impl Acls {
    /// Adds a rule; `None` where it is there already.
    pub fn add(&mut self, acl: &Acl) -> Option<()> {
        let names = self.0.entry(acl.kind).or_default();
        let rules = names.entry(acl.name.clone()).or_default();
        Arc::make_mut(rules).insert(Rule::of(acl)).then_some(())
    }

    /// Removes a rule; `None` where it is not there.
    pub fn remove(&mut self, acl: &Acl) -> Option<()> {
        let names = self.0.get_mut(&acl.kind)?;
        let rules = names.get_mut(&acl.name)?;
        let is_gone = Arc::make_mut(rules).remove(&Rule::of(acl));
        if rules.is_empty() {
            names.remove(&acl.name);
        }
        if names.is_empty() {
            self.0.remove(&acl.kind);
        }
        is_gone.then_some(())
    }

    /// Whether a rule is there.
    pub fn contains(&self, acl: &Acl) -> bool {
        let rules = self.0.get(&acl.kind).and_then(|names| names.get(&acl.name));
        rules.is_some_and(|rules| rules.contains(&Rule::of(acl)))
    }

    /// Every rule, in the order of kinds and names.
    pub fn iter(&self) -> impl Iterator<Item = Acl> {
        self.0.iter().flat_map(|(kind, names)| {
            let of_name = |(name, rules): (&'_ String, &'_ Arc<BTreeSet<Rule>>)| {
                let all: Vec<Acl> = rules.iter().map(|rule| rule.at(*kind, name)).collect();
                all
            };
            names.iter().flat_map(of_name)
        })
    }

    /// The rules that a filter picks, in the order of kinds and names.
    pub fn picked<'a>(&'a self, filter: &'a Filter) -> impl Iterator<Item = Acl> + 'a {
        self.iter().filter(move |acl| filter.picks(acl))
    }

    /// The rules that speak of one resource: those of its name, of every beginning of it, and of all of its
    /// kind. A walk down the names that sort before it, which leaps over those that begin otherwise.
    pub fn about<'a>(
        &'a self,
        kind: ResourceKind,
        name: &'a str,
    ) -> impl Iterator<Item = &'a Rule> {
        let names = self.0.get(&kind);
        let everything = names.and_then(|names| names.get(WILDCARD));
        let everything = everything.filter(|_| name != WILDCARD).into_iter();
        let literal = |rule: &&Rule| rule.pattern == Pattern::Literal;
        let begun = names.into_iter().flat_map(move |names| Beginnings {
            names,
            of: name,
            upto: Some(name),
        });
        begun
            .flat_map(move |(known, rules)| {
                let whole = known == name;
                let rules = rules.iter();
                rules.filter(move |rule| whole || rule.pattern == Pattern::Prefixed)
            })
            .chain(everything.flat_map(move |rules| rules.iter().filter(literal)))
    }

    /// The rules of one kind with the names that they are kept under.
    pub fn of_kind(&self, kind: ResourceKind) -> impl Iterator<Item = (&str, &Rule)> {
        let names = self.0.get(&kind).into_iter().flatten();
        names.flat_map(|(name, rules)| rules.iter().map(|rule| (name.as_str(), rule)))
    }
}

/// The known names that a name begins with, longest first.
struct Beginnings<'a> {
    names: &'a ByName,
    of: &'a str,
    /// Where to look on, downwards; nowhere any more without it.
    upto: Option<&'a str>,
}

impl<'a> Iterator for Beginnings<'a> {
    type Item = (&'a str, &'a BTreeSet<Rule>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let upto = self.upto?;
            let below = (Bound::Unbounded, Bound::Included(upto));
            let (known, rules) = self.names.range::<str, _>(below).next_back()?;
            let same = common(known, self.of);
            if same == known.len() {
                self.upto = shorter(self.of, same);
                return Some((known, rules));
            }
            // Whatever the name begins with and is below `known` is no longer than what both have in common.
            self.upto = self.of.get(..same);
        }
    }
}

/// How many bytes two texts begin with alike, in whole letters.
fn common(one: &str, other: &str) -> usize {
    let letters = one.chars().zip(other.chars());
    let alike = letters.take_while(|(one, other)| one == other);
    alike.map(|(letter, _)| letter.len_utf8()).sum()
}

/// The beginning of a text one letter shorter than `length`; `None` below the empty one.
fn shorter(text: &str, length: usize) -> Option<&str> {
    let (last, _) = text.get(..length)?.char_indices().next_back()?;
    text.get(..last)
}
