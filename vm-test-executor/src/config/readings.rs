//! What has been read from files with the same text: the daemon reads a file anew for each test, and
//! to parse it takes longer than all else that is decided about a guest. Knows text, and no file.

use super::declarations::Declarations;
use crate::sync;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use vm_test_protocol::failure::Failure;

/// How many texts are remembered: a daemon serves few workspaces at a time.
const MOST: usize = 4;

/// The declarations of the texts that were read last.
#[derive(Debug, Default)]
pub struct Readings(Mutex<VecDeque<(String, Arc<Declarations>)>>);

impl Readings {
    /// Returns what a text declares.
    pub(super) fn read(&self, text: String) -> Result<Arc<Declarations>, Failure> {
        if let Some((_, declared)) = sync::lock(&self.0).iter().find(|(known, _)| *known == text) {
            return Ok(Arc::clone(declared));
        }
        let declared = Arc::new(Declarations::read(&text)?);
        let mut latest = sync::lock(&self.0);
        latest.truncate(MOST - 1);
        latest.push_front((text, Arc::clone(&declared)));
        Ok(declared)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> String {
        format!("[guest.{name}]\nimage = \"debian-12\"\n")
    }

    #[test]
    fn the_same_text_is_parsed_once_and_another_one_again() {
        let readings = Readings::default();
        let first = readings.read(text("a")).unwrap();
        assert!(Arc::ptr_eq(&first, &readings.read(text("a")).unwrap()));
        let other = readings.read(text("b")).unwrap();
        assert!(other.guests.names().eq(["b"]), "{other:?}");
        assert!(Arc::ptr_eq(&first, &readings.read(text("a")).unwrap()));
    }

    #[test]
    fn only_the_latest_texts_are_remembered() {
        let readings = Readings::default();
        let first = readings.read(text("first")).unwrap();
        for at in 0..MOST {
            readings.read(text(&format!("g{at}"))).unwrap();
        }
        assert_eq!(sync::lock(&readings.0).len(), MOST);
        assert!(!Arc::ptr_eq(&first, &readings.read(text("first")).unwrap()));
    }

    #[test]
    fn a_text_that_is_wrong_is_an_error_each_time() {
        let readings = Readings::default();
        for _ in 0..2 {
            assert!(readings.read("[guest".to_owned()).is_err());
        }
        assert!(sync::lock(&readings.0).is_empty());
    }
}
