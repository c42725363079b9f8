//! What the networks of a lab have carried, written down as a test asks for it.

use super::fault::{LinkError, Owner, or_panic, order};
use super::handle::Lab;
use vm_test_protocol::order::{Done, Order};

impl Lab {
    /// Writes down what nodes have sent to the networks lately, and returns the paths of the files
    /// on the host.
    ///
    /// A test that fails does so by itself. Each file is a capture that Wireshark and tcpdump read:
    /// the last 4 MiB of one network, at most 2 KiB of each frame.
    ///
    /// # Panics
    /// If they cannot be written.
    #[track_caller]
    pub fn capture(&self) -> Vec<String> {
        or_panic(self.try_capture())
    }

    /// Writes down what nodes have sent to the networks, as [`Lab::capture`] does.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn try_capture(&self) -> Result<Vec<String>, LinkError> {
        match order(Owner::Lab, Order::Capture { directory: None })? {
            Done::Captured(files) => Ok(files.into_iter().map(|file| file.path).collect()),
            other => Err(LinkError::of_answer(&other)),
        }
    }
}
