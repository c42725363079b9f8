//! Whether tests of the bench were rolled back: each one on a guest leaves a mark there, and fails
//! if there is one already. What is left is that none may have come to the host.

use std::path::Path;

use anyhow::{Result, bail};

/// The mark of the fixture's tests, by its path in a guest.
const MARK: &str = "/mark-of-a-test-of-the-bench";

/// Returns an error if a mark is on the host.
pub(super) fn ensure() -> Result<()> {
    look(Path::new(MARK))
}

fn look(mark: &Path) -> Result<()> {
    if mark.symlink_metadata().is_ok() {
        bail!(
            "cannot count samples: a test on a guest has written to the host, {} is there\nhint: remove it, and report this",
            mark.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_on_the_host_ends_the_measurement() {
        let directory = tempfile::tempdir().unwrap();
        let mark = directory.path().join("mark");
        look(&mark).unwrap();
        std::fs::write(&mark, "").unwrap();
        assert!(look(&mark).is_err());
    }

    #[test]
    fn the_fixture_leaves_this_mark() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let text = std::fs::read_to_string(root.join("tests/fixtures/speed/tests/empty.rs"));
        assert!(text.unwrap().contains(&format!("\"{MARK}\"")));
    }
}
