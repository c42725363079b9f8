//! How a guest's writes are rolled back. Only names the choices.

/// How what a guest writes to its root is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rollback {
    /// The writes are in memory, above the image's layers.
    Overlay,
    /// The guest has a snapshot of the image, on the store's own disk.
    Snapshot,
}

impl Rollback {
    /// The choice of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "overlay" => Some(Self::Overlay),
            "snapshot" => Some(Self::Snapshot),
            _ => None,
        }
    }
}
