//! Names of the files of a partition: twenty digits of an offset and what the file is. Touches no file.

use std::path::{Path, PathBuf};

/// What a file of a segment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Log,
    OffsetIndex,
    TimeIndex,
    TxnIndex,
    Snapshot,
}

impl Kind {
    /// The files of a segment; the log last, so that it is renamed last.
    pub(super) const OF_SEGMENT: [Self; 4] = [
        Self::OffsetIndex,
        Self::TimeIndex,
        Self::TxnIndex,
        Self::Log,
    ];

    fn suffix(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::OffsetIndex => "index",
            Self::TimeIndex => "timeindex",
            Self::TxnIndex => "txnindex",
            Self::Snapshot => "snapshot",
        }
    }
}

/// In what state of its life the file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// In use.
    Live,
    /// Waits for its removal.
    Deleted,
    /// Compaction is writing it.
    Cleaned,
    /// Compaction has written it; it takes the place of live ones.
    Swap,
}

impl Stage {
    fn suffix(self) -> &'static str {
        match self {
            Self::Live => "",
            Self::Deleted => ".deleted",
            Self::Cleaned => ".cleaned",
            Self::Swap => ".swap",
        }
    }
}

/// The path of a file.
pub(super) fn path_of(dir: &Path, offset: i64, kind: Kind, stage: Stage) -> PathBuf {
    dir.join(format!("{offset:020}.{}{}", kind.suffix(), stage.suffix()))
}

/// What a file name says; `None` for a file that is none of these.
pub(super) fn parse(name: &str) -> Option<(i64, Kind, Stage)> {
    let (digits, rest) = name.split_at_checked(20)?;
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let offset = digits.parse().ok()?;
    let rest = rest.strip_prefix('.')?;
    let (kind, stage) = rest.split_once('.').unwrap_or((rest, ""));
    let kind = [
        Kind::Log,
        Kind::OffsetIndex,
        Kind::TimeIndex,
        Kind::TxnIndex,
        Kind::Snapshot,
    ]
    .into_iter()
    .find(|known| known.suffix() == kind)?;
    let stage = match stage {
        "" => Stage::Live,
        "deleted" => Stage::Deleted,
        "cleaned" => Stage::Cleaned,
        "swap" => Stage::Swap,
        _ => return None,
    };
    Some((offset, kind, stage))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_offset_kind_and_stage() {
        let path = path_of(Path::new("t-0"), 42, Kind::TimeIndex, Stage::Swap);
        let name = path.file_name().unwrap().to_str().unwrap();
        assert_eq!(name, "00000000000000000042.timeindex.swap");
        assert_eq!(parse(name), Some((42, Kind::TimeIndex, Stage::Swap)));
        assert_eq!(parse("partition.metadata"), None);
        assert_eq!(parse("99999999999999999999.log"), None);
    }
}
