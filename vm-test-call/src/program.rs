//! Where the code of this program is in its memory, as the kernel shows it. Calls nothing.

use crate::refusal::Refusal;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Returns the addresses of the program's code, which contains `origin`.
pub(crate) fn code_around(origin: usize) -> Result<Range<usize>, Refusal> {
    let no_map = |error: io::Error| Refusal::NoMap(error.to_string());
    let maps = fs::read_to_string("/proc/self/maps").map_err(no_map)?;
    let program = program().map_err(no_map)?;
    code_in(&maps, &program.to_string_lossy(), origin)
}

/// Returns the path of this program.
///
/// A loader that was started with the program as its argument is what the kernel takes for the
/// program. It leaves the program's path as the first argument.
fn program() -> io::Result<PathBuf> {
    let started = fs::read_link("/proc/self/exe")?;
    match std::env::args_os().next() {
        Some(program) if is_loader(&started) => fs::canonicalize(program),
        _ => Ok(started),
    }
}

/// Returns whether a file is a loader, by its name.
fn is_loader(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.as_encoded_bytes().starts_with(b"ld-")
}

/// Returns the same from the text of `/proc/self/maps` and the path of the program.
fn code_in(maps: &str, program: &str, origin: usize) -> Result<Range<usize>, Refusal> {
    let mapping = maps
        .lines()
        .filter_map(mapping)
        .find(|mapping| mapping.addresses.contains(&origin));
    match mapping {
        Some(mapping) if !mapping.is_code => Err(Refusal::NoMap("it is not executable".to_owned())),
        Some(mapping) if mapping.path != program => {
            Err(Refusal::SharedLibrary(mapping.path.to_owned()))
        }
        Some(mapping) => Ok(mapping.addresses),
        None => Err(Refusal::NoMap("the kernel does not list it".to_owned())),
    }
}

/// A part of the address space.
struct Mapping<'a> {
    addresses: Range<usize>,
    is_code: bool,
    path: &'a str,
}

/// Reads a line of `/proc/self/maps`: addresses, permissions, offset, device, inode, path.
fn mapping(line: &str) -> Option<Mapping<'_>> {
    let (addresses, rest) = line.split_once(' ')?;
    let (from, to) = addresses.split_once('-')?;
    let address = |digits| usize::from_str_radix(digits, 16).ok();
    let permissions = rest.split(' ').next()?;
    // The path may contain blanks.
    let path = rest.splitn(5, ' ').nth(4).unwrap_or_default();
    Some(Mapping {
        addresses: address(from)?..address(to)?,
        is_code: permissions.contains('x'),
        path: path.trim_start(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    const MAPS: &str = "\
1000-2000 r--p 00000000 08:01 11                         /target/debug/my test
2000-5000 r-xp 00001000 08:01 11                         /target/debug/my test
7000-8000 r-xp 00000000 08:01 12                         /usr/lib/libc.so.6
9000-a000 rw-p 00000000 00:00 0 
";

    #[test]
    fn the_code_is_the_executable_mapping_of_the_programs_own_file() {
        let code = |origin| code_in(MAPS, "/target/debug/my test", origin);
        assert_eq!(code(0x2000), Ok(0x2000..0x5000));
        assert_eq!(code(0x4fff), Ok(0x2000..0x5000));
        assert_eq!(
            code(0x7000),
            Err(Refusal::SharedLibrary("/usr/lib/libc.so.6".to_owned()))
        );
        let no_map = |cause: &str| Err(Refusal::NoMap(cause.to_owned()));
        assert_eq!(code(0x1fff), no_map("it is not executable"));
        assert_eq!(code(0x9000), no_map("it is not executable"));
        assert_eq!(code(0x5000), no_map("the kernel does not list it"));
    }

    #[test]
    fn a_line_that_is_cut_is_passed_over() {
        for line in ["", "1000", "1000-2000", "1000-zz r-xp", "-1000 r-xp 0 0 0"] {
            let expected = Refusal::NoMap("the kernel does not list it".to_owned());
            assert_eq!(code_in(line, "", 0x1000), Err(expected), "{line}");
        }
    }

    #[test]
    fn this_test_is_part_of_its_own_code() {
        let here = code_around as fn(usize) -> _ as usize;
        assert!(code_around(here).unwrap().contains(&here));
    }

    #[test]
    fn a_program_that_was_started_by_a_loader_is_found_as_well() {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let mut paths = maps.lines().filter_map(mapping).map(|mapping| mapping.path);
        let loader = paths.find(|path| is_loader(Path::new(path)));
        let output = Command::new(loader.expect("this test has a loader"))
            .arg(std::env::current_exe().unwrap())
            .args([
                "program::tests::this_test_is_part_of_its_own_code",
                "--exact",
            ])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("test result: ok. 1 passed"), "{text}");
    }
}
