//! Proxies before ports of nodes, as a test orders them by name. The lab's keeper carries them out.

use super::labs::LivingLab;
use super::names::find;
use crate::config::lab::{Addresses, Lab};
use crate::proxy::{Place, Start};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::order::Done;
use vm_test_protocol::proxy::{MOST_RULES, PortProxy};

/// Begins a proxy.
pub(super) fn begin(lab: &LivingLab, proxy: &PortProxy) -> Done {
    let begun = numbered(&lab.plan, proxy).and_then(|numbered| lab.keeper.begin_proxy(numbered));
    begun.map_or_else(Done::Failed, Done::Proxying)
}

/// Tells what a proxy has done.
pub(super) fn ask(lab: &LivingLab, proxy: u64) -> Done {
    let told = lab.keeper.ask_proxy(proxy);
    told.map_or_else(Done::Failed, Done::Proxied)
}

/// Ends a proxy.
pub(super) fn end(lab: &LivingLab, proxy: u64) -> Done {
    let ended = lab.keeper.end_proxy(proxy);
    ended.map_or_else(Done::Failed, |()| Done::Done)
}

/// Returns a proxy with numbers in place of names.
fn numbered(plan: &Lab, proxy: &PortProxy) -> Result<Start, Failure> {
    if proxy.port == 0 {
        return Err(Failure::new("there is no port 0"));
    }
    if proxy.behavior.rules.len() > MOST_RULES {
        let words = format!("it has more than {MOST_RULES} rules");
        return Err(Failure::new(words));
    }
    let (number_of_node, node) = find(plan, &proxy.node)?;
    let mut places = Vec::new();
    for port in &node.ports {
        let number = plan.networks.iter().position(|it| it.name == port.network);
        let (Some(network), Some(of_node)) = (number, port.address) else {
            continue;
        };
        let Addresses { v4, v6 } = plan.proxy_on(network)?;
        places.push(Place {
            network,
            of_node: of_node.v4.into(),
            own: v4.into(),
            prefix: Addresses::V4_PREFIX,
        });
        places.push(Place {
            network,
            of_node: of_node.v6.into(),
            own: v6.into(),
            prefix: Addresses::V6_PREFIX,
        });
    }
    if places.is_empty() {
        let failure = Failure::new("it has no address on a network");
        return Err(failure.hint("a trunk has no addresses: name another network for the node"));
    }
    Ok(Start {
        node: number_of_node,
        port: proxy.port,
        places,
        settings: proxy.behavior.clone(),
    })
}
