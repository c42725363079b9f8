//! A lease on an instance, held by the calling test. Dropping it, or dying with it, destroys the instance.

use super::job;
use crate::client::Connection;
use crate::protocol::PROTOCOL;
use crate::protocol::agent::{FromAgent, ToAgent};
use crate::protocol::daemon::{LeaseRequest, Leased, OwnedSetting, Reply, Request};
use crate::protocol::failure::Failure;
use crate::protocol::frame;
use crate::site::{Setting, Site};
use std::io::{self, BufReader};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How long an instance may take from the grant of the lease to the agent's first word.
const BOOT_TIMEOUT: Duration = Duration::from_secs(60);

/// A granted lease whose agent has said hello.
#[derive(Debug)]
pub(super) struct Lease {
    stream: BufReader<UnixStream>,
    pub(super) granted: Leased,
    pub(super) kernel: String,
}

impl Lease {
    /// Asks the daemon for an instance and waits for its agent.
    pub(super) fn obtain(site: &Site, test: &str) -> Result<Self, Failure> {
        let connection = Connection::open()?;
        let lost = |error: io::Error| {
            Failure::new(format!(
                "cannot lease guest `{}`: lost the daemon: {error}",
                site.guest
            ))
        };
        connection
            .send(&Request::Lease(request(site, test)?))
            .map_err(lost)?;
        let granted = loop {
            match connection.receive().map_err(lost)? {
                Reply::Leased(leased) => break leased,
                Reply::Queued(reason) => eprintln!("vm-test: `{test}` waits: {reason}"),
                Reply::Refused(failure) => return Err(failure),
                other => {
                    return Err(Failure::new(format!(
                        "cannot lease guest `{}`: the daemon answered {other:?}",
                        site.guest
                    )));
                }
            }
        };
        let mut lease = Self {
            stream: BufReader::with_capacity(1 << 16, connection.stream),
            granted,
            kernel: String::new(),
        };
        lease.await_hello(site)?;
        Ok(lease)
    }

    fn await_hello(&mut self, site: &Site) -> Result<(), Failure> {
        let instance = self.granted.instance.clone();
        let cannot = |cause: String| {
            Failure::new(format!(
                "cannot start instance {instance} of guest `{}`: {cause}",
                site.guest
            ))
        };
        let cause = match self.receive(Some(BOOT_TIMEOUT)) {
            Ok(Some(FromAgent::Hello { protocol, kernel })) if protocol == PROTOCOL => {
                self.kernel = kernel;
                return Ok(());
            }
            Ok(Some(FromAgent::Hello { protocol, .. })) => {
                format!("its agent speaks protocol {protocol}, and this test {PROTOCOL}")
            }
            Ok(Some(other)) => format!("its agent began with {other:?}"),
            Ok(None) => {
                return Err(match crate::client::obituary(&self.granted.instance).and_then(|it| it.cause) {
                    Some(cause) => cause,
                    None => cannot("it ended before its agent answered".to_owned()),
                });
            }
            Err(error) if is_timeout(&error) => {
                format!("its agent did not answer within {BOOT_TIMEOUT:?}")
            }
            Err(error) => error.to_string(),
        };
        Err(cannot(cause))
    }

    /// Sends to the agent.
    pub(super) fn send(&self, message: &ToAgent) -> io::Result<()> {
        frame::write(self.stream.get_ref(), message)
    }

    /// Receives from the agent; `None` at the end.
    pub(super) fn receive(&mut self, within: Option<Duration>) -> io::Result<Option<FromAgent>> {
        self.stream.get_ref().set_read_timeout(within)?;
        frame::read(&mut self.stream)
    }
}

/// Whether a read ended because its time was up.
pub(super) fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

fn request(site: &Site, test: &str) -> Result<LeaseRequest, Failure> {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let settings = site.settings.iter().map(|setting| match *setting {
        Setting::Backend(value) => OwnedSetting::Backend(value.to_owned()),
        Setting::Image(value) => OwnedSetting::Image(value.to_owned()),
        Setting::Init(value) => OwnedSetting::Init(value.to_owned()),
        Setting::Memory(bytes) => OwnedSetting::Memory(bytes),
        Setting::Cpus(count) => OwnedSetting::Cpus(count),
        Setting::Network(value) => OwnedSetting::Network(value.to_owned()),
        Setting::Timeout(millis) => OwnedSetting::Timeout(millis),
        Setting::Env(names) => OwnedSetting::Env(owned(names)),
        Setting::Devices(names) => OwnedSetting::Devices(owned(names)),
        Setting::Privileged(value) => OwnedSetting::Privileged(value),
    });
    Ok(LeaseRequest {
        guest: site.guest.to_owned(),
        settings: settings.collect(),
        manifest_dir: job::manifest_dir(site).to_string_lossy().into_owned(),
        shares: job::shares(site, &job::binary()?),
        purpose: test.to_owned(),
        pid: std::process::id(),
    })
}
