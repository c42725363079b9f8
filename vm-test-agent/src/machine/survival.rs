//! Keeps the agent running whatever the test does to its VM: scheduling priority over everything else, protection from the
//! OOM killer, and a limit on processes. In a container the host's kernel ensures this.

use std::fs;
use std::io;
use vm_test_sys::priority;

/// Sees to it. What the agent starts from now on has its turn like everybody; that it may die first, the agent says of the
/// job itself.
pub(super) fn secure() -> io::Result<()> {
    priority::raise()?;
    fs::write("/proc/self/oom_score_adj", "-1000")?;
    // Root of a kernel of its own has no other limit.
    let threads = crate::limits::most_processes() + KERNEL_THREADS;
    fs::write("/proc/sys/kernel/threads-max", threads.to_string())
}

/// More than a kernel has of its own.
const KERNEL_THREADS: u64 = 256;
