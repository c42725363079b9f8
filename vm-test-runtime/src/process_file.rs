//! Reads a file of `/proc` about a process. The standard library would first ask for the length,
//! which these files do not tell, and then read in small pieces. Interprets nothing.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read};

/// How long such a file usually is, at most.
const USUAL: usize = 1 << 12;

/// Returns the content of a process's file; the process is `self` or an id.
pub(crate) fn read(process: impl Display, name: &str) -> io::Result<Vec<u8>> {
    let file = File::open(format!("/proc/{process}/{name}"))?;
    let mut content = Vec::with_capacity(USUAL);
    // Of a file itself, `read_to_end` asks for the length.
    file.take(u64::MAX).read_to_end(&mut content)?;
    Ok(content)
}

/// Returns it as text; what is not UTF-8 is replaced.
pub(crate) fn text(process: impl Display, name: &str) -> io::Result<String> {
    read(process, name).map(|content| String::from_utf8_lossy(&content).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_file_is_read_also_when_it_is_long() {
        assert!(text("self", "status").unwrap().starts_with("Name:"));
        let long = text("self", "smaps").unwrap();
        assert!(long.len() > USUAL, "{} bytes", long.len());
        assert!(long.ends_with('\n'));
    }

    #[test]
    fn a_process_that_is_gone_is_an_error() {
        assert!(read(0, "stat").is_err());
    }
}
