//! A keeper played by a test: it has the sockets that the daemon gives a keeper, and a process that
//! does nothing until the test ends it. No guest runs, and no namespaces are made.

use super::instance::{Belongings, Instance};
use super::parent::Parent;
use super::spawner::{Spawner, spawner};
use crate::host::idmaps::{IdMaps, Source};
use crate::keeper::{Assignment, Container, Descriptor, KeeperReport, Network, ToKeeper, World};
use crate::rootfs::{Lower, Plan};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::fs::File;
use std::io::Write;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_sys::handover;
use vm_test_sys::namespaces::Waiting;

/// How long a test waits for something that must happen.
const LIMIT: Duration = Duration::from_secs(20);

/// A keeper whose part is played by a test. Dropping it ends its process.
#[derive(Debug)]
pub(in super::super) struct ScriptedKeeper {
    /// Its end of the socket to the daemon.
    pub(in super::super) control: UnixStream,
    /// Its copy of the lease's stream, on which its agent talks to the client.
    pub(in super::super) stream: UnixStream,
    process: Child,
    pidfd: OwnedFd,
}

impl ScriptedKeeper {
    /// Starts a keeper with these sockets, for the test and for the daemon.
    fn start(control: UnixStream, stream: UnixStream) -> (Self, Waiting) {
        for socket in [&control, &stream] {
            socket.set_read_timeout(Some(LIMIT)).unwrap();
        }
        let mut command = Command::new("sh");
        command.args(["-c", "read -r code && exit \"$code\""]);
        let process = command.stdin(Stdio::piped()).spawn().unwrap();
        let pid = Pid::from_child(&process);
        let pidfd = pidfd_open(pid, PidfdFlags::empty()).unwrap();
        let null = File::options().write(true).open("/dev/null").unwrap();
        let waiting = Waiting::handed_over(pid, pidfd.try_clone().unwrap(), null.into());
        let keeper = Self {
            control,
            stream,
            process,
            pidfd,
        };
        (keeper, waiting)
    }

    /// Returns the next message of the daemon.
    pub(in super::super) fn hear(&self) -> ToKeeper {
        frame::read(&self.control).unwrap().unwrap()
    }

    /// Takes the descriptor behind the last message.
    pub(in super::super) fn take(&self) -> OwnedFd {
        handover::receive(&self.control).unwrap()
    }

    /// Takes what it is given until it is to start: what it is to hold, and the descriptors.
    pub(in super::super) fn take_all(&self) -> (Assignment, Vec<(Descriptor, File)>) {
        let ToKeeper::Hold(assignment) = self.hear() else {
            panic!("nothing to hold");
        };
        let mut descriptors = Vec::new();
        loop {
            match self.hear() {
                ToKeeper::Descriptor(name) => descriptors.push((name, self.take().into())),
                ToKeeper::Start => return (*assignment, descriptors),
                other => panic!("{other:?}"),
            }
        }
    }

    pub(in super::super) fn report(&self, report: &KeeperReport) {
        frame::write(&self.control, report).unwrap();
    }

    pub(in super::super) fn say(&self, bytes: &[u8]) {
        (&self.control).write_all(bytes).unwrap();
    }

    /// Exits with this code, and returns when the kernel knows.
    pub(in super::super) fn exit(mut self, code: i32) {
        self.hang_up();
        let mut input = self.process.stdin.take().unwrap();
        writeln!(input, "{code}").unwrap();
        assert!(
            has_ended(&self.pidfd, LIMIT),
            "the process has not ended in time"
        );
    }

    /// Closes the socket to the daemon in all processes: one that another test is just starting may
    /// have a copy of it until it executes.
    fn hang_up(&self) {
        let _ = self.control.shutdown(Shutdown::Both);
    }

    /// Returns whether its process has ended, which only the daemon can have caused.
    pub(in super::super) fn is_killed(&self) -> bool {
        has_ended(&self.pidfd, Duration::ZERO)
    }
}

impl Drop for ScriptedKeeper {
    fn drop(&mut self) {
        self.hang_up();
    }
}

fn has_ended(process: &OwnedFd, limit: Duration) -> bool {
    let limit = Timespec::try_from(limit).unwrap();
    poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&limit)).unwrap() > 0
}

/// Returns a spawner whose keepers are handed to `script`, one after another, before the daemon
/// knows that they run.
fn keepers_that(mut script: impl FnMut(ScriptedKeeper) + Send + 'static) -> Spawner {
    let (spawner, orders) = spawner(no_maps());
    std::thread::spawn(move || {
        while orders.serve_with(|control, stream| {
            let (keeper, waiting) = ScriptedKeeper::start(control, stream);
            script(keeper);
            waiting
        }) {}
    });
    spawner
}

/// Returns a spawner, and the keepers that it starts.
pub(in super::super) fn keepers() -> (Spawner, Receiver<ScriptedKeeper>) {
    let (started, keepers) = channel();
    // If the test has ended, the keeper is dropped and ends, too.
    let spawner = keepers_that(move |keeper| drop(started.send(keeper)));
    (spawner, keepers)
}

/// Stops a daemon when it is dropped.
pub(in super::super) struct Stopping(OwnedFd);

impl Drop for Stopping {
    fn drop(&mut self) {
        let _ = rustix::io::write(&self.0, b".");
    }
}

/// Returns what tells a daemon's threads to stop, by becoming readable, and what makes it so.
pub(in super::super) fn stop() -> (OwnedFd, Stopping) {
    let (stop, stopping) = pipe_with(PipeFlags::CLOEXEC).unwrap();
    (stop, Stopping(stopping))
}

/// Returns maps for instances without a user namespace.
pub(in super::super) fn no_maps() -> IdMaps {
    IdMaps {
        source: Source::Root,
    }
}

/// Returns a container without a user namespace of its own, in which this is mounted.
pub(in super::super) fn container(instance: &str, guest: &str, plan: Plan) -> Assignment {
    Assignment {
        instance: instance.to_owned(),
        guest: guest.to_owned(),
        room: 1 << 29,
        network: Network::None,
        hosts: String::new(),
        devices: Vec::new(),
        device_files: false,
        world: World::Container(Container {
            plan,
            agent: Lower::Path("/agent".into()),
            loader: None,
            interfaces: 0..0,
            forwards: Vec::new(),
            watch_memory: false,
            ahead: false,
            boot_timeout: None,
            privileged: true,
            real_root: false,
        }),
    }
}

/// One in which nothing is mounted.
pub(in super::super) fn assignment(instance: &str, guest: &str) -> Assignment {
    container(instance, guest, Plan::default())
}

/// Starts an instance; returns it with its keeper, which has taken all that it was given.
pub(super) fn started(
    assignment: &Assignment,
    belongings: Belongings,
) -> (Instance, ScriptedKeeper) {
    let (instance, keeper, _) = started_with(assignment, belongings);
    (instance, keeper)
}

/// Starts an instance; returns it with its keeper and the descriptors that the keeper was given.
pub(super) fn started_with(
    assignment: &Assignment,
    belongings: Belongings,
) -> (Instance, ScriptedKeeper, Vec<(Descriptor, File)>) {
    let (spawner, keepers) = keepers();
    let (_client, stream) = UnixStream::pair().unwrap();
    let maps = no_maps();
    let instance = Instance::start(
        assignment,
        1,
        &stream,
        &maps,
        belongings,
        &Parent::Daemon(&spawner),
    )
    .unwrap();
    let keeper = keepers.recv().unwrap();
    let (taken, descriptors) = keeper.take_all();
    assert_eq!(taken, *assignment);
    (instance, keeper, descriptors)
}

/// Returns why no instance `a-1` of guest `a` is started if this is what its keeper does first.
pub(super) fn failure_if(script: impl Fn(ScriptedKeeper) + Send + 'static) -> Failure {
    let (_client, stream) = UnixStream::pair().unwrap();
    let (assignment, nothing) = (assignment("a-1", "a"), Belongings::default());
    let spawner = keepers_that(script);
    Instance::start(
        &assignment,
        1,
        &stream,
        &no_maps(),
        nothing,
        &Parent::Daemon(&spawner),
    )
    .unwrap_err()
}
