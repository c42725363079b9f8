//! Carries out what a test orders about its lab, one order after the other. Only tells which part
//! of the lab each order is for.

use super::admission::Admission;
use super::labs::LivingLab;
use super::{captures, links, power, proxies, restoring, saving};
use vm_test_protocol::order::{Done, Order};

/// Carries out an order.
pub(super) fn carry_out(lab: &LivingLab, admission: &Admission, order: &Order) -> Done {
    match order {
        Order::Power { node, change } => match power::change(lab, node, *change) {
            Ok(()) => Done::Done,
            Err(failure) => Done::Failed(failure),
        },
        Order::Fault(fault) => links::fault(lab, fault),
        Order::Mend { fault } => links::mend(lab, *fault),
        Order::Tally { fault } => links::tally(lab, *fault),
        Order::Proxy(proxy) => proxies::begin(lab, proxy),
        Order::AskProxy { proxy } => proxies::ask(lab, *proxy),
        Order::EndProxy { proxy } => proxies::end(lab, *proxy),
        Order::Save => match saving::save(lab, admission) {
            Ok(number) => Done::Saved(number),
            Err(failure) => Done::Failed(failure),
        },
        Order::Restore { saved } => match restoring::restore(lab, *saved) {
            Ok(on) => Done::Restored(on),
            Err(failure) => Done::Failed(failure),
        },
        Order::Forget { saved } => {
            lab.saved.forget(*saved);
            Done::Done
        }
        Order::Capture { directory } => {
            let captures = &lab.about.captures;
            captures::write(captures, &lab.plan, &lab.keeper, directory.as_deref())
        }
    }
}
