//! What a container needs before it starts: a plan of its files, devices, limits and, if it has its
//! own init, a console and a control group. Decides; starts nothing.

use super::super::instance::{Belongings, Devices, cannot};
use super::boot::Boot;
use super::forwards;
use super::inputs::Inputs;
use super::layers::Layers;
use super::libraries::Closure;
use super::next::Next;
use super::order::Order;
use super::ready::Ready;
use super::shared::shared;
use super::tools::Tools;
use crate::config::{Guest, HOST_IMAGE, Init, Rollback};
use crate::host::hidden::hidden;
use crate::keeper::{Assignment, Container, Descriptor, MOST_TREES, Network, World};
use crate::rootfs::{self, By, Lower, Plan, Tree};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use vm_test_protocol::LIBRARIES;
use vm_test_protocol::daemon::LeaseRequest;
use vm_test_protocol::failure::Failure;
use vm_test_runtime::variables::STORE as ENV_STORE;

/// Makes everything ready.
pub(super) fn prepare(
    tools: &Tools,
    order: &Order<'_>,
    number: u64,
    name: &str,
    _say: &dyn Fn(&str),
) -> Result<Ready, Failure> {
    let guest = &order.guest;
    let as_root = tools.as_root();
    let settled = || tools.ending.load(Ordering::SeqCst) == 0;
    let layers = Layers::of(order, name, &tools.stores, &settled)?;
    let description = layers
        .as_ref()
        .map_or_else(|| guest.description(), |layers| layers.describe(guest));
    let devices = Devices::of(guest, as_root, &tools.journal, number)?;
    let boot = match order.init {
        Init::Agent => None,
        Init::System => {
            let owner = as_root.then(|| tools.maps.root_of(number));
            Some(Boot::new(guest, name, owner)?)
        }
    };
    let taken = forwards::take(guest)?;
    let container = Container {
        forwards: taken.iter().map(|it| it.forwarded.port).collect(),
        ..container(tools, order, layers.as_ref())?
    };
    let (forwards, listeners): (Vec<_>, Vec<_>) = taken
        .into_iter()
        .map(|it| (it.forwarded, (Descriptor::Forward, it.listener.into())))
        .unzip();
    let build = order.request.build.as_ref();
    let next = is_simple(order, &devices, layers.as_ref()).then_some(Next::Container);
    let assignment = Assignment {
        instance: name.to_owned(),
        guest: guest.name.clone(),
        room: guest.memory,
        network: match (build, &order.node) {
            (Some(build), _) if build.network => Network::Host,
            (_, Some(_)) => Network::Lab,
            _ if guest.outside => Network::User,
            _ => Network::None,
        },
        hosts: order
            .node
            .as_ref()
            .map_or_else(String::new, |node| node.hosts.clone()),
        device_files: as_root && !devices.is_empty(),
        devices: devices.paths.clone(),
        world: World::Container(container),
    };
    let (console, delegation) = boot.map_or((None, None), |boot| {
        (Some(boot.console), Some(boot.delegation))
    });
    Ok(Ready {
        number,
        assignment,
        belongings: Belongings {
            limits: None,
            devices,
            delegation,
            others: listeners,
            console,
        },
        description,
        // A container uses the host's kernel.
        kernel: rustix::system::uname()
            .release()
            .to_string_lossy()
            .into_owned(),
        timeout: Duration::from_millis(guest.timeout),
        boot_timeout: Duration::from_millis(guest.boot_timeout),
        forwards,
        next,
        configured: None,
        caveat: caveat(guest, as_root),
        shortage: layers
            .as_ref()
            .and_then(Layers::scarce)
            .map(|free| shortage(guest, free)),
        writes_to_memory: guest.rollback != Some(Rollback::Snapshot),
        held: Arc::new(layers),
    })
}

/// Returns whether another container like this one can be started ahead of its lease: it has nothing
/// that only one instance can have, and its agent is its first process.
fn is_simple(order: &Order<'_>, devices: &Devices, layers: Option<&Layers>) -> bool {
    order.init == Init::Agent
        && order.request.build.is_none()
        && order.node.is_none()
        && devices.is_empty()
        && order.guest.forward.is_empty()
        && layers.is_none_or(Layers::is_shared)
}

/// Returns what root in the guest may not do here, for the reader of a failure.
fn caveat(guest: &Guest, as_root: bool) -> Option<String> {
    (guest.image == HOST_IMAGE && !as_root).then(|| {
        format!(
            "in guest `{}` the files of the host's root belong to nobody and cannot be changed, because an ordinary user runs it: run the tests as root, or use an image",
            guest.name
        )
    })
}

/// Returns why a snapshot that began with this many free bytes may be full soon, for the reader of
/// a failure.
fn shortage(guest: &Guest, free: u64) -> String {
    format!(
        "the snapshot of guest `{}` began with {} MiB free on the store's disk, because removed snapshots were still being cleaned: run the test again later, or set {ENV_STORE} to a store on a larger disk",
        guest.name,
        free >> 20
    )
}

fn container(
    tools: &Tools,
    order: &Order<'_>,
    layers: Option<&Layers>,
) -> Result<Container, Failure> {
    let (guest, request) = (&order.guest, order.request);
    let as_root = tools.as_root();
    let shares = shared(&request.shares);
    let hidden = hidden(&request.credentials, &guest.expose, &shares);
    let mut plan = match layers {
        None => rootfs::host_plan(as_root, &shares, &hidden),
        Some(layers) => rootfs::image_plan(as_root, &layers.root, &shares, &hidden),
    };
    let installed = tools.agent.parent().unwrap_or(Path::new("/")).to_path_buf();
    if !guest.privileged {
        plan.adopt(&shares, |path| tools.foreign.is_in(path, &tools.maps));
    }
    let agent = if as_root {
        // The guest's ids may not be able to enter the directories above; a descriptor avoids that.
        plan.trees.push(Tree {
            path: installed,
            optional: false,
        });
        Lower::Tree(plan.trees.len() - 1)
    } else {
        Lower::Path(installed)
    };
    let own_files = layers.is_none();
    let loader = if own_files {
        None
    } else {
        bring_libraries(tools, request, as_root, &mut plan)?
    };
    Inputs::of(guest, request)?.add_to(&mut plan, guest, as_root)?;
    plan.look();
    if plan.trees.len() > MOST_TREES {
        let cause = format!(
            "it needs {} mounts of the host, and at most {MOST_TREES} are possible",
            plan.trees.len()
        );
        return Err(cannot(guest, &cause));
    }
    Ok(Container {
        plan,
        agent,
        loader,
        interfaces: guest.own_interfaces(),
        forwards: Vec::new(),
        watch_memory: false,
        ahead: false,
        boot_timeout: (order.init == Init::System)
            .then(|| Duration::from_millis(guest.boot_timeout)),
        privileged: guest.privileged,
        real_root: as_root || !own_files,
    })
}

/// Adds the libraries of the agent and of the program, if the guest's own may not suffice; returns
/// the agent's loader.
fn bring_libraries(
    tools: &Tools,
    request: &LeaseRequest,
    as_root: bool,
    plan: &mut Plan,
) -> Result<Option<PathBuf>, Failure> {
    let mut closure = Closure::new();
    for program in &request.programs {
        let program = Path::new(program);
        closure.extend(tools.libraries.of(program, &request.library_path)?);
    }
    let own = tools.libraries.of(&tools.agent, "")?;
    let loader = own.keys().find(|name| name.starts_with("ld-")).cloned();
    closure.extend(own);
    for (name, path) in closure {
        plan.add_file(Path::new(LIBRARIES).join(name), path, By::user(as_root));
    }
    Ok(loader.map(|name| Path::new(LIBRARIES).join(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortage_is_told_in_whole_mebibytes_with_its_cause_and_what_helps() {
        let guest = Guest::new("deb").unwrap();
        assert_eq!(
            shortage(&guest, (18 << 20) - 1),
            "the snapshot of guest `deb` began with 17 MiB free on the store's disk, because removed snapshots were \
             still being cleaned: run the test again later, or set VM_TEST_STORE to a store on a larger disk"
        );
    }
}
