//! Copies of files that may change meanwhile.
//!
//! Looks at the files again after the copy, and copies again if they have changed. Reads and copies
//! nothing itself.

use std::cell::Cell;
use vm_test_protocol::failure::Failure;

/// How many copies are attempted.
const ATTEMPTS: u32 = 4;

/// A state that may change.
pub(super) trait Moment {
    /// Returns a string that differs for every different state.
    fn moment(&self) -> String;
}

/// Returns the result of `copy` for the state that `look` returns, retrying after changes.
///
/// `copy` also gets a check that fails if the state has changed meanwhile, but only the first time:
/// what changes all the time can never be copied at one moment.
///
/// # Errors
/// If `look` fails; if `copy` fails although the state stays the same, or after the last attempt.
pub(super) fn while_it_changes<C: Moment, T>(
    look: impl Fn() -> Result<C, Failure>,
    copy: impl Fn(&C, &dyn Fn() -> Result<(), Failure>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut seen = look()?;
    let mut attempts = 1;
    let has_changed = Cell::new(false);
    loop {
        let check = || {
            if has_changed.get() || look()?.moment() == seen.moment() {
                return Ok(());
            }
            has_changed.set(true);
            Err(Failure::new(
                "cannot copy the host's files to a disk: the files changed while they were \
                 copied",
            ))
        };
        let failure = match copy(&seen, &check) {
            Ok(copied) => return Ok(copied),
            Err(failure) => failure,
        };
        let now = look()?;
        if now.moment() == seen.moment() {
            return Err(failure);
        }
        if attempts == ATTEMPTS {
            return Err(failure.reworded(|words| {
                format!("{words}; files of the workspace change while they are copied")
            })
            .hint("make sure that nothing writes there while tests start, or make it write below cargo's target directory"));
        }
        attempts += 1;
        seen = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Moment for u32 {
        fn moment(&self) -> String {
            self.to_string()
        }
    }

    /// Returns the number of copies when the state changes this often, and the result.
    fn copied(changes: u32) -> (u32, Result<(), Failure>) {
        let (looks, copies) = (Cell::new(0), Cell::new(0));
        let look = || Ok(looks.replace(looks.get() + 1).min(changes));
        let copy = |seen: &u32, _: &dyn Fn() -> _| {
            copies.set(copies.get() + 1);
            if *seen == changes && changes > 0 {
                Ok(())
            } else {
                Err(Failure::new("cannot copy it: it is not there"))
            }
        };
        let result = while_it_changes(look, copy);
        (copies.get(), result)
    }

    #[test]
    fn what_changes_is_copied_again_and_what_does_not_is_not() {
        let (copies, result) = copied(0);
        assert_eq!((copies, result.unwrap_err().hint), (1, None));
        let (copies, result) = copied(3);
        assert_eq!((copies, result), (4, Ok(())));
        let (copies, result) = copied(9);
        let failure = result.unwrap_err();
        assert_eq!(copies, ATTEMPTS);
        assert_eq!(
            failure.message,
            "cannot copy it: it is not there; files of the workspace change while they are copied"
        );
        assert!(failure.hint.is_some());
    }

    #[test]
    fn what_changes_while_it_is_copied_without_a_failure_is_copied_once_more() {
        // A log that grows all the time must not cause a failure. Neither must a temporary file
        // that made the copy fail, and the next attempt still checks the others.
        let rows = [
            (0, false, 1, 0),
            (1, false, 2, 1),
            (9, false, 2, 1),
            (2, true, 3, 2),
        ];
        for (changes, fails, copies, result) in rows {
            let (now, copied) = (Cell::new(0), Cell::new(0));
            let copy = |seen: &u32, check: &dyn Fn() -> Result<(), Failure>| {
                copied.set(copied.get() + 1);
                // Something writes during the copy.
                now.set(now.get() + u32::from(now.get() < changes));
                if fails && copied.get() == 1 {
                    return Err(Failure::new("cannot copy it: a file is gone"));
                }
                check().map(|()| *seen)
            };
            assert_eq!(while_it_changes(|| Ok(now.get()), copy), Ok(result));
            assert_eq!(copied.get(), copies, "{changes}");
        }
    }
}
