//! What keeps files in the store. Plain data.

use std::fmt::Debug;
use std::sync::Arc;

/// Keeps what an instance is made of from being removed, by locks that end when this is dropped.
pub(crate) type Held = Arc<dyn Debug + Send + Sync>;
