//! What became of a lab whose test has failed, and how its user gets in. Words only.

use std::time::Duration;
use vm_test_protocol::failure::Failure;
use vm_test_settings::quantity::show_duration;

/// What became of the nodes of a lab that is kept.
#[derive(Debug)]
pub(in crate::dispatch) struct Kept {
    pub(super) lab: String,
    pub(super) stays: Duration,
    /// The nodes, in the lab's order.
    pub(super) nodes: Vec<(String, Result<(), Failure>)>,
}

impl Kept {
    /// Says how each node is entered; `program` is the command line.
    pub(in crate::dispatch) fn in_words(&self, program: &str) -> String {
        let Self { lab, stays, nodes } = self;
        let mut words = format!(
            "vm-test: lab {lab} is kept for {}; to open a shell on a node:\n",
            show_duration(*stays)
        );
        for (node, kept) in nodes {
            words += &match kept {
                Ok(()) => format!("vm-test:   {program} lab shell {lab} {node}\n"),
                Err(failure) => format!("vm-test:   node `{node}` is not kept: {failure}\n"),
            };
        }
        words + &format!("vm-test: to end it: {program} lab down {lab}\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_node_has_a_command_of_its_own_or_a_reason_why_not() {
        let kept = Kept {
            lab: "office-1a-1".to_owned(),
            stays: Duration::from_secs(1800),
            nodes: vec![
                ("gw".to_owned(), Ok(())),
                ("a".to_owned(), Err(Failure::new("it is gone"))),
            ],
        };
        assert_eq!(
            kept.in_words("vm-test"),
            "vm-test: lab office-1a-1 is kept for 30m; to open a shell on a node:\n\
             vm-test:   vm-test lab shell office-1a-1 gw\n\
             vm-test:   node `a` is not kept: it is gone\n\
             vm-test: to end it: vm-test lab down office-1a-1\n"
        );
    }
}
