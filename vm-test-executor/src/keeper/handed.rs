//! The descriptors that the daemon hands over with an assignment, each by its name. Uses none of
//! them.

use super::messages::{Descriptor, ToKeeper};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use vm_test_protocol::frame;
use vm_test_sys::handover;

/// All that was handed over.
#[derive(Debug)]
pub(super) struct Handed {
    /// The trees by their numbers; one that the guest can do without may be missing.
    pub(super) trees: Vec<Option<OwnedFd>>,
    /// The files by which it enters its control groups.
    pub(super) groups: Vec<OwnedFd>,
    pub(super) device_files: Option<OwnedFd>,
    pub(super) console: Option<OwnedFd>,
    pub(super) foreign_disk: Option<OwnedFd>,
    pub(super) ports: Vec<OwnedFd>,
    pub(super) disks: Vec<OwnedFd>,
    pub(super) forwards: Vec<OwnedFd>,
    pub(super) state: Option<OwnedFd>,
    pub(super) orders: Option<OwnedFd>,
    pub(super) link: Option<OwnedFd>,
}

impl Handed {
    /// Takes descriptors until the daemon says that these are all. `trees` is how many trees there
    /// may be.
    pub(super) fn receive(control: &UnixStream, trees: usize) -> io::Result<Self> {
        let mut handed = Self {
            trees: (0..trees).map(|_| None).collect(),
            groups: Vec::new(),
            device_files: None,
            console: None,
            foreign_disk: None,
            ports: Vec::new(),
            disks: Vec::new(),
            forwards: Vec::new(),
            state: None,
            orders: None,
            link: None,
        };
        loop {
            match frame::read(control)? {
                Some(ToKeeper::Descriptor(name)) => {
                    let descriptor = handover::receive(control)?;
                    handed.put(name, descriptor)?;
                }
                Some(ToKeeper::Start) => return Ok(handed),
                Some(other) => return Err(unexpected(&other)),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }

    fn put(&mut self, name: Descriptor, descriptor: OwnedFd) -> io::Result<()> {
        let invalid =
            |words: &str| io::Error::new(io::ErrorKind::InvalidData, format!("{name:?} {words}"));
        let place = match name {
            Descriptor::Tree(number) => self
                .trees
                .get_mut(number)
                .ok_or_else(|| invalid("is not expected"))?,
            Descriptor::DeviceFiles => &mut self.device_files,
            Descriptor::Console => &mut self.console,
            Descriptor::ForeignDisk => &mut self.foreign_disk,
            Descriptor::State => &mut self.state,
            Descriptor::Orders => &mut self.orders,
            Descriptor::Link => &mut self.link,
            Descriptor::Group => {
                self.groups.push(descriptor);
                return Ok(());
            }
            Descriptor::Port => {
                self.ports.push(descriptor);
                return Ok(());
            }
            Descriptor::Forward => {
                self.forwards.push(descriptor);
                return Ok(());
            }
            Descriptor::Disk => {
                self.disks.push(descriptor);
                return Ok(());
            }
        };
        match place.replace(descriptor) {
            Some(_) => Err(invalid("has been received already")),
            None => Ok(()),
        }
    }
}

/// The daemon said something else than what comes next.
pub(super) fn unexpected(message: &ToKeeper) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the daemon says {message:?}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::unix::fs::MetadataExt;

    /// What a keeper that may have two trees makes of descriptors that are handed over under these
    /// names, each of a file that is as many bytes long as there are names before it.
    fn handed(names: &[Descriptor], last: Option<&ToKeeper>) -> io::Result<Handed> {
        let (daemon, keeper) = UnixStream::pair()?;
        for (length, name) in names.iter().enumerate() {
            let file = tempfile::tempfile()?;
            file.set_len(length as u64)?;
            frame::write(&daemon, &ToKeeper::Descriptor(*name))?;
            handover::send(&daemon, &file.into())?;
        }
        if let Some(last) = last {
            frame::write(&daemon, last)?;
        }
        drop(daemon);
        Handed::receive(&keeper, 2)
    }

    fn length(descriptor: Option<OwnedFd>) -> Option<u64> {
        descriptor.map(|descriptor| File::from(descriptor).metadata().unwrap().size())
    }

    #[test]
    fn each_descriptor_gets_where_its_name_says_in_whatever_order_they_come() {
        use Descriptor::{Console, DeviceFiles, ForeignDisk, Tree};
        let names = [ForeignDisk, Tree(1), Console, DeviceFiles];
        let mut handed = handed(&names, Some(&ToKeeper::Start)).unwrap();
        assert_eq!(length(handed.foreign_disk), Some(0));
        assert_eq!(length(handed.trees.remove(1)), Some(1));
        assert_eq!(length(handed.trees.remove(0)), None);
        assert_eq!(length(handed.console), Some(2));
        assert_eq!(length(handed.device_files), Some(3));
    }

    #[test]
    fn a_descriptor_that_is_not_expected_or_comes_twice_is_refused() {
        for (names, words) in [
            (&[Descriptor::Tree(2)][..], "Tree(2) is not expected"),
            (
                &[Descriptor::Console, Descriptor::Console],
                "Console has been received already",
            ),
        ] {
            let error = handed(names, Some(&ToKeeper::Start)).unwrap_err();
            assert_eq!(error.to_string(), words);
        }
    }

    #[test]
    fn a_daemon_that_ends_or_says_something_else_has_not_handed_everything_over() {
        let error = handed(&[Descriptor::Console], None).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        let error = handed(&[], Some(&ToKeeper::Begin)).unwrap_err();
        assert_eq!(error.to_string(), "the daemon says Begin");
    }
}
