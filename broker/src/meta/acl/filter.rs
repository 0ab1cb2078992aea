//! Filters of rules, as `DescribeAcls` and `DeleteAcls` carry them. Reading one is total: a number that means nothing
//! picks no rule, and says so.

use super::{Acl, Operation, Pattern, Permission, ResourceKind, WILDCARD};

/// Kafka's number of "any" in every filter.
const ANY: i8 = 1;
/// Kafka's number of the pattern filter "whatever speaks of this name".
const MATCH: i8 = 2;

/// A part of a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum One<T> {
    /// Everything passes.
    Any,
    /// This alone passes.
    Just(T),
    /// A number that means nothing: nothing passes.
    Unknown,
}

impl<T: PartialEq> One<T> {
    fn of(number: i8, word: Option<T>) -> Self {
        match word {
            Some(word) => Self::Just(word),
            None if number == ANY => Self::Any,
            None => Self::Unknown,
        }
    }

    fn passes(&self, what: &T) -> bool {
        match self {
            Self::Any => true,
            Self::Just(word) => word == what,
            Self::Unknown => false,
        }
    }
}

/// How the filter's name is compared with that of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternFilter {
    /// The same name, however it is meant.
    Any,
    /// Every rule that speaks of a resource of this name.
    Match,
    /// The same name, meant so.
    Just(Pattern),
    /// A number that means nothing: nothing passes.
    Unknown,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// Of this kind.
    pub kind: One<ResourceKind>,
    /// Of this name; any, where there is none.
    pub name: Option<String>,
    /// How the name counts.
    pub pattern: PatternFilter,
    /// Exactly this principal.
    pub principal: Option<String>,
    /// Exactly this host.
    pub host: Option<String>,
    /// This operation.
    pub operation: One<Operation>,
    /// This permission.
    pub permission: One<Permission>,
}

impl Filter {
    /// Reads a filter's numbers: kind, pattern, operation and permission; the texts are left open.
    pub fn of([kind, pattern, operation, permission]: [i8; 4]) -> Self {
        Self {
            kind: One::of(kind, ResourceKind::of_number(kind)),
            name: None,
            pattern: match (Pattern::of_number(pattern), pattern) {
                (Some(pattern), _) => PatternFilter::Just(pattern),
                (None, ANY) => PatternFilter::Any,
                (None, MATCH) => PatternFilter::Match,
                (None, _) => PatternFilter::Unknown,
            },
            principal: None,
            host: None,
            operation: One::of(operation, Operation::of_number(operation)),
            permission: One::of(permission, Permission::of_number(permission)),
        }
    }

    /// Whether the part about resources has a number that means nothing.
    pub fn is_unknown_pattern(&self) -> bool {
        self.kind == One::Unknown || self.pattern == PatternFilter::Unknown
    }

    /// Whether the part about what is done has a number that means nothing.
    pub fn is_unknown_entry(&self) -> bool {
        self.operation == One::Unknown || self.permission == One::Unknown
    }

    /// Whether it picks a rule.
    pub fn picks(&self, acl: &Acl) -> bool {
        let is =
            |wanted: &Option<String>, text: &str| wanted.as_deref().is_none_or(|one| one == text);
        self.kind.passes(&acl.kind)
            && self.picks_name(acl)
            && is(&self.principal, &acl.principal)
            && is(&self.host, &acl.host)
            && self.operation.passes(&acl.operation)
            && self.permission.passes(&acl.permission)
    }

    fn picks_name(&self, acl: &Acl) -> bool {
        match self.pattern {
            PatternFilter::Unknown => return false,
            PatternFilter::Just(pattern) if pattern != acl.pattern => return false,
            PatternFilter::Just(_) | PatternFilter::Any | PatternFilter::Match => {}
        }
        let Some(name) = self.name.as_deref() else {
            return true;
        };
        match (self.pattern, acl.pattern) {
            (PatternFilter::Match, Pattern::Literal) => name == acl.name || acl.name == WILDCARD,
            (PatternFilter::Match, Pattern::Prefixed) => name.starts_with(&acl.name),
            _ => name == acl.name,
        }
    }
}
