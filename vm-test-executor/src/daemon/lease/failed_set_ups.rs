//! The set-ups that have failed, so that each is run once in a run of the tests, and not once for
//! each test. Only remembers.

use crate::sync;
use std::collections::VecDeque;
use std::sync::Mutex;
use vm_test_protocol::failure::Failure;

/// How many are remembered.
const MOST: usize = 256;

/// The set-ups that have failed since the daemon began, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct FailedSetUps(Mutex<VecDeque<Failed>>);

#[derive(Debug)]
struct Failed {
    name: String,
    run: String,
    failure: Failure,
}

impl FailedSetUps {
    /// Notes why the set-up of this name has failed in a run of the tests.
    pub(super) fn note(&self, name: &str, run: &str, failure: &Failure) {
        let mut all = sync::lock(&self.0);
        if all.len() >= MOST {
            all.pop_front();
        }
        all.push_back(Failed {
            name: name.to_owned(),
            run: run.to_owned(),
            failure: failure.clone(),
        });
    }

    /// Returns why it has failed in this run, if it has.
    pub(super) fn find(&self, name: &str, run: &str) -> Option<Failure> {
        let all = sync::lock(&self.0);
        let failed = all.iter().find(|it| it.name == name && it.run == run)?;
        Some(failed.failure.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_up_that_has_failed_is_known_in_its_own_run() {
        let failed = FailedSetUps::default();
        failed.note("a", "1", &Failure::new("no"));
        assert_eq!(failed.find("a", "1"), Some(Failure::new("no")));
        assert_eq!(failed.find("a", "2"), None);
        assert_eq!(failed.find("b", "1"), None);
        for number in 0..MOST {
            failed.note("b", &number.to_string(), &Failure::new("no"));
        }
        assert_eq!(failed.find("a", "1"), None);
        assert!(failed.find("b", "0").is_some());
    }
}
