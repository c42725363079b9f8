//! A layer of an image as an instance makes it; plain data.

use serde::{Deserialize, Serialize};

/// A layer that an instance makes: its writes are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerBuild {
    /// The keys of the layers below, base first.
    pub below: Vec<String>,
    /// The staging directory, relative to the store, with `files` and `work` for an overlay.
    pub aside: String,
    /// Whether the instance may use the host's network.
    pub network: bool,
    /// Whether it is what a set-up does, which runs in a container whatever the guest is.
    pub set_up: bool,
}
