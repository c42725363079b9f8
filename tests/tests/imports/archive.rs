//! Writes tar archives, including some that no honest program writes: every name, type and target
//! is written as given.

/// An archive that is being written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Archive {
    bytes: Vec<u8>,
}

impl Archive {
    /// Adds a regular file.
    pub(crate) fn file(self, name: &str, content: &[u8]) -> Self {
        self.entry(name, b'0', "", 0o755, content)
    }

    /// Adds a directory.
    pub(crate) fn directory(self, name: &str) -> Self {
        self.entry(name, b'5', "", 0o755, b"")
    }

    /// Adds a symbolic link.
    pub(crate) fn symlink(self, name: &str, target: &str) -> Self {
        self.entry(name, b'2', target, 0o777, b"")
    }

    /// Adds a hard link.
    pub(crate) fn link(self, name: &str, target: &str) -> Self {
        self.entry(name, b'1', target, 0o644, b"")
    }

    /// Adds a character device, the null device.
    pub(crate) fn device(self, name: &str) -> Self {
        self.entry(name, b'3', "", 0o666, b"")
    }

    /// Adds an extended header with one pair, for the entry that follows.
    pub(crate) fn extended(self, key: &str, value: impl AsRef<[u8]>) -> Self {
        let rest = [format!(" {key}=").as_bytes(), value.as_ref(), b"\n"].concat();
        let mut length = rest.len() + 1;
        while length.to_string().len() + rest.len() != length {
            length += 1;
        }
        let whole = [length.to_string().as_bytes(), &rest].concat();
        self.entry("extended", b'x', "", 0o644, &whole)
    }

    /// Adds any entry. Its device numbers, which most entries do not use, are those of the null
    /// device.
    pub(crate) fn entry(
        mut self,
        name: &str,
        kind: u8,
        target: &str,
        mode: u32,
        content: &[u8],
    ) -> Self {
        let size = content.len() as u64;
        self.bytes
            .extend(header(name, kind, target, mode, [0; 2], size));
        self.bytes.extend(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
        self
    }

    /// Adds the head of a file of this size, whose content is added elsewhere.
    pub(crate) fn head_of(mut self, name: &str, size: u64) -> Self {
        self.bytes
            .extend(header(name, b'0', "", 0o644, [0; 2], size));
        self
    }

    /// Adds a directory of this user and group.
    pub(crate) fn directory_of(mut self, name: &str, mode: u32, ids: [u32; 2]) -> Self {
        self.bytes.extend(header(name, b'5', "", mode, ids, 0));
        self
    }

    /// Adds an empty file with these ids.
    pub(crate) fn owned(mut self, name: &str, id: u32) -> Self {
        self.bytes.extend(header(name, b'0', "", 0o644, [id; 2], 0));
        self
    }

    /// Returns the archive so far, without an end.
    pub(crate) fn open_ended(self) -> Vec<u8> {
        self.bytes
    }

    /// Returns the complete archive.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.bytes.extend([0; 1024]);
        self.bytes
    }

    /// Returns the complete archive as Unix V7 wrote it: no header has the mark of a format, and a
    /// regular file has no type.
    pub(crate) fn finish_as_v7(mut self) -> Vec<u8> {
        let mut at = 0;
        while at < self.bytes.len() {
            let header = &mut self.bytes[at..at + 512];
            header[257..].fill(0);
            if header[156] == b'0' {
                header[156] = 0;
            }
            seal(header);
            let size = std::str::from_utf8(&header[124..135]).unwrap();
            let size = usize::from_str_radix(size, 8).unwrap();
            at += 512 + size.next_multiple_of(512);
        }
        self.finish()
    }
}

/// Returns the header of an entry.
fn header(
    name: &str,
    kind: u8,
    target: &str,
    mode: u32,
    [user, group]: [u32; 2],
    size: u64,
) -> [u8; 512] {
    let mut header = [0; 512];
    let mut put = |at: usize, text: &str| {
        header[at..at + text.len()].copy_from_slice(text.as_bytes());
    };
    put(0, name);
    put(100, &format!("{mode:07o}"));
    put(108, &format!("{user:07o}"));
    put(116, &format!("{group:07o}"));
    put(124, &format!("{size:011o}"));
    put(136, "00000000000");
    put(157, target);
    put(257, "ustar\u{0}00");
    put(329, "0000001");
    put(337, "0000003");
    header[156] = kind;
    seal(&mut header);
    header
}

/// Writes the sum of a header, for which its own field counts as spaces.
fn seal(header: &mut [u8]) {
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|&byte| u32::from(byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\u{0}").as_bytes());
}
