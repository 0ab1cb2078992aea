//! Who may do what: the decision of Kafka's `StandardAuthorizer`, rule by rule. Pure.

use std::collections::BTreeSet;

use crate::config::authorization::Authorization;
use crate::meta::acl::{Acls, Operation, Pattern, Permission, ResourceKind, Rule, WILDCARD};

/// Rules for this principal are for everybody.
const EVERYBODY: &str = "User:*";
/// Stands for a resource of any name, as in Kafka, which asks for it first.
const NO_NAME: &str = "hardcode";

/// Somebody who wants to do something.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// `User:NAME`.
    pub principal: &'a str,
    /// The address, as rules write it.
    pub host: &'a str,
}

/// What is to be done, and on what.
#[derive(Debug, Clone, Copy)]
pub struct Action<'a> {
    /// What.
    pub operation: Operation,
    /// On which kind of resource.
    pub kind: ResourceKind,
    /// On the one of this name.
    pub name: &'a str,
}

/// Whether somebody may do something. Who is a super user may do everything; for others a rule that denies
/// comes before every one that allows. What no rule speaks of is denied, unless the settings say otherwise.
pub fn allows(
    authorization: &Authorization,
    acls: &Acls,
    asker: Asker<'_>,
    action: Action<'_>,
) -> bool {
    if authorization.is_super(asker.principal) {
        return true;
    }
    let mut is_spoken_of = false;
    let mut is_allowed = false;
    for rule in acls.about(action.kind, action.name) {
        is_spoken_of = true;
        if !is_for(rule, asker) || !covers(rule, action.operation) {
            continue;
        }
        match rule.permission {
            Permission::Deny => return false,
            Permission::Allow => is_allowed = true,
        }
    }
    is_allowed || (!is_spoken_of && authorization.everyone_if_no_acl)
}

/// Whether somebody may do this on at least one resource of a kind, whatever its name. Only rules for this very
/// operation or for all count, and one that denies everything, or every beginning, comes first.
pub fn allows_somewhere(
    authorization: &Authorization,
    acls: &Acls,
    asker: Asker<'_>,
    (operation, kind): (Operation, ResourceKind),
) -> bool {
    let name = NO_NAME;
    let action = Action {
        operation,
        kind,
        name,
    };
    if allows(authorization, acls, asker, action) {
        return true;
    }
    let mut denied = BTreeSet::new();
    let mut allowed = Vec::new();
    for (name, rule) in acls.of_kind(kind) {
        let counts = rule.operation == operation || rule.operation == Operation::All;
        if !counts || !is_for(rule, asker) {
            continue;
        }
        match rule.permission {
            Permission::Deny if name == WILDCARD && rule.pattern == Pattern::Literal => {
                return false;
            }
            Permission::Deny => {
                denied.insert((name, rule.pattern));
            }
            Permission::Allow => allowed.push((name, rule.pattern)),
        }
    }
    let dominated = |name: &str| {
        let is_beginning = |end: usize| {
            let start = name.get(..end);
            start.is_some_and(|start| denied.contains(&(start, Pattern::Prefixed)))
        };
        (1..=name.len()).any(is_beginning)
    };
    allowed.iter().any(|(name, pattern)| {
        if *name == WILDCARD && *pattern == Pattern::Literal {
            return true;
        }
        let same = *pattern == Pattern::Literal && denied.contains(&(*name, Pattern::Literal));
        !same && !dominated(name)
    })
}

fn is_for(rule: &Rule, asker: Asker<'_>) -> bool {
    (rule.principal == asker.principal || rule.principal == EVERYBODY)
        && (rule.host == WILDCARD || rule.host == asker.host)
}

/// Whether a rule is about an operation. Who may read, write, delete or alter may look too; what is forbidden
/// is forbidden by its own name only.
fn covers(rule: &Rule, operation: Operation) -> bool {
    use Operation as Op;
    if rule.operation == operation || rule.operation == Op::All {
        return true;
    }
    rule.permission == Permission::Allow
        && match operation {
            Op::Describe => matches!(
                rule.operation,
                Op::Read | Op::Write | Op::Delete | Op::Alter
            ),
            Op::DescribeConfigs => rule.operation == Op::AlterConfigs,
            _ => false,
        }
}
