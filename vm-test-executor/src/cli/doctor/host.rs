//! Checks of the host that are the same for all its users: kernel, library, memory.

use super::super::output::size;
use super::check::Check;
use crate::backend;
use crate::config::{Guest, HOST};
use crate::daemon::{self, Budget};

const NO_GUESTS: &str = "no guest can be started, and every test on a guest fails";

/// The first kernel with everything that a guest needs: overlays in user namespaces (5.11),
/// id-mapped mounts (5.12).
const OLDEST_KERNEL: (u32, u32) = (5, 12);

pub(super) fn kernel() -> Check {
    let name = "kernel";
    let release = rustix::system::uname();
    let release = release.release().to_string_lossy();
    if version(&release).is_some_and(|version| version < OLDEST_KERNEL) {
        return Check::warn(name, format!("Linux {release}"))
            .consequence("it is older than any kernel that vm-test was tested on")
            .hint("use Linux 5.12 or newer; the checks below show whether this kernel works");
    }
    Check::pass(name, format!("Linux {release}"))
}

/// Returns the first two numbers of a kernel release.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    let mut number = || numbers.next()?.parse().ok();
    Some((number()?, number()?))
}

pub(super) fn liblxc() -> Check {
    let name = "liblxc";
    match backend::library_version() {
        Ok(version) => Check::pass(name, format!("version {version}")),
        Err(failure) => Check::fail(name, failure).consequence(NO_GUESTS),
    }
}

pub(super) fn memory() -> Check {
    let name = "memory";
    let budget = Budget::of_host();
    let usual = Guest::new(HOST).map_or(u64::MAX, |guest| guest.memory);
    let finding = format!("{} for all guests together", size(budget.memory));
    if budget.memory < usual {
        return Check::warn(name, finding)
            .consequence(format!(
                "guests that ask for the usual {} are refused",
                size(usual)
            ))
            .hint("set VM_TEST_MEMORY_BUDGET (MiB), or a smaller memory in vm-test.toml");
    }
    let at_once = (budget.memory / usual).min(budget.cpus.into());
    Check::pass(
        name,
        format!("{finding}, so {at_once} of the usual size at once"),
    )
}

/// Checks QEMU, which runs VMs; containers do not need it.
pub(super) fn qemu() -> Check {
    let name = "qemu";
    match daemon::Emulators::default().version() {
        Ok((program, identity)) => {
            let version = identity.split(" (").next().unwrap_or_default();
            let accelerator = match daemon::may_use_kvm() {
                Ok(()) => "/dev/kvm can be opened; booting an image proves whether it works",
                Err(_) => "without /dev/kvm, so it emulates the processor",
            };
            Check::pass(
                name,
                format!("{version} ({}), {accelerator}", program.display()),
            )
        }
        Err(failure) => Check::warn(name, failure.text())
            .consequence("guests with backend = \"kvm\" cannot be started; containers can")
            .hint(failure.hint.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn kernels_are_compared_by_number() {
        assert_eq!(super::version("6.18.44-fc-v657"), Some((6, 18)));
        assert!(super::version("5.9.0") < Some((5, 12)));
        assert_eq!(super::version("strange"), None);
    }
}
