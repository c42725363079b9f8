//! The consoles of VMs that ended before they had a log: a VM that is booted for a template has no
//! lease, and a command writes no log. The latest ones are kept in the store of their image.
//! Nothing here can make a lease fail.

use super::super::regular;
use super::console::Console;
use std::path::Path;
use vm_test_protocol::failure::Failure;
use vm_test_runtime::harvest::forget_old_runs;

/// The directory below the store.
const HOME: &str = "boots";

/// The extension of the files.
const END: &str = "log";

/// Records how a VM ended, unless its console is empty; returns whether it did.
pub(crate) fn keep(store: &Path, instance: &str, cause: &Failure, console: &Console) -> bool {
    let console = console.lines();
    if console.is_empty() {
        return false;
    }
    // Not its details: those are the last lines of the console, and all of them are here.
    let text = format!(
        "--- why it ended\n{}\n--- console\n{}\n",
        cause.message,
        console.join("\n")
    );
    let home = store.join(HOME);
    // Does not make the store: only building an image does.
    let path = home.join(format!("{instance}.{END}"));
    let written =
        regular::make_private(&home).and_then(|()| regular::write(&path, text.as_bytes()));
    let is_written = written.is_ok();
    if is_written {
        forget_old_runs(&home, END);
    }
    is_written
}

/// Returns what was recorded about this instance.
#[must_use]
pub fn kept(store: &Path, instance: &str) -> Option<String> {
    // An instance's name is a file name, never a path.
    if instance.contains('/') {
        return None;
    }
    let bytes = regular::read(&store.join(HOME).join(format!("{instance}.{END}"))).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;

    fn console(text: &str) -> Console {
        let console = Console::new().unwrap();
        let mut file = File::from(console.share().unwrap().into_descriptor());
        file.write_all(text.as_bytes()).unwrap();
        console
    }

    #[test]
    fn the_whole_console_of_a_boot_is_there_afterwards_and_that_of_none_is_nowhere_else() {
        let store = tempfile::tempdir().unwrap();
        let many: String = (0..100).map(|number| format!("line {number}\n")).collect();
        assert!(keep(
            store.path(),
            "a-1",
            &Failure::new("it died: why\nthe last lines"),
            &console(&many)
        ));
        assert!(!keep(
            store.path(),
            "a-2",
            &Failure::new("it died"),
            &console("")
        ));
        let text = kept(store.path(), "a-1").unwrap();
        assert!(
            text.starts_with("--- why it ended\nit died: why\n--- console\n"),
            "{text}"
        );
        assert!(
            text.contains("\nline 0\n") && text.contains("\nline 99\n"),
            "{text}"
        );
        assert_eq!(kept(store.path(), "a-2"), None);
        for (path, permissions) in [("boots", 0o700), ("boots/a-1.log", 0o600)] {
            let meta = fs::metadata(store.path().join(path)).unwrap();
            assert_eq!(meta.permissions().mode() & 0o777, permissions, "{path}");
        }
        assert_eq!(kept(store.path(), "../boots/a-1"), None);
    }

    #[test]
    fn no_store_is_made_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("store");
        assert!(!keep(
            &store,
            "a-1",
            &Failure::new("it died"),
            &console("words\n")
        ));
        assert!(!store.exists());
    }
}
