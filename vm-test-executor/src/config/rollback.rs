//! How a guest's writes are rolled back. Only names the choices.

/// How the guest's writes to its root are rolled back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rollback {
    /// Writes go to memory, above the image's layers.
    Overlay,
    /// The guest has a snapshot of the image, on the store's disk.
    Snapshot,
}

impl Rollback {
    /// Returns the choice with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "overlay" => Some(Self::Overlay),
            "snapshot" => Some(Self::Snapshot),
            _ => None,
        }
    }

    /// Returns its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Overlay => "overlay",
            Self::Snapshot => "snapshot",
        }
    }
}
