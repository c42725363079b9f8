//! The work that a build delegates to guests, which are started elsewhere.

use std::fs::File;
use std::io::PipeWriter;
use vm_test_protocol::daemon::{DiskFormat, LayerBuild};
use vm_test_protocol::failure::Failure;

/// Runs work that needs a guest, and shows the progress of long steps.
pub trait Runner {
    /// Shows the progress of the current step.
    fn progress(&mut self, words: &str);

    /// Shows a message about the current step.
    fn say(&mut self, words: &str);

    /// Runs a command in a container whose writes go to the layer that is being made.
    ///
    /// # Errors
    /// If it could not be run or did not succeed.
    fn run(&mut self, command: &str, layer: LayerBuild) -> Result<(), Failure>;

    /// Opens the disk in a file in a VM, and writes its root file system as tar to a pipe.
    ///
    /// The reader may close its end of the pipe when it has read enough.
    ///
    /// # Errors
    /// If no VM can be started, or the disk has no root file system.
    fn read_disk(
        &mut self,
        name: &str,
        disk: &File,
        format: DiskFormat,
        into: PipeWriter,
    ) -> Result<(), Failure>;
}
