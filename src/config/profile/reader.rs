//! Reads single settings: follows references, asks for what is missing, and says where a value is wrong.

use std::path::{Path, PathBuf};

use super::ProfileError;
use crate::config::origin::Origin;
use crate::config::outside::{self, Outside};
use crate::config::property::Key;
use crate::config::secret::Secret;
use crate::config::sheet::{Given, Sheet};

/// What a Java keystore begins with (JKS, JCEKS).
const JAVA_KEYSTORES: [[u8; 4]; 2] = [[0xfe, 0xed, 0xfe, 0xed], [0xce, 0xce, 0xce, 0xce]];

/// A sheet with the outside it leads to.
pub struct Reader<'a> {
    sheet: &'a Sheet,
    outside: &'a mut dyn Outside,
    name: String,
    holds_secret: bool,
    notices: Vec<String>,
}

impl<'a> Reader<'a> {
    pub fn new(sheet: &'a Sheet, outside: &'a mut dyn Outside) -> Self {
        Self {
            sheet,
            outside,
            name: String::new(),
            holds_secret: false,
            notices: Vec::new(),
        }
    }

    /// What questions call the cluster.
    pub fn called(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    pub fn sheet(&self) -> &Sheet {
        self.sheet
    }

    /// Whether a secret was read, and what the operator should know.
    pub fn end(self) -> (bool, Vec<String>) {
        (self.holds_secret, self.notices)
    }

    pub fn note(&mut self, notice: &str) {
        self.notices.push(notice.to_owned());
    }

    pub fn has_any(&self, keys: &[Key]) -> bool {
        self.first_of(keys).is_some()
    }

    /// The first of these that is set.
    pub fn first_of(&self, keys: &[Key]) -> Option<Key> {
        keys.iter().copied().find(|key| self.sheet.has(*key))
    }

    fn expanded(&self, key: Key) -> Result<Option<Secret>, ProfileError> {
        let Some(given) = self.sheet.get(key) else {
            return Ok(None);
        };
        let found = outside::expand(given.value.reveal(), self.outside);
        found.map(Some).map_err(|reason| self.reason(key, reason))
    }

    /// A value, with what its references lead to.
    pub fn text(&self, key: Key) -> Result<Option<String>, ProfileError> {
        let found = self.expanded(key)?;
        Ok(found.map(|found| found.reveal().to_owned()))
    }

    /// A secret.
    pub fn secret(&mut self, key: Key) -> Result<Option<Secret>, ProfileError> {
        let found = self.expanded(key)?;
        self.holds_secret |= found.is_some();
        Ok(found)
    }

    /// A secret that is set, or that the operator types: `whose` ends the question. What is not set and cannot be
    /// asked for is an error that says how to give it.
    pub fn secret_or_ask(&mut self, key: Key, whose: &str) -> Result<Secret, ProfileError> {
        if let Some(found) = self.secret(key)? {
            return Ok(found);
        }
        let missing = format!(
            "no {whose} for {}: set {name} (as ${{file:/path}}, ${{env:NAME}} or ${{cmd:command}}) or the variable {}, or \
             run in a terminal to be asked",
            self.name,
            variable(key),
            name = key.name()
        );
        let question = format!("lookout: {whose} for {}: ", self.name);
        match self.outside.ask(&question) {
            Ok(Some(typed)) => {
                self.holds_secret = true;
                Ok(typed)
            }
            Ok(None) => Err(ProfileError::Missing(missing)),
            Err(reason) => Err(ProfileError::Missing(format!("{missing}; {reason}"))),
        }
    }

    pub fn truth(&self, key: Key) -> Result<Option<bool>, ProfileError> {
        let Some(text) = self.text(key)? else {
            return Ok(None);
        };
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Ok(Some(true)),
            "false" | "0" | "no" => Ok(Some(false)),
            _ => Err(self.wrong(key, "true or false")),
        }
    }

    /// Values after commas.
    pub fn list(&self, key: Key) -> Result<Vec<String>, ProfileError> {
        let text = self.text(key)?.unwrap_or_default();
        let items = text.split([',', '\n']).map(str::trim);
        let items = items.filter(|item| !item.is_empty());
        Ok(items.map(str::to_owned).collect())
    }

    /// A path that can be read.
    pub fn file(&self, key: Key) -> Result<Option<PathBuf>, ProfileError> {
        let Some(text) = self.text(key)? else {
            return Ok(None);
        };
        let origin = self.origin(key);
        let path = self.path_of(&text, &origin);
        match self.outside.head(&path) {
            Ok(head) if JAVA_KEYSTORES.iter().any(|magic| head.starts_with(magic)) => {
                Err(self.reason(key, convert(&path)))
            }
            Ok(_) => Ok(Some(path)),
            Err(error) => {
                let reason = format!("cannot read {}: {error}", path.display());
                Err(self.reason(key, reason))
            }
        }
    }

    /// Whether a file holds a private key that a password locks.
    pub fn is_locked(&self, path: &Path) -> bool {
        let found = self.outside.read(path);
        found.is_ok_and(|found| is_locked(found.text.reveal()))
    }

    /// Where a path leads: `~` is the home directory, and what is not found from here is looked for beside the file
    /// that names it.
    pub fn path_of(&self, text: &str, origin: &Origin) -> PathBuf {
        let path = outside::at_home(text, self.outside);
        if let Origin::Line { file, .. } = origin
            && path.is_relative()
            && self.outside.head(&path).is_err()
            && let Some(folder) = Path::new(&**file).parent()
        {
            let beside = folder.join(&path);
            if self.outside.head(&beside).is_ok() {
                return beside;
            }
        }
        path
    }

    fn origin(&self, key: Key) -> Origin {
        let given = self.sheet.get(key);
        given.map_or(Origin::Default, |given| given.origin.clone())
    }

    /// The error for a value that will not do.
    pub fn wrong(&self, key: Key, expected: &str) -> ProfileError {
        ProfileError::Value {
            origin: self.origin(key),
            name: key.name(),
            value: self
                .sheet
                .get(key)
                .map_or(String::new(), |given: &Given| given.shown(key)),
            expected: expected.to_owned(),
        }
    }

    /// The error for a setting that cannot be used for this reason.
    pub fn reason(&self, key: Key, reason: impl Into<String>) -> ProfileError {
        ProfileError::Reason {
            origin: self.origin(key),
            name: key.name(),
            reason: reason.into(),
        }
    }
}

/// What a variable is called that gives this setting.
fn variable(key: Key) -> String {
    crate::config::property::variable(key.name())
}

/// Whether PEM holds a private key that a password locks.
pub fn is_locked(pem: &str) -> bool {
    pem.contains("BEGIN ENCRYPTED PRIVATE KEY") || pem.contains("Proc-Type: 4,ENCRYPTED")
}

fn convert(path: &Path) -> String {
    let shown = path.display();
    let new = path.with_extension("p12");
    let new = new.display();
    format!(
        "{shown} is a Java keystore (JKS), which only Java reads; convert it once by `keytool -importkeystore -srckeystore \
         {shown} -destkeystore {new} -deststoretype PKCS12`, and name {new}"
    )
}
