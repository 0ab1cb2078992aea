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

/// How many of them connections may take: half. The rest is for logs, whose files stay open.
pub(super) fn for_connections(files: usize) -> usize {
    (files / 2).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_keep_half_of_what_there_is() {
        let files = raise();
        assert!(files > 0);
        assert!(for_connections(files) * 2 <= files.max(2));
        assert_eq!(for_connections(256), 128);
        assert_eq!(for_connections(1), 1);
    }
}
