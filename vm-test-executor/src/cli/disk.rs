//! An imported disk, read in a VM: which image the VM boots, and what it says. The disk's content
//! is passed on as it comes; the reader checks it.

use super::output::remark;
use super::progress::Bar;
use super::relay::unexpected;
use crate::config::HOST;
use crate::image::{Store, images};
use std::fs::File;
use std::io::{self, ErrorKind, PipeWriter, Write};
use std::os::fd::AsRawFd;
use vm_test_protocol::AGENT_PATH;
use vm_test_protocol::agent::{End, Ended, FromAgent, Job, ToAgent};
use vm_test_protocol::daemon::{DiskFormat, ForeignDisk, LeaseRequest};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::machine::READ_DISK;
use vm_test_runtime::client::{Follower, Lease, Lost};
use vm_test_settings::guest::Setting;

/// The image of the VM that reads the disk. It has a kernel, tar, and a loader for file system
/// drivers.
const IMAGE: &str = "debian-12";

/// At most this much of standard error is kept, in bytes.
const MOST_WORDS: usize = 4096;

/// Longer lines are cut, in characters.
const LONGEST: usize = 300;

const HINT: &str = "its root, and what its /etc/fstab mounts there, has to be on ext4, xfs or btrfs, on partitions of the disk or on the whole disk; if it is on anything else, import the root file system as a tar archive or a directory";

/// Writes the root file system on the disk to a pipe.
///
/// `ensure` builds an image that does not exist yet.
pub(super) fn read(
    store: &Store,
    bar: &Bar,
    name: &str,
    disk: &File,
    format: DiskFormat,
    into: PipeWriter,
    ensure: &dyn Fn(&str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if images::find(store, IMAGE).is_err() {
        bar.leave_to(|| {
            remark(&format!(
                "a VM of image `{IMAGE}` opens disks; that image is built first"
            ));
            ensure(IMAGE)
        })?;
    }
    bar.say(&format!("a VM of image `{IMAGE}` opens {name}"));
    let request = LeaseRequest {
        settings: vec![
            Setting::Backend("kvm".into()),
            Setting::Image(IMAGE.into()),
            Setting::Init("agent".into()),
        ],
        disk: Some(ForeignDisk {
            // Not by its path, which may by now lead to another file than the one that was checked.
            path: format!("/proc/{}/fd/{}", std::process::id(), disk.as_raw_fd()),
            format,
        }),
        ..LeaseRequest::new(
            HOST,
            format!("vm-test image import: {name}"),
            store.root().to_string_lossy(),
        )
    };
    let mut lease = Lease::obtain(&request, |reason| bar.say(reason))?;
    let cannot = |cause: &str| Failure::new(format!("cannot import {name}: {cause}"));
    let lost = |cause: &str| cannot(&format!("the VM that opened it was lost: {cause}"));
    order(&lease).map_err(|error| lost(&error.to_string()))?;
    let mut copy = Copy {
        into,
        words: Vec::new(),
        is_enough: false,
    };
    match lease.follow(None, &mut copy).ended {
        Err(_) if copy.is_enough => Ok(()),
        Ok(ended) if ended.end == End::Exited(0) => Ok(()),
        Ok(ended) => Err(cannot(&first_line(&copy.words, &ended)).hint(HINT)),
        Err(Lost::Died) => Err(lost(&lease.cause_of_death().text()).hint(HINT)),
        Err(Lost::Failed(failure)) => Err(lost(&failure.text())),
    }
}

/// Starts the agent's own disk reader.
fn order(lease: &Lease) -> io::Result<()> {
    let job = Job::program(AGENT_PATH, [READ_DISK]);
    lease.agent.send(&ToAgent::Job(Box::new(job)))?;
    lease.agent.send(&ToAgent::InputEnd)
}

/// Passes on what the VM reads, and keeps the first words of its standard error.
struct Copy {
    into: PipeWriter,
    words: Vec<u8>,
    /// Whether the reader stopped early. It reports the reason itself.
    is_enough: bool,
}

impl Follower for Copy {
    fn take(&mut self, message: FromAgent) -> Result<(), Failure> {
        match message {
            FromAgent::Stdout(bytes) => self.into.write_all(&bytes).map_err(|error| {
                self.is_enough = error.kind() == ErrorKind::BrokenPipe;
                Failure::new(error.to_string())
            }),
            FromAgent::Stderr(bytes) => {
                let room = MOST_WORDS.saturating_sub(self.words.len());
                self.words
                    .extend_from_slice(&bytes[..bytes.len().min(room)]);
                Ok(())
            }
            FromAgent::InputTaken(_) => Ok(()),
            other => Err(unexpected(&other)),
        }
    }
}

/// Returns the first line of the text.
///
/// Control characters are removed: the text may contain names of files on the disk.
fn first_line(words: &[u8], ended: &Ended) -> String {
    let text = String::from_utf8_lossy(words);
    match text.lines().map(str::trim).find(|line| !line.is_empty()) {
        Some(line) => {
            let safe = line.chars().filter(|c| !c.is_control());
            safe.take(LONGEST).collect()
        }
        None => format!("its reader ended with {:?}", ended.end),
    }
}
