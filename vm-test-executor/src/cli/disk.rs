//! An imported disk, read in a VM: which image the VM boots, and what it says. The disk's content
//! is passed on as it comes; the reader checks it.

use super::output::remark;
use super::progress::Bar;
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
use vm_test_runtime::client::Lease;
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
    let copied = order(&lease).and_then(|()| copy(&mut lease, into));
    match copied {
        Ok(Copied::Enough) => Ok(()),
        Ok(Copied::All(ended, words)) => match ended.end {
            End::Exited(0) => Ok(()),
            _ => Err(cannot(&first_line(&words, &ended)).hint(HINT)),
        },
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            let death = lease.cause_of_death().text();
            Err(cannot(&format!("the machine that opened it is lost: {death}")).hint(HINT))
        }
        Err(error) => Err(cannot(&format!(
            "the machine that opened it is lost: {error}"
        ))),
    }
}

/// Starts the agent's own disk reader.
fn order(lease: &Lease) -> io::Result<()> {
    let job = Job::program(AGENT_PATH, [READ_DISK]);
    lease.agent.send(&ToAgent::Job(Box::new(job)))?;
    lease.agent.send(&ToAgent::InputEnd)
}

/// How the copying ended.
enum Copied {
    /// The VM has written everything, and this text on standard error.
    All(Ended, Vec<u8>),
    /// The reader stopped early and reports the reason itself.
    Enough,
}

fn copy(lease: &mut Lease, mut into: PipeWriter) -> io::Result<Copied> {
    let mut words = Vec::new();
    loop {
        match lease.agent.receive(None)? {
            Some(FromAgent::Stdout(bytes)) => match into.write_all(&bytes) {
                Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(Copied::Enough),
                written => written?,
            },
            Some(FromAgent::Stderr(bytes)) => {
                let room = MOST_WORDS.saturating_sub(words.len());
                words.extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
            Some(FromAgent::InputTaken(_)) => {}
            Some(FromAgent::Ended(ended)) => return Ok(Copied::All(ended, words)),
            Some(other) => return Err(io::Error::other(format!("it said {other:?}"))),
            None => return Err(ErrorKind::UnexpectedEof.into()),
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
