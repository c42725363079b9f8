//! What a guest with its own init needs from the host: whether it can boot here at all, a control
//! group for its init, and a console. Starts nothing.

use super::super::instance::{Console, Delegation, cannot};
use super::source::Source;
use crate::config::{Guest, HOST_IMAGE, Init};
use crate::image::images;
use vm_test_protocol::daemon::LeaseRequest;
use vm_test_protocol::failure::Failure;

/// The additional resources of an instance whose own init boots.
#[derive(Debug)]
pub(super) struct Boot {
    pub(super) console: Console,
    pub(super) delegation: Delegation,
}

/// Returns what the guest's first process should be: as requested, or as the image says.
pub(super) fn init(
    guest: &Guest,
    request: &LeaseRequest,
    source: &Source,
) -> Result<Init, Failure> {
    if request.build.is_some() {
        return Ok(Init::Agent);
    }
    let over_host = guest.image == HOST_IMAGE;
    let init = match guest.init {
        Some(init) => init,
        None if over_host => Init::Agent,
        None => {
            let image = images::find(source.store()?, &guest.image)?;
            image.init.unwrap_or(Init::Agent)
        }
    };
    if init == Init::System && guest.privileged {
        return Err(cannot(
            guest,
            "init = \"system\" and privileged = true do not go together: the image's init would manage the host's control groups, devices and kernel settings",
        )
        .hint("leave out privileged: root in the guest is root over all that is the guest's own"));
    }
    if init == Init::System && over_host {
        return Err(cannot(
            guest,
            "init = \"system\" boots an image's own init, and this guest is over the host's root",
        )
        .hint(
            "use an image that has one, as in image = \"debian-12-systemd\", or init = \"agent\"",
        ));
    }
    Ok(init)
}

impl Boot {
    /// Makes them for an instance whose root is the host's user `owner`, if that is not the
    /// daemon's.
    ///
    /// # Errors
    /// If this user cannot delegate a control group.
    pub(super) fn new(guest: &Guest, instance: &str, owner: Option<u32>) -> Result<Self, Failure> {
        let delegation = Delegation::new(instance, owner).map_err(|cause| {
            let cause = format!(
                "init = \"system\" needs a control group that the guest's init may manage, and this user can give none: {cause}"
            );
            cannot(guest, &cause).hint(
                "stop the daemon and start it where systemd delegates a group to you (vm-test stop; systemd-run --user --scope -p Delegate=yes cargo test), or run the tests as root, or use backend = \"kvm\"",
            )
            .missing()
        })?;
        let console = Console::new()
            .map_err(|error| cannot(guest, &format!("cannot make a console: {error}")))?;
        Ok(Self {
            console,
            delegation,
        })
    }
}
