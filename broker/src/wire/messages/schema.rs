//! The macro that turns a message table into a struct and its codec.
//!
//! A table row reads `field: Type, versions[, null versions][, default value][, tag n][, else
//! ignored];`. Versions are `3+` (from 3 on) or `3-5`. `null 1+` names the versions in which the
//! field may be null. Without `default` a row starts as zero, empty or false. `else ignored` lets
//! the field be left out in versions that lack it; any other row refuses a value the version cannot
//! carry. The first table of an invocation is the message; the others are the structs inside it.

/// `8 +` and `8 - 10` as a [`Span`](super::row::Span).
macro_rules! span {
    () => {
        $crate::wire::messages::row::Span::NEVER
    };
    ($since:literal +) => {
        $crate::wire::messages::row::Span {
            since: $since,
            until: i16::MAX,
        }
    };
    ($since:literal - $until:literal) => {
        $crate::wire::messages::row::Span {
            since: $since,
            until: $until,
        }
    };
}

/// The row's start value as a function.
macro_rules! initial {
    ($type:ty) => {
        <$type as $crate::wire::messages::value::Value>::initial
    };
    ($type:ty, $default:expr) => {
        || $default
    };
}

/// The row's [`Row`](super::row::Row).
macro_rules! row {
    (
        $name:ident, $field:ident, ($($versions:tt)+), ($($nullable:tt)*),
        ($($tag:literal)?), ($($ignored:ident)?)
    ) => {
        &$crate::wire::messages::row::Row {
            name: concat!(stringify!($name), ".", stringify!($field)),
            message: stringify!($name),
            versions: span!($($versions)+),
            nullable: span!($($nullable)*),
            tag: row!(@tag $($tag)?),
            absent: row!(@absent $($ignored)?),
        }
    };
    (@tag) => { None };
    (@tag $tag:literal) => { Some($tag) };
    (@absent) => { $crate::wire::messages::row::Absent::Refused };
    (@absent ignored) => { $crate::wire::messages::row::Absent::Ignored };
}

/// One table: a struct with its [`Value`](super::value::Value).
macro_rules! table {
    (
        $(#[$meta:meta])*
        $name:ident {
            $(
                $(#[$field_meta:meta])*
                $field:ident : $type:ty, $since:literal $open:tt $($until:literal)?
                $(, null $null_since:literal $null_open:tt $($null_until:literal)?)?
                $(, default $default:expr)?
                $(, tag $tag:literal)?
                $(, else $ignored:ident)?;
            )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $(
                $(#[$field_meta])*
                #[doc = concat!(
                    "Versions ", stringify!($since), stringify!($open) $(, stringify!($until))?
                    $(, "; null in ", stringify!($null_since), stringify!($null_open)
                        $(, stringify!($null_until))?)?
                    $(, "; default `", stringify!($default), "`")?
                    $(, "; tag ", stringify!($tag))?, "."
                )]
                pub $field: $type,
            )*
            /// Tagged fields that the table does not know.
            pub unknown_tags: $crate::wire::tagged::Tags,
        }

        impl Default for $name {
            fn default() -> Self {
                <Self as $crate::wire::messages::value::Value>::initial()
            }
        }

        impl $crate::wire::messages::value::Nullable for $name {}

        impl $crate::wire::messages::value::Value for $name {
            fn initial() -> Self {
                Self {
                    $($field: initial!($type $(, $default)?)(),)*
                    unknown_tags: $crate::wire::tagged::Tags::NONE,
                }
            }

            fn write(
                &self,
                at: $crate::wire::messages::value::At,
                out: &mut Vec<u8>,
            ) -> $crate::wire::error::Result<()> {
                let known = $crate::wire::tagged::Tags::NONE;
                $(write_one!(
                    (self, at, out, known) ($($tag)?) $field
                    row!($name, $field, ($since $open $($until)?),
                        ($($null_since $null_open $($null_until)?)?), ($($tag)?), ($($ignored)?)),
                    initial!($type $(, $default)?)
                );)*
                $crate::wire::messages::row::write_tags(
                    &self.unknown_tags, known, stringify!($name), at, out)
            }

            fn read(
                reader: &mut $crate::wire::primitives::Reader<'_>,
                at: $crate::wire::messages::value::At,
            ) -> $crate::wire::error::Result<Self> {
                let mut value = Self {
                    $($field: $crate::wire::messages::row::read_row(
                        reader,
                        row!($name, $field, ($since $open $($until)?),
                            ($($null_since $null_open $($null_until)?)?),
                            ($($tag)?), ($($ignored)?)),
                        initial!($type $(, $default)?),
                        at,
                    )?,)*
                    unknown_tags: $crate::wire::tagged::Tags::NONE,
                };
                value.unknown_tags =
                    $crate::wire::messages::row::read_tags(reader, stringify!($name), at)?;
                $(take_one!(
                    (value, at) ($($tag)?) $field
                    row!($name, $field, ($since $open $($until)?),
                        ($($null_since $null_open $($null_until)?)?), ($($tag)?), ($($ignored)?))
                );)*
                Ok(value)
            }

            fn throttle_time_ms(&mut self) -> Option<&mut i32> {
                let found = None;
                $(throttle_one!((self, found) $field);)*
                found
            }

            #[cfg(feature = "arbitrary")]
            fn arbitrary(
                source: &mut $crate::wire::messages::arbitrary::Source,
                at: $crate::wire::messages::value::At,
            ) -> Self {
                Self {
                    $($field: $crate::wire::messages::row::any_row(
                        source,
                        row!($name, $field, ($since $open $($until)?),
                            ($($null_since $null_open $($null_until)?)?),
                            ($($tag)?), ($($ignored)?)),
                        initial!($type $(, $default)?),
                        at,
                    ),)*
                    unknown_tags: source.unknown_tags(at),
                }
            }
        }
    };
}

/// Writes one row: in place, or into `known` where it has a tag.
macro_rules! write_one {
    (
        ($self:ident, $at:ident, $out:ident, $known:ident) ()
        $field:ident $row:expr, $initial:expr
    ) => {
        $crate::wire::messages::row::write_row(&$self.$field, $row, $initial, $at, $out)?;
    };
    (
        ($self:ident, $at:ident, $out:ident, $known:ident) ($tag:literal)
        $field:ident $row:expr, $initial:expr
    ) => {
        let $known =
            $crate::wire::messages::row::write_tag(&$self.$field, $row, $initial, $at, $known)?;
    };
}

/// Finds the row of a throttle.
macro_rules! throttle_one {
    (($self:ident, $found:ident) throttle_time_ms) => {
        let $found = $found.or(Some(&mut $self.throttle_time_ms));
    };
    (($self:ident, $found:ident) $field:ident) => {};
}

/// Moves one tagged row out of the tag section just read.
macro_rules! take_one {
    (($value:ident, $at:ident) () $field:ident $row:expr) => {};
    (($value:ident, $at:ident) ($tag:literal) $field:ident $row:expr) => {
        let tags = &mut $value.unknown_tags;
        if let Some(known) = $crate::wire::messages::row::read_tag(tags, $row, $at)? {
            $value.$field = known;
        }
    };
}

/// A message and the structs inside it.
macro_rules! message {
    (
        $(#[$meta:meta])*
        $name:ident, key $key:literal, versions $min:literal-$max:literal
        $(, flexible $flexible:literal+)? $(, answered by $response:ident)?
        { $($rows:tt)* }
        $($(#[$part_meta:meta])* $part:ident { $($part_rows:tt)* })*
    ) => {
        table! { $(#[$meta])* $name { $($rows)* } }
        $(table! { $(#[$part_meta])* $part { $($part_rows)* } })*

        impl $crate::wire::messages::Message for $name {
            const NAME: &'static str = stringify!($name);
            const KEY: $crate::wire::api_key::ApiKey = $crate::wire::api_key::ApiKey($key);
            const VERSIONS: std::ops::RangeInclusive<i16> = $min..=$max;
            const FLEXIBLE_FROM: i16 = message!(@flexible $($flexible)?);
        }

        $(impl $crate::wire::messages::Request for $name {
            type Response = $response;
        })?
    };
    (@flexible) => { i16::MAX };
    (@flexible $from:literal) => { $from };
}
