//! The last way to reach the agent: the report is left in this process's memory, where the agent
//! finds it. Nothing here may depend on a system call: all of them may be forbidden.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;
use vm_test_protocol::mailbox::{
    ADDRESS, LENGTH, NONCE_HIGH, NONCE_LOW, POSTED, TAKEN, WORDS, halves,
};

/// How often the agent's answer is checked, and the pause between two checks: ten seconds in total.
const LOOKS: usize = 1000;
const PAUSE: Duration = Duration::from_millis(10);

/// Iterations between two checks, which take time even where pausing is forbidden.
const TURNS: usize = 1 << 14;

static WORDS_OF_THIS_PROCESS: [AtomicU64; WORDS] = [const { AtomicU64::new(0) }; WORDS];

/// Whether a report was not taken in time: the agent is not reading, and later reports need not
/// wait.
static IS_UNREAD: AtomicBool = AtomicBool::new(false);

/// Returns the address for the agent to read.
pub(super) fn address() -> u64 {
    WORDS_OF_THIS_PROCESS.as_ptr().expose_provenance() as u64
}

/// Posts a frame for the agent and waits until it is taken. One caller at a time.
pub(super) fn post(nonce: u128, frame: Vec<u8>) {
    if IS_UNREAD.load(Ordering::Relaxed) {
        return;
    }
    // Leaked: the agent may read it at any time.
    let frame = Vec::leak(frame);
    let words = &WORDS_OF_THIS_PROCESS;
    let [low, high] = halves(nonce);
    words[NONCE_LOW].store(low, Ordering::Relaxed);
    words[NONCE_HIGH].store(high, Ordering::Relaxed);
    // Exposed provenance, or the compiler might assume that nobody reads the bytes.
    let address = frame.as_ptr().expose_provenance() as u64;
    words[ADDRESS].store(address, Ordering::Relaxed);
    words[LENGTH].store(frame.len() as u64, Ordering::Relaxed);
    let posted = words[POSTED].fetch_add(1, Ordering::SeqCst) + 1;
    for _ in 0..LOOKS {
        if words[TAKEN].load(Ordering::SeqCst) == posted {
            return;
        }
        // Unlike sleeping, this does not fail where it is forbidden.
        thread::park_timeout(PAUSE);
        for _ in 0..TURNS {
            std::hint::spin_loop();
        }
    }
    IS_UNREAD.store(true, Ordering::Relaxed);
}
