//! What a VM needs before it starts: its image's files, a template to restore, disks with the host's files. Decides, and
//! makes the template if there is none; the VM itself belongs to a keeper.

use super::instance::{Belongings, Console, Devices, Limits};
use super::layers;
use super::lease::{Held, Host, Ready};
use super::payload::Payload;
use super::template::{self, Shape};
use crate::backend::kvm::{
    Accelerator, BASE, Hardware, INITRAMFS, Start, TEMPLATE, payload_serial,
};
use crate::config::{Guest, HOST_IMAGE, Init, OtherKernel, Rollback};
use crate::host::idmaps::Source;
use crate::image::payload::{DISK, Payload as PayloadDisk};
use crate::image::{Initramfs, Machine, Template};
use crate::keeper::World;
use crate::rootfs::{Lower, Plan, Tree};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vm_test::protocol::daemon::{ForeignDisk, LeaseRequest};
use vm_test::protocol::failure::Failure;
use vm_test::protocol::machine::Identity;

/// What QEMU needs besides the machine's own memory, in bytes.
const OVERHEAD: u64 = 256 << 20;

/// How much an instance may write to its root, in bytes; it is in memory, as its blank disks are.
const WRITES: u64 = 1 << 30;

/// With less memory, in bytes, a kernel of today does not boot, or has no room for a test.
const LEAST_MEMORY: u64 = 128 << 20;

/// How much longer everything may take where QEMU translates.
const TRANSLATED: u64 = 4;

/// How much longer than its init's own limit a machine may take, in milliseconds: that begins when its kernel has booted, and
/// only its agent can say what an init that is late waits for.
const KERNELS_BOOT: u64 = 15_000;

/// What a machine is made of. Nobody removes it as long as this lives.
#[derive(Debug)]
#[expect(dead_code, reason = "held for its locks, which end when it is dropped")]
pub(super) struct Parts {
    files: Machine,
    initramfs: Initramfs,
    template: Template,
    disks: Vec<PayloadDisk>,
}

/// How much memory of the host an instance may use at most, in bytes.
pub(super) fn footprint(guest: &Guest) -> u64 {
    guest.memory + OVERHEAD + blank(guest)
}

/// What its blank disks hold when they are full, in bytes.
fn blank(guest: &Guest) -> u64 {
    guest.disks.iter().sum()
}

/// Makes everything ready. `say` tells whoever waits what takes long.
///
/// # Errors
/// If the image has no kernel, or the host has no QEMU, or anything cannot be made.
pub(super) fn prepare(
    host: &Host,
    guest: &Guest,
    request: &LeaseRequest,
    init: Init,
    name: &str,
    say: &dyn Fn(&str),
) -> Result<Ready, Failure> {
    check(guest)?;
    let (program, emulator) = host.emulators.version()?;
    let store = layers::find(&guest.image, &request.store)?;
    host.stores.clear(&store);
    let (mut image, mut _held) = store.hold_image(&guest.image_with_kernel())?;
    if let Some(OtherKernel::File(file)) = &guest.kernel {
        let making = || say(&format!("{} is added to its image, once", file.display()));
        (image, _held) = store.with_kernel(&image, file, &making)?;
    }
    let files = store.machine(&image, || {
        say(&format!("a disk is made of image `{}`, once", guest.image));
    })?;
    for file in [files.root(), files.vmlinuz()] {
        if !file.is_file() {
            let cause = format!("{} is gone", file.display());
            return Err(cannot(guest, &cause).hint(format!(
                "remove {}; it will be made again",
                files.directory().display()
            )));
        }
    }
    let closure = host.libraries.of(&host.agent, "")?;
    let initramfs = store.initramfs(&files, &host.agent, &closure)?;
    let base = vec![
        (BASE.to_owned(), files.directory().to_path_buf()),
        (INITRAMFS.to_owned(), initramfs.directory().to_path_buf()),
    ];
    let shape = Shape {
        guest,
        words: [files.key(), initramfs.key(), &emulator],
        hardware: Hardware {
            start: Start::Save,
            program,
            accelerator: Accelerator::Tcg,
            memory: guest.memory,
            cpus: guest.cpus,
            boot_timeout: (init == Init::System).then_some(guest.boot_timeout * TRANSLATED),
            patience: patience(guest, init, TRANSLATED),
            disks: guest.disks.clone(),
            foreign: None,
            network: guest.outside,
            payload: Vec::new(),
            identity: Identity::default(),
        },
        base: &base,
    };
    let (accelerator, template) = template::obtain(host, &store, &shape, say)?;
    let foreign = request.disk.as_ref().map(|disk| open(guest, disk));
    let foreign = foreign.transpose()?;
    let payload = Payload::of(host, request, &guest.expose, &store, say)?;
    let mut places = base.clone();
    places.push((TEMPLATE.to_owned(), template.directory().to_path_buf()));
    let mut disks = Vec::new();
    for (number, disk) in payload.disks.iter().enumerate() {
        let name = payload_serial(number);
        disks.push(Path::new(&name).join(DISK));
        places.push((name, disk.directory().to_path_buf()));
    }
    let slower = match accelerator {
        Accelerator::Tcg => TRANSLATED,
        Accelerator::Kvm => 1,
    };
    let hardware = Hardware {
        boot_timeout: (init == Init::System).then_some(guest.boot_timeout * slower),
        patience: patience(guest, init, slower),
        // A template goes on with the disks that it was saved with.
        start: match foreign {
            Some(_) => Start::Boot,
            None => Start::Restore,
        },
        foreign: request.disk.as_ref().map(|disk| disk.format),
        accelerator,
        payload: disks,
        identity: Identity {
            host_name: guest.name.clone(),
            devices: guest.devices.clone(),
            network: guest.outside,
            places: payload.places,
            ..Identity::default()
        },
        ..shape.hardware
    };
    let next = (hardware.start == Start::Restore).then_some(accelerator);
    let world = world(host, guest, name, hardware, &places);
    let digest = image.digest.get(..12).unwrap_or_default();
    Ok(Ready {
        belongings: Belongings {
            foreign,
            ..belongings(guest, name, accelerator)?
        },
        world,
        description: format!("{} ({digest}), {}", guest.description(), accelerator.name()),
        kernel: image
            .kernel
            .map(|kernel| kernel.release)
            .unwrap_or_default(),
        timeout: guest.timeout * slower,
        boot_timeout: patience(guest, init, slower),
        caveat: None,
        next,
        held: Arc::new(Held::Machine(Box::new(Parts {
            files,
            initramfs,
            template,
            disks: payload.disks,
        }))),
    })
}

/// How long its agent may take to its first word, in milliseconds.
fn patience(guest: &Guest, init: Init, slower: u64) -> u64 {
    let kernels = (init == Init::System).then_some(KERNELS_BOOT);
    guest.boot_timeout * slower + kernels.unwrap_or(0)
}

/// Opens a disk from elsewhere, for reading only.
fn open(guest: &Guest, disk: &ForeignDisk) -> Result<OwnedFd, Failure> {
    let opened = File::open(&disk.path).map(OwnedFd::from);
    opened.map_err(|error| cannot(guest, &format!("{}: {error}", disk.path)))
}

fn check(guest: &Guest) -> Result<(), Failure> {
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

/// What every machine has that is not in its namespaces.
pub(super) fn belongings(
    guest: &Guest,
    name: &str,
    accelerator: Accelerator,
) -> Result<Belongings, Failure> {
    let console = Console::new()
        .map_err(|error| cannot(guest, &format!("cannot make a console: {error}")))?;
    Ok(Belongings {
        limits: Limits::new(name, footprint(guest) + WRITES).ok(),
        console: Some(console),
        devices: match accelerator {
            Accelerator::Kvm => Devices::for_kvm(),
            Accelerator::Tcg => Devices::default(),
        },
        ..Belongings::default()
    })
}

/// The world of a machine, for a keeper: `places` are directories of the host by their names in the keeper's room.
pub(super) fn world(
    host: &Host,
    guest: &Guest,
    instance: &str,
    hardware: Hardware,
    places: &[(String, PathBuf)],
) -> World {
    let as_root = host.maps.source == Source::Root;
    let mut plan = Plan::default();
    // The device's own file is closed to the ids of a real root's guests.
    let devices = match hardware.accelerator {
        Accelerator::Kvm if as_root => Devices::for_kvm().paths,
        _ => Vec::new(),
    };
    let places = places
        .iter()
        .map(|(name, path)| {
            if !as_root {
                return (name.clone(), Lower::Path(path.clone()));
            }
            plan.trees.push(Tree {
                path: path.clone(),
                optional: false,
            });
            (name.clone(), Lower::Tree(plan.trees.len() - 1))
        })
        .collect();
    World {
        instance: instance.to_owned(),
        guest: guest.name.clone(),
        host_network: hardware.network,
        hardware: Some(hardware),
        places,
        plan,
        agent: None,
        loader: None,
        memory: WRITES + blank(guest),
        watch_memory: false,
        boot_timeout: None,
        user_namespace: true,
        real_root: as_root,
        device_files: !devices.is_empty(),
        devices,
    }
}

pub(super) fn cannot(guest: &Guest, cause: &str) -> Failure {
    Failure::new(format!("cannot start guest `{}`: {cause}", guest.name))
}
