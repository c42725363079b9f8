//! The job of a tool: the agent's own program, and what it gets on standard input first.

use vm_test_protocol::AGENT_PATH;
use vm_test_protocol::agent::{INPUT_WINDOW, Job};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_protocol::tool::{TOOL, Tool};

/// Returns the job of a tool, and the beginning of its standard input.
pub(super) fn prepare(tool: &Tool) -> Result<(Job, Vec<u8>), Failure> {
    let input = frame::encode(tool)
        .map_err(|error| Failure::new(format!("it is too long to be sent: {error}")))?;
    if input.len() > INPUT_WINDOW {
        return Err(Failure::new(format!(
            "it has {} bytes, and at most {INPUT_WINDOW} are sent",
            input.len()
        )));
    }
    Ok((Job::program(AGENT_PATH, [TOOL]), input))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(length: usize) -> Tool {
        Tool::Write {
            path: "/file".to_owned(),
            mode: 0o644,
            append: false,
            bytes: vec![7; length],
        }
    }

    #[test]
    fn a_tool_is_the_agents_program_and_hears_what_to_do() {
        let (job, input) = prepare(&write(9)).unwrap();
        assert_eq!((&*job.program, &*job.args[0]), (AGENT_PATH, &b"__tool"[..]));
        assert_eq!(frame::read(&input[..]).unwrap(), Some(write(9)));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for length in [INPUT_WINDOW, frame::CAP] {
            assert!(prepare(&write(length)).is_err(), "{length}");
        }
    }
}
