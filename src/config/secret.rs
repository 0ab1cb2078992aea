//! A value that must never be seen: neither in logs nor in snapshots, errors, the journal or a process list. The broker
//! hides its own the same way, so it is one type.

pub use broker::secret::Secret;
