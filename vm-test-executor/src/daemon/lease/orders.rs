//! Carries out what a test orders about its lab, one order after the other. Only tells which part
//! of the lab each order is for.

use super::labs::LivingLab;
use super::{captures, links};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::order::{Done, Order};

/// Carries out an order.
pub(super) fn carry_out(lab: &LivingLab, order: &Order) -> Done {
    let cannot = |what: &str| {
        let name = &lab.plan.name;
        Done::Failed(Failure::new(format!(
            "cannot {what} lab `{name}`: this version cannot"
        )))
    };
    match order {
        Order::Power { .. } => cannot("change the power of a node of"),
        Order::Fault(fault) => links::fault(lab, fault),
        Order::Mend { fault } => links::mend(lab, *fault),
        Order::Save => cannot("save"),
        Order::Restore { .. } => cannot("restore"),
        Order::Capture { directory } => captures::write(lab, directory.as_deref()),
    }
}
