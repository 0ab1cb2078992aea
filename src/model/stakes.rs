//! What depends on a cluster, as its profile says.

/// What depends on a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Stakes {
    #[default]
    Ordinary,
    /// Others live by it: said on every screen, and it is never opened without being named.
    Production,
}

impl Stakes {
    /// The badge of the header.
    pub fn badge(self) -> Option<&'static str> {
        match self {
            Self::Ordinary => None,
            Self::Production => Some("PRODUCTION"),
        }
    }
}
