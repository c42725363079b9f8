//! What is printed about a failed test besides the guest's own output: why, where, and how to run
//! it again.

use super::conclusion::Conclusion;
use crate::client::{Lease, console};
use crate::site::Site;
use std::time::Duration;
use vm_test_protocol::daemon::GuestKind;
use vm_test_protocol::failure::Failure;
use vm_test_settings::quantity::show_duration;

/// Reports a test that got no instance.
pub(super) fn refused(site: &Site, test: &str, failure: &Failure) {
    eprintln!("error: {failure}");
    let place = match site.lab {
        Some(lab) => format!("lab `{}`", lab.name),
        None => format!("guest `{}`", site.guest()),
    };
    eprintln!(
        "vm-test: `{test}` did not run: it needs {place}; to re-run: {}",
        rerun(site, test)
    );
}

/// Reports a test that ran on an instance and did not end as it should, as far as this can be
/// known.
pub(super) fn failed(
    site: &Site,
    test: &str,
    lease: &Lease,
    conclusion: &Conclusion,
    output: &[u8],
) {
    let words = match conclusion {
        Conclusion::NoVerdict(failure) => {
            eprintln!("error: {failure}");
            None
        }
        Conclusion::Panicked(words) => words.as_deref(),
        Conclusion::Failed(words) => Some(words.as_str()),
        Conclusion::Passed => None,
    };
    // For a command that the test has started, only the output tells why.
    let output = String::from_utf8_lossy(output);
    let says = |sounds: fn(&str) -> bool| words.is_some_and(sounds) || sounds(&output);
    if let Some(caveat) = &lease.granted.caveat
        && says(sounds_forbidden)
    {
        eprintln!("hint: {caveat}");
    }
    if lease.granted.writes_to_memory && says(sounds_full) {
        eprintln!(
            "hint: files that a test writes in guest `{}` are kept in memory, at most {} MiB: raise the limit, as in memory = \"{}M\", or keep them on disk with rollback = \"snapshot\" (with an image, in a store on btrfs)",
            site.guest(),
            lease.granted.memory_bytes >> 20,
            lease.granted.memory_bytes >> 19
        );
    }
    if lease.granted.kind == GuestKind::Container && says(sounds_like_another_mount) {
        eprintln!("hint: {RENAMING}");
    }
    let granted = &lease.granted;
    if says(sounds_like_a_wait) {
        let lines = console(&granted.instance).unwrap_or_default();
        eprint!("{}", console_in_words(&lines));
    }
    eprintln!(
        "{}",
        place(
            &site.guest(),
            &granted.instance,
            &granted.description,
            &lease.kernel,
            &rerun(site, test)
        )
    );
}

/// Shows the last lines of a guest's console, if there are any: they may say why something did not
/// happen that the test has waited for.
fn console_in_words(lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let lines: Vec<_> = lines.iter().map(|line| format!("  | {line}\n")).collect();
    format!(
        "vm-test: the last lines of the guest's console:\n{}",
        lines.concat()
    )
}

/// Where a failed test ran, and how it is run again.
fn place(guest: &str, instance: &str, description: &str, kernel: &str, rerun: &str) -> String {
    format!(
        "vm-test: in guest `{guest}`, instance {instance} ({description}, kernel {kernel}); to re-run: {rerun}"
    )
}

/// Prints what the output of a failed test does not show, in the format that it would have there.
pub(super) fn unseen(reasons: &[String]) {
    for reason in reasons {
        eprintln!("\n{reason}");
    }
}

/// Prints how a failed test can be inspected, or why it cannot.
pub(super) fn kept(lease: &Lease, kept: Result<Duration, Failure>) {
    let instance = &lease.granted.instance;
    match kept {
        Ok(stays) => eprintln!(
            "vm-test: the instance is kept for {}; to open a shell in it: {} attach {instance}",
            show_duration(stays),
            lease.program()
        ),
        Err(failure) => eprintln!("vm-test: instance {instance} is not kept: {failure}"),
    }
}

/// Returns the command that runs only this test, with the runner in use.
fn rerun(site: &Site, test: &str) -> String {
    let (guest, package) = (site.choice_of_guest(), site.package);
    let is_nextest = std::env::var_os("NEXTEST").is_some();
    format!("{guest}{}", command(package, test, is_nextest))
}

fn command(package: &str, test: &str, is_nextest: bool) -> String {
    if is_nextest {
        format!("cargo nextest run -p {package} -E 'test(={test})' --run-ignored all")
    } else {
        format!("cargo test -p {package} -- --include-ignored --exact '{test}'")
    }
}

/// The hint for a rename that fails in an overlay because the directory came with the guest, or
/// because it crosses mounts.
const RENAMING: &str = "a container cannot rename a directory that came with its root or with the workspace, because the kernel's \
     overlay does not allow it; it can rename those that the test has made. Copying works, and so does backend = \"kvm\" for \
     the workspace; see docs/workspace.md";

/// Returns whether a failure's message says that a rename would cross mounts.
fn sounds_like_another_mount(words: &str) -> bool {
    const SIGNS: [&str; 4] = [
        "CrossesDevices",
        "ross-device link",
        "os error 18)",
        "EXDEV",
    ];
    SIGNS.iter().any(|sign| words.contains(sign))
}

/// Returns whether a failure's message says that something was not permitted, in the text of the C
/// library or of Rust.
fn sounds_forbidden(words: &str) -> bool {
    const SIGNS: [&str; 7] = [
        "Permission denied",
        "PermissionDenied",
        "Operation not permitted",
        "Value too large for defined data type",
        "os error 13",
        "os error 1)",
        "EOVERFLOW",
    ];
    SIGNS.iter().any(|sign| words.contains(sign))
}

/// Returns whether a failure's message says that there was no space, in the text of the C library
/// or of Rust.
fn sounds_full(words: &str) -> bool {
    ["No space left on device", "StorageFull", "os error 28"]
        .iter()
        .any(|sign| words.contains(sign))
}

/// Returns whether a failure's message is that of a wait in the guest.
fn sounds_like_a_wait(words: &str) -> bool {
    let begin = words.find("cannot see ");
    begin.is_some_and(|at| words[at..].contains(" s elapsed)"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_wait_that_failed_is_told_from_other_failures() {
        let words = "cannot see port 80 open within 5s: nothing listens there; listening: no port (guest `a`, 5.0 s elapsed)";
        assert!(super::sounds_like_a_wait(words));
        assert!(super::sounds_like_a_wait(&format!("Error: {words}\n")));
        for other in ["cannot see it", "2.0 s elapsed) cannot see it", ""] {
            assert!(!super::sounds_like_a_wait(other), "{other}");
        }
    }

    #[test]
    fn a_console_without_lines_is_not_shown() {
        assert_eq!(super::console_in_words(&[]), "");
        let lines = ["a".to_owned(), "b".to_owned()];
        let words = super::console_in_words(&lines);
        assert_eq!(
            words,
            "vm-test: the last lines of the guest's console:\n  | a\n  | b\n"
        );
    }

    #[test]
    fn the_documents_show_a_failure_as_it_is_printed() {
        let rerun = super::command("first", "this_one_fails", false);
        let line = super::place(
            "host",
            "host-391f-1",
            "lxc over the host's root",
            "6.1.0-41-amd64",
            &rerun,
        );
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for document in ["README.md", "docs/first-test.md"] {
            let text = std::fs::read_to_string(root.join(document)).unwrap();
            let shown = text.lines().find(|line| line.starts_with("vm-test: in"));
            assert_eq!(shown, Some(&*line), "{document}");
        }
    }

    #[test]
    fn a_file_system_that_is_full_is_told_from_other_failures() {
        let full = std::io::Error::from_raw_os_error(28);
        assert!(super::sounds_full(&format!("{full:?}")));
        assert!(super::sounds_full(&full.to_string()));
        assert!(!super::sounds_full("assertion failed: left == right"));
    }

    #[test]
    fn a_rename_that_an_overlay_refuses_is_told_from_other_failures() {
        let refusal = std::io::Error::from_raw_os_error(18);
        for words in [format!("{refusal:?}"), refusal.to_string()] {
            assert!(super::sounds_like_another_mount(&words), "{words}");
        }
        let other = std::io::Error::from_raw_os_error(13);
        assert!(!super::sounds_like_another_mount(&other.to_string()));
    }

    #[test]
    fn refusals_are_told_from_other_failures() {
        let refusal = std::io::Error::from_raw_os_error(13);
        assert!(super::sounds_forbidden(&format!("{refusal:?}")));
        assert!(super::sounds_forbidden(&refusal.to_string()));
        assert!(!super::sounds_forbidden("assertion failed: left == right"));
    }
}
