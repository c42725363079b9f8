//! Files that a test reads and writes on a node.

use super::stop::Stop;
use super::streams::Streams;
use std::fs::{File, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use vm_test_protocol::tool::{PIECE, Told};

/// Writes a file, or adds to it.
pub(super) fn write(path: &str, mode: u32, append: bool, bytes: &[u8]) -> Result<(), Stop> {
    let open = || {
        let mut options = File::options();
        let new = match options.write(true).create_new(true).open(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => None,
            opened => Some(opened?),
        };
        if let Some(new) = new {
            // Whatever this process's mask is.
            new.set_permissions(Permissions::from_mode(mode))?;
            return Ok(new);
        }
        File::options()
            .write(true)
            .append(append)
            .truncate(!append)
            .open(path)
    };
    open()
        .and_then(|mut file| file.write_all(bytes))
        .map_err(|error| Stop::cannot(format!("write {path}"), error))
}

/// Says what is in a file.
pub(super) fn read(path: &str, streams: &mut Streams) -> Result<(), Stop> {
    let cannot = |error| Stop::cannot(format!("read {path}"), error);
    let mut file = File::open(path).map_err(cannot)?;
    let mut bytes = vec![0; PIECE];
    loop {
        match file.read(&mut bytes) {
            Ok(0) => return Ok(()),
            Ok(count) => streams.say(&Told::Bytes(bytes[..count].to_vec()))?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(cannot(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::streams::tests::Played;
    use super::*;

    fn content(path: &str) -> Vec<Told> {
        let path = path.to_owned();
        Played::begin(move |streams| read(&path, streams)).end()
    }

    #[test]
    fn what_is_written_is_read_again_and_its_permissions_are_those_that_were_asked_for() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let path = path.to_str().unwrap();
        write(path, 0o646, false, b"first").unwrap();
        write(path, 0o600, true, b" second").unwrap();
        let told = |bytes: &[u8]| vec![Told::Bytes(bytes.to_vec()), Told::Over];
        assert_eq!(content(path), told(b"first second"));
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o646, "that of the one who made it");
        write(path, 0o600, false, b"third").unwrap();
        assert_eq!(content(path), told(b"third"));
    }

    #[test]
    fn a_long_file_comes_in_pieces_and_a_missing_one_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        let path = path.to_str().unwrap();
        write(path, 0o600, true, &vec![7; PIECE + 1]).unwrap();
        let pieces = content(path);
        assert_eq!(
            pieces,
            [
                Told::Bytes(vec![7; PIECE]),
                Told::Bytes(vec![7]),
                Told::Over
            ]
        );
        let missing = content("/nowhere/file");
        let [Told::Failed(failure)] = &missing[..] else {
            panic!("{missing:?}");
        };
        assert!(failure.message.starts_with("cannot read /nowhere/file: "));
        assert!(write("/nowhere/file", 0o600, false, b"").is_err());
    }
}
