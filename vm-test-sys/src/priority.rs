//! Priority over all other processes for the agent of a VM. What it starts gets the normal priority.

use std::io;

/// Gives this process a real-time priority, so that it runs whenever it can.
///
/// # Errors
/// If this is not root in the initial user namespace.
pub fn raise() -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: 1 };
    let policy = libc::SCHED_RR | libc::SCHED_RESET_ON_FORK;
    // SAFETY: the kernel reads the structure, which outlives the call; 0 is this process.
    match unsafe { libc::sched_setscheduler(0, policy, &raw const parameters) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
