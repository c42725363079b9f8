//! What a keeper is handed with its assignment: trees of the host, devices, a console, and other
//! descriptors. Starts nothing.

use super::instance::{Instance, not_started};
use crate::keeper::{Assignment, Descriptor, ToKeeper};
use crate::rootfs::Tree;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_sys::{handover, idmap};

impl Instance {
    /// Hands everything that it needs to the keeper, `others` as they are. `owner` is root in the
    /// guest.
    pub(super) fn hand_over(
        &self,
        assignment: &Assignment,
        namespace: Option<&OwnedFd>,
        owner: u32,
        others: &[(Descriptor, OwnedFd)],
    ) -> Result<(), Failure> {
        let cannot =
            |what: &str, error: &io::Error| not_started(&self.name, &self.guest, what, error);
        frame::write(&self.control, &ToKeeper::Hold(Box::new(assignment.clone())))
            .map_err(|error| cannot("send it its configuration", &error))?;
        for (number, tree) in assignment.trees().iter().enumerate() {
            self.send_tree(number, tree, namespace)?;
        }
        if assignment.device_files {
            let files = self.devices.file_system(owner);
            let files = files.map_err(|error| cannot("give it devices", &error))?;
            self.hand(Descriptor::DeviceFiles, &files)?;
        }
        if let Some(console) = &self.console {
            let console = console.share();
            let console = console.map_err(|error| cannot("give it a console", &error))?;
            self.hand(Descriptor::Console, &console.into_descriptor())?;
        }
        for (name, descriptor) in others {
            self.hand(*name, descriptor)?;
        }
        frame::write(&self.control, &ToKeeper::Start).map_err(|error| self.not_taken(&error))
    }

    fn send_tree(
        &self,
        number: usize,
        tree: &Tree,
        namespace: Option<&OwnedFd>,
    ) -> Result<(), Failure> {
        // A read descriptor suffices for a file, since the keeper copies it; the guest's root could
        // write to a mount of it.
        let copy = if tree.path.is_file() {
            File::open(&tree.path).map(OwnedFd::from)
        } else {
            idmap::detached_copy(&tree.path, namespace)
        };
        match copy {
            Ok(copy) => self.hand(Descriptor::Tree(number), &copy),
            Err(_) if tree.optional => Ok(()),
            Err(error) => Err(self.no_copy(tree, &error)),
        }
    }

    /// Hands the keeper a descriptor by its name.
    fn hand(&self, name: Descriptor, descriptor: &OwnedFd) -> Result<(), Failure> {
        frame::write(&self.control, &ToKeeper::Descriptor(name))
            .and_then(|()| handover::send(&self.control, descriptor))
            .map_err(|error| self.not_taken(&error))
    }

    fn not_taken(&self, error: &io::Error) -> Failure {
        Failure::new(format!(
            "cannot start instance {} of guest `{}`: its keeper is gone: {error}",
            self.name, self.guest
        ))
    }

    fn no_copy(&self, tree: &Tree, error: &io::Error) -> Failure {
        let failure = Failure::new(format!(
            "cannot give guest `{}` {}: cannot map the ids of that mount: {error}",
            self.guest,
            tree.path.display()
        ));
        match error.raw_os_error() {
            Some(libc::EINVAL) => failure.hint(
                "its file system does not support id-mapped mounts (overlayfs, as in a Docker container, does not): run the tests as an ordinary user, or keep them on ext4, xfs or btrfs",
            ),
            Some(libc::EPERM) => failure.hint(
                "root here lacks CAP_SYS_ADMIN, as in a container: run the tests as an ordinary user",
            ),
            _ => failure.because(Tried::File, error),
        }
    }
}
