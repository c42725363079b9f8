//! Reads the coverage counters of processes that will not end by themselves from their memory, and
//! writes the profile that they could not write. Only reads: no code runs in these processes,
//! however they hang.

use crate::loader;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use vm_test_sys::elf::{self, Section};

/// The section with the counters.
const COUNTERS: &str = "__llvm_prf_cnts";

/// The section with a record for each function.
const FUNCTIONS: &str = "__llvm_prf_data";

/// The section with the functions' names.
const NAMES: &str = "__llvm_prf_names";

/// The section with bitmaps of conditions, which few programs have.
const BITMAPS: &str = "__llvm_prf_bits";

/// The variable with the format's version.
const VERSION: &str = "__llvm_profile_raw_version";

/// The version whose header is known here.
const KNOWN: u64 = 10;

/// Bits of the version that tell the kind of the profile.
const KIND: u64 = 0xff << 56;

/// The kind with one byte for each counter.
const BYTE_COUNTERS: u64 = 1 << 60;

const MAGIC: u64 = u64::from_le_bytes(*b"\x81rforpl\xff");
const RECORD: u64 = 64;

/// Larger sections are not read, in bytes.
const LARGEST: u64 = 256 << 20;

/// How many processes are examined at most: the deadline will have passed.
const MOST_PROCESSES: usize = 200;

/// How many files are examined at most for one process.
const MOST_PROGRAMS: usize = 64;

/// The end of the name of a profile that a process did not write itself, after its process id.
const SAVED: &str = "-killed.profraw";

/// How many bytes of a process's memory are read at a time.
const PIECE: usize = 4 << 20;

/// Writes a profile for every process of the guest that was built for coverage and has not written
/// its own, until the time is up.
///
/// The processes go on running meanwhile: see [`without_doubles`].
pub(super) fn save(directory: &Path, time: Duration) {
    let deadline = Instant::now() + time;
    let me = std::process::id();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|&pid| pid != 1 && pid != me);
    for pid in pids.take(MOST_PROCESSES) {
        if Instant::now() >= deadline {
            return;
        }
        // A process without a profile was not measured; others may have been.
        let Ok(Some(profile)) = of_process(pid, deadline) else {
            continue;
        };
        // Checked only now: the process may have written a more complete profile meanwhile.
        if !written(directory).contains(&pid) {
            let _ = fs::write(directory.join(format!("{pid}{SAVED}")), profile);
        }
    }
}

/// Removes profiles that were read from the memory of processes which have written their own since.
///
/// Together they would count most of the execution twice.
pub(super) fn without_doubles(directory: &Path, mut profiles: Vec<PathBuf>) -> Vec<PathBuf> {
    let written = written(directory);
    profiles.retain(|profile| {
        let name = profile.to_str().unwrap_or_default();
        let saved = name.strip_suffix(SAVED).and_then(|pid| pid.parse().ok());
        saved.is_none_or(|pid: u32| !written.contains(&pid))
    });
    profiles
}

/// Returns the processes that have written a profile.
fn written(directory: &Path) -> BTreeSet<u32> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.metadata().is_ok_and(|meta| meta.len() > 0))
        .filter_map(|entry| {
            let name = entry.file_name();
            let own = name.to_str().filter(|name| !name.ends_with(SAVED))?;
            own.split('-').next()?.parse().ok()
        })
        .collect()
}

/// Returns the profile of a process; `None` if its program was not built for coverage.
fn of_process(pid: u32, deadline: Instant) -> io::Result<Option<Vec<u8>>> {
    let process = PathBuf::from(format!("/proc/{pid}"));
    let exe = process.join("exe");
    let started = fs::read_link(&exe)?;
    let maps = fs::read_to_string(process.join("maps"))?;
    for (path, begin) in programs(&started, &maps) {
        let file = match path.strip_prefix("/") {
            Ok(inside) if path != started => process.join("root").join(inside),
            _ => exe.clone(),
        };
        // Anything else that is mapped, such as a device, is not opened; it has no counters.
        let is_file = path == started || file.is_file();
        if is_file && let Ok(Some(profile)) = of_program(&process, &file, begin, deadline) {
            return Ok(Some(profile));
        }
    }
    Ok(None)
}

/// Returns the files that may be a process's program, and the address at which each begins.
///
/// This is the file that the kernel executed, or, if that is the loader brought from the host, the
/// files that it has mapped. The loader's program comes first: memory is assigned downwards, so
/// files that were mapped later, or are only read, are below it.
fn programs<'a>(started: &Path, maps: &'a str) -> Vec<(&'a Path, u64)> {
    let is_loader = loader::is_loader(started);
    let mut found: Vec<(&Path, u64)> = Vec::new();
    let mut lines: Vec<&str> = maps.lines().collect();
    if is_loader {
        lines.reverse();
    }
    let mut above = None;
    for line in lines {
        let Some(path) = line.find('/').map(|at| Path::new(&line[at..])) else {
            continue;
        };
        let is_of_the_same = above.replace(path) == Some(path);
        let mut fields = line.split_ascii_whitespace();
        let range = fields.next().and_then(|range| range.split_once('-'));
        let begin = range.and_then(|(begin, _)| u64::from_str_radix(begin, 16).ok());
        let offset = fields.nth(1).unwrap_or("?");
        let is_wanted = is_loader || path == started;
        let Some(begin) = begin.filter(|_| is_wanted && offset.bytes().all(|byte| byte == b'0'))
        else {
            continue;
        };
        match found.iter().position(|(known, _)| *known == path) {
            // The mapping that was found before is a part of the file above its beginning.
            Some(at) if is_of_the_same => found[at].1 = begin.min(found[at].1),
            Some(_) => {}
            None if found.len() < MOST_PROGRAMS => found.push((path, begin)),
            None => break,
        }
    }
    found
}

/// Returns the profile of this program, which begins at this address; `None` if it was not built
/// for coverage.
fn of_program(
    process: &Path,
    program: &Path,
    begin: u64,
    deadline: Instant,
) -> io::Result<Option<Vec<u8>>> {
    let sections = elf::sections(program, &[COUNTERS, FUNCTIONS, NAMES, BITMAPS])?;
    let [Some(counters), Some(functions), Some(names), bitmaps] = sections[..] else {
        return Ok(None);
    };
    let Some(version) = elf::symbol(program, VERSION)? else {
        return Ok(None);
    };
    let shift = begin.wrapping_sub(elf::first_address(program)?);
    let memory = File::open(process.join("mem"))?;
    let read = |address: u64, length: u64| {
        if length > LARGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(0)];
        let mut at = address.wrapping_add(shift);
        for piece in bytes.chunks_mut(PIECE) {
            if Instant::now() >= deadline {
                return Err(io::ErrorKind::TimedOut.into());
            }
            memory.read_exact_at(piece, at)?;
            at = at.wrapping_add(piece.len() as u64);
        }
        Ok::<_, io::Error>(bytes)
    };
    let version = u64::from_le_bytes(read(version, 8)?.try_into().unwrap_or_default());
    if version & !KIND != KNOWN {
        return Ok(None);
    }
    let width = if version & BYTE_COUNTERS == 0 { 8 } else { 1 };
    let nothing = Section {
        address: counters.address,
        length: 0,
    };
    let bitmaps = bitmaps.unwrap_or(nothing);
    let padding = |length: u64| length.next_multiple_of(8) - length;
    let header = [
        MAGIC,
        version,
        0,
        functions.length / RECORD,
        0,
        counters.length / width,
        padding(counters.length),
        bitmaps.length,
        padding(bitmaps.length),
        names.length,
        counters.address.wrapping_sub(functions.address),
        bitmaps.address.wrapping_sub(functions.address),
        names.address.wrapping_add(shift),
        0,
        0,
        // The last kind of values in this version.
        2,
    ];
    let mut profile: Vec<u8> = header.iter().flat_map(|it| it.to_le_bytes()).collect();
    for section in [functions, counters, bitmaps, names] {
        profile.extend(read(section.address, section.length)?);
        profile.resize(profile.len().next_multiple_of(8), 0);
    }
    Ok(Some(profile))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_from_memory_goes_where_the_process_has_written_its_own() {
        let dir = tempfile::tempdir().unwrap();
        for (name, content) in [
            ("7-12345.profraw", "its own"),
            ("7-killed.profraw", "read"),
            // Opened, but never written to.
            ("8-12345.profraw", ""),
            ("8-killed.profraw", "read"),
            ("9-killed.profraw", "read"),
        ] {
            fs::write(dir.path().join(name), content).unwrap();
        }
        let found = super::super::find::profiles(dir.path());
        let left = without_doubles(dir.path(), found);
        let expected = [
            "7-12345.profraw",
            "8-12345.profraw",
            "8-killed.profraw",
            "9-killed.profraw",
        ];
        assert_eq!(left, expected.map(PathBuf::from));
    }

    #[test]
    fn where_a_loader_was_started_the_program_is_among_what_it_has_loaded() {
        // The first mapping of the test is what a backtrace has read of its names.
        let maps = "\
            7f0000000000-7f0000001000 r--p 00000000 00:2f 7      /target/a test\n\
            7f0000001000-7f0000002000 r--p 00000000 00:2f 8      /run/vm-test/lib/libc.so.6\n\
            7f0000002000-7f0000003000 rw-p 00000000 00:00 0 \n\
            7f0000003000-7f0000004000 rw-p 00000000 00:2f 8      /run/vm-test/lib/libc.so.6\n\
            7f0000004000-7f0000005000 r--p 00000000 00:2f 7      /target/a test\n\
            7f0000005000-7f0000006000 r-xp 00001000 00:2f 7      /target/a test\n\
            7f0000006000-7f0000007000 r--p 00000000 00:2f 9      /run/vm-test/lib/ld-linux-x86-64.so.2\n\
            7ffffffde000-7ffffffff000 rw-p 00000000 00:00 0      [stack]\n";
        let test = ("/target/a test", 0x7f00_0000_4000);
        let library = ("/run/vm-test/lib/libc.so.6", 0x7f00_0000_1000);
        let loader = ("/run/vm-test/lib/ld-linux-x86-64.so.2", 0x7f00_0000_6000);
        for (started, expected) in [
            (library.0, &[library][..]),
            (loader.0, &[loader, test, library]),
            ("/bin/sh", &[]),
        ] {
            let found = programs(Path::new(started), maps);
            let expected: Vec<_> = expected
                .iter()
                .map(|&(path, begin)| (Path::new(path), begin))
                .collect();
            assert_eq!(found, expected, "{started}");
        }
    }

    #[test]
    fn without_time_nothing_is_read() {
        let dir = tempfile::tempdir().unwrap();
        save(dir.path(), Duration::ZERO);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
