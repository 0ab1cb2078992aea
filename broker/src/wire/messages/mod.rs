//! The protocol's requests and responses, one table file per API.
//!
//! A file holds the tables of a request and of its response, and nothing else; the macro in `schema`
//! makes structs and codec of them. [`APIS`] lists what exists.

#[cfg(feature = "arbitrary")]
pub mod arbitrary;
#[macro_use]
mod schema;
pub mod value;

use std::ops::RangeInclusive;

use super::api_key::ApiKey;
use super::error::{Result, WireError};
use super::primitives::Reader;
use value::{At, Value};

/// A request or a response.
pub trait Message: Value {
    /// The struct's name.
    const NAME: &'static str;
    /// The API it belongs to.
    const KEY: ApiKey;
    /// Versions the codec speaks.
    const VERSIONS: RangeInclusive<i16>;
    /// First version with compact lengths and tagged fields; `i16::MAX` where none has.
    const FLEXIBLE_FROM: i16;

    /// Appends the message, without header.
    fn encode(&self, version: i16, out: &mut Vec<u8>) -> Result<()> {
        self.write(place::<Self>(version)?, out)
    }

    /// Reads the message, without header; what follows it stays in the reader.
    fn decode(reader: &mut Reader<'_>, version: i16) -> Result<Self> {
        Self::read(reader, place::<Self>(version)?)
    }
}

/// A message that is answered.
pub trait Request: Message {
    /// What answers it, in the same version.
    type Response: Message;
}

fn place<M: Message>(version: i16) -> Result<At> {
    if M::VERSIONS.contains(&version) {
        return Ok(At::top(version, M::FLEXIBLE_FROM, M::NAME));
    }
    Err(WireError::UnknownVersion {
        message: M::NAME,
        version,
    })
}

/// Reads a message that must be all there is.
pub fn decode_all<M: Message>(mut reader: Reader<'_>, version: i16) -> Result<M> {
    let message = M::decode(&mut reader, version)?;
    match reader.left() {
        0 => Ok(message),
        left => Err(WireError::LeftOver {
            message: M::NAME,
            left,
        }),
    }
}

/// What the codec knows of one API.
#[derive(Debug, Clone)]
pub struct Api {
    /// Its number.
    pub key: ApiKey,
    /// Versions the codec speaks.
    pub versions: RangeInclusive<i16>,
    /// First flexible version; `i16::MAX` where none is.
    pub flexible_from: i16,
    /// Values and bytes of the request, for tests.
    #[cfg(feature = "arbitrary")]
    pub request: Sample,
    /// Values and bytes of the response, for tests.
    #[cfg(feature = "arbitrary")]
    pub response: Sample,
}

impl Api {
    const fn of<R: Request>() -> Self {
        Self {
            key: R::KEY,
            versions: R::VERSIONS,
            flexible_from: R::FLEXIBLE_FROM,
            #[cfg(feature = "arbitrary")]
            request: Sample::of::<R>(),
            #[cfg(feature = "arbitrary")]
            response: Sample::of::<R::Response>(),
        }
    }
}

/// One message type without its type, so that a test can walk all of them.
#[cfg(feature = "arbitrary")]
#[derive(Debug, Clone)]
pub struct Sample {
    /// The struct's name.
    pub name: &'static str,
    /// Versions the codec speaks.
    pub versions: RangeInclusive<i16>,
    /// Encodes any value the version can carry.
    pub generate: fn(&mut arbitrary::Source, i16) -> Result<Vec<u8>>,
    /// Decodes a whole message and encodes it again.
    pub recode: fn(&bytes::Bytes, i16) -> Result<Vec<u8>>,
}

#[cfg(feature = "arbitrary")]
impl Sample {
    const fn of<M: Message>() -> Self {
        Self {
            name: M::NAME,
            versions: M::VERSIONS,
            generate: |source, version| {
                let mut out = Vec::new();
                M::arbitrary(source, place::<M>(version)?).encode(version, &mut out)?;
                Ok(out)
            },
            recode: |bytes, version| {
                let mut out = Vec::with_capacity(bytes.len());
                decode_all::<M>(Reader::over(bytes), version)?.encode(version, &mut out)?;
                Ok(out)
            },
        }
    }
}

/// Declares the table files and lists their requests.
macro_rules! apis {
    ($($(#[$meta:meta])* $module:ident: $request:ident, $response:ident;)*) => {
        $(
            $(#[$meta])*
            pub mod $module;
            pub use $module::{$request, $response};
        )*

        /// Every API the codec speaks, by key.
        pub static APIS: &[Api] = &[$(Api::of::<$request>(),)*];
    };
}

apis! {
    /// Key 3.
    metadata: MetadataRequest, MetadataResponse;
    /// Key 18.
    api_versions: ApiVersionsRequest, ApiVersionsResponse;
}
