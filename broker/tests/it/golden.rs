//! A handful of messages byte by byte.
