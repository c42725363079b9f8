//! The work that building an image delegates to guests. Others start the guests.

use std::fs::File;
use std::io::PipeWriter;
use vm_test_protocol::daemon::{DiskFormat, LayerBuild};
use vm_test_protocol::failure::Failure;

/// Runs what needs a guest, and shows how that and other long steps go.
pub trait Runner {
    /// Shows how far the step is that is being done.
    fn progress(&mut self, words: &str);

    /// Says what the user should know of it.
    fn say(&mut self, words: &str);

    /// Runs a command in a container whose writes go to the layer that is being made.
    ///
    /// # Errors
    /// If it could not be run or did not succeed.
    fn run(&mut self, command: &str, layer: LayerBuild) -> Result<(), Failure>;

    /// Opens the disk in a file in a VM, and writes its root file system to a pipe as a tar archive.
    ///
    /// The reader may close its end of the pipe when it has read enough.
    ///
    /// # Errors
    /// If there is no such machine, or no root file system on the disk.
    fn read_disk(
        &mut self,
        name: &str,
        disk: &File,
        format: DiskFormat,
        into: PipeWriter,
    ) -> Result<(), Failure>;
}
