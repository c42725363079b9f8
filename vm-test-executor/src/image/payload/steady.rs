//! Copies of files that may change meanwhile: compares them after the copy, successful or not, and copies again if they have
//! changed. Reads and copies nothing itself.

use std::cell::Cell;
use vm_test_protocol::failure::Failure;

/// How often something is copied that changes meanwhile.
const ATTEMPTS: u32 = 4;

/// What was looked at, and may be otherwise the next time.
pub(super) trait Moment {
    /// Something else for all that is not the same.
    fn moment(&self) -> String;
}

/// What `copy` makes of what `look` sees. It also gets what says, the first time only, whether that has changed meanwhile: of
/// what changes all the time there will never be a copy of one moment.
///
/// # Errors
/// If it cannot be looked at; if it cannot be copied although it stays the same, or because it never does.
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
                "cannot copy the host's files to a disk: what was copied is not what was there before",
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

    /// How often it is copied that changes so often, and what becomes of it.
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
        // A log that grows all the time is no reason to fail; nor is a file that was there for a moment, so that the copy
        // failed, one not to look at the others the next time.
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
                // Somebody writes while it is copied.
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
