//! What no VM can have, whatever it starts from. Looks at settings only.

use super::super::instance::cannot;
use crate::config::{Guest, HOST_IMAGE, Rollback};
use vm_test_protocol::failure::Failure;

/// With less memory, in bytes, a current kernel does not boot, or leaves no memory for a test.
const LEAST_MEMORY: u64 = 128 << 20;

/// Refuses settings that a VM cannot have.
pub(super) fn check(guest: &Guest) -> Result<(), Failure> {
    if guest.image == HOST_IMAGE {
        return Err(
            cannot(guest, "a VM cannot start from the host's root").hint(
                "name an image with a kernel, as in image = \"debian-12\", or use backend = \"lxc\"",
            ),
        );
    }
    if guest.privileged {
        return Err(cannot(
            guest,
            "privileged = true is for containers, and this is a VM",
        )
        .hint("leave it out: root in a VM is root over all of it"));
    }
    if !guest.forward.is_empty() && !guest.outside {
        return Err(cannot(
            guest,
            "a VM forwards its ports over its link to the outside, and its network is \"none\"",
        )
        .hint("use network = \"user\", or a container"));
    }
    if guest.memory < LEAST_MEMORY {
        let cause = format!(
            "its memory of {} MiB is less than the {} MiB that a VM needs with its kernel",
            guest.memory >> 20,
            LEAST_MEMORY >> 20
        );
        return Err(cannot(guest, &cause).hint("give it more, as in memory = \"256M\""));
    }
    if guest.rollback == Some(Rollback::Snapshot) {
        return Err(cannot(
            guest,
            "rollback = \"snapshot\" is only for containers; a VM has its own disk",
        )
        .hint("leave rollback out: what a VM writes vanishes with it"));
    }
    Ok(())
}
