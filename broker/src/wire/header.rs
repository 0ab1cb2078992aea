//! Request and response headers (KIP-482): what stands between a frame's length and its message.

use super::api_key::ApiKey;
use super::error::Result;
use super::primitives::{Form, Reader, put_string};
use super::tagged::Tags;
use bytes::BufMut;

/// Which header a message version has. Its number is the protocol's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderForm {
    /// Without a tag section: request header 1, response header 0.
    Plain,
    /// With a tag section: request header 2, response header 1.
    Tagged,
}

impl HeaderForm {
    /// The header of a request.
    pub fn of_request(version: i16, flexible_from: i16) -> Self {
        if version >= flexible_from {
            Self::Tagged
        } else {
            Self::Plain
        }
    }

    /// The header of a response. That of `ApiVersions` never has tags: the asker does not know yet
    /// whether the broker understood its version (KIP-511).
    pub fn of_response(key: ApiKey, version: i16, flexible_from: i16) -> Self {
        if key == ApiKey::API_VERSIONS {
            return Self::Plain;
        }
        Self::of_request(version, flexible_from)
    }
}

/// What stands before a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHeader {
    /// Which API is asked.
    pub key: ApiKey,
    /// In which version; the answer comes in the same one.
    pub version: i16,
    /// Chosen by the asker, returned with the answer.
    pub correlation_id: i32,
    /// The asker's name for the broker's logs and quotas. Never compact, even in flexible versions.
    pub client_id: Option<String>,
    /// Tagged fields of the header; none is defined.
    pub unknown_tags: Tags,
}

impl RequestHeader {
    /// Appends the header.
    pub fn write(&self, form: HeaderForm, out: &mut Vec<u8>) -> Result<()> {
        out.put_i16(self.key.0);
        out.put_i16(self.version);
        out.put_i32(self.correlation_id);
        put_string(
            out,
            Form::Plain,
            self.client_id.as_deref(),
            "RequestHeader.client_id",
        )?;
        match form {
            HeaderForm::Plain => Ok(()),
            HeaderForm::Tagged => self.unknown_tags.write(Tags::NONE, "RequestHeader", out),
        }
    }

    /// Reads a header; `form_of` tells the form once key and version are known.
    pub fn read(
        reader: &mut Reader<'_>,
        form_of: impl FnOnce(ApiKey, i16) -> HeaderForm,
    ) -> Result<Self> {
        let key = ApiKey(reader.i16("RequestHeader.key")?);
        let version = reader.i16("RequestHeader.version")?;
        let correlation_id = reader.i32("RequestHeader.correlation_id")?;
        let client_id = reader.string(Form::Plain, "RequestHeader.client_id")?;
        let unknown_tags = match form_of(key, version) {
            HeaderForm::Plain => Tags::NONE,
            HeaderForm::Tagged => Tags::read(reader, "RequestHeader")?,
        };
        Ok(Self {
            key,
            version,
            correlation_id,
            client_id,
            unknown_tags,
        })
    }
}

/// What stands before a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseHeader {
    /// The request's number.
    pub correlation_id: i32,
    /// Tagged fields of the header; none is defined.
    pub unknown_tags: Tags,
}

impl ResponseHeader {
    /// Appends the header.
    pub fn write(&self, form: HeaderForm, out: &mut Vec<u8>) -> Result<()> {
        out.put_i32(self.correlation_id);
        match form {
            HeaderForm::Plain => Ok(()),
            HeaderForm::Tagged => self.unknown_tags.write(Tags::NONE, "ResponseHeader", out),
        }
    }

    /// Reads a header.
    pub fn read(reader: &mut Reader<'_>, form: HeaderForm) -> Result<Self> {
        let correlation_id = reader.i32("ResponseHeader.correlation_id")?;
        let unknown_tags = match form {
            HeaderForm::Plain => Tags::NONE,
            HeaderForm::Tagged => Tags::read(reader, "ResponseHeader")?,
        };
        Ok(Self {
            correlation_id,
            unknown_tags,
        })
    }
}
