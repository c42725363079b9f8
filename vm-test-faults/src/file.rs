//! Files that a user names: read whole, unless they are too large. What is in them is read elsewhere.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Returns what is in a file of at most `most` bytes.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    // A device may have no end.
    let file = File::open(path)?;
    file.take(most + 1).read_to_end(&mut content)?;
    if content.len() as u64 > most {
        let why = format!("it has more than {most} bytes");
        return Err(io::Error::new(ErrorKind::FileTooLarge, why));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_whole_or_not_at_all() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("file");
        std::fs::write(&path, [7; 100]).unwrap();
        assert_eq!(read(&path, 100).unwrap(), [7; 100]);
        let error = read(&path, 99).unwrap_err();
        assert_eq!(error.to_string(), "it has more than 99 bytes");
        let endless = read("/dev/zero".as_ref(), 1_000).unwrap_err();
        assert_eq!(endless.to_string(), "it has more than 1000 bytes");
    }
}
