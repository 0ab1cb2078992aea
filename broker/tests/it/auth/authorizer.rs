//! The decision of the authorizer, against its definition told rule by rule over all of them.

use broker::auth::authorizer::{Action, Asker, allows, allows_somewhere};
use broker::config::authorization::{Authorization, STANDARD};
use broker::meta::acl::{Acl, Acls, Filter, Operation, Pattern, Permission, ResourceKind};
use proptest::prelude::*;

const TOPIC: ResourceKind = ResourceKind::Topic;

fn authorization(everyone: bool) -> Authorization {
    let read = Authorization::read(STANDARD, "User:root", everyone);
    read.unwrap().unwrap()
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![6 => "[aé]{1,4}", 1 => Just("*".to_owned())]
}

fn acl() -> impl Strategy<Value = Acl> {
    let operations = [
        Operation::All,
        Operation::Read,
        Operation::Write,
        Operation::Describe,
        Operation::AlterConfigs,
        Operation::DescribeConfigs,
    ];
    (
        prop::sample::select(&[TOPIC, ResourceKind::Group][..]),
        name(),
        prop::sample::select(Pattern::ALL),
        prop::sample::select(vec!["User:alice", "User:bob", "User:*"]),
        prop::sample::select(vec!["*", "10.0.0.1", "10.0.0.2"]),
        prop::sample::select(operations.to_vec()),
        prop_oneof![4 => Just(Permission::Allow), 1 => Just(Permission::Deny)],
    )
        .prop_map(
            |(kind, name, pattern, principal, host, operation, permission)| Acl {
                kind,
                name,
                pattern,
                principal: principal.to_owned(),
                host: host.to_owned(),
                operation,
                permission,
            },
        )
}

fn set_of(all: &[Acl]) -> Acls {
    let mut acls = Acls::default();
    for acl in all {
        let _twice = acls.add(acl);
    }
    acls
}

/// The definition.
fn by_definition(all: &[Acl], everyone: bool, asker: Asker<'_>, action: Action<'_>) -> bool {
    let speaks = |acl: &&Acl| {
        let name = match acl.pattern {
            Pattern::Literal => acl.name == action.name || acl.name == "*",
            Pattern::Prefixed => action.name.starts_with(&acl.name),
        };
        acl.kind == action.kind && name
    };
    let counts = |acl: &&Acl| {
        let implied = match action.operation {
            Operation::Describe => vec![Operation::Read, Operation::Write],
            Operation::DescribeConfigs => vec![Operation::AlterConfigs],
            _ => vec![],
        };
        let implied = acl.permission == Permission::Allow && implied.contains(&acl.operation);
        let operation = [action.operation, Operation::All].contains(&acl.operation) || implied;
        ["User:*", asker.principal].contains(&&*acl.principal)
            && ["*", asker.host].contains(&&*acl.host)
            && operation
    };
    let spoken: Vec<&Acl> = all.iter().filter(speaks).collect();
    let mut counting = spoken.iter().copied().filter(counts).peekable();
    if spoken.is_empty() {
        return everyone;
    }
    let any = counting.peek().is_some();
    any && counting.all(|acl| acl.permission == Permission::Allow)
}

const OPERATIONS: [Operation; 5] = [
    Operation::Read,
    Operation::Write,
    Operation::Describe,
    Operation::AlterConfigs,
    Operation::DescribeConfigs,
];

proptest! {
    #[test]
    fn decisions_follow_the_definition(
        all in prop::collection::vec(acl(), 0..12),
        asked in name(),
        everyone in any::<bool>(),
    ) {
        let (acls, rules) = (set_of(&all), authorization(everyone));
        for operation in OPERATIONS {
            for (principal, host) in [("User:alice", "10.0.0.1"), ("User:bob", "10.0.0.3")] {
                let asker = Asker { principal, host };
                let action = Action { operation, kind: TOPIC, name: &asked };
                let wanted = by_definition(&all, everyone, asker, action);
                prop_assert_eq!(allows(&rules, &acls, asker, action), wanted, "{:?} {:?}", action, all);
            }
        }
        let root = Asker { principal: "User:root", host: "10.0.0.9" };
        let action = Action { operation: Operation::Write, kind: TOPIC, name: &asked };
        prop_assert!(allows(&rules, &acls, root, action));
    }

    /// Who may write to some topic is let in where any topic will do: nobody less, and by literal rules nobody more.
    #[test]
    fn who_may_somewhere_may_do_it_to_one_at_least(
        all in prop::collection::vec(acl(), 0..12),
        names in prop::collection::vec("[aé]{1,5}", 1..8),
    ) {
        let (acls, rules) = (set_of(&all), authorization(false));
        let asker = Asker { principal: "User:alice", host: "10.0.0.1" };
        let operation = Operation::Write;
        let may = |name: &str| allows(&rules, &acls, asker, Action { operation, kind: TOPIC, name });
        let somewhere = allows_somewhere(&rules, &acls, asker, (operation, TOPIC));
        // Kafka looks at whole patterns: a literal denial inside an allowed beginning changes nothing, and one of
        // everything denies.
        let everything_denied = all.iter().any(|acl| {
            acl.kind == TOPIC && acl.name == "*" && acl.permission == Permission::Deny
        });
        if !everything_denied && names.iter().any(|name| may(name)) {
            prop_assert!(somewhere, "{:?}", all);
        }
        let literal: Vec<&Acl> = all.iter().filter(|acl| acl.pattern == Pattern::Literal).collect();
        if literal.len() == all.len() && somewhere {
            let named = all.iter().map(|acl| acl.name.as_str()).filter(|name| *name != "*");
            prop_assert!(named.chain(["hardcode"]).any(may), "{:?}", all);
        }
    }

    #[test]
    fn rules_come_once_and_go_whole(all in prop::collection::vec(acl(), 0..30)) {
        let mut acls = Acls::default();
        for acl in &all {
            let was = acls.contains(acl);
            prop_assert_eq!(acls.add(acl).is_some(), !was);
        }
        let told: Vec<Acl> = acls.iter().collect();
        prop_assert!(told.iter().all(|acl| all.contains(acl)));
        for acl in &told {
            prop_assert!(acls.remove(acl).is_some());
            prop_assert!(acls.remove(acl).is_none());
        }
        prop_assert_eq!(acls, Acls::default());
    }

    /// What a MATCH filter picks of a name are the rules that speak of it.
    #[test]
    fn a_match_filter_picks_what_speaks_of_a_name(
        all in prop::collection::vec(acl(), 0..20),
        asked in "[aé]{1,4}",
    ) {
        let acls = set_of(&all);
        let filter = Filter { name: Some(asked.clone()), ..Filter::of([2, 2, 1, 1]) };
        let picked = acls.picked(&filter).count();
        prop_assert_eq!(picked, acls.about(TOPIC, &asked).count());
    }
}

fn rule(name: &str, pattern: Pattern, operation: Operation, permission: Permission) -> Acl {
    Acl {
        kind: TOPIC,
        name: name.to_owned(),
        pattern,
        principal: "User:alice".to_owned(),
        host: "*".to_owned(),
        operation,
        permission,
    }
}

#[test]
fn a_denial_comes_before_what_is_allowed_and_forbids_no_more_than_it_names() {
    let allow = rule("pay", Pattern::Prefixed, Operation::Read, Permission::Allow);
    let deny = rule(
        "payroll",
        Pattern::Literal,
        Operation::Read,
        Permission::Deny,
    );
    let acls = set_of(&[allow, deny]);
    let rules = authorization(false);
    let may = |operation, name| {
        let asker = Asker {
            principal: "User:alice",
            host: "127.0.0.1",
        };
        let action = Action {
            operation,
            kind: TOPIC,
            name,
        };
        allows(&rules, &acls, asker, action)
    };
    assert!(may(Operation::Read, "payments") && may(Operation::Describe, "payments"));
    assert!(!may(Operation::Read, "payroll"));
    assert!(may(Operation::Describe, "payroll"), "reading implies it");
    assert!(!may(Operation::Write, "payments") && !may(Operation::Read, "orders"));
}
