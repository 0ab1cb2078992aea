//! File descriptors: as many as the system allows, and how many of them connections may take.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises what this process may have open to what the system allows it, as far as that works; gives how
/// many that is.
pub(super) fn raise() -> usize {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        let before = limit.current;
        limit.current = limit.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            log::debug!("the limit of open files stays {before:?}: {error}");
        }
    }
    let limit = getrlimit(Resource::Nofile).current;
    limit.map_or(usize::MAX, |limit| {
        usize::try_from(limit).unwrap_or(usize::MAX)
    })
}

/// What logs keep for themselves where there are few: some hundred partitions, with the connections of
/// the node's own.
const FOR_LOGS: usize = 4096;

/// How many of them connections may take: three quarters, and half where there are few. The rest is for
/// logs, whose files stay open.
pub(super) fn for_connections(files: usize) -> usize {
    let kept = (files / 4).max((files / 2).min(FOR_LOGS));
    (files - kept).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_keep_a_quarter_and_half_where_there_are_few() {
        assert!(raise() > 0);
        let cases = [
            (1, 1),
            (256, 128),
            (8192, 4096),
            (20_000, 15_000),
            (1 << 20, 3 << 18),
        ];
        for (files, connections) in cases {
            assert_eq!(for_connections(files), connections, "of {files}");
        }
    }
}
