//! The log of a partition, seen from outside: what goes in comes out, whatever happens in between.

mod model;
mod place;
