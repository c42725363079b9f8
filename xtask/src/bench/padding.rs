//! The same test binary in another size: without its debug information and symbols, and then with
//! as much of the former, repeated, as the size needs. None of it is loaded at run time, as in a
//! large debug binary.

use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command;

/// The program that extracts and adds sections of binaries.
const OBJCOPY: &str = "objcopy";

/// The section for the padding, which debuggers do not know.
const SECTION: &str = ".debug_more";

/// Returns a copy of `binary` beside it with about this size.
///
/// It is made once for each binary, since a new copy would be copied to a payload disk again.
pub(crate) fn padded(binary: &Path, name: &str, bytes: u64) -> Result<PathBuf> {
    let copy = binary.with_file_name(name);
    let modified = |path: &Path| fs::metadata(path).and_then(|meta| meta.modified());
    if let (Ok(of_copy), Ok(of_binary)) = (modified(&copy), modified(binary))
        && of_copy > of_binary
    {
        return Ok(copy);
    }
    let beside = |end: &str| binary.with_file_name(format!("{name}.{end}"));
    let (bare, information, padding) = (beside("bare"), beside("debug"), beside("padding"));
    let made = make(binary, &copy, [&bare, &information, &padding], bytes);
    for path in [bare, information, padding] {
        let _ = fs::remove_file(path);
    }
    made.with_context(|| format!("cannot make {} of {bytes} bytes", copy.display()))?;
    Ok(copy)
}

fn make(
    binary: &Path,
    copy: &Path,
    [bare, information, padding]: [&Path; 3],
    bytes: u64,
) -> Result<()> {
    objcopy(&["--strip-all".as_ref()], binary, bare)?;
    objcopy(&["--only-keep-debug".as_ref()], binary, information)?;
    let length = fs::metadata(bare)?.len();
    let Some(missing) = bytes.checked_sub(length) else {
        bail!("without its debug information and symbols it has {length} already");
    };
    repeat(information, padding, missing)?;
    let mut section = std::ffi::OsString::from(format!("{SECTION}="));
    section.push(padding);
    objcopy(&["--add-section".as_ref(), &section], bare, copy)
}

fn objcopy(options: &[&std::ffi::OsStr], from: &Path, to: &Path) -> Result<()> {
    let mut command = Command::new(OBJCOPY);
    command::capture(command.args(options).arg(from).arg(to)).map(drop)
}

/// Writes a file of this size that repeats the content of another.
fn repeat(content: &Path, to: &Path, bytes: u64) -> Result<()> {
    let mut content = File::open(content)?;
    let mut to = File::create(to)?;
    let mut left = bytes;
    while left > 0 {
        content.rewind()?;
        let mut part = Vec::new();
        left -= Read::by_ref(&mut content)
            .take(left)
            .read_to_end(&mut part)? as u64;
        if part.is_empty() {
            bail!("there is nothing to repeat");
        }
        to.write_all(&part)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_of_another_size_runs_and_is_made_once() {
        let directory = tempfile::tempdir().unwrap();
        let binary = directory.path().join("binary");
        fs::copy("/bin/true", &binary).unwrap();
        let large = padded(&binary, "large", 3_000_000).unwrap();
        let meta = fs::metadata(&large).unwrap();
        assert!((2_990_000..3_010_000).contains(&meta.len()), "{meta:?}");
        assert!(Command::new(&large).status().unwrap().success());
        let again = padded(&binary, "large", 3_000_000).unwrap();
        let (then, now) = (meta.modified(), fs::metadata(&again).unwrap().modified());
        assert_eq!(then.unwrap(), now.unwrap());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_binary_that_is_too_large_already_is_named_with_its_size() {
        let directory = tempfile::tempdir().unwrap();
        let binary = directory.path().join("binary");
        fs::copy("/bin/true", &binary).unwrap();
        let error = padded(&binary, "small", 100).unwrap_err();
        assert!(format!("{error:#}").contains("it has "), "{error:#}");
    }
}
