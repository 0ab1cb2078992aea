//! The topics in a consumer's metadata (`ConsumerProtocolSubscription`): all that a coordinator
//! reads of what members say to each other. Total over any bytes.

use crate::wire::error::{Result, WireError};
use crate::wire::primitives::{Form, Reader};

/// The topics a member subscribes to. They stand at the same place in every version.
pub(super) fn topics(metadata: &[u8]) -> Result<Vec<String>> {
    let mut reader = Reader::new(metadata);
    let version = reader.i16("subscription version")?;
    if version < 0 {
        return Err(WireError::UnknownVersion {
            message: "ConsumerProtocolSubscription",
            version,
        });
    }
    let what = "ConsumerProtocolSubscription.topics";
    let count = reader.length(Form::Plain, 2, what)?;
    let count = count.ok_or(WireError::UnexpectedNull { what })?;
    let mut topics = Vec::new();
    for _ in 0..count {
        let topic = reader.string(Form::Plain, what)?;
        topics.push(topic.ok_or(WireError::UnexpectedNull { what })?);
    }
    Ok(topics)
}
