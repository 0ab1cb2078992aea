//! What the tests share: ways to set a scene and to look at it. Never a check of its own.

#[expect(
    dead_code,
    reason = "the interop stories share this file and use other parts of it"
)]
pub mod pty;
