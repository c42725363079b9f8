//! Templates of VMs: which one an instance is restored from, how a missing one is made, and which
//! accelerator it proves. A finished template proves that its accelerator boots this VM on this
//! host; only a VM that had everything it needs and still did not boot proves that it does not.

use super::super::instance::{Belongings, boots, cannot};
use super::emulator;
use super::hardware::{assignment, belongings};
use super::tools::Tools;
use super::turn;
use crate::backend::Unrun;
use crate::backend::kvm::{Accelerator, Hardware, TEMPLATE};
use crate::config::{self, Guest};
use crate::image::{Store, Template};
use crate::keeper::Assignment;
use std::cell::RefCell;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use vm_test_protocol::PROTOCOL;
use vm_test_protocol::failure::Failure;

/// How long a machine may take to boot before its accelerator counts as one that does not work.
/// Those that work take a second; an init of the image's own has as long as its guest gives it
/// besides.
const PROOF: Duration = Duration::from_secs(15);

/// How to make a refusal forgotten before the host reboots.
const FORGET: &str = "once /dev/kvm works, `vm-test gc --images` makes vm-test try it again";

/// What determines the identity of a template.
#[derive(Debug)]
pub(super) struct Shape<'a> {
    pub(super) guest: &'a Guest,
    /// What it is made of: the image's files, the initramfs with the agent, QEMU.
    pub(super) words: [&'a str; 3],
    pub(super) hardware: Hardware,
    /// The directories that it boots from, by their names in a keeper's directory.
    pub(super) base: &'a [(String, PathBuf)],
}

/// Returns the template, and the accelerator that it was made with.
///
/// # Errors
/// If it cannot be made, or does not boot with the requested accelerator.
pub(super) fn obtain(
    tools: &Tools,
    store: &Store,
    shape: &Shape<'_>,
    say: &dyn Fn(&str),
) -> Result<(Accelerator, Template), Failure> {
    let guest = shape.guest;
    let unusable = match guest.accelerator() {
        config::Accelerator::Tcg => None,
        _ => Some(emulator::may_use_kvm()),
    };
    match (unusable, guest.accelerator()) {
        (None, _) => {}
        (Some(Err(cause)), config::Accelerator::Kvm) => {
            return Err(cannot(guest, &format!("accelerator = \"kvm\": {cause}")).hint(
                "add yourself to the group of /dev/kvm, or use accelerator = \"auto\", which lets QEMU emulate the processor instead",
            )
            .missing());
        }
        (Some(Err(_)), _) => {}
        (Some(Ok(())), wish) => match proven(tools, store, shape, say)? {
            Ok(template) => return Ok((Accelerator::Kvm, template)),
            Err(cause) if wish == config::Accelerator::Kvm => {
                let cause = format!(
                    "accelerator = \"kvm\": image `{}` does not boot with /dev/kvm here: {cause}",
                    guest.image
                );
                return Err(cannot(guest, &cause)
                    .hint(format!(
                        "use accelerator = \"auto\", which lets QEMU emulate the processor instead; {FORGET}"
                    ))
                    .missing());
            }
            Err(_) => {}
        },
    }
    let hardware = shape.hardware.clone();
    let template = with(store, shape, &hardware, say, |aside| {
        say_first(say);
        save(tools, store, (shape, &hardware), aside, say).map_err(|unrun| unrun.failure)
    })?;
    Ok((hardware.accelerator, template))
}

/// Returns the template made with `/dev/kvm`, or why this VM does not boot with it here.
///
/// The result is remembered, unless something else prevented the attempt.
fn proven(
    tools: &Tools,
    store: &Store,
    shape: &Shape<'_>,
    say: &dyn Fn(&str),
) -> Result<Result<Template, String>, Failure> {
    let kernel = rustix::system::uname();
    let kernel = kernel.release().to_string_lossy();
    let hardware = by_kvm(shape);
    // Independent of blank disks and of the agent.
    let text = lasting(&Hardware {
        disks: Vec::new(),
        ..hardware.clone()
    });
    let [files, _, emulator] = shape.words;
    let words = [files, emulator, &text, "kvm on", &kernel];
    if let Some(refusal) = Template::refusal(store, &words) {
        return Ok(Err(refusal));
    }
    let refused = RefCell::new(None);
    let template = with(store, shape, &hardware, say, |aside| {
        // Somebody else may have found out meanwhile.
        if let Some(known) = Template::refusal(store, &words) {
            refused.replace(Some(known.clone()));
            return Err(Failure::new(known));
        }
        say_first(say);
        save(tools, store, (shape, &hardware), aside, say).map_err(|unrun| {
            if unrun.is_unbooted {
                let cause = &unrun.failure.message;
                if shape.guest.accelerator() == config::Accelerator::Auto {
                    say(&format!(
                        "image `{}` does not boot with /dev/kvm here: {cause}; QEMU emulates the processor instead, which is slower, until this host is rebooted; {FORGET}",
                        shape.guest.image
                    ));
                }
                // If it cannot be recorded, the next lease finds out again.
                let _ = Template::remember_refusal(store, &words, cause);
                refused.replace(Some(cause.clone()));
            }
            unrun.failure
        })
    });
    match (template, refused.into_inner()) {
        (Err(_), Some(cause)) => Ok(Err(cause)),
        (template, _) => template.map(Ok),
    }
}

/// Returns the same VM with `/dev/kvm` and its limits.
fn by_kvm(shape: &Shape<'_>) -> Hardware {
    let boot_timeout = shape
        .hardware
        .boot_timeout
        .map(|_| Duration::from_millis(shape.guest.boot_timeout).max(PROOF));
    Hardware {
        accelerator: Accelerator::Kvm,
        // A late init is not the kernel's fault, and its agent reports it in time.
        patience: PROOF.saturating_add(boot_timeout.unwrap_or_default()),
        boot_timeout,
        ..shape.hardware.clone()
    }
}

/// Returns the template of this VM, which `make` makes.
fn with(
    store: &Store,
    shape: &Shape<'_>,
    hardware: &Hardware,
    say: &dyn Fn(&str),
    make: impl Fn(&Path) -> Result<(), Failure>,
) -> Result<Template, Failure> {
    let text = format!("{} protocol {PROTOCOL}", lasting(hardware));
    let [files, initramfs, emulator] = shape.words;
    Template::of(
        store,
        &[files, initramfs, emulator, &text],
        |damage| {
            say(&format!(
                "its template is damaged and is being rebuilt: {damage}"
            ))
        },
        || say("an identical VM boots for the first time; this one waits for it"),
        make,
    )
}

/// Describes a VM without the time limits of its boot, which do not matter once it has booted.
fn lasting(hardware: &Hardware) -> String {
    let hardware = Hardware {
        patience: Duration::ZERO,
        boot_timeout: hardware.boot_timeout.map(|_| Duration::ZERO),
        ..hardware.clone()
    };
    format!("{hardware:?}")
}

fn say_first(say: &dyn Fn(&str)) {
    say("this VM boots for the first time; later ones are restored from this boot");
}

/// Makes a template in this directory.
fn save(
    tools: &Tools,
    store: &Store,
    (shape, hardware): (&Shape<'_>, &Hardware),
    aside: &Path,
    say: &dyn Fn(&str),
) -> Result<(), Unrun> {
    let guest = shape.guest;
    let _turn = turn::to_boot(tools, hardware.accelerator, say);
    let (number, name) = tools.names.next(&guest.name);
    let mut places = shape.base.to_vec();
    places.push((TEMPLATE.to_owned(), aside.to_path_buf()));
    let assignment = assignment(tools.as_root(), guest, &name, hardware.clone(), &places);
    let belongings = belongings(guest, &name, hardware.accelerator)?;
    until_saved(tools, store, guest, number, &assignment, belongings)
}

/// Runs a VM until it has been saved.
pub(super) fn until_saved(
    tools: &Tools,
    store: &Store,
    guest: &Guest,
    number: u64,
    assignment: &Assignment,
    belongings: Belongings,
) -> Result<(), Unrun> {
    let (_here, stream) = UnixStream::pair()
        .map_err(|error| cannot(guest, &format!("cannot make a pair of sockets: {error}")))?;
    let name = &assignment.instance;
    let instance = tools.start(assignment, number, &stream, belongings)?;
    let console = instance.console();
    instance.saved(&tools.stop).map_err(|mut unrun| {
        if let Some(console) = console {
            let is_kept = boots::keep(store.root(), name, &unrun.failure, &console);
            if is_kept && unrun.failure.hint.is_none() {
                let hint = format!("`vm-test logs {name}` shows all of its console");
                unrun.failure = unrun.failure.hint(hint);
            }
        }
        unrun
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::kvm::Start;
    use vm_test_protocol::machine::Identity;

    #[test]
    fn how_long_a_boot_may_take_makes_no_other_machine_and_whose_init_boots_does() {
        let machine = |patience, boot_timeout: Option<u64>| Hardware {
            start: Start::Save,
            program: PathBuf::from("qemu"),
            accelerator: Accelerator::Tcg,
            memory: 1 << 29,
            cpus: 1,
            boot_timeout: boot_timeout.map(Duration::from_secs),
            patience: Duration::from_secs(patience),
            disks: Vec::new(),
            foreign: None,
            network: false,
            ports: 0,
            journal: false,
            layers: 0,
            payload: Vec::new(),
            payload_disks: 2,
            forwards: Vec::new(),
            identity: Identity::default(),
        };
        let words = |patience, boot_timeout| lasting(&machine(patience, boot_timeout));
        assert_eq!(words(1, None), words(2, None));
        assert_eq!(words(1, Some(1)), words(2, Some(2)));
        assert_ne!(words(1, None), words(1, Some(1)));
    }
}
