//! What the records of `__consumer_offsets` say, in Kafka's schemas. Total over any bytes; knows no
//! group's rules.
//!
//! A key opens with its version: 0 and 1 are offsets, 2 is a group. Others belong to newer kinds of
//! groups (KIP-848, KIP-932, KIP-1071) and are told apart, never guessed at.

use bytes::{BufMut, Bytes};

use crate::wire::error::{Result, WireError};
use crate::wire::primitives::{Form, Reader, put_length, put_string};
use crate::wire::tagged::Tags;

/// Version of an offset's key, as Kafka writes it.
const OFFSET_KEY_VERSION: i16 = 1;
/// Version of a group's key.
const GROUP_KEY_VERSION: i16 = 2;
/// The highest version of both values without tagged fields: what Kafka writes.
const VALUE_VERSION: i16 = 3;
/// The only version of an offset's value that carries an expiry.
const EXPIRING_VERSION: i16 = 1;
/// The first version of both values with tagged fields.
const FLEXIBLE_VERSION: i16 = 4;

/// What a record is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// The committed offset of a partition (`OffsetCommitKey`, versions 0 and 1).
    Offset {
        /// The group's id.
        group: String,
        /// The topic's name.
        topic: String,
        /// The partition's index.
        partition: i32,
    },
    /// A classic group (`GroupMetadataKey`, version 2).
    Group {
        /// The group's id.
        group: String,
    },
    /// A kind of record that this broker does not keep, by its version.
    Other(i16),
}

impl Key {
    /// Reads a key of any version.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        match reader.i16("key version")? {
            0 | OFFSET_KEY_VERSION => Ok(Self::Offset {
                group: text(&mut reader, Form::Plain, "OffsetCommitKey.group")?,
                topic: text(&mut reader, Form::Plain, "OffsetCommitKey.topic")?,
                partition: reader.i32("OffsetCommitKey.partition")?,
            }),
            GROUP_KEY_VERSION => Ok(Self::Group {
                group: text(&mut reader, Form::Plain, "GroupMetadataKey.group")?,
            }),
            other => Ok(Self::Other(other)),
        }
    }

    /// The key as bytes; of [`Key::Other`] only the version.
    pub fn write(&self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        match self {
            Self::Offset {
                group,
                topic,
                partition,
            } => {
                out.put_i16(OFFSET_KEY_VERSION);
                put_string(&mut out, Form::Plain, Some(group), "OffsetCommitKey.group")?;
                put_string(&mut out, Form::Plain, Some(topic), "OffsetCommitKey.topic")?;
                out.put_i32(*partition);
            }
            Self::Group { group } => {
                out.put_i16(GROUP_KEY_VERSION);
                put_string(&mut out, Form::Plain, Some(group), "GroupMetadataKey.group")?;
            }
            Self::Other(version) => out.put_i16(*version),
        }
        Ok(out)
    }
}

/// A committed offset (`OffsetCommitValue`, versions 0 to 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetValue {
    /// The next offset to consume.
    pub offset: i64,
    /// Leader epoch of the last consumed record, or −1.
    pub leader_epoch: i32,
    /// The client's own note.
    pub metadata: String,
    /// When it was committed, in milliseconds since 1970.
    pub committed_ms: i64,
    /// When it expires, where the client said so (OffsetCommit up to version 4).
    pub expires_ms: Option<i64>,
}

impl OffsetValue {
    /// Reads a value of any known version.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let version = version_of(&mut reader, "OffsetCommitValue")?;
        let value = Self {
            offset: reader.i64("OffsetCommitValue.offset")?,
            leader_epoch: match version {
                3.. => reader.i32("OffsetCommitValue.leaderEpoch")?,
                _ => -1,
            },
            metadata: text(&mut reader, form_of(version), "OffsetCommitValue.metadata")?,
            committed_ms: reader.i64("OffsetCommitValue.commitTimestamp")?,
            expires_ms: match version {
                EXPIRING_VERSION => Some(reader.i64("OffsetCommitValue.expireTimestamp")?),
                _ => None,
            }
            .filter(|at| *at != -1),
        };
        finish(&mut reader, version, "OffsetCommitValue")?;
        Ok(value)
    }

    /// The value as Kafka 4 writes it: version 3, or 1 where it expires at a time of its own.
    pub fn write(&self) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(32 + self.metadata.len());
        let version = match self.expires_ms {
            Some(_) => EXPIRING_VERSION,
            None => VALUE_VERSION,
        };
        out.put_i16(version);
        out.put_i64(self.offset);
        if version == VALUE_VERSION {
            out.put_i32(self.leader_epoch);
        }
        let what = "OffsetCommitValue.metadata";
        put_string(&mut out, Form::Plain, Some(&self.metadata), what)?;
        out.put_i64(self.committed_ms);
        if let Some(at) = self.expires_ms {
            out.put_i64(at);
        }
        Ok(out)
    }
}

/// A classic group as of its last agreed generation (`GroupMetadataValue`, versions 0 to 4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupValue {
    /// `consumer`, `connect`; empty where no member ever joined.
    pub protocol_type: String,
    /// The generation.
    pub generation: i32,
    /// The protocol (assignor) that its members agreed on.
    pub protocol: Option<String>,
    /// The leader's member id.
    pub leader: Option<String>,
    /// When the group came into its state, in milliseconds since 1970; −1 unknown.
    pub state_since_ms: i64,
    /// Its members.
    pub members: Vec<MemberValue>,
}

/// One member of a [`GroupValue`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberValue {
    /// Its id.
    pub member_id: String,
    /// The instance id of a static member (KIP-345).
    pub instance_id: Option<String>,
    /// Its client id.
    pub client_id: String,
    /// Where it connects from.
    pub client_host: String,
    /// How long a rebalance may take it, in milliseconds.
    pub rebalance_timeout_ms: i32,
    /// How long it may be silent, in milliseconds.
    pub session_timeout_ms: i32,
    /// Its metadata for the group's protocol.
    pub subscription: Bytes,
    /// What the leader assigned to it.
    pub assignment: Bytes,
}

impl GroupValue {
    /// Reads a value of any known version.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let mut reader = Reader::new(bytes);
        let version = version_of(&mut reader, "GroupMetadataValue")?;
        let form = form_of(version);
        let mut value = Self {
            protocol_type: text(&mut reader, form, "GroupMetadataValue.protocolType")?,
            generation: reader.i32("GroupMetadataValue.generation")?,
            protocol: reader.string(form, "GroupMetadataValue.protocol")?,
            leader: reader.string(form, "GroupMetadataValue.leader")?,
            state_since_ms: match version {
                2.. => reader.i64("GroupMetadataValue.currentStateTimestamp")?,
                _ => -1,
            },
            members: Vec::new(),
        };
        let what = "GroupMetadataValue.members";
        let count = reader.length(form, 1, what)?;
        for _ in 0..count.ok_or(WireError::UnexpectedNull { what })? {
            value.members.push(MemberValue::read(&mut reader, version)?);
        }
        finish(&mut reader, version, "GroupMetadataValue")?;
        Ok(value)
    }

    /// The value as Kafka 4 writes it: version 3.
    pub fn write(&self) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        let form = Form::Plain;
        out.put_i16(VALUE_VERSION);
        let kind = Some(self.protocol_type.as_str());
        put_string(&mut out, form, kind, "GroupMetadataValue.protocolType")?;
        out.put_i32(self.generation);
        let protocol = self.protocol.as_deref();
        put_string(&mut out, form, protocol, "GroupMetadataValue.protocol")?;
        let leader = self.leader.as_deref();
        put_string(&mut out, form, leader, "GroupMetadataValue.leader")?;
        out.put_i64(self.state_since_ms);
        let count = Some(self.members.len());
        put_length(&mut out, form, count, "GroupMetadataValue.members")?;
        for member in &self.members {
            member.write(&mut out)?;
        }
        Ok(out)
    }
}

impl MemberValue {
    fn read(reader: &mut Reader<'_>, version: i16) -> Result<Self> {
        let form = form_of(version);
        let member_id = text(reader, form, "MemberMetadata.memberId")?;
        let instance_id = match version {
            3.. => reader.string(form, "MemberMetadata.groupInstanceId")?,
            _ => None,
        };
        let client_id = text(reader, form, "MemberMetadata.clientId")?;
        let client_host = text(reader, form, "MemberMetadata.clientHost")?;
        let rebalance_timeout_ms = match version {
            1.. => Some(reader.i32("MemberMetadata.rebalanceTimeout")?),
            _ => None,
        };
        let session_timeout_ms = reader.i32("MemberMetadata.sessionTimeout")?;
        let member = Self {
            member_id,
            instance_id,
            client_id,
            client_host,
            rebalance_timeout_ms: rebalance_timeout_ms.unwrap_or(session_timeout_ms),
            session_timeout_ms,
            subscription: blob(reader, form, "MemberMetadata.subscription")?,
            assignment: blob(reader, form, "MemberMetadata.assignment")?,
        };
        if version >= FLEXIBLE_VERSION {
            Tags::read(reader, "MemberMetadata")?;
        }
        Ok(member)
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<()> {
        let form = Form::Plain;
        put_string(out, form, Some(&self.member_id), "MemberMetadata.memberId")?;
        let instance = self.instance_id.as_deref();
        put_string(out, form, instance, "MemberMetadata.groupInstanceId")?;
        put_string(out, form, Some(&self.client_id), "MemberMetadata.clientId")?;
        let host = Some(self.client_host.as_str());
        put_string(out, form, host, "MemberMetadata.clientHost")?;
        out.put_i32(self.rebalance_timeout_ms);
        out.put_i32(self.session_timeout_ms);
        for (bytes, what) in [
            (&self.subscription, "MemberMetadata.subscription"),
            (&self.assignment, "MemberMetadata.assignment"),
        ] {
            put_length(out, form, Some(bytes.len()), what)?;
            out.extend_from_slice(bytes);
        }
        Ok(())
    }
}

fn version_of(reader: &mut Reader<'_>, message: &'static str) -> Result<i16> {
    let version = reader.i16(message)?;
    if (0..=FLEXIBLE_VERSION).contains(&version) {
        return Ok(version);
    }
    Err(WireError::UnknownVersion { message, version })
}

fn form_of(version: i16) -> Form {
    if version >= FLEXIBLE_VERSION {
        Form::Compact
    } else {
        Form::Plain
    }
}

/// Tagged fields, such as the topic id of an offset (Kafka 4.2), are read over; what follows the
/// value is ignored, as Kafka does.
fn finish(reader: &mut Reader<'_>, version: i16, what: &'static str) -> Result<()> {
    if version >= FLEXIBLE_VERSION {
        Tags::read(reader, what)?;
    }
    Ok(())
}

fn text(reader: &mut Reader<'_>, form: Form, what: &'static str) -> Result<String> {
    let text = reader.string(form, what)?;
    text.ok_or(WireError::UnexpectedNull { what })
}

fn blob(reader: &mut Reader<'_>, form: Form, what: &'static str) -> Result<Bytes> {
    let length = reader.length(form, 1, what)?;
    let length = length.ok_or(WireError::UnexpectedNull { what })?;
    reader.take_bytes(length, what)
}
