//! Whether a program was built to count what it executes, by the names of its sections. Reads a few
//! pages of its file, whatever its size; knows nothing of profiles.
//!
//! A search for the name's bytes would not do: the name is data of this very code, and so of every
//! test binary.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The section with the counters.
const COUNTERS: &str = "__llvm_prf_cnts";

/// The beginning of a 64-bit ELF file.
const BEGINNING: &[u8] = b"\x7fELF\x02";

/// The sizes of its header, and of the record of each section.
const HEADER: usize = 64;
const RECORD: usize = 64;

/// At most this many bytes of section names are read.
const MOST_NAMES: u64 = 1 << 20;

/// Returns whether the program in this file was built for coverage; `false` if it cannot be read.
pub(super) fn is_instrumented(program: &Path) -> bool {
    has_section(program, COUNTERS).unwrap_or(false)
}

fn has_section(program: &Path, name: &str) -> io::Result<bool> {
    let file = File::open(program)?;
    let header = read(&file, 0, HEADER)?;
    if !header.starts_with(BEGINNING) || short(&header, 0x3a) != RECORD {
        return Ok(false);
    }
    let records = read(&file, long(&header, 0x28), short(&header, 0x3c) * RECORD)?;
    let Some(names) = records.chunks_exact(RECORD).nth(short(&header, 0x3e)) else {
        return Ok(false);
    };
    let length = long(names, 0x20).min(MOST_NAMES);
    let names = read(
        &file,
        long(names, 0x18),
        usize::try_from(length).unwrap_or(0),
    )?;
    Ok(records.chunks_exact(RECORD).any(|record| {
        let begin = usize::try_from(word(record, 0)).unwrap_or(usize::MAX);
        let rest = names
            .get(begin..)
            .and_then(|rest| rest.strip_prefix(name.as_bytes()));
        rest.is_some_and(|rest| rest.first() == Some(&0))
    }))
}

fn read(file: &File, at: u64, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    file.read_exact_at(&mut bytes, at)?;
    Ok(bytes)
}

// Numbers are in native byte order, since the program runs here.

fn short(bytes: &[u8], at: usize) -> usize {
    u16::from_ne_bytes([bytes[at], bytes[at + 1]]).into()
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |&bytes| u32::from_ne_bytes(bytes))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    bytes[at..]
        .first_chunk()
        .map_or(0, |&bytes| u64::from_ne_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_told_by_its_whole_name_and_not_by_data() {
        let this = Path::new("/proc/self/exe");
        for (name, is_there) in [
            (".text", true),
            (".tex", false),
            ("text", false),
            // This line puts it into the program's data.
            ("__in_no_section", false),
        ] {
            assert_eq!(has_section(this, name).unwrap(), is_there, "{name}");
        }
    }

    #[test]
    fn what_is_no_program_counts_nothing() {
        for path in ["/dev/null", "/etc/passwd", "/", "/no/such/file"] {
            assert!(!is_instrumented(Path::new(path)), "{path}");
        }
    }
}
