//! Where the tests of this suite run.

use vm_test_tests::place::Place;

/// Where the tests run.
pub(crate) const PLACE: Place = Place::Machine;
