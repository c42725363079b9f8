//! How many processes a guest may have.

/// How many processes each user of the guest may have, for every processor.
///
/// If all of them are runnable, the agent competes with them for the processor; this bound keeps it
/// from being starved for seconds.
const PROCESSES_PER_CPU: u64 = 512;

/// Bounds of the limit: tests legitimately have hundreds of threads; above 4096 it is a fork bomb
/// on any host.
const PROCESSES: std::ops::RangeInclusive<u64> = 1024..=4096;

/// Keeps a guest from using up the host's processes, even where no control group does.
///
/// Only the host's root could raise the limit again.
pub(super) fn limit_processes() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let given = getrlimit(Resource::Nproc).maximum.unwrap_or(u64::MAX);
    let most = Some(most_processes().min(given));
    let _ = setrlimit(
        Resource::Nproc,
        Rlimit {
            current: most,
            maximum: most,
        },
    );
}

/// Returns how many processes a guest may have.
pub(super) fn most_processes() -> u64 {
    let cpus = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    (cpus * PROCESSES_PER_CPU).clamp(*PROCESSES.start(), *PROCESSES.end())
}
