//! The life of a VM until it is an instance: boots, waits to be saved or told to go on, and gets
//! what is its own.

use super::disks::Disks;
use super::{
    devices, filesystems, identity, idle, links, login, modules, network, nodes, orders, places,
    ports, root, settings, survival, udev,
};
use crate::{boot, rehearsal};
use rustix::process::getpid;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;
use vm_test_protocol::machine::{
    CONTROL_PORT, FromMachine, Identity, PlaceKind, STREAM_PORT, ToMachine,
};
use vm_test_protocol::{PROTOCOL, frame};
use vm_test_sys::loopback;

/// The agent's stream, once the VM has become an instance, and what its init could not start.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) stream: OwnedFd,
    pub(crate) degraded: Option<String>,
}

/// Boots the VM if it has not booted, and waits for the order to become an instance.
///
/// If the image's own init boots, this process becomes the init and does not return; another
/// process of the agent continues.
pub(crate) fn begin(boot_timeout: Option<Duration>) -> io::Result<Begun> {
    if getpid().is_init() {
        root::see_devices()?;
        modules::load_all()?;
        root::enter()?;
        if boot_timeout.is_some() {
            return Err(boot::become_init_of_machine());
        }
        do_as_an_init();
    }
    let mut control = ports::open(CONTROL_PORT)?;
    let degraded = match boot_timeout.map_or(Ok(None), boot::await_up) {
        Ok(degraded) => degraded,
        Err(reason) => {
            frame::write(&control, &FromMachine::NotUp(reason.clone()))?;
            return Err(io::Error::other(reason));
        }
    };
    let ready = Ready::make()?;
    if boot_timeout.is_some() {
        idle::OF_TEMPLATE.wait();
    }
    // What has been written so far must be in the saved disk, not in memory that every instance
    // copies.
    rustix::fs::sync();
    frame::write(&control, &FromMachine::Booted { protocol: PROTOCOL })?;
    let mut is_configured = false;
    let identity = loop {
        match next_word(&mut control)? {
            ToMachine::Configure(identity) => {
                let done = configure(&identity, &ready);
                told(&control, done)?;
                warm_up(&identity);
                rustix::fs::sync();
                is_configured = true;
                frame::write(&control, &FromMachine::Configured)?;
            }
            ToMachine::Go(identity) => break *identity,
            other => return Err(unexpected(&other)),
        }
    };
    let done = identity::renew(&identity).and_then(|()| {
        if is_configured {
            Ok(())
        } else {
            configure(&identity, &ready)
        }
    });
    told(&control, done)?;
    if identity.is_spare {
        warm_up(&identity);
    }
    frame::write(&control, &FromMachine::Became)?;
    if let Some(time) = wait_for_begin(&control)? {
        identity::correct_clock(time)?;
    }
    let stream = ports::open_connected(&ready.stream)?;
    if identity.is_node {
        orders::attend(control, stream.try_clone()?.into())?;
    }
    let notes: Vec<String> = identity.note.into_iter().chain(degraded).collect();
    Ok(Begun {
        stream: stream.into(),
        degraded: (!notes.is_empty()).then(|| notes.join("; ")),
    })
}

/// Does what an init does at boot and tests rely on, for there is no init.
///
/// Failures are left to the tests that notice them.
fn do_as_an_init() {
    devices::load_expected();
    filesystems::mount_rest();
    nodes::make();
    settings::apply();
    udev::start();
    login::enter_control_group();
}

/// What is the same for every instance and therefore prepared before the VM is saved.
///
/// Otherwise each instance would have to repeat it.
struct Ready {
    /// The port of the stream.
    stream: PathBuf,
    disks: Disks,
}

impl Ready {
    fn make() -> io::Result<Self> {
        survival::secure().map_err(|error| {
            io::Error::new(error.kind(), format!("cannot secure its agent: {error}"))
        })?;
        // A kernel may lack it; tests that need it will fail.
        let _ = loopback::up();
        login::begin();
        identity::forget()?;
        places::make_room()?;
        Ok(Self {
            stream: ports::find(STREAM_PORT)?,
            disks: Disks::seen(),
        })
    }
}

/// Waits for the keeper's next word. The port is closed between one keeper and the next.
fn next_word(control: &mut File) -> io::Result<ToMachine> {
    loop {
        match frame::read(&*control)? {
            Some(word) => return Ok(word),
            None => std::thread::sleep(Duration::from_millis(1)),
        }
    }
}

/// Tells the keeper why something could not be done.
fn told(control: &File, done: io::Result<()>) -> io::Result<()> {
    if let Err(error) = &done {
        frame::write(control, &FromMachine::CannotBecome(error.to_string()))?;
    }
    done
}

/// Runs what a test's start runs, without the test.
fn warm_up(identity: &Identity) {
    let programs = identity
        .places
        .iter()
        .filter(|place| place.kind == PlaceKind::File);
    rehearsal::rehearse(programs.map(|place| place.to.as_str()));
    idle::OF_INSTANCE.wait();
}

/// Waits until the VM is leased; returns the present time if it has waited.
fn wait_for_begin(control: &File) -> io::Result<Option<Duration>> {
    match frame::read(control)? {
        Some(ToMachine::Begin { time }) => Ok(time),
        Some(other) => Err(unexpected(&other)),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn unexpected(word: &ToMachine) -> io::Error {
    io::Error::other(format!("cannot do {word:?} now"))
}

/// Does what is the same for all copies with this identity.
fn configure(identity: &Identity, ready: &Ready) -> io::Result<()> {
    identity::name(identity)?;
    devices::load_modules(&identity.modules)?;
    devices::bring(&identity.devices)?;
    if identity.network {
        network::up(&identity.card)?;
    }
    // The card for access to the outside comes before them.
    links::up(&identity.ports, usize::from(identity.network))?;
    places::mount_all(&identity.places, &ready.disks)
}
