//! What a guest's `/etc/hosts` says of the guest itself. Text only; both sides write it, each where
//! it can.
#![forbid(unsafe_code)]

/// The file.
pub const FILE: &str = "/etc/hosts";

/// The content where an image has no such file.
const EMPTY: &str = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n";

/// Returns the lines to add to the file, which may be missing, so that a guest's name resolves to
/// itself; `None` if it does already.
#[must_use]
pub fn missing(hosts: Option<&[u8]>, name: &str) -> Option<String> {
    let Some(hosts) = hosts else {
        return Some(format!("{EMPTY}{}", line(name)));
    };
    let is_known = String::from_utf8_lossy(hosts).lines().any(|line| {
        let entry = line.split('#').next().unwrap_or_default();
        let mut names = entry.split_whitespace().skip(1);
        names.any(|known| known.eq_ignore_ascii_case(name))
    });
    let is_whole = hosts.is_empty() || hosts.ends_with(b"\n");
    let before = if is_whole { "" } else { "\n" };
    (!is_known).then(|| format!("{before}{}", line(name)))
}

/// Returns the same, with `others` after it: lines about other names.
#[must_use]
pub fn missing_with(hosts: Option<&[u8]>, name: &str, others: &str) -> Option<String> {
    let own = missing(hosts, name);
    match own {
        _ if others.is_empty() => own,
        Some(own) => Some(own + others),
        // The last line of the file may not be whole.
        None => Some(format!("\n{others}")),
    }
}

/// Returns Debian's line for the name of a host without a fixed address.
fn line(name: &str) -> String {
    format!("127.0.1.1 {name}\n")
}

#[cfg(test)]
mod tests {
    use super::{missing, missing_with};

    #[test]
    fn a_guest_is_added_once_and_a_line_that_is_not_whole_stays_as_it_is() {
        for (hosts, added) in [
            (Some("127.0.0.1 localhost\n"), Some("127.0.1.1 deb\n")),
            (Some("127.0.0.1 localhost"), Some("\n127.0.1.1 deb\n")),
            (Some(""), Some("127.0.1.1 deb\n")),
            (Some("127.0.0.1 other # deb\n"), Some("127.0.1.1 deb\n")),
            (
                Some("127.0.0.1 deb.example debian\n"),
                Some("127.0.1.1 deb\n"),
            ),
            (Some("127.0.0.1 localhost DEB\n"), None),
            (Some("10.1.1.1\tdeb"), None),
            (
                None,
                Some(
                    "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 deb\n",
                ),
            ),
        ] {
            assert_eq!(
                missing(hosts.map(str::as_bytes), "deb").as_deref(),
                added,
                "{hosts:?}"
            );
        }
    }

    #[test]
    fn other_names_follow_a_whole_line() {
        let others = "10.0.0.2 b\n";
        for (hosts, added) in [
            ("127.0.0.1 localhost\n", "127.0.1.1 a\n10.0.0.2 b\n"),
            ("127.0.0.1 localhost", "\n127.0.1.1 a\n10.0.0.2 b\n"),
            ("127.0.1.1 a", "\n10.0.0.2 b\n"),
        ] {
            let found = missing_with(Some(hosts.as_bytes()), "a", others);
            assert_eq!(found.as_deref(), Some(added), "{hosts:?}");
        }
        assert_eq!(missing_with(Some(b"127.0.1.1 a"), "a", ""), None);
    }
}
