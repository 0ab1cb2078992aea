//! What the operator chose and where it is kept: paths, settings, themes. Values of the environment and flags come in
//! as parameters; the only I/O here is reading the operator's own files. Nothing is ever written.

pub mod document;
pub mod paths;
pub mod route;
pub mod secret;
pub mod security;
pub mod settings;
pub mod theme;
