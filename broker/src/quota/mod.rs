//! How much may be used, by whom, and how much was of late: what every quota and throttle of the node goes
//! by. Pure: the time of each call comes in, nothing here waits.

pub mod bucket;
pub mod clients;
pub mod limits;
pub mod rate;

pub use bucket::Buckets;
pub use clients::Clients;
pub use limits::{Amount, Entity, Held, Kind, Limit, Limits, Name};
pub use rate::{Rate, Windows};
