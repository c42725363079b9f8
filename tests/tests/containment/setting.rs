//! Where the bodies of this suite run, and how long they may take.

use std::time::Duration;
use vm_test_tests::place::Place;

/// Where the bodies run.
pub(crate) const PLACE: Place = Place::Container;

/// How long a group of tests may take: much longer than it does, and shorter than a hang.
pub(crate) const LIMIT: Duration = Duration::from_secs(300);
