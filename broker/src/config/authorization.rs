//! `authorizer.class.name` and what it goes by: whether anybody is asked for permission, and who never is.

use std::collections::BTreeSet;

use super::keys::BadSetting;

/// The key that turns it on.
pub(super) const CLASS: &str = "authorizer.class.name";
/// The key of those who may do everything.
pub(super) const SUPER_USERS: &str = "super.users";
/// The key of what may be done with resources that no rule speaks of.
pub(super) const EVERYONE: &str = "allow.everyone.if.no.acl.found";

/// Kafka's authorizer that keeps its rules in the metadata, which is the one that is built here.
pub const STANDARD: &str = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";

/// What the authorizer goes by besides the rules of the metadata.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Authorization {
    super_users: BTreeSet<String>,
    /// `allow.everyone.if.no.acl.found`.
    pub everyone_if_no_acl: bool,
}

impl Authorization {
    /// Whether a principal may do everything.
    pub fn is_super(&self, principal: &str) -> bool {
        self.super_users.contains(principal)
    }

    /// Reads the three keys; `None` where nobody is asked for permission.
    pub fn read(
        class: &str,
        super_users: &str,
        everyone_if_no_acl: bool,
    ) -> Result<Option<Self>, BadSetting> {
        let super_users = super_users
            .split(';')
            .map(str::trim)
            .filter(|user| !user.is_empty())
            .map(principal)
            .collect::<Result<_, _>>()?;
        match class {
            "" => Ok(None),
            STANDARD => Ok(Some(Self {
                super_users,
                everyone_if_no_acl,
            })),
            other => {
                let why =
                    format!("there is no `{other}` here; {STANDARD} is, and empty asks nobody");
                Err(bad(CLASS, why))
            }
        }
    }
}

fn principal(text: &str) -> Result<String, BadSetting> {
    match text.split_once(':') {
        Some((kind, _)) if !kind.is_empty() => Ok(text.to_owned()),
        _ => {
            let why = format!("`{text}` is no principal; write User:NAME, separated by semicolons");
            Err(bad(SUPER_USERS, why))
        }
    }
}

fn bad(key: &str, why: String) -> BadSetting {
    let key = key.to_owned();
    BadSetting { key, why }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn super_users_are_principals_between_semicolons() {
        let read = Authorization::read(STANDARD, " User:admin; User:CN=node,O=x ;;", true);
        let read = read.unwrap().unwrap();
        assert!(read.is_super("User:admin") && read.is_super("User:CN=node,O=x"));
        assert!(!read.is_super("admin") && !read.is_super("User:"));
        assert!(read.everyone_if_no_acl);
    }

    #[test]
    fn what_is_refused_names_its_key() {
        let refused = |class, users| Authorization::read(class, users, false).unwrap_err().key;
        assert_eq!(refused(STANDARD, "admin"), SUPER_USERS);
        assert_eq!(refused("", "User:a;:b"), SUPER_USERS);
        assert_eq!(
            refused("kafka.security.authorizer.AclAuthorizer", ""),
            CLASS
        );
        assert_eq!(Authorization::read("", "User:a", false), Ok(None));
    }
}
