//! What the operator chose and where it is kept: paths, settings, profiles, themes. Values of the environment and flags
//! come in as parameters. What settings lead to outside of themselves is reached through `outside` alone; nothing else
//! here does more than read the operator's own files. In reading order:
//!
//! | module | what it knows |
//! |---|---|
//! | `paths` `settings` `theme` `document` | where files are, and what is the same for every cluster |
//! | `choice` | which cluster is meant, of all that may name one |
//! | `clusters` `import` | profiles of `config.toml`, files of other tools |
//! | `properties` `jaas` `java` `yaml` | how those are written |
//! | `sheet` `property` `origin` | settings as they are given, under one name each |
//! | `profile` | what they mean |
//! | `security` `route` `secret` | what a way in is made of |
//! | `addition` `last` | what is written: a new profile, the name of the last one |
//! | `outside` | variables, files, commands, and the operator who is asked |

pub mod addition;
pub mod choice;
pub mod clusters;
pub mod document;
pub mod import;
pub mod jaas;
pub mod java;
pub mod last;
pub mod origin;
pub mod outside;
pub mod paths;
pub mod profile;
pub mod properties;
pub mod property;
pub mod route;
pub mod secret;
pub mod security;
pub mod settings;
pub mod sheet;
pub mod theme;
pub mod yaml;
