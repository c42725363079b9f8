//! A keeper played by a test: it has the sockets that the daemon gives a keeper, and a process that
//! does nothing until the test ends it. No guest runs, and no namespaces are made.

use super::instance::{Belongings, Instance};
use super::spawner::{Spawner, spawner};
use crate::host::idmaps::{IdMaps, Source};
use crate::keeper::{KeeperReport, World};
use crate::rootfs::Plan;
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
        let waiting = Waiting::stand_in(pid, pidfd.try_clone().unwrap(), null.into());
        let keeper = Self {
            control,
            stream,
            process,
            pidfd,
        };
        (keeper, waiting)
    }

    /// Receives the world.
    pub(in super::super) fn world(&self) -> World {
        frame::read(&self.control).unwrap().unwrap()
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
    let (spawner, orders) = spawner();
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

/// Returns a world in which nothing is mounted.
pub(in super::super) fn world(instance: &str, guest: &str) -> World {
    World {
        instance: instance.to_owned(),
        guest: guest.to_owned(),
        hardware: None,
        places: Vec::new(),
        plan: Plan::default(),
        agent: None,
        loader: None,
        memory: 1 << 29,
        watch_memory: false,
        boot_timeout: None,
        user_namespace: false,
        host_network: false,
        real_root: false,
        devices: Vec::new(),
        device_files: false,
    }
}

/// Starts an instance of this world; returns it with its keeper.
pub(super) fn started(world: &World, belongings: Belongings) -> (Instance, ScriptedKeeper) {
    let (spawner, keepers) = keepers();
    let (_client, stream) = UnixStream::pair().unwrap();
    let instance = Instance::start(world, 1, &stream, &no_maps(), belongings, &spawner).unwrap();
    let keeper = keepers.recv().unwrap();
    assert_eq!(keeper.world(), *world);
    (instance, keeper)
}

/// Returns why no instance `a-1` of guest `a` is started if this is what its keeper does first.
pub(super) fn failure_if(script: impl Fn(ScriptedKeeper) + Send + 'static) -> Failure {
    let (_client, stream) = UnixStream::pair().unwrap();
    let (world, nothing) = (world("a-1", "a"), Belongings::default());
    let spawner = keepers_that(script);
    Instance::start(&world, 1, &stream, &no_maps(), nothing, &spawner).unwrap_err()
}
