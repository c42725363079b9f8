//! What a VM needs before it starts: its image's files, a template to restore, disks with the
//! host's files. Decides, and makes the template if there is none; the VM itself belongs to a
//! keeper.

use super::super::instance::{Belongings, cannot};
use super::configured::{Configured, Often};
use super::forwards;
use super::hardware::{assignment, belongings};
use super::inputs::Inputs;
use super::next::Next;
use super::order::{OnLab, Order};
use super::payload::Payload;
use super::ready::Ready;
use super::template::{self, Shape};
use super::tools::Tools;
use super::vm_refusal;
use crate::backend::kvm::{
    self, Accelerator, BASE, Hardware, INITRAMFS, PAYLOAD_DISKS, Start, TEMPLATE, payload_serial,
};
use crate::config::{Guest, Init, OtherKernel};
use crate::image::payload::DISK;
use crate::image::{self, ImageRecord, Initramfs, Machine, Store, images};
use crate::keeper::Descriptor;
use crate::keeper::lab::{MTU, hardware_address, interface};
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use vm_test_protocol::daemon::ForeignDisk;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::machine::{Identity, Place, Port};

/// QEMU takes only multiples of this.
const GRAIN: u64 = 8 << 10;

/// How much longer everything may take under emulation.
const TRANSLATED: u32 = 4;

/// How much longer than its init's own limit a machine may take: that begins when its kernel has
/// booted, and only its agent can say what an init that is late waits for.
const KERNELS_BOOT: Duration = Duration::from_secs(15);

/// Makes everything ready. `say` tells the client what takes long.
///
/// # Errors
/// If the image has no kernel, or the host has no QEMU, or anything cannot be made.
pub(super) fn prepare(
    tools: &Tools,
    order: &Order<'_>,
    number: u64,
    name: &str,
    say: &dyn Fn(&str),
) -> Result<Ready, Failure> {
    let (guest, request, init) = (&order.guest, order.request, order.init);
    vm_refusal::check(guest)?;
    let inputs = Inputs::of(guest, request)?;
    // QEMU listens itself: these ports are given up when it is about to start.
    let taken = forwards::take(guest)?;
    let (program, emulator) = tools.emulators.version()?;
    let store = order.source.store()?;
    tools.stores.clear(store);
    let base = Base::of(tools, store, guest, say)?;
    let base_places = base.places();
    let node = order.node.as_ref();
    let cards = node.map_or(guest.own_interfaces().len(), |node| node.ports.len());
    let shape = Shape {
        guest,
        words: [base.files.key(), base.initramfs.key(), &emulator],
        hardware: Hardware {
            ports: cards,
            journal: node.is_some(),
            ..hardware(guest, init, TRANSLATED, program)
        },
        base: &base_places,
    };
    let (accelerator, template) = template::obtain(tools, store, &shape, say)?;
    let foreign = request.disk.as_ref().map(|disk| open(guest, disk));
    let foreign = foreign.transpose()?;
    let foreign = foreign.map(|disk| (Descriptor::ForeignDisk, disk));
    let mut payload = Payload::of(tools, request, &guest.expose, store, say)?;
    payload.add_inputs(&inputs, store, say)?;
    let mut places = base_places.clone();
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
        // A template is restored with the disks that it was saved with.
        start: match foreign {
            Some(_) => Start::Boot,
            None => Start::Restore,
        },
        foreign: request.disk.as_ref().map(|disk| disk.format),
        accelerator,
        payload: disks,
        ports: cards,
        journal: node.is_some(),
        forwards: taken
            .iter()
            .map(|it| (it.forwarded.at, it.forwarded.port))
            .collect(),
        identity: identity(guest, payload.places, node)?,
        ..hardware(guest, init, slower, shape.hardware.program)
    };
    let forwards: Vec<_> = taken.iter().map(|it| it.forwarded.clone()).collect();
    let mut template = Arc::new(template);
    let is_restored = hardware.start == Start::Restore;
    let often = Often::of(guest, node.is_some(), !forwards.is_empty());
    let configured = often.filter(|_| is_restored).map(|often| Configured {
        guest: guest.clone(),
        hardware: hardware.clone(),
        places: places.clone(),
        store: store.clone(),
        of_guest: Arc::clone(&template),
        often,
    });
    if let Some(configured) = &configured {
        template = configured.template(tools, say);
    }
    places.push((TEMPLATE.to_owned(), template.directory().to_path_buf()));
    let next = (is_restored && forwards.is_empty()).then_some(Next::Vm(accelerator));
    let assignment = assignment(tools.as_root(), guest, name, hardware, &places);
    let digest = base.image.digest.short();
    Ok(Ready {
        number,
        belongings: Belongings {
            others: foreign.into_iter().collect(),
            ..belongings(guest, name, accelerator)?
        },
        assignment,
        description: format!("{} ({digest}), {}", guest.description(), accelerator.name()),
        kernel: base
            .image
            .kernel
            .map(|kernel| kernel.release)
            .unwrap_or_default(),
        timeout: Duration::from_millis(guest.timeout).saturating_mul(slower),
        boot_timeout: patience(guest, init, slower),
        caveat: None,
        shortage: None,
        writes_to_memory: false,
        forwards,
        next,
        configured: configured.map(Arc::new),
        held: Arc::new((base.files, base.initramfs, template, payload.disks)),
    })
}

/// What all VMs of an image start from.
struct Base {
    image: ImageRecord,
    files: Machine,
    initramfs: Initramfs,
    /// Keeps the image's layers from being removed meanwhile.
    _held: image::Held,
}

impl Base {
    /// Returns the files of this guest's image and kernel, made if there are none.
    fn of(
        tools: &Tools,
        store: &Store,
        guest: &Guest,
        say: &dyn Fn(&str),
    ) -> Result<Self, Failure> {
        let (mut image, mut held) = images::hold(store, &guest.image_to_start_from())?;
        if let Some(OtherKernel::File(file)) = &guest.kernel {
            let making = || {
                say(&format!(
                    "adding {} to its image (only once)",
                    file.display()
                ))
            };
            (image, held) = image::with_kernel(store, &image, file, &making)?;
        }
        let files = Machine::of(store, &image, || {
            say(&format!(
                "making a disk of image `{}` (only once)",
                guest.image
            ));
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
        let closure = tools.libraries.of(&tools.agent, "")?;
        let initramfs = Initramfs::of(store, &files, &tools.agent, &closure)?;
        Ok(Self {
            image,
            files,
            initramfs,
            _held: held,
        })
    }

    /// Returns the directories of the files, by their names in a keeper's directory.
    fn places(&self) -> Vec<(String, PathBuf)> {
        let (files, initramfs) = (self.files.directory(), self.initramfs.directory());
        vec![
            (BASE.to_owned(), files.to_path_buf()),
            (INITRAMFS.to_owned(), initramfs.to_path_buf()),
        ]
    }
}

/// Returns this guest's hardware as its template is made with it, where everything may take this
/// many times as long.
fn hardware(guest: &Guest, init: Init, slower: u32, program: PathBuf) -> Hardware {
    Hardware {
        start: Start::Save,
        program,
        accelerator: Accelerator::Tcg,
        memory: guest.memory.next_multiple_of(GRAIN),
        cpus: guest.cpus,
        boot_timeout: boot_timeout(guest, init, slower),
        patience: patience(guest, init, slower),
        disks: guest.disks.clone(),
        foreign: None,
        network: guest.outside,
        ports: 0,
        journal: false,
        layers: 0,
        payload: Vec::new(),
        forwards: Vec::new(),
        payload_disks: PAYLOAD_DISKS + usize::from(guest.has_inputs()),
        identity: Identity::default(),
    }
}

/// Returns what tells this VM from others of its template.
fn identity(guest: &Guest, places: Vec<Place>, node: Option<&OnLab>) -> Result<Identity, Failure> {
    // A node keeps it when it boots again; any other VM gets its own from its keeper.
    let machine_id = node.map_or(Ok(String::new()), |_| kvm::machine_id());
    let machine_id =
        machine_id.map_err(|error| cannot(guest, &format!("it can get no machine id: {error}")))?;
    let own = || guest.own_interfaces().map(own_port).collect();
    let (ports, hosts) = node.map_or_else(
        || (own(), String::new()),
        |node| (node.ports.clone(), node.hosts.clone()),
    );
    Ok(Identity {
        ports,
        hosts,
        host_name: guest.name.clone(),
        machine_id,
        devices: guest.devices.clone(),
        modules: guest.modules.clone(),
        network: guest.outside,
        places,
        is_node: node.is_some(),
        ..Identity::default()
    })
}

/// Returns an interface that is in no lab, by its number.
fn own_port(number: u32) -> Port {
    Port {
        interface: interface(number),
        hardware: hardware_address(number),
        mtu: MTU,
        addresses: Vec::new(),
        routes: Vec::new(),
    }
}

/// How long the image's own init may take, if it boots.
fn boot_timeout(guest: &Guest, init: Init, slower: u32) -> Option<Duration> {
    let limit = Duration::from_millis(guest.boot_timeout);
    (init == Init::System).then(|| limit.saturating_mul(slower))
}

/// How long its agent may take to its first word.
fn patience(guest: &Guest, init: Init, slower: u32) -> Duration {
    let limit = Duration::from_millis(guest.boot_timeout).saturating_mul(slower);
    match init {
        Init::System => limit.saturating_add(KERNELS_BOOT),
        Init::Agent => limit,
    }
}

/// Opens an imported disk, read-only.
fn open(guest: &Guest, disk: &ForeignDisk) -> Result<OwnedFd, Failure> {
    let opened = File::open(&disk.path).map(OwnedFd::from);
    opened.map_err(|error| cannot(guest, &format!("{}: {error}", disk.path)))
}
