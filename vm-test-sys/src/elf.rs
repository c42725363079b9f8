//! What a program needs of a system: its loader, its libraries, the versions of the C library.
//! Reads a few pages of a file, whatever its size; starts nothing.
#![forbid(unsafe_code)]

use object::Endianness;
use object::elf::{DT_NEEDED, FileHeader64, PT_LOAD, SHT_SYMTAB, VER_FLG_WEAK};
use object::read::ReadCache;
use object::read::elf::{Dyn, FileHeader, ProgramHeader, SectionHeader, Sym};
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

type Header = FileHeader64<Endianness>;

/// What a program needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The loader's path; a program without a loader needs nothing.
    pub loader: Option<PathBuf>,
    /// The newest version of the GNU C library that it names.
    pub glibc: Option<Version>,
    /// The libraries that it names, with the versions that it requires.
    pub libraries: BTreeMap<String, Vec<String>>,
}

/// A version of the GNU C library, as in 2.36.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32);

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

fn invalid(error: object::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}

/// Returns what the program in this file needs.
///
/// # Errors
/// If the file cannot be read or is not a 64-bit ELF file.
pub fn needs(path: &Path) -> io::Result<Needs> {
    let cache = ReadCache::new(File::open(path)?);
    let data = &cache;
    let header = Header::parse(data).map_err(invalid)?;
    let endian = header.endian().map_err(invalid)?;
    let mut needs = Needs::default();
    for segment in header.program_headers(endian, data).map_err(invalid)? {
        if let Some(loader) = segment.interpreter(endian, data).map_err(invalid)? {
            needs.loader = Some(text(loader).into());
        }
    }
    let sections = header.sections(endian, data).map_err(invalid)?;
    if let Some((entries, link)) = sections.dynamic(endian, data).map_err(invalid)? {
        let strings = sections.strings(endian, data, link).map_err(invalid)?;
        for entry in entries {
            if entry.tag(endian) == DT_NEEDED {
                let name = entry.string(endian, strings).map_err(invalid)?;
                needs.libraries.entry(text(name)).or_default();
            }
        }
    }
    for section in sections.iter() {
        let Some((mut files, link)) = section.gnu_verneed(endian, data).map_err(invalid)? else {
            continue;
        };
        let strings = sections.strings(endian, data, link).map_err(invalid)?;
        while let Some((file, mut versions)) = files.next().map_err(invalid)? {
            let file = text(file.file(endian, strings).map_err(invalid)?);
            while let Some(version) = versions.next().map_err(invalid)? {
                let name = version.name(endian, strings).map_err(invalid)?;
                needs.glibc = needs.glibc.max(glibc(name));
                if !version.vna_flags.get(endian).contains(VER_FLG_WEAK) {
                    let named = needs.libraries.entry(file.clone()).or_default();
                    named.push(text(name));
                }
            }
        }
    }
    Ok(needs)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Where a section is in memory if the program is loaded at the address in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its address.
    pub address: u64,
    /// Its length in bytes.
    pub length: u64,
}

/// Returns the sections with these names.
///
/// # Errors
/// If the file cannot be read or is not a 64-bit ELF file.
pub fn sections(path: &Path, names: &[&str]) -> io::Result<Vec<Option<Section>>> {
    let cache = ReadCache::new(File::open(path)?);
    let data = &cache;
    let header = Header::parse(data).map_err(invalid)?;
    let endian = header.endian().map_err(invalid)?;
    let sections = header.sections(endian, data).map_err(invalid)?;
    let found = names.iter().map(|name| {
        let (_, section) = sections.section_by_name(endian, name.as_bytes())?;
        Some(Section {
            address: section.sh_addr(endian),
            length: section.sh_size(endian),
        })
    });
    Ok(found.collect())
}

/// Returns the address of a symbol, or `None` if the program does not have it.
///
/// # Errors
/// If the file cannot be read or is not a 64-bit ELF file.
pub fn symbol(path: &Path, name: &str) -> io::Result<Option<u64>> {
    let cache = ReadCache::new(File::open(path)?);
    let data = &cache;
    let header = Header::parse(data).map_err(invalid)?;
    let endian = header.endian().map_err(invalid)?;
    let sections = header.sections(endian, data).map_err(invalid)?;
    let symbols = sections
        .symbols(endian, data, SHT_SYMTAB)
        .map_err(invalid)?;
    let found = symbols.iter().find(|symbol| {
        symbol
            .name(endian, symbols.strings())
            .is_ok_and(|found| found == name.as_bytes())
    });
    Ok(found.map(|symbol| symbol.st_value(endian)))
}

/// Returns the address at which the beginning of the file is loaded.
///
/// # Errors
/// If the file cannot be read or is not a 64-bit ELF file.
pub fn first_address(path: &Path) -> io::Result<u64> {
    let cache = ReadCache::new(File::open(path)?);
    let data = &cache;
    let header = Header::parse(data).map_err(invalid)?;
    let endian = header.endian().map_err(invalid)?;
    let segments = header.program_headers(endian, data).map_err(invalid)?;
    let first = segments
        .iter()
        .find(|segment| segment.p_type(endian) == PT_LOAD && segment.p_offset(endian) == 0);
    Ok(first.map_or(0, |segment| segment.p_vaddr(endian)))
}

/// Returns the length of the part of a program's file that is loaded.
///
/// The rest is for debuggers and linkers; with debug information it is most of the file.
///
/// # Errors
/// If the file cannot be read or is not a 64-bit ELF file.
pub fn loaded_length(path: &Path) -> io::Result<u64> {
    let cache = ReadCache::new(File::open(path)?);
    let data = &cache;
    let header = Header::parse(data).map_err(invalid)?;
    let endian = header.endian().map_err(invalid)?;
    let segments = header.program_headers(endian, data).map_err(invalid)?;
    let table = header.e_phoff(endian) + std::mem::size_of_val(segments) as u64;
    let ends = segments.iter().map(|segment| {
        segment
            .p_offset(endian)
            .saturating_add(segment.p_filesz(endian))
    });
    Ok(ends.fold(table, u64::max))
}

/// Returns the newest GLIBC version that a C library in this file offers.
///
/// # Errors
/// If the file cannot be read or is not a 64-bit ELF file.
pub fn offered(path: &Path) -> io::Result<Option<Version>> {
    let names = definitions(path)?;
    Ok(names.iter().filter_map(|name| glibc(name.as_bytes())).max())
}

/// Returns the versions that the library in this file offers.
///
/// # Errors
/// If the file cannot be read or is not a 64-bit ELF file.
pub fn definitions(path: &Path) -> io::Result<Vec<String>> {
    let cache = ReadCache::new(File::open(path)?);
    let data = &cache;
    let header = Header::parse(data).map_err(invalid)?;
    let endian = header.endian().map_err(invalid)?;
    let sections = header.sections(endian, data).map_err(invalid)?;
    let Some((mut definitions, link)) = sections.gnu_verdef(endian, data).map_err(invalid)? else {
        return Ok(Vec::new());
    };
    let strings = sections.strings(endian, data, link).map_err(invalid)?;
    let mut found = Vec::new();
    while let Some((_, mut names)) = definitions.next().map_err(invalid)? {
        if let Some(name) = names.next().map_err(invalid)? {
            found.push(text(name.name(endian, strings).map_err(invalid)?));
        }
    }
    Ok(found)
}

/// Parses `GLIBC_2.36`; returns `None` for private and other versions.
fn glibc(name: &[u8]) -> Option<Version> {
    let text = std::str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?;
    let (major, rest) = text.split_once('.')?;
    let minor = rest.split('.').next()?;
    Some(Version(major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn this_program_needs_a_loader_and_no_more_than_the_library_here_offers() {
        let needs = needs(&std::env::current_exe().unwrap()).unwrap();
        assert!(needs.loader.unwrap().is_file());
        let library = [
            "/lib/x86_64-linux-gnu/libc.so.6",
            "/lib/aarch64-linux-gnu/libc.so.6",
            "/lib64/libc.so.6",
        ]
        .map(Path::new)
        .into_iter()
        .find(|path| path.is_file())
        .unwrap();
        assert!(needs.glibc <= offered(library).unwrap());
        let named = &needs.libraries["libc.so.6"];
        let offered = definitions(library).unwrap();
        assert!(!named.is_empty() && named.iter().all(|version| offered.contains(version)));
    }

    #[test]
    fn a_program_runs_without_what_is_not_loaded() {
        let program = std::env::current_exe().unwrap();
        let mut bytes = std::fs::read(&program).unwrap();
        let length = usize::try_from(loaded_length(&program).unwrap()).unwrap();
        assert!(length < bytes.len() / 2, "{length} of {}", bytes.len());
        bytes.truncate(length);
        let dir = tempfile::tempdir().unwrap();
        let short = dir.path().join("short");
        std::fs::write(&short, bytes).unwrap();
        std::fs::set_permissions(&short, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = std::process::Command::new(&short);
        let output = command.args(["--list", "--format", "terse"]).output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        assert!(text.contains("without_what_is_not_loaded: test"), "{text}");
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(glibc(b"GLIBC_2.9") < glibc(b"GLIBC_2.34"));
        assert_eq!(glibc(b"GLIBC_2.2.5"), Some(Version(2, 2)));
        assert_eq!(glibc(b"GLIBC_PRIVATE"), None);
    }

    #[test]
    fn a_script_is_no_program_with_needs() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "#!/bin/sh\n").unwrap();
        assert!(needs(file.path()).is_err());
    }
}
