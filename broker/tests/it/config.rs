//! Settings: what they may be, what is in force, and why.

mod keys;
mod layers;
mod node;
mod security;
