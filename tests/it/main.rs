//! The one integration binary.

#[cfg(test)]
mod docs;
mod health;
mod shots;
mod support;
#[cfg(test)]
mod tidy;
