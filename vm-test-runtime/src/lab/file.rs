//! Files of nodes: written, read, and copied between them, in pieces. On the node of the body itself
//! nothing is sent.

use super::error::NodeError;
use super::handle::{Node, lab};
use super::told::{self, Teller};
use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use vm_test_protocol::tool::Tool;

/// The largest file that is read, in bytes.
const MOST_READ: usize = 64 << 20;

/// How many bytes are written at a time. With the path they fit into a tool's first input.
const PIECE: usize = 192 << 10;

/// The permissions of a new file.
const MODE: u32 = 0o644;

/// The bits of a file's mode that are copied.
const MODE_BITS: u32 = 0o7777;

impl Node {
    /// Writes a file on the node, whose directory is there.
    ///
    /// A file that is there is overwritten, and keeps its permissions; a new one has 0644. It is
    /// written in pieces, so others may see a part of it.
    ///
    /// # Panics
    /// If it cannot be written, or the node cannot be used.
    #[track_caller]
    pub fn write(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        if let Err(error) = self.try_write(path, bytes) {
            panic!("{error}");
        }
    }

    /// Does the same as [`Node::write`], and returns an error instead of panicking.
    ///
    /// # Errors
    /// If it cannot be written, or the node cannot be used.
    pub fn try_write(
        &self,
        path: impl AsRef<Path>,
        bytes: impl AsRef<[u8]>,
    ) -> Result<(), NodeError> {
        self.put(path.as_ref(), bytes.as_ref(), MODE, false)
    }

    /// Writes a file on the node, which has these permissions if it is new, as in `0o755`.
    ///
    /// # Panics
    /// If it cannot be written, or the node cannot be used.
    #[track_caller]
    pub fn write_with_mode(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>, mode: u32) {
        if let Err(error) = self.try_write_with_mode(path, bytes, mode) {
            panic!("{error}");
        }
    }

    /// Does the same as [`Node::write_with_mode`], and returns an error instead of panicking.
    ///
    /// # Errors
    /// If it cannot be written, or the node cannot be used.
    pub fn try_write_with_mode(
        &self,
        path: impl AsRef<Path>,
        bytes: impl AsRef<[u8]>,
        mode: u32,
    ) -> Result<(), NodeError> {
        self.put(path.as_ref(), bytes.as_ref(), mode, false)
    }

    /// Adds to the end of a file on the node, which is made if it is not there.
    ///
    /// # Panics
    /// If it cannot be written, or the node cannot be used.
    #[track_caller]
    pub fn append(&self, path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) {
        if let Err(error) = self.try_append(path, bytes) {
            panic!("{error}");
        }
    }

    /// Does the same as [`Node::append`], and returns an error instead of panicking.
    ///
    /// # Errors
    /// If it cannot be written, or the node cannot be used.
    pub fn try_append(
        &self,
        path: impl AsRef<Path>,
        bytes: impl AsRef<[u8]>,
    ) -> Result<(), NodeError> {
        self.put(path.as_ref(), bytes.as_ref(), MODE, true)
    }

    /// Reads a file of the node, of at most 64 MiB.
    ///
    /// # Panics
    /// If it cannot be read or is longer, or the node cannot be used.
    #[must_use]
    #[track_caller]
    pub fn read(&self, path: impl AsRef<Path>) -> Vec<u8> {
        match self.try_read(path) {
            Ok(value) => value,
            Err(error) => panic!("{error}"),
        }
    }

    /// Does the same as [`Node::read`], and returns an error instead of panicking.
    ///
    /// # Errors
    /// If it cannot be read or is longer, or the node cannot be used.
    pub fn try_read(&self, path: impl AsRef<Path>) -> Result<Vec<u8>, NodeError> {
        let path = path.as_ref();
        let what = format!("read {}", path.display());
        if self.is_of_the_body() {
            let bytes = fs::File::open(path).and_then(|file| all_of(file, MOST_READ));
            return match bytes {
                Ok(Some(bytes)) => Ok(bytes),
                Ok(None) => Err(self.failed(&what, too_long())),
                Err(error) => Err(self.failed(&what, error.to_string())),
            };
        }
        let path = self.text(&what, path)?;
        let teller = Teller::start(self.name(), what, Tool::Read { path })?;
        let mut bytes = Vec::new();
        while let Some(piece) = teller.bytes()? {
            if piece.len() > MOST_READ - bytes.len() {
                return Err(teller.failed(too_long()));
            }
            bytes.extend(piece);
        }
        Ok(bytes)
    }

    /// Copies a file of this node, of at most 64 MiB, to a path on another node; its permissions are
    /// copied as well if it is new there.
    ///
    /// ```no_run
    /// let lab = vm_test_runtime::lab();
    /// lab.node("a").copy("/etc/keys", &lab.node("b"), "/etc/keys");
    /// ```
    ///
    /// # Panics
    /// If it cannot be read or written or is longer, or one of the nodes cannot be used.
    #[track_caller]
    pub fn copy(&self, path: impl AsRef<Path>, to: &Node, to_path: impl AsRef<Path>) {
        if let Err(error) = self.try_copy(path, to, to_path) {
            panic!("{error}");
        }
    }

    /// Does the same as [`Node::copy`], and returns an error instead of panicking.
    ///
    /// # Errors
    /// If it cannot be read or written or is longer, or one of the nodes cannot be used.
    pub fn try_copy(
        &self,
        path: impl AsRef<Path>,
        to: &Node,
        to_path: impl AsRef<Path>,
    ) -> Result<(), NodeError> {
        let path = path.as_ref();
        let bytes = self.try_read(path)?;
        let what = format!("read {}", path.display());
        let mode = if self.is_of_the_body() {
            mode_of(path)
        } else {
            let path = self.text(&what, path)?;
            self.try_call(|path: String| mode_of(path.as_ref()), path)?
        };
        let mode = mode.map_err(|cause| self.failed(&what, cause))?;
        to.put(to_path.as_ref(), &bytes, mode, false)
    }

    fn put(&self, path: &Path, bytes: &[u8], mode: u32, append: bool) -> Result<(), NodeError> {
        let what = format!("write {}", path.display());
        if self.is_of_the_body() {
            let put = put_here(path, bytes, mode, append);
            return put.map_err(|error| self.failed(&what, error.to_string()));
        }
        let path = self.text(&what, path)?;
        for (number, piece) in pieces(bytes).enumerate() {
            let tool = Tool::Write {
                path: path.clone(),
                mode,
                append: append || number > 0,
                bytes: piece.to_vec(),
            };
            told::run(self.name(), &what, tool)?;
        }
        Ok(())
    }

    fn is_of_the_body(&self) -> bool {
        lab().own().name() == self.name()
    }

    fn text(&self, what: &str, path: &Path) -> Result<String, NodeError> {
        let path = path.to_str().map(str::to_owned);
        path.ok_or_else(|| self.failed(what, "the path is not UTF-8"))
    }

    fn failed(&self, what: &str, cause: impl Into<String>) -> NodeError {
        NodeError::failed(self.name(), what, cause)
    }
}

/// Returns what is written at a time, which is once nothing for an empty file.
fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let empty = bytes.is_empty().then_some(bytes);
    bytes.chunks(PIECE).chain(empty)
}

fn too_long() -> String {
    format!(
        "it is longer than {} MiB, the most that is read",
        MOST_READ >> 20
    )
}

/// Reads to the end; `None` if there is more than this.
fn all_of(file: impl Read, most: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() <= most).then_some(bytes))
}

fn put_here(path: &Path, bytes: &[u8], mode: u32, append: bool) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.create(true).mode(mode);
    options.append(append).write(true).truncate(!append);
    options.open(path)?.write_all(bytes)
}

fn mode_of(path: &Path) -> Result<u32, String> {
    let meta = fs::metadata(path).map_err(|error| error.to_string())?;
    Ok(meta.permissions().mode() & MODE_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_in_pieces_and_an_empty_one_in_one() {
        let lengths =
            |length: usize| -> Vec<usize> { pieces(&vec![7; length]).map(<[u8]>::len).collect() };
        assert_eq!(lengths(0), [0]);
        assert_eq!(lengths(1), [1]);
        assert_eq!(lengths(PIECE), [PIECE]);
        assert_eq!(lengths(2 * PIECE + 1), [PIECE, PIECE, 1]);
    }

    #[test]
    fn a_file_that_is_too_long_is_not_read_to_its_end() {
        assert_eq!(all_of(&b"abc"[..], 3).unwrap(), Some(b"abc".to_vec()));
        assert_eq!(all_of(&b"abcd"[..], 3).unwrap(), None);
        assert_eq!(all_of(io::repeat(0), 1 << 20).unwrap(), None);
    }

    #[test]
    fn a_file_here_is_overwritten_or_continued_and_a_new_one_has_its_mode() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("file");
        put_here(&path, b"long words", 0o700, false).unwrap();
        assert_eq!(mode_of(&path), Ok(0o700));
        put_here(&path, b"short", 0o644, false).unwrap();
        put_here(&path, b" and more", 0o644, true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"short and more");
        assert_eq!(mode_of(&path), Ok(0o700));
        assert!(put_here(&place.path().join("no/file"), b"", MODE, false).is_err());
    }
}
