//! Keeps the agent running whatever the test does to its VM: scheduling priority over everything
//! else, protection from the OOM killer, and a limit on processes. In a container the host's kernel
//! ensures this.

use std::fs;
use std::io;
use vm_test_sys::priority;

/// Protects the agent.
///
/// Processes that it starts from now on get the normal priority. They inherit the protection from
/// the OOM killer, which the agent removes from each job.
pub(super) fn secure() -> io::Result<()> {
    priority::raise()?;
    fs::write("/proc/self/oom_score_adj", "-1000")?;
    // Root of a VM has no other limit.
    let threads = crate::limits::most_processes() + KERNEL_THREADS;
    fs::write("/proc/sys/kernel/threads-max", threads.to_string())
}

/// More threads than a kernel has of its own.
const KERNEL_THREADS: u64 = 256;
