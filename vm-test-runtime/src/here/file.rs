//! A file that appears, of any kind, at a path.

use super::look::{Look, Watched};
use std::path::{Path, PathBuf};

/// Waits until there is a file with this path, of any kind.
pub(super) struct FileThere(pub(super) PathBuf);

impl Watched for FileThere {
    type Value = ();

    fn what(&self) -> String {
        format!("file {}", self.0.display())
    }

    fn look(&mut self) -> Look<()> {
        match self.0.try_exists() {
            Ok(true) => Look::Met(()),
            Ok(false) => Look::NotYet(absence(&self.0)),
            Err(error) => Look::NotYet(error.to_string()),
        }
    }
}

/// Says that a file is not there, and which directory on the way to it is not there either.
pub(super) fn absence(path: &Path) -> String {
    let above = path.ancestors().skip(1);
    let missing = above.take_while(|dir| *dir != Path::new("") && !dir.exists());
    match missing.last() {
        Some(directory) => format!(
            "it is not there, and neither is the directory {}",
            directory.display()
        ),
        None => "it is not there".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_is_seen_once_it_is_there() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("ready");
        let mut file = FileThere(path.clone());
        assert_eq!(file.what(), format!("file {}", path.display()));
        assert_eq!(file.look(), Look::NotYet("it is not there".to_owned()));
        fs::create_dir(&path).unwrap();
        assert_eq!(file.look(), Look::Met(()));
    }

    #[test]
    fn the_first_directory_that_is_missing_on_the_way_is_named() {
        let place = tempfile::tempdir().unwrap();
        let missing = place.path().join("one");
        assert_eq!(
            absence(&missing.join("two/three")),
            format!(
                "it is not there, and neither is the directory {}",
                missing.display()
            )
        );
        assert_eq!(absence(Path::new("no-such-file")), "it is not there");
    }
}
