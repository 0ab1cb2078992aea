//! Consumer groups: pure state machines per group, offsets in `__consumer_offsets` with Kafka's
//! schemas.

/// All groups this node coordinates.
#[derive(Debug)]
pub struct Groups {}
