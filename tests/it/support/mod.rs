//! What several tests need.
pub mod canned;
pub mod drawing;
pub mod keys;
pub mod proxies;
#[expect(
    dead_code,
    reason = "the interop stories share this file and use other parts of it"
)]
pub mod pty;
pub mod scene;
