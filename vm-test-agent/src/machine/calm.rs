//! Waits until a VM is idle. Work that its init and services still do after they report that they are up would otherwise be
//! repeated in every restored VM, and their reaction to the new name, time and files would compete with the test. Ends
//! nothing.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// How often one looks.
const GLANCE: Duration = Duration::from_millis(2);

/// Which calm is waited for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Calm {
    /// Consecutive idle samples required.
    glances: u32,
    /// A machine in which something always works is not waited for longer than this.
    limit: Duration,
}

/// That of a machine which is saved: this is waited for once, and every copy is spared what would be left.
pub(super) const OF_TEMPLATE: Calm = Calm {
    glances: 150,
    limit: Duration::from_secs(5),
};

/// That of a machine which waits for its lease: a lease may be waiting for it.
pub(super) const OF_INSTANCE: Calm = Calm {
    glances: 10,
    limit: Duration::from_millis(500),
};

impl Calm {
    /// Returns when there is such a calm, or none within its limit.
    pub(super) fn wait(self) {
        let deadline = Instant::now() + self.limit;
        let mut seen = 0;
        while seen < self.glances && Instant::now() < deadline {
            let Some(active) = active() else {
                // There is nothing to go by.
                return;
            };
            // One is who asks.
            seen = if active <= 1 { seen + 1 } else { 0 };
            thread::sleep(GLANCE);
        }
    }
}

/// How many threads run or want to; nothing if the kernel does not say.
fn active() -> Option<u64> {
    active_in(&fs::read_to_string("/proc/loadavg").ok()?)
}

/// The same by the words of `/proc/loadavg`.
fn active_in(text: &str) -> Option<u64> {
    let (active, _all) = text.split_whitespace().nth(3)?.split_once('/')?;
    active.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_are_active_stands_before_how_many_there_are() {
        assert_eq!(active_in("0.20 0.18 0.12 1/80 11206\n"), Some(1));
        assert_eq!(active_in("0.20 0.18 0.12\n"), None);
        assert_eq!(active_in("0.20 0.18 0.12 80 11206\n"), None);
        assert_eq!(active_in(""), None);
    }

    #[test]
    fn who_asks_is_active_itself() {
        assert!(active().is_some_and(|active| active >= 1));
    }

    #[test]
    fn where_there_is_no_calm_the_wait_has_an_end() {
        let limit = Duration::from_millis(50);
        let began = Instant::now();
        let never = Calm {
            glances: u32::MAX,
            limit,
        };
        never.wait();
        assert!(began.elapsed() >= limit);
    }
}
