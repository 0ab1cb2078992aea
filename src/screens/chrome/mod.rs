//! What stands around every screen: header, strip of brokers, footer. They are drawn in every view and
//! behind every dialog, so that a down broker is seen from anywhere.
//!
//! ```text
//!  lookout  prod-eu ▸ Topics ▸ orders      brokers 3/5 ✗   quorum 3/5   under-rep 374   offline 12     read-only  14:06 UTC
//!  ●1 a  ●2* a  ✗3 b down 4m  ●4 b  ▣5 c fenced 11m
//!  …body…
//!  enter open  / filter  s sort  f faults only  : go to  ? all keys                                      4 of 5 answered
//! ```

pub mod footer;
pub mod header;
pub mod strip;
