//! Which processes use what is at or below a path: they would not notice a mount over it. Looks at
//! them only.

use std::fs;
use std::path::Path;
use vm_test_sys::process::Process;

/// The bits of an open file's flags that say how it may be used; 0 is only for reading.
const ACCESS: u32 = 0o3;

/// A process that uses something at or below a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Holder {
    number: u32,
    name: String,
    how: &'static str,
}

impl Holder {
    /// Returns it in words, as in "redis-server (process 12) has its working directory there".
    pub(super) fn words(&self) -> String {
        format!("{} (process {}) {}", self.name, self.number, self.how)
    }
}

/// Returns the first process that writes to something at or below a path, or works in a directory
/// there.
pub(super) fn first(path: &Path) -> Option<Holder> {
    let own = std::process::id();
    let entries = fs::read_dir("/proc").ok()?.flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers
        .filter(|number| *number != own)
        .find_map(|number: u32| {
            let how = how(number, path)?;
            let name = Process::of(number).map(|process| process.name)?;
            Some(Holder { number, name, how })
        })
}

/// Returns how a process uses the path, if it does.
fn how(number: u32, path: &Path) -> Option<&'static str> {
    let place = Path::new("/proc").join(number.to_string());
    let is_there = |link: &Path| fs::read_link(link).is_ok_and(|at| at.starts_with(path));
    if is_there(&place.join("cwd")) {
        return Some("has its working directory there");
    }
    let open = fs::read_dir(place.join("fd")).ok()?.flatten();
    let mut there = open.filter(|entry| is_there(&entry.path()));
    let writes = there.any(|entry| {
        let info = place.join("fdinfo").join(entry.file_name());
        fs::read_to_string(info).is_ok_and(|info| is_writable(&info))
    });
    writes.then_some("has a file open for writing there")
}

/// Returns whether the kernel's words about an open file say that it may be written.
fn is_writable(info: &str) -> bool {
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok());
    flags.is_some_and(|flags| flags & ACCESS != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn only_what_may_be_written_counts() {
        assert!(is_writable("pos:\t0\nflags:\t0100002\nmnt_id:\t1\n"));
        assert!(!is_writable("pos:\t0\nflags:\t0100000\nmnt_id:\t1\n"));
        assert!(!is_writable("pos:\t0\n"));
    }

    #[test]
    fn a_process_that_works_there_or_writes_there_is_found() {
        let place = tempfile::tempdir().unwrap();
        let path = fs::canonicalize(place.path()).unwrap();
        assert_eq!(first(&path), None);
        let mut cat = Command::new("cat");
        let mut works = cat
            .stdin(Stdio::piped())
            .current_dir(&path)
            .spawn()
            .unwrap();
        let found = first(&path).unwrap();
        assert_eq!(found.number, works.id());
        assert!(found.words().ends_with("has its working directory there"));
        drop(works.stdin.take());
        works.wait().unwrap();
        let file = fs::File::create(path.join("file")).unwrap();
        let mut cat = Command::new("cat");
        let mut writes = cat.stdin(Stdio::piped()).stdout(file).spawn().unwrap();
        assert_eq!(first(&path).unwrap().number, writes.id());
        drop(writes.stdin.take());
        writes.wait().unwrap();
    }
}
