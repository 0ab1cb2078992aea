//! Every key this broker knows: type, default, documentation, where it may be set.

/// Why a value is refused; always names the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {why}")]
pub struct BadSetting {
    /// Kafka's key name.
    pub key: String,
    /// What is wrong with it, and what would be right.
    pub why: String,
}

/// Checks a topic's setting (`retention.ms`) before it is written into the metadata.
pub fn check_topic(key: &str, value: &str) -> Result<(), BadSetting> {
    let _ = (key, value);
    todo!()
}

/// Checks a dynamic broker setting (`log.retention.ms`) before it is written into the metadata.
pub fn check_broker(key: &str, value: &str) -> Result<(), BadSetting> {
    let _ = (key, value);
    todo!()
}
