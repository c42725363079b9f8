//! What QEMU and its tools say when the host has no more of something. Knows their words, not ours.

use vm_test_protocol::failure::Kind;

/// How they say that the host has no more memory.
const NO_MEMORY: &str = "Cannot allocate memory";

/// How they say that the host has no more of something.
const WANTS: [&str; 3] = [NO_MEMORY, "No space left on device", "Too many open files"];

/// Whether this complaint says that the host has no more of something.
pub(super) fn is_want(words: &str) -> bool {
    WANTS.iter().any(|want| words.contains(want))
}

/// What kind of failure it is of which this is the cause.
pub(super) fn kind_of(words: &str) -> Kind {
    if words.contains(NO_MEMORY) {
        Kind::HostExhausted
    } else {
        Kind::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_without_memory_is_told_from_one_that_lacks_something_else() {
        let memory = "cannot set up guest memory 'ram': Cannot allocate memory";
        let error = std::io::Error::from_raw_os_error(libc::ENOMEM).to_string();
        for (words, kind, want) in [
            (memory, Kind::HostExhausted, true),
            (&error, Kind::HostExhausted, true),
            ("write: No space left on device", Kind::Other, true),
            ("error while loading state", Kind::Other, false),
        ] {
            assert_eq!((kind_of(words), is_want(words)), (kind, want), "{words}");
        }
    }
}
