//! Archives that the kernel unpacks into its initramfs, in the `newc` format without compression.
//!
//! The format is described in the kernel's
//! `Documentation/driver-api/early-userspace/buffer-format.rst`. Does not know what it writes.

use std::io::{self, Read, Write};

const DIRECTORY: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;
const CHARACTERS: u32 = 0o020_000;

/// The name of the last entry of an archive.
const END: &str = "TRAILER!!!";

/// An archive that is being written.
///
/// An entry must come after its parent directories.
#[derive(Debug)]
pub(super) struct Writer<W> {
    target: W,
    entries: u32,
}

/// The metadata of an entry besides its name.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    mode: u32,
    length: u32,
    device: (u32, u32),
}

impl<W: Write> Writer<W> {
    pub(super) fn new(target: W) -> Self {
        Self { target, entries: 0 }
    }

    pub(super) fn directory(&mut self, path: &str) -> io::Result<()> {
        let mode = DIRECTORY | 0o755;
        self.head(
            path,
            Entry {
                mode,
                ..Entry::default()
            },
        )
    }

    pub(super) fn link(&mut self, path: &str, target: &str) -> io::Result<()> {
        let mode = LINK | 0o777;
        self.content(path, mode, target.len() as u64, target.as_bytes())
    }

    /// Adds a character device.
    pub(super) fn device(&mut self, path: &str, device: (u32, u32)) -> io::Result<()> {
        let mode = CHARACTERS | 0o600;
        self.head(
            path,
            Entry {
                mode,
                device,
                length: 0,
            },
        )
    }

    /// Adds a file of exactly this length.
    pub(super) fn file(
        &mut self,
        path: &str,
        permissions: u32,
        length: u64,
        content: impl Read,
    ) -> io::Result<()> {
        self.content(path, FILE | permissions, length, content)
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        self.head(END, Entry::default())?;
        Ok(self.target)
    }

    fn content(
        &mut self,
        path: &str,
        mode: u32,
        length: u64,
        content: impl Read,
    ) -> io::Result<()> {
        let length = u32::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.head(
            path,
            Entry {
                mode,
                length,
                ..Entry::default()
            },
        )?;
        let written = io::copy(&mut content.take(length.into()), &mut self.target)?;
        if written != u64::from(length) {
            return Err(io::Error::other(format!("{path} got shorter meanwhile")));
        }
        self.pad(u64::from(length))
    }

    fn head(&mut self, path: &str, entry: Entry) -> io::Result<()> {
        self.entries += 1;
        // Names have no leading slash and end with a NUL.
        let name = path.trim_start_matches('/');
        let size = u32::try_from(name.len() + 1).map_err(|_| io::ErrorKind::InvalidFilename)?;
        let is_directory = entry.mode & 0o170_000 == DIRECTORY;
        let numbers = [
            self.entries,
            entry.mode,
            0,
            0,
            if is_directory { 2 } else { 1 },
            0,
            entry.length,
            0,
            0,
            entry.device.0,
            entry.device.1,
            size,
            0,
        ];
        write!(self.target, "070701")?;
        for number in numbers {
            write!(self.target, "{number:08X}")?;
        }
        self.target.write_all(name.as_bytes())?;
        self.target.write_all(b"\0")?;
        // The header before the name has 110 bytes.
        self.pad(110 + u64::from(size))
    }

    fn pad(&mut self, length: u64) -> io::Result<()> {
        let missing = usize::try_from(length.next_multiple_of(4) - length).unwrap_or(0);
        self.target.write_all(&[0; 3][..missing])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_head_of_hexadecimal_numbers_a_name_and_its_content() {
        let mut writer = Writer::new(Vec::new());
        writer.directory("dev").unwrap();
        writer.device("dev/console", (5, 1)).unwrap();
        writer.file("/init", 0o755, 5, &b"hello"[..]).unwrap();
        writer.link("lib64", "lib").unwrap();
        let bytes = writer.finish().unwrap();
        let text: Vec<_> = bytes.split(|&byte| byte == 0).collect();
        let text: Vec<_> = text
            .iter()
            .filter(|part| !part.is_empty())
            .map(|part| String::from_utf8_lossy(part))
            .collect();
        let head = |mode: u32, links: u32, length: u32, device: (u32, u32), name: usize, number| {
            format!(
                "070701{number:08X}{mode:08X}{:016X}{links:08X}{:08X}{length:08X}{:016X}{:08X}{:08X}{name:08X}{:08X}",
                0, 0, 0, device.0, device.1, 0
            )
        };
        assert_eq!(
            text,
            [
                head(0o040_755, 2, 0, (0, 0), 4, 1) + "dev",
                head(0o020_600, 1, 0, (5, 1), 12, 2) + "dev/console",
                head(0o100_755, 1, 5, (0, 0), 5, 3) + "init",
                // The content is padded up to the next header.
                "hello".to_owned(),
                head(0o120_777, 1, 3, (0, 0), 6, 4) + "lib64",
                "lib".to_owned(),
                head(0, 1, 0, (0, 0), 11, 5) + END,
            ]
        );
        assert_eq!(bytes.len() % 4, 0);
    }

    #[test]
    fn a_file_that_gets_shorter_is_an_error() {
        let mut writer = Writer::new(Vec::new());
        let error = writer.file("a", 0o644, 5, &b"hell"[..]).unwrap_err();
        assert_eq!(error.to_string(), "a got shorter meanwhile");
    }
}
