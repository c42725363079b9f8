//! Why a text that users write is refused. Refuses none.

/// Why a text is refused, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The cause.
    pub cause: String,
    /// The hint.
    pub hint: String,
}

impl Refusal {
    /// Creates a refusal.
    pub fn new(cause: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            hint: hint.into(),
        }
    }
}
