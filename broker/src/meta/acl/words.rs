//! The words that rules are made of, with Kafka's numbers. What only filters may say is not among them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Defines an enum over Kafka's numbers and names.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $word:ident = $number:literal, $text:literal;)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$doc])* $word = $number,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$word,)*];

            /// The one of this number.
            pub fn of_number(number: i8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$word),)*
                    _ => None,
                }
            }

            /// Its number on the wire.
            pub fn number(self) -> i8 {
                self as i8
            }

            /// Kafka's name of it.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$word => $text,)*
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

words! {
    /// What rules are about.
    ResourceKind {
        /// Topics.
        Topic = 2, "TOPIC";
        /// Groups.
        Group = 3, "GROUP";
        /// The cluster as a whole.
        Cluster = 4, "CLUSTER";
        /// Transactional ids.
        TransactionalId = 5, "TRANSACTIONAL_ID";
        /// Delegation tokens.
        DelegationToken = 6, "DELEGATION_TOKEN";
        /// Users, in whose name tokens are made.
        User = 7, "USER";
    }
}

words! {
    /// How a rule's name is meant.
    Pattern {
        /// As it is; `*` is every name.
        Literal = 3, "LITERAL";
        /// As the beginning of names.
        Prefixed = 4, "PREFIXED";
    }
}

words! {
    /// What is done.
    Operation {
        /// Whatever there is to do.
        All = 2, "ALL";
        /// Reading.
        Read = 3, "READ";
        /// Writing.
        Write = 4, "WRITE";
        /// Creating.
        Create = 5, "CREATE";
        /// Deleting.
        Delete = 6, "DELETE";
        /// Changing.
        Alter = 7, "ALTER";
        /// Looking at.
        Describe = 8, "DESCRIBE";
        /// What nodes of the cluster do among themselves.
        ClusterAction = 9, "CLUSTER_ACTION";
        /// Looking at the configuration.
        DescribeConfigs = 10, "DESCRIBE_CONFIGS";
        /// Changing the configuration.
        AlterConfigs = 11, "ALTER_CONFIGS";
        /// Getting a producer id.
        IdempotentWrite = 12, "IDEMPOTENT_WRITE";
        /// Making tokens for somebody.
        CreateTokens = 13, "CREATE_TOKENS";
        /// Looking at somebody's tokens.
        DescribeTokens = 14, "DESCRIBE_TOKENS";
        /// Taking part in transactions that something else decides (KIP-939).
        TwoPhaseCommit = 15, "TWO_PHASE_COMMIT";
    }
}

words! {
    /// What a rule says.
    Permission {
        /// It must not be done.
        Deny = 2, "DENY";
        /// It may be done.
        Allow = 3, "ALLOW";
    }
}

impl ResourceKind {
    /// What can be done with a resource of this kind, as answers list it (KIP-430).
    pub fn operations(self) -> &'static [Operation] {
        use Operation as Op;
        match self {
            Self::Topic => &[
                Op::Read,
                Op::Write,
                Op::Create,
                Op::Delete,
                Op::Alter,
                Op::Describe,
                Op::DescribeConfigs,
                Op::AlterConfigs,
            ],
            Self::Group => &[
                Op::Read,
                Op::Delete,
                Op::Describe,
                Op::DescribeConfigs,
                Op::AlterConfigs,
            ],
            Self::Cluster => &[
                Op::Create,
                Op::Alter,
                Op::Describe,
                Op::ClusterAction,
                Op::DescribeConfigs,
                Op::AlterConfigs,
                Op::IdempotentWrite,
            ],
            Self::TransactionalId => &[Op::Write, Op::Describe, Op::TwoPhaseCommit],
            Self::DelegationToken => &[Op::Describe],
            Self::User => &[Op::CreateTokens, Op::DescribeTokens],
        }
    }
}
