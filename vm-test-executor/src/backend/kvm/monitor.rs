//! QEMU's monitor: stops and saves a VM, reports events of the agent's port and why a VM ended.
//! Wraps the crate `qapi`; knows no guest.

use super::presence::Presence;
use qapi::qmp::{self, Event, MigrationStatus, ShutdownCause};
use qapi::{ExecuteError, Qmp, Stream};
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind};
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};
use vm_test_sys::handover;

/// How long QEMU may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long saving or restoring may take.
const SAVING: Duration = Duration::from_secs(120);

/// How often it is asked whether that is done.
const TICK: Duration = Duration::from_micros(500);

/// QEMU's name for a descriptor that has not become a stream yet.
const ON_ITS_WAY: &str = "stream";

/// How long to wait for the rest of an event.
const MOMENT: Duration = Duration::from_millis(20);

/// The most pieces in which QEMU's last messages are read.
const MOST_PIECES: u32 = 16;

/// QEMU's names for the port of the agent's stream, and for the device behind it.
const STREAM_PORT: &str = "stream-port";
const STREAM: &str = "stream";

/// The monitor of one VM.
pub(super) struct Monitor {
    pub(super) qmp: Qmp<Stream<BufReader<UnixStream>, BufWriter<UnixStream>>>,
    /// The socket, for passing descriptors beside the messages.
    socket: UnixStream,
    /// What is known about the agent's port.
    presence: Presence,
    /// Why the VM ended, as far as QEMU has reported.
    cause: Option<&'static str>,
}

impl Monitor {
    /// Connects to the monitor.
    pub(super) fn open(socket: UnixStream) -> io::Result<Self> {
        socket.set_read_timeout(Some(PATIENCE))?;
        let mut reader = BufReader::new(socket.try_clone()?);
        if reader.fill_buf()?.is_empty() {
            // The crate would panic.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let writer = BufWriter::new(socket.try_clone()?);
        let mut qmp = Qmp::new(Stream::new(reader, writer));
        qmp.handshake().map_err(error_of)?;
        Ok(Self {
            qmp,
            socket,
            presence: Presence::default(),
            cause: None,
        })
    }

    /// Excludes memory that is in a shared file from a saved state.
    fn ignore_shared(&mut self) -> io::Result<()> {
        let capabilities = vec![qmp::MigrationCapabilityStatus {
            capability: qmp::MigrationCapability::x_ignore_shared,
            state: true,
        }];
        self.qmp
            .execute(&qmp::migrate_set_capabilities { capabilities })
            .map_err(error_of)?;
        Ok(())
    }

    /// Restores the VM from the state that QEMU has open as this descriptor.
    pub(super) fn restore(&mut self, state: RawFd) -> io::Result<()> {
        self.ignore_shared()?;
        self.qmp
            .execute(&qmp::migrate_incoming {
                uri: Some(format!("fd:{state}")),
                channels: None,
                exit_on_error: None,
            })
            .map_err(error_of)?;
        self.await_migration()?;
        // It was saved while it was stopped.
        self.qmp.execute(&qmp::cont {}).map_err(error_of)?;
        Ok(())
    }

    /// Stops the VM and writes its state, without its memory, to a file.
    pub(super) fn save(&mut self, path: &str) -> io::Result<()> {
        self.ignore_shared()?;
        self.qmp.execute(&qmp::stop {}).map_err(error_of)?;
        self.qmp
            .execute(&qmp::migrate {
                uri: Some(format!("exec:cat > {path}")),
                channels: None,
                detach: None,
                resume: None,
            })
            .map_err(error_of)?;
        self.await_migration()
    }

    /// Connects the character device of this name to a socket.
    pub(super) fn lead_to(&mut self, device: &str, socket: &OwnedFd) -> io::Result<()> {
        let backend = self.backend(socket)?;
        self.qmp
            .execute(&qmp::chardev_change {
                id: device.to_owned(),
                backend,
            })
            .map_err(error_of)?;
        Ok(())
    }

    /// Hands a socket over, and returns the character device that the next command makes of it.
    pub(super) fn backend(&mut self, socket: &OwnedFd) -> io::Result<qmp::ChardevBackend> {
        self.send_beside(socket)?;
        let fdname = ON_ITS_WAY.to_owned();
        self.qmp
            .execute(&qmp::getfd {
                fdname: fdname.clone(),
            })
            .map_err(error_of)?;
        let address = qmp::FdSocketAddress { str: fdname };
        let socket = qmp::ChardevSocket {
            base: qmp::ChardevCommon {
                logappend: None,
                logfile: None,
            },
            nodelay: None,
            reconnect: None,
            server: Some(false),
            telnet: None,
            tls_authz: None,
            tls_creds: None,
            tn3270: None,
            wait: None,
            websocket: None,
            addr: qmp::SocketAddressLegacy::fd(address.into()),
        };
        Ok(qmp::ChardevBackend::socket(socket.into()))
    }

    /// Sends a descriptor, which the next command is about.
    pub(super) fn send_beside(&self, descriptor: &OwnedFd) -> io::Result<()> {
        // It needs at least one byte to travel with; the monitor ignores white space.
        handover::send_beside(&self.socket, descriptor, b"\n")
    }

    /// Gives QEMU its time for the next answer: for events there is less.
    pub(super) fn have_patience(&self) -> io::Result<()> {
        self.socket.set_read_timeout(Some(PATIENCE))
    }

    /// Waits until the state has been written or read.
    pub(super) fn await_migration(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + SAVING;
        loop {
            let info = self.qmp.execute(&qmp::query_migrate {}).map_err(error_of)?;
            match info.status {
                Some(MigrationStatus::completed) => return Ok(()),
                Some(MigrationStatus::failed | MigrationStatus::cancelled) => {
                    let words = info.error_desc;
                    let words = words.unwrap_or_else(|| "QEMU does not say why".to_owned());
                    return Err(io::Error::other(words));
                }
                _ if Instant::now() > deadline => return Err(io::ErrorKind::TimedOut.into()),
                _ => std::thread::sleep(TICK),
            }
        }
    }

    /// Makes QEMU exit.
    pub(super) fn quit(&mut self) {
        // It may be gone before it answers.
        let _ = self.qmp.execute(&qmp::quit {});
    }

    /// Returns the socket, which becomes readable when QEMU sends an event.
    pub(super) fn socket(&self) -> &UnixStream {
        &self.socket
    }

    /// Reads QEMU's events; returns whether there may be more.
    pub(super) fn listen(&mut self) -> bool {
        let _ = self.socket.set_read_timeout(Some(MOMENT));
        let mut unknown = 0;
        loop {
            // Nothing has been asked, so this reads only events.
            let heard = self.qmp.read_response::<qmp::query_version>();
            self.understand();
            match heard.map_err(error_of) {
                Ok(_) => return true,
                // An event that the crate does not know. All of it has been read from the socket
                // already.
                Err(error) if error.kind() == ErrorKind::InvalidData && unknown < MOST_PIECES => {
                    unknown += 1;
                }
                Err(error) => {
                    return matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::InvalidData
                    );
                }
            }
        }
    }

    /// Returns when the guest will have been without its agent for too long, as far as is known.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.presence.deadline()
    }

    /// Asks whether the agent's port is open now: an event may have been missed.
    pub(super) fn look_for_agent(&mut self) -> io::Result<()> {
        self.have_patience()?;
        let devices = self.qmp.execute(&qmp::query_chardev {}).map_err(error_of);
        self.understand();
        let stream = devices?.into_iter().find(|device| device.label == STREAM);
        let is_open = stream.is_some_and(|device| device.frontend_open);
        self.presence.note(is_open, Instant::now());
        Ok(())
    }

    /// Returns why the VM ended, if QEMU has said so. Call it after QEMU has ended.
    pub(super) fn cause(&mut self) -> Option<&'static str> {
        // Its last messages are still in the socket.
        let mut more = MOST_PIECES;
        while more > 0 && self.listen() {
            more -= 1;
        }
        self.cause
    }

    fn understand(&mut self) {
        for event in self.qmp.events() {
            match event {
                Event::VSERPORT_CHANGE { data, .. } if data.id == STREAM_PORT => {
                    self.presence.note(data.open, Instant::now());
                }
                Event::SHUTDOWN { data, .. } => {
                    let cause = match data.reason {
                        ShutdownCause::guest_shutdown => "was powered off",
                        ShutdownCause::guest_reset => "was rebooted",
                        ShutdownCause::guest_panic => "lost its kernel",
                        ShutdownCause::host_signal => "was shut down by a signal",
                        _ => "was ended",
                    };
                    self.cause.get_or_insert(cause);
                }
                _ => {}
            }
        }
    }
}

pub(super) fn error_of(error: ExecuteError) -> io::Error {
    error.into()
}
