//! What the one who asks may do, as an API sees it: the rules of [`super::needs`] held against the metadata.
//! Decides nothing itself, and writes denials into the log.

use std::net::IpAddr;
use std::sync::Arc;

use super::forward::Failure;
use super::{Broker, Caller, Ctx};
use crate::auth::authorizer::{self, Action, Asker};
use crate::config::NodeConfig;
use crate::meta::acl::{Acls, CLUSTER, Operation, ResourceKind};
use crate::wire::error_code::ErrorCode;

/// Something that one must be permitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// What is done.
    pub operation: Operation,
    /// On which kind of resource.
    pub kind: ResourceKind,
    /// Where in a request it is asked for, as the documentation says it.
    pub what: &'static str,
}

impl Need {
    /// What is told to those who may not.
    pub fn error(&self) -> ErrorCode {
        match self.kind {
            ResourceKind::Topic => ErrorCode::TOPIC_AUTHORIZATION_FAILED,
            ResourceKind::Group => ErrorCode::GROUP_AUTHORIZATION_FAILED,
            ResourceKind::TransactionalId => ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
            ResourceKind::DelegationToken => ErrorCode::DELEGATION_TOKEN_AUTHORIZATION_FAILED,
            ResourceKind::Cluster | ResourceKind::User => ErrorCode::CLUSTER_AUTHORIZATION_FAILED,
        }
    }

    /// The same in words, as Kafka says it.
    pub fn message(&self) -> &'static str {
        match self.kind {
            ResourceKind::Topic => "Topic authorization failed.",
            ResourceKind::Group => "Group authorization failed.",
            ResourceKind::TransactionalId => "Transactional Id authorization failed.",
            ResourceKind::DelegationToken => "Delegation Token authorization failed.",
            ResourceKind::Cluster | ResourceKind::User => "Cluster authorization failed.",
        }
    }
}

/// What somebody may do. Without an authorizer, and by default, everything.
#[derive(Debug, Clone, Default)]
pub struct Rights(Option<Limits>);

#[derive(Debug, Clone)]
struct Limits {
    config: Arc<NodeConfig>,
    acls: Arc<Acls>,
    /// While no metadata is known here, super users alone may do anything.
    is_known: bool,
    principal: Arc<str>,
    host: Arc<str>,
}

impl Rights {
    /// Those of somebody whom nobody asks for permission.
    pub const fn everything() -> Self {
        Self(None)
    }

    /// The rights of one who asks, by the rules as they are known now.
    pub fn of(broker: &Broker, caller: &Caller) -> Self {
        if broker.config.authorization.is_none() {
            return Self(None);
        }
        let image = broker.image();
        Self(Some(Limits {
            config: Arc::clone(&broker.config),
            acls: Arc::clone(&image.acls),
            is_known: image.offset >= 0,
            principal: caller.principal(),
            host: written(&caller.host),
        }))
    }

    /// Whether anybody is asked for permission.
    pub fn are_limited(&self) -> bool {
        self.0.is_some()
    }

    /// Whether it may be done with the resource of this name. Says nothing in the log: for choosing what is shown.
    pub fn may(&self, need: &Need, name: &str) -> bool {
        self.allow(need.operation, need.kind, name)
    }

    /// The same of the cluster.
    pub fn may_cluster(&self, need: &Need) -> bool {
        self.may(need, CLUSTER)
    }

    /// The same of any one resource.
    pub fn may_somewhere(&self, need: &Need) -> bool {
        let Some((limits, asker)) = self.0.as_ref().map(|limits| (limits, limits.asker())) else {
            return true;
        };
        let wanted = (need.operation, need.kind);
        limits.config.authorization.as_ref().is_none_or(|rules| {
            rules.is_super(asker.principal)
                || limits.is_known
                    && authorizer::allows_somewhere(rules, &limits.acls, asker, wanted)
        })
    }

    /// What was explicitly asked for: a denial is written into the log, and is the error.
    pub fn check(&self, need: &Need, name: &str) -> Result<(), ErrorCode> {
        if self.may(need, name) {
            return Ok(());
        }
        if let Some(limits) = &self.0 {
            log::info!(
                "{} at {} is denied {} on {} {name}",
                limits.principal,
                limits.host,
                need.operation,
                need.kind
            );
        }
        Err(need.error())
    }

    /// The same of the cluster.
    pub fn check_cluster(&self, need: &Need) -> Result<(), Failure> {
        self.check(need, CLUSTER).map_err(|code| Failure {
            code,
            message: need.message().to_owned(),
        })
    }

    /// What may be done with a resource, one bit an operation (KIP-430).
    pub fn operations(&self, kind: ResourceKind, name: &str) -> i32 {
        let all = kind.operations().iter();
        let allowed = all.filter(|operation| self.allow(**operation, kind, name));
        allowed.fold(0, |bits, operation| bits | 1 << operation.number())
    }

    fn allow(&self, operation: Operation, kind: ResourceKind, name: &str) -> bool {
        let Some(limits) = &self.0 else {
            return true;
        };
        let asker = limits.asker();
        let action = Action {
            operation,
            kind,
            name,
        };
        limits.config.authorization.as_ref().is_none_or(|rules| {
            rules.is_super(asker.principal)
                || limits.is_known && authorizer::allows(rules, &limits.acls, asker, action)
        })
    }
}

impl Limits {
    fn asker(&self) -> Asker<'_> {
        Asker {
            principal: &self.principal,
            host: &self.host,
        }
    }
}

impl Ctx {
    /// What the one who asks may do.
    pub fn rights(&self) -> Rights {
        Rights::of(&self.broker, &self.caller)
    }
}

/// A host as rules write it, as Java does: without the slash, IPv6 in eight parts.
fn written(host: &str) -> Arc<str> {
    let bare = host.strip_prefix('/').unwrap_or(host);
    match bare.parse() {
        Ok(IpAddr::V6(address)) => {
            let parts = address.segments().map(|part| format!("{part:x}"));
            Arc::from(parts.join(":"))
        }
        _ => Arc::from(bare),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_written_as_java_writes_them() {
        assert_eq!(&*written("/127.0.0.1"), "127.0.0.1");
        assert_eq!(&*written("/::1"), "0:0:0:0:0:0:0:1");
        assert_eq!(&*written("/fe80::a0b:1"), "fe80:0:0:0:0:0:a0b:1");
    }

    #[test]
    fn without_an_authorizer_everything_is_listed_as_allowed() {
        let bits = |kind| Rights::default().operations(kind, "any");
        assert_eq!(bits(ResourceKind::Topic), 0b1101_1111_1000);
        assert_eq!(bits(ResourceKind::Group), 0b1101_0100_1000);
        assert_eq!(bits(ResourceKind::Cluster), 0b1_1111_1010_0000);
    }
}
