//! The one place that decides by a guest's backend.

use super::order::{OnLab, Order};
use super::ready::Ready;
use super::source::Source;
use super::tools::Tools;
use super::{boot, container, container_refusal, hardware, machine};
use crate::config::{Backend, Guest, Workspace};
use std::path::Path;
use vm_test_protocol::daemon::LeaseRequest;
use vm_test_protocol::failure::Failure;

/// Makes everything ready for an instance with this number and name.
///
/// The last argument tells the client what takes long.
type Prepare = fn(&Tools, &Order<'_>, u64, &str, Say<'_>) -> Result<Ready, Failure>;
type Say<'a> = &'a dyn Fn(&str);

/// How the instances of a backend are prepared.
struct Preparation {
    /// Refuses whatever can be refused before there is room.
    check: fn(&Tools, &Guest) -> Result<(), Failure>,
    /// Returns how much memory of the host an instance uses at most, in bytes.
    footprint: fn(&Guest) -> u64,
    prepare: Prepare,
}

fn of(guest: &Guest) -> Preparation {
    match guest.backend {
        Backend::Lxc => Preparation {
            check: container_refusal::check,
            footprint: |guest| guest.memory,
            prepare: container::prepare,
        },
        Backend::Kvm => Preparation {
            check: |_, _| Ok(()),
            footprint: hardware::footprint,
            prepare: machine::prepare,
        },
    }
}

/// Returns the requested guest, if this host can run it.
///
/// # Errors
/// If it cannot, or the settings contradict each other, or the image is not there.
pub(crate) fn decide<'a>(tools: &Tools, request: &'a LeaseRequest) -> Result<Order<'a>, Failure> {
    let workspace = Workspace::find_among(&tools.readings, Path::new(&request.manifest_dir))?;
    let mut guest = workspace.guest(&request.guest, &request.settings)?;
    if request.build.as_ref().is_some_and(|build| build.set_up) {
        guest = guest.for_set_up();
    }
    order(tools, request, guest, None)
}

/// Returns a node of a lab, if this host can run it.
///
/// # Errors
/// If it cannot, or nodes cannot be of this kind, or the settings contradict each other.
pub(crate) fn decide_node<'a>(
    tools: &Tools,
    request: &'a LeaseRequest,
    mut guest: Guest,
    node: OnLab,
) -> Result<Order<'a>, Failure> {
    for setting in &request.settings {
        guest.set(setting)?;
    }
    check_node(&guest)?;
    order(tools, request, guest, Some(node))
}

/// Refuses what no node of a lab can have.
///
/// # Errors
/// If the guest has something of the kind.
pub(crate) fn check_node(guest: &Guest) -> Result<(), Failure> {
    let cannot = |cause: &str, hint: &str| {
        let what = format!("cannot use guest `{}` in a lab: {cause}", guest.name);
        Err(Failure::new(what).hint(hint))
    };
    if guest.privileged {
        return cannot(
            "privileged = true is not possible there",
            "leave privileged out: root in a node is root over its networks",
        );
    }
    if guest.interfaces > 0 {
        return cannot(
            "a node has an interface for each of its networks",
            "leave interfaces out, and give the node another network of the lab",
        );
    }
    if !guest.forward.is_empty() {
        return cannot(
            "forward is for a guest that is in no lab",
            "leave forward out: the test's own calls reach every node",
        );
    }
    if guest.outside {
        return cannot(
            "a node has only the networks of its lab",
            "leave network out, or use network = \"none\"",
        );
    }
    Ok(())
}

fn order<'a>(
    tools: &Tools,
    request: &'a LeaseRequest,
    guest: Guest,
    node: Option<OnLab>,
) -> Result<Order<'a>, Failure> {
    tools
        .maps
        .check(&format!("cannot start guest `{}`", guest.name))?;
    (of(&guest).check)(tools, &guest)?;
    let source = Source::of(&guest.image, &request.store);
    Ok(Order {
        init: boot::init(&guest, request, &source)?,
        guest,
        request,
        source,
        node,
    })
}

/// Returns how much memory of the host an instance of this guest uses at most, in bytes.
pub(crate) fn footprint(guest: &Guest) -> u64 {
    (of(guest).footprint)(guest)
}

/// Makes everything ready for an instance with a new number and name.
///
/// `say` tells the client what takes long.
///
/// # Errors
/// If anything cannot be made.
pub(crate) fn prepare(tools: &Tools, order: &Order<'_>, say: Say<'_>) -> Result<Ready, Failure> {
    let (number, name) = tools.names.next(&order.guest.name);
    (of(&order.guest).prepare)(tools, order, number, &name, say)
}
