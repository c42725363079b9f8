//! A link of containerlab's topology: the two interfaces that it connects, and its network. Knows
//! nothing else of the file.

use super::entries::{at, check_keys, find, table};
use super::network::MTUS;
use super::node::{MOST_PORTS, NodeTable};
use super::topology::Network;
use super::yaml::Value;
use crate::config::mistake::Mistake;
use vm_test_settings::form::Refusal;
use vm_test_settings::word::suggestion;

/// The longest name of an interface.
const LONGEST: usize = 15;

/// Adds the ends of a link to its nodes; returns its network.
pub(super) fn link(value: &Value, number: u8, nodes: &mut [NodeTable]) -> Result<Network, Mistake> {
    const FORM: &str = "write `endpoints: [\"a:eth1\", \"b:eth1\"]`";
    let entries = table(value, "links")?;
    check_keys(entries, &["endpoints", "mtu", "labels", "vars"])?;
    let Some(endpoints) = find(entries, "endpoints") else {
        return Err(at(value.line, "it has no endpoints", FORM));
    };
    let wrong = |cause: &str, hint: &str| {
        Mistake::of_key(endpoints.line, "endpoints", Refusal::new(cause, hint))
    };
    let ends = endpoints.value.list().unwrap_or_default();
    let ends: Option<Vec<_>> = ends.iter().map(|end| end.text()?.split_once(':')).collect();
    let Some(&[first, second]) = ends.as_deref() else {
        return Err(wrong(
            "the value is not a list of two texts, each a node and an interface",
            FORM,
        ));
    };
    if first.0 == second.0 {
        let hint = "connect two nodes: a node has one port on a network";
        return Err(wrong("both ends are at the same node", hint));
    }
    for (name, interface) in [first, second] {
        let names: Vec<_> = nodes.iter().map(|node| node.name.clone()).collect();
        let Some(node) = nodes.iter_mut().find(|node| node.name == name) else {
            let cause = format!("there is no node `{}`", name.escape_debug());
            let known: Vec<_> = names.iter().map(String::as_str).collect();
            let near = suggestion(name, known.iter().copied());
            let hint = near.map_or_else(
                || format!("the nodes are {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            return Err(wrong(&cause, &hint));
        };
        check_interface(interface).map_err(|cause| {
            let shown = interface.escape_debug();
            let hint = "write the name that the kernel knows it by, as in `eth1`";
            wrong(&format!("interface `{shown}`: {cause}"), hint)
        })?;
        if node.interfaces.iter().any(|taken| taken == interface) {
            let cause =
                format!("interface `{interface}` of node `{name}` is in another link already");
            return Err(wrong(&cause, "use another interface"));
        }
        if node.networks.len() == MOST_PORTS {
            let cause = format!("node `{name}` is in more than {MOST_PORTS} links");
            return Err(wrong(&cause, "use fewer links"));
        }
        node.networks.push(number);
        node.interfaces.push(interface.to_owned());
    }
    let mut network = Network::plain(&format!("link{}", number + 1));
    if let Some(mtu) = find(entries, "mtu") {
        let number = mtu.value.text().and_then(|text| text.parse().ok());
        let Some(number) = number.filter(|number| MTUS.contains(number)) else {
            let (least, most) = (*MTUS.start(), *MTUS.end());
            let cause = format!("the value is not a whole number from {least} to {most}");
            return Err(Mistake::of_key(
                mtu.line,
                "mtu",
                Refusal::new(cause, "write `mtu: 9000`"),
            ));
        };
        network.mtu = number;
    }
    Ok(network)
}

/// Checks the name of an interface.
fn check_interface(name: &str) -> Result<(), &'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() {
        Err("its name is empty")
    } else if name.len() > LONGEST {
        Err("its name has more than 15 characters")
    } else if !name.chars().all(allowed) {
        Err("its name has other characters than letters, digits, `-`, `_` and `.`")
    } else if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        Err("its name does not start with a letter")
    } else if ["lo", "all", "default"].contains(&name) {
        Err("its name is reserved")
    } else {
        Ok(())
    }
}
