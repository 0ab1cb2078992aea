//! The one integration binary.

#[cfg(test)]
mod pty;
#[cfg(test)]
mod support;
