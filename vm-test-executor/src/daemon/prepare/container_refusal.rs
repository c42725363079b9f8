//! What no container can have, or not on this host or for this user. Looks at settings and at the
//! host's programs and kernel; starts nothing.

use super::super::instance::cannot;
use super::tools::Tools;
use crate::config::Guest;
use crate::host::{modules, programs};
use crate::keeper::PASTA;
use vm_test_protocol::failure::Failure;

/// Refuses what no container of this user can have, whatever boots in it.
pub(super) fn check(tools: &Tools, guest: &Guest) -> Result<(), Failure> {
    let as_root = tools.as_root();
    if guest.privileged && !as_root {
        return Err(cannot(
            guest,
            "privileged = true needs root on the host, and this is an ordinary user",
        )
        .hint("without privileged, root in the guest is root over all that is the guest's own")
        .missing());
    }
    if let Some((cause, cure)) = only_for_machines(guest) {
        return Err(cannot(guest, cause).hint(cure).missing());
    }
    if let Some(module) = guest.modules.iter().find(|module| !modules::has(module)) {
        let cause = format!(
            "a container shares the host's kernel, and this one has no module `{module}`, neither built in nor loaded"
        );
        return Err(cannot(guest, &cause)
            .hint(format!("use a VM, as in backend = \"kvm\", which has a kernel of its own; or load it on the host: modprobe {module}"))
            .missing());
    }
    if guest.outside {
        check_outside(guest)?;
    }
    Ok(())
}

/// Returns what a container cannot have, with the remedy.
fn only_for_machines(guest: &Guest) -> Option<(&'static str, &'static str)> {
    if !guest.disks.is_empty() {
        return Some((
            "disks are for VMs, and this is a container",
            "use backend = \"kvm\" with an image that has a kernel",
        ));
    }
    if guest.kernel.is_some() {
        return Some((
            "kernel is for VMs, and a container has the host's",
            "use backend = \"kvm\", or leave kernel out",
        ));
    }
    if guest.accelerator.is_some() {
        return Some((
            "accelerator is for VMs, and a container runs on the host's kernel",
            "use backend = \"kvm\", or leave accelerator out",
        ));
    }
    None
}

/// Checks that a guest with a way out can have it.
fn check_outside(guest: &Guest) -> Result<(), Failure> {
    if guest.privileged {
        let cause = "a privileged guest has no network \"user\": what carries it out would be root on the host";
        return Err(cannot(guest, cause).hint("leave one of the two out"));
    }
    if programs::find(PASTA).is_none() {
        let cause = format!("its network \"user\" needs {PASTA}, which is not installed");
        return Err(cannot(guest, &cause)
            .hint("install it: apt-get install passt (Debian 12, Ubuntu 23.04 and newer), dnf install passt (Fedora)")
            .missing());
    }
    Ok(())
}
