//! What is printed about a failed test besides the guest's own output: why, where, and how to run
//! it again.

use super::conclusion::Conclusion;
use crate::client::{Lease, console, program};
use crate::site::Site;
use std::time::Duration;
use vm_test_protocol::daemon::{GuestKind, Leased};
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
    let granted = &lease.granted;
    let words = words.unwrap_or_default();
    for hint in hints(&site.guest(), granted, words, &output) {
        eprintln!("hint: {hint}");
    }
    if sounds_like_a_wait(words) || sounds_like_a_wait(&output) {
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

/// Returns what explains a failure with these words and this output by the guest that it was in.
fn hints(guest: &str, granted: &Leased, words: &str, output: &str) -> Vec<String> {
    let says = |sounds: fn(&str) -> bool| sounds(words) || sounds(output);
    let mut hints = Vec::new();
    if says(sounds_forbidden) {
        hints.extend(granted.caveat.clone());
    }
    if says(sounds_full) {
        let (limit, twice) = (granted.memory_bytes >> 20, granted.memory_bytes >> 19);
        hints.extend(granted.writes_to_memory.then(|| {
            format!(
                "files that a test writes in guest `{guest}` are kept in memory, at most {limit} MiB: raise the limit, as in memory = \"{twice}M\", or keep them on disk with rollback = \"snapshot\" (with an image, in a store on btrfs)"
            )
        }));
        hints.extend(granted.shortage.clone());
    }
    if granted.kind == GuestKind::Container && says(sounds_like_another_mount) {
        hints.push(RENAMING.to_owned());
    }
    hints
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
            program()
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
    use super::*;
    use vm_test_protocol::startup::Startup;

    /// Returns a lease of a guest that has all the reasons for hints.
    fn granted() -> Leased {
        Leased {
            instance: "deb-1".to_owned(),
            kind: GuestKind::Container,
            startup: Startup::Start,
            description: String::new(),
            timeout: Duration::ZERO,
            boot_timeout: Duration::ZERO,
            env: Vec::new(),
            export: Vec::new(),
            memory_bytes: 512 << 20,
            waited: Duration::ZERO,
            keep_for: None,
            caveat: Some("not the real root".to_owned()),
            shortage: Some("began with 17 MiB".to_owned()),
            writes_to_memory: true,
            forwards: Vec::new(),
        }
    }

    #[test]
    fn a_failure_has_the_hints_of_its_guest_that_are_about_its_words_or_output() {
        let error = |number| std::io::Error::from_raw_os_error(number).to_string();
        let (refusal, full, crossing) = (error(13), error(28), error(18));
        let told = |words: &str, output: &str| hints("deb", &granted(), words, output);
        assert_eq!(told("assertion failed: left == right", ""), [""; 0]);
        assert_eq!(told(&refusal, ""), ["not the real root"]);
        assert_eq!(told(&crossing, ""), [RENAMING]);
        for (words, output) in [(&*full, ""), ("", &*full)] {
            let told = told(words, output);
            let [in_memory, shortage] = &told[..] else {
                panic!("{told:?}");
            };
            let begin =
                "files that a test writes in guest `deb` are kept in memory, at most 512 MiB: ";
            assert!(in_memory.starts_with(begin), "{in_memory}");
            assert!(in_memory.contains("memory = \"1024M\""), "{in_memory}");
            assert_eq!(shortage, "began with 17 MiB");
        }
        assert_eq!(told(&refusal, &full).len(), 3);
    }

    #[test]
    fn a_guest_without_a_shortage_and_with_its_files_on_disk_has_no_hint_about_space() {
        let usual = Leased {
            shortage: None,
            writes_to_memory: false,
            ..granted()
        };
        let full = std::io::Error::from_raw_os_error(28).to_string();
        assert_eq!(hints("deb", &usual, &full, &full), [""; 0]);
        let late = Leased {
            writes_to_memory: false,
            ..granted()
        };
        assert_eq!(hints("deb", &late, &full, ""), ["began with 17 MiB"]);
    }

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
