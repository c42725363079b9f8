//! Loads the drivers in the agent's initramfs, in the order in which they are listed. Chooses none.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use vm_test_protocol::machine::{MODULES, OPTIONAL};

/// Loads all listed drivers.
pub(super) fn load_all() -> io::Result<()> {
    let directory = Path::new(MODULES);
    let order = fs::read_to_string(directory.join("order"))
        .map_err(|error| io::Error::new(error.kind(), format!("cannot find drivers: {error}")))?;
    load_listed(
        &order,
        |name| load(&directory.join(format!("{name}.ko"))),
        // Seen only if the VM does not boot: it is then among the last lines of the console.
        |words| eprintln!("vm-test: {words}"),
    )
}

fn load(file: &Path) -> io::Result<()> {
    match rustix::system::finit_module(&File::open(file)?, c"", 0) {
        Err(rustix::io::Errno::EXIST) => Ok(()),
        done => Ok(done?),
    }
}

/// Loads drivers one after the other.
///
/// `note` receives the errors of optional drivers, which are skipped.
fn load_listed(
    order: &str,
    load: impl Fn(&str) -> io::Result<()>,
    note: impl Fn(&str),
) -> io::Result<()> {
    for line in order.lines() {
        let (name, is_optional) = match line.strip_suffix(OPTIONAL) {
            Some(name) => (name, true),
            None => (line, false),
        };
        match load(name) {
            Ok(()) => {}
            // There is no such device or processor feature.
            Err(error) if is_optional && error.raw_os_error() == Some(libc::ENODEV) => {}
            Err(error) if is_optional => {
                note(&format!("continuing without driver {name}: {error}"))
            }
            Err(error) => {
                let words = format!("cannot load driver {name}: {error}");
                return Err(io::Error::new(error.kind(), words));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// Returns what is loaded and what is noted if these drivers fail with these errors.
    fn loaded(order: &str, fail: &[(&str, i32)]) -> (io::Result<()>, Vec<String>, Vec<String>) {
        let (names, notes) = (RefCell::default(), RefCell::default());
        let done = load_listed(
            order,
            |name| match fail.iter().find(|(failing, _)| *failing == name) {
                Some((_, number)) => Err(io::Error::from_raw_os_error(*number)),
                None => {
                    RefCell::<Vec<String>>::borrow_mut(&names).push(name.to_owned());
                    Ok(())
                }
            },
            |words| RefCell::<Vec<String>>::borrow_mut(&notes).push(words.to_owned()),
        );
        (done, names.into_inner(), notes.into_inner())
    }

    #[test]
    fn a_driver_that_a_machine_can_do_without_keeps_no_other_from_being_loaded() {
        let order = "a\ncrc32c_intel optional\nlibcrc32c optional\nb\n";
        let (done, names, notes) = loaded(
            order,
            &[("crc32c_intel", libc::ENODEV), ("libcrc32c", libc::ENOENT)],
        );
        done.unwrap();
        assert_eq!(names, ["a", "b"]);
        let words = "continuing without driver libcrc32c: No such file or directory (os error 2)";
        assert_eq!(notes, [words]);
    }

    #[test]
    fn a_driver_that_must_be_there_is_named_if_it_fails() {
        let (done, names, _) = loaded("a\nb\nc\n", &[("b", libc::ENODEV)]);
        let error = done.unwrap_err().to_string();
        assert_eq!(error, "cannot load driver b: No such device (os error 19)");
        assert_eq!(names, ["a"]);
    }
}
