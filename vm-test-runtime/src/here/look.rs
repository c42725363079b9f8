//! What can be waited for, and what one look at it shows. Does not wait.

/// Something to wait for.
pub(super) trait Watched {
    /// What the wait returns.
    type Value;

    /// Returns what is to be seen, as in "port 80 open".
    fn what(&self) -> String;

    /// Looks once.
    fn look(&mut self) -> Look<Self::Value>;

    /// Returns lines that may explain why it was not seen, below their title.
    fn evidence(&self) -> Option<Evidence> {
        None
    }
}

/// What one look shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look<T> {
    /// It is there.
    Met(T),
    /// It is not there yet, and this is there instead.
    NotYet(String),
    /// It will not come by itself.
    Never {
        /// Why not.
        cause: String,
        /// What helps.
        hint: Option<&'static str>,
    },
}

/// Lines, and their title.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Evidence {
    pub(super) title: &'static str,
    pub(super) lines: Vec<String>,
}
