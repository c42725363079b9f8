//! Locks of this process's own threads.

use std::sync::{Mutex, MutexGuard};

/// Locks a mutex, also where a thread has panicked while it held the lock.
///
/// What is behind these locks is right at every moment, and a mistake of one thread must not end
/// all others.
pub fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poison| poison.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_a_thread_has_panicked_with_can_still_be_taken() {
        let mutex = Mutex::new(1);
        let panicked = std::panic::catch_unwind(|| {
            let _guard = lock(&mutex);
            std::panic::resume_unwind(Box::new(()));
        });
        assert!(panicked.is_err() && mutex.is_poisoned());
        assert_eq!(*lock(&mutex), 1);
    }
}
