//! What is printed about the lab of a failed test: what its networks carried, what its nodes wrote,
//! how to get in. Looks at nothing itself.

use super::nodes::Kept;
use crate::client::program;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::order::Capture;

/// Prints where the frames are that the networks of a failed test's lab have carried, or why they
/// are nowhere.
pub(super) fn captured(captured: Result<Vec<Capture>, Failure>) {
    match captured {
        Ok(captures) => captures
            .iter()
            .for_each(|capture| eprintln!("{}", capture_in_words(capture))),
        Err(failure) => eprintln!("vm-test: no frames of the lab were saved: {failure}"),
    }
}

fn capture_in_words(capture: &Capture) -> String {
    let Capture {
        network,
        path,
        lost,
    } = capture;
    let missing = match lost {
        0 => String::new(),
        lost => format!(" ({lost} more came too fast to be recorded)"),
    };
    format!("vm-test: the last frames of network `{network}`{missing}: {path}")
}

/// Prints how to see what all nodes of a failed test's lab have written.
pub(super) fn log_of_lab(lab: &str) {
    eprintln!(
        "vm-test: what all nodes wrote, by one clock: {} logs {lab}",
        program()
    );
}

/// Prints how the nodes of a failed test's lab can be inspected, or why they cannot.
pub(super) fn kept_lab(kept: Result<Kept, Failure>) {
    match kept {
        Ok(kept) => eprint!("{}", kept.in_words(&program())),
        Err(failure) => eprintln!("vm-test: the lab is not kept: {failure}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_is_named_by_its_network_and_says_what_is_missing() {
        let mut capture = Capture {
            network: "lan".to_owned(),
            path: "/t/lab-1.1.lan.pcap".to_owned(),
            lost: 0,
        };
        let words = super::capture_in_words(&capture);
        let expected = "vm-test: the last frames of network `lan`: /t/lab-1.1.lan.pcap";
        assert_eq!(words, expected);
        capture.lost = 7;
        let words = super::capture_in_words(&capture);
        assert!(words.contains("(7 more came too fast to be recorded)"));
    }
}
