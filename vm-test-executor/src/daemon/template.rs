//! Templates of machines: which one an instance goes on from, how it is made when there is none, and which accelerator it
//! proves. A template that was made is the proof that its accelerator boots this image here; nothing less is.

use super::emulator;
use super::instance::Instance;
use super::lease::Host;
use super::machine::{self, cannot};
use crate::backend::kvm::{Accelerator, Hardware, TEMPLATE};
use crate::config::{self, Guest};
use crate::image::{Store, Template};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use vm_test::protocol::PROTOCOL;
use vm_test::protocol::failure::Failure;

/// How long a machine may take to boot before its accelerator counts as one that does not work, in milliseconds. Those that
/// work take a second.
const PROOF: u64 = 15_000;

/// All that decides which template it is.
#[derive(Debug)]
pub(super) struct Shape<'a> {
    pub(super) guest: &'a Guest,
    /// What it is made of: the image's files, the initial file system with the agent, QEMU.
    pub(super) words: [&'a str; 3],
    pub(super) hardware: Hardware,
    /// The directories with what it boots from, by their names in a keeper's room.
    pub(super) base: &'a [(String, PathBuf)],
}

/// The template, and the accelerator that it was made with.
///
/// # Errors
/// If it cannot be made, or the accelerator that is asked for does not boot.
pub(super) fn obtain(
    host: &Host,
    store: &Store,
    shape: &Shape<'_>,
    say: &dyn Fn(&str),
) -> Result<(Accelerator, Template), Failure> {
    let guest = shape.guest;
    let unusable = match guest.accelerator {
        config::Accelerator::Tcg => None,
        _ => Some(emulator::may_use_kvm()),
    };
    match (unusable, guest.accelerator) {
        (None, _) => {}
        (Some(Err(cause)), config::Accelerator::Kvm) => {
            return Err(cannot(guest, &format!("accelerator = \"kvm\": {cause}")).hint(
                "add yourself to the group of /dev/kvm, or use accelerator = \"auto\", which has QEMU translate instead",
            )
            .missing());
        }
        (Some(Err(_)), _) => {}
        (Some(Ok(())), wish) => match proven(host, store, shape, say)? {
            Ok(template) => return Ok((Accelerator::Kvm, template)),
            Err(cause) if wish == config::Accelerator::Kvm => {
                let cause = format!(
                    "accelerator = \"kvm\": image `{}` does not boot with /dev/kvm here: {cause}",
                    guest.image
                );
                return Err(cannot(guest, &cause)
                    .hint("use accelerator = \"auto\", which has QEMU translate instead")
                    .missing());
            }
            Err(_) => {}
        },
    }
    let template = with(host, store, shape, Accelerator::Tcg, say)?;
    Ok((Accelerator::Tcg, template))
}

/// The template by `/dev/kvm`, or why this image does not boot with it here: found out once, and remembered.
fn proven(
    host: &Host,
    store: &Store,
    shape: &Shape<'_>,
    say: &dyn Fn(&str),
) -> Result<Result<Template, String>, Failure> {
    let kernel = rustix::system::uname();
    let kernel = kernel.release().to_string_lossy();
    // Another agent does not change it.
    let [files, _, emulator] = shape.words;
    let words = [files, emulator, "kvm on", &kernel];
    if let Some(refusal) = store.refusal(&words) {
        return Ok(Err(refusal));
    }
    match with(host, store, shape, Accelerator::Kvm, say) {
        Ok(template) => Ok(Ok(template)),
        Err(failure) => {
            let line = failure.message.lines().next().unwrap_or_default();
            say(&format!(
                "/dev/kvm is there and does not boot image `{}`; from now on QEMU translates, which is slower",
                shape.guest.image
            ));
            store.remember_refusal(&words, line)?;
            Ok(Err(line.to_owned()))
        }
    }
}

/// The template with this accelerator.
fn with(
    host: &Host,
    store: &Store,
    shape: &Shape<'_>,
    accelerator: Accelerator,
    say: &dyn Fn(&str),
) -> Result<Template, Failure> {
    let mut hardware = shape.hardware.clone();
    hardware.accelerator = accelerator;
    if accelerator == Accelerator::Kvm {
        hardware.patience = hardware.patience.min(PROOF);
        hardware.boot_timeout = hardware.boot_timeout.map(|limit| limit.min(PROOF));
    }
    let text = format!("{hardware:?} protocol {PROTOCOL}");
    let [files, initramfs, emulator] = shape.words;
    store.template(
        &[files, initramfs, emulator, &text],
        |damage| say(&format!("its template is damaged, and made anew: {damage}")),
        |aside| {
            say("this machine boots for the first time; the next ones go on from there");
            save(host, shape, &hardware, aside)
        },
    )
}

/// Has a template made in this directory.
fn save(host: &Host, shape: &Shape<'_>, hardware: &Hardware, aside: &Path) -> Result<(), Failure> {
    let guest = shape.guest;
    let number = host.registry.next_number();
    let name = format!("{}-{}-{number}", guest.name, host.run);
    let mut places = shape.base.to_vec();
    places.push((TEMPLATE.to_owned(), aside.to_path_buf()));
    let world = machine::world(host, guest, &name, hardware.clone(), &places);
    let (_here, stream) = UnixStream::pair()
        .map_err(|error| cannot(guest, &format!("cannot make a pair of sockets: {error}")))?;
    let instance = Instance::start(
        &world,
        number,
        &stream,
        &host.maps,
        machine::belongings(guest, &name, hardware.accelerator)?,
        &host.spawner,
    )?;
    instance.saved(&host.stop)
}
