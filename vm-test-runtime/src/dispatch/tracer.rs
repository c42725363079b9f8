//! The note for users who run a test process under a debugger or tracer: the body does not run in
//! this process.

use super::lineage;
use crate::client::program;
use crate::process_file;
use crate::site::Site;

/// Prints the command with which the body can be debugged, if this process is being debugged.
pub(super) fn warn(site: &Site, test: &str) {
    let status = process_file::text("self", "status").unwrap_or_default();
    let Some(tracer) = id_of_tracer(&status) else {
        return;
    };
    let name = lineage::name_of(tracer).unwrap_or_default();
    eprintln!(
        "vm-test: {} follows this process, but the body of `{test}` runs in guest `{}`; to follow it there: \
         {}{} debug {} --under '{}' -- '{test}'",
        if name.is_empty() {
            "a debugger or tracer"
        } else {
            &name
        },
        site.guest(),
        site.choice_of_guest(),
        program(),
        site.guest(),
        tool(&name)
    );
}

/// Returns the process that traces another one, given the latter's status.
fn id_of_tracer(status: &str) -> Option<u32> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("TracerPid:"))?;
    line.trim().parse().ok().filter(|&id| id != 0)
}

/// Returns the debugger to put before a program in a guest, like the one in use here.
fn tool(name: &str) -> &'static str {
    match name {
        "strace" => "strace -f",
        _ if name.contains("lldb") => "lldb --",
        _ => "gdb --args",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tracer_is_known_by_its_id_and_the_tool_by_its_name() {
        let status = |id: &str| format!("Name:\tt\nTracerPid:\t{id}\nUid:\t0\n");
        assert_eq!(id_of_tracer(&status("0")), None);
        assert_eq!(id_of_tracer(&status("17")), Some(17));
        assert_eq!(id_of_tracer(""), None);
        for (name, expected) in [
            ("strace", "strace -f"),
            ("gdb", "gdb --args"),
            ("lldb-server", "lldb --"),
            ("", "gdb --args"),
        ] {
            assert_eq!(tool(name), expected);
        }
    }
}
