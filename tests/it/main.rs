//! The one integration binary.

#[cfg(test)]
mod docs;
mod health;
#[cfg(test)]
mod pty;
mod shots;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tidy;
mod ui;
