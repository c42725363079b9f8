//! What is copied while others write to it: looked at again when it has been copied, or could not be, and copied again if it
//! is not what it was. Reads and copies nothing itself.

use vm_test::protocol::failure::Failure;

/// How often something is copied that changes meanwhile.
const ATTEMPTS: u32 = 4;

/// What was looked at, and may be otherwise the next time.
pub(super) trait Moment {
    /// Something else for all that is not the same.
    fn moment(&self) -> String;
}

/// What `copy` makes of that what `look` sees; it learns whether this is the first attempt.
///
/// # Errors
/// If it cannot be looked at; if it cannot be copied although it stays the same, or because it never does.
pub(super) fn while_it_changes<C: Moment, T>(
    look: impl Fn() -> Result<C, Failure>,
    copy: impl Fn(&C, bool) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut seen = look()?;
    let mut attempts = 1;
    loop {
        let failure = match copy(&seen, attempts == 1) {
            Ok(copied) => return Ok(copied),
            Err(failure) => failure,
        };
        let now = look()?;
        if now.moment() == seen.moment() {
            return Err(failure);
        }
        if attempts == ATTEMPTS {
            return Err(Failure {
                message: format!(
                    "{}; files of the workspace change while they are copied",
                    failure.message
                ),
                ..failure
            }
            .hint("see that nothing writes there while tests begin, or has it write below cargo's target directory"));
        }
        attempts += 1;
        seen = now;
    }
}

/// Fails if what was copied was not all the time what was seen before.
///
/// # Errors
/// If it is something else now, or cannot be looked at.
pub(super) fn unless_it_changed<C: Moment>(
    seen: &C,
    look: impl FnOnce() -> Result<C, Failure>,
) -> Result<(), Failure> {
    if look()?.moment() == seen.moment() {
        return Ok(());
    }
    Err(Failure::new(
        "cannot copy the host's files to a disk: what was copied is not what was there before",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    impl Moment for u32 {
        fn moment(&self) -> String {
            self.to_string()
        }
    }

    /// How often it is copied that changes so often, and what becomes of it.
    fn copied(changes: u32) -> (u32, Result<(), Failure>) {
        let (looks, copies) = (Cell::new(0), Cell::new(0));
        let look = || Ok(looks.replace(looks.get() + 1).min(changes));
        let copy = |seen: &u32, _| {
            copies.set(copies.get() + 1);
            match *seen == changes && changes > 0 {
                true => Ok(()),
                false => Err(Failure::new("cannot copy it: it is not there")),
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
        // A log that grows all the time is no reason to fail.
        for (changes, copies, result) in [(0, 1, 0), (1, 2, 1), (9, 2, 1)] {
            let (now, copied) = (Cell::new(0), Cell::new(0));
            let copy = |seen: &u32, is_first| {
                copied.set(copied.get() + 1);
                // Somebody writes while it is copied.
                now.set(now.get() + u32::from(now.get() < changes));
                match is_first {
                    true => unless_it_changed(seen, || Ok(now.get())).map(|()| *seen),
                    false => Ok(*seen),
                }
            };
            assert_eq!(while_it_changes(|| Ok(now.get()), copy), Ok(result));
            assert_eq!(copied.get(), copies, "{changes}");
        }
    }
}
