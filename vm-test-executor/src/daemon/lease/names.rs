//! Nodes of a lab by the names that tests use, and what is said of wrong ones.

use crate::config::lab::{Lab, Node};
use vm_test_protocol::failure::Failure;
use vm_test_settings::word::{enumerate, suggestion};

/// Returns the node of this name, with its number.
pub(super) fn find<'a>(plan: &'a Lab, name: &str) -> Result<(usize, &'a Node), Failure> {
    let mut nodes = plan.nodes.iter().enumerate();
    let found = nodes.find(|(_, node)| node.name == name);
    found.ok_or_else(|| {
        let names = plan.nodes.iter().map(|node| node.name.as_str());
        missing(plan, "node", name, &names.collect::<Vec<_>>())
    })
}

/// Returns the failure to find something of the lab.
pub(super) fn missing(plan: &Lab, what: &str, name: &str, names: &[&str]) -> Failure {
    let failure = Failure::new(format!("lab `{}` has no {what} `{name}`", plan.name));
    failure.hint(match suggestion(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "its {what}s are {}",
            enumerate(names.iter().copied(), "`", "and")
        ),
    })
}
