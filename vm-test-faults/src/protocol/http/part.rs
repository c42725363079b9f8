//! What of the bytes that are there belongs to a body. It does not read them.

/// How many bytes at the front are of the body, and whether it ends behind them.
pub(super) struct Part {
    pub(super) length: usize,
    pub(super) ends: bool,
}
