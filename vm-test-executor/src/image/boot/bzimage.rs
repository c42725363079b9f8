//! The bzImage format: finds a kernel's release and extracts the ELF file inside.
//!
//! A VM starts the ELF file without firmware and without decompressing it first. The bytes are not
//! trusted.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

/// Offsets in the boot protocol's header, see `Documentation/arch/x86/boot.rst` in the kernel.
const SECTORS: usize = 0x1f1;
const MAGIC: usize = 0x202;
const VERSION_TEXT: usize = 0x20e;
const PAYLOAD: usize = 0x248;
const PAYLOAD_LENGTH: usize = 0x24c;

/// The size of a sector.
const SECTOR: usize = 512;

/// The beginning of the version text in a decompressed kernel.
const WORDS: &[u8] = b"Linux version ";

/// The magic bytes of an ELF file.
const ELF: &[u8] = b"\x7fELF";

/// The size limit of a decompressed kernel.
const LARGEST: u64 = 1 << 30;

/// The maximum decompressed size of a block in LZ4's legacy format.
const LZ4_BLOCK: usize = 8 << 20;

/// The magic bytes of each compression, and the program that decompresses it.
const KINDS: [(&[u8], &str); 3] = [
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
];

const LZ4: &[u8] = b"\x02\x21\x4c\x18";

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let four = bytes.get(at..at + 4)?.try_into().ok()?;
    usize::try_from(u32::from_le_bytes(four)).ok()
}

fn is_packed(bytes: &[u8]) -> bool {
    bytes.get(MAGIC..MAGIC + 4) == Some(b"HdrS")
}

/// Returns the release of this kernel; `None` if it is not a kernel.
pub(in crate::image) fn release(bytes: &[u8]) -> Option<String> {
    let text = if is_packed(bytes) {
        let offset = usize::from(u16::from_le_bytes(
            bytes.get(VERSION_TEXT..VERSION_TEXT + 2)?.try_into().ok()?,
        ));
        bytes.get(offset + SECTOR..)?
    } else if bytes.starts_with(ELF) {
        let at = memchr::memmem::find(bytes, WORDS)?;
        &bytes[at + WORDS.len()..]
    } else {
        return None;
    };
    let end = text.iter().position(|&byte| byte == b' ' || byte == 0)?;
    String::from_utf8(text[..end].to_vec()).ok()
}

/// Writes the ELF file of this kernel.
///
/// Returns false for an unknown compression, which is not an error, since firmware can still boot
/// the bzImage.
pub(super) fn unpack(bytes: &[u8], target: &Path) -> io::Result<bool> {
    if bytes.starts_with(ELF) {
        fs::write(target, bytes)?;
        return Ok(true);
    }
    let Some(payload) = payload(bytes) else {
        return Ok(false);
    };
    let done = if payload.starts_with(LZ4) {
        unpack_lz4(payload, &mut File::create(target)?)?
    } else {
        match KINDS.iter().find(|(magic, _)| payload.starts_with(magic)) {
            Some((_, program)) => {
                // All but gzip are followed by the length, which is not part of the compressed
                // data.
                let own = match *program {
                    "gzip" => payload,
                    _ => &payload[..payload.len() - 4],
                };
                let packed = target.with_extension("packed");
                fs::write(&packed, own)?;
                let result = decompress(program, &packed, target, LARGEST);
                fs::remove_file(&packed)?;
                result?;
                true
            }
            None => false,
        }
    };
    let mut head = [0; 4];
    if done && File::open(target)?.read_exact(&mut head).is_ok() && head == ELF {
        return Ok(true);
    }
    let _ = fs::remove_file(target);
    Ok(false)
}

fn payload(bytes: &[u8]) -> Option<&[u8]> {
    if !is_packed(bytes) {
        return None;
    }
    let setup = match bytes.get(SECTORS)? {
        0 => 4,
        &sectors => usize::from(sectors),
    };
    let begin = (setup + 1) * SECTOR + number(bytes, PAYLOAD)?;
    let payload = bytes.get(begin..begin.checked_add(number(bytes, PAYLOAD_LENGTH)?)?)?;
    (payload.len() > 4).then_some(payload)
}

/// Decompresses LZ4's legacy format: blocks with a length prefix, then the total length.
fn unpack_lz4(payload: &[u8], target: &mut File) -> io::Result<bool> {
    let mut rest = &payload[LZ4.len()..payload.len() - 4];
    let mut block = vec![0; LZ4_BLOCK];
    let mut total = 0;
    while let Some(length) = number(rest, 0) {
        let Some(packed) = rest.get(4..4 + length) else {
            return Ok(false);
        };
        let Ok(length) = lz4_flex::block::decompress_into(packed, &mut block) else {
            return Ok(false);
        };
        target.write_all(&block[..length])?;
        total += length as u64;
        if total > LARGEST {
            return Ok(false);
        }
        rest = &rest[4 + packed.len()..];
    }
    Ok(rest.is_empty())
}

/// Decompresses a file with a program, into at most `most` bytes.
pub(super) fn decompress(program: &str, from: &Path, to: &Path, most: u64) -> io::Result<()> {
    use std::process::{Command, Stdio};
    let mut child = Command::new(program)
        .args(["--decompress", "--stdout", "--quiet"])
        .stdin(File::open(from)?)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| io::Error::new(error.kind(), format!("{program}: {error}")))?;
    let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
    let written = io::copy(&mut output.take(most + 1), &mut File::create(to)?)?;
    if written > most {
        let _ = child.kill();
        child.wait()?;
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let status = child.wait()?;
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("{program}: {status}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Builds a bzImage with this payload.
    fn image(payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 3 * SECTOR];
        bytes[SECTORS] = 2;
        bytes[MAGIC..MAGIC + 4].copy_from_slice(b"HdrS");
        bytes[VERSION_TEXT..VERSION_TEXT + 2].copy_from_slice(&0x100u16.to_le_bytes());
        bytes[0x300..0x310].copy_from_slice(b"6.1.0-1-x (a@b) ");
        bytes[PAYLOAD..PAYLOAD + 4].copy_from_slice(&0u32.to_le_bytes());
        let length = u32::try_from(payload.len()).unwrap();
        bytes[PAYLOAD_LENGTH..PAYLOAD_LENGTH + 4].copy_from_slice(&length.to_le_bytes());
        bytes.extend(payload);
        bytes
    }

    fn elf() -> Vec<u8> {
        let mut elf = b"\x7fELF".to_vec();
        elf.extend(b"Linux version 6.1.0-1-x (a@b) ".repeat(1000));
        elf
    }

    fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("vmlinux");
        let done = unpack(bytes, &target).unwrap();
        assert_eq!(done, target.exists());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), usize::from(done));
        done.then(|| fs::read(target).unwrap())
    }

    #[test]
    fn a_kernel_says_its_release_packed_or_not() {
        assert_eq!(release(&image(b"")).as_deref(), Some("6.1.0-1-x"));
        assert_eq!(release(&elf()).as_deref(), Some("6.1.0-1-x"));
        for bytes in [&b""[..], b"\x7fELF", b"text", &image(b"")[..0x204]] {
            assert_eq!(release(bytes), None);
        }
    }

    #[test]
    fn the_elf_file_comes_out_of_lz4() {
        let elf = elf();
        let mut payload = LZ4.to_vec();
        let packed = lz4_flex::block::compress(&elf);
        payload.extend(u32::try_from(packed.len()).unwrap().to_le_bytes());
        payload.extend(packed);
        payload.extend(u32::try_from(elf.len()).unwrap().to_le_bytes());
        assert_eq!(unpacked(&image(&payload)), Some(elf.clone()));
        assert_eq!(unpacked(&image(&payload[..payload.len() - 9])), None);
        assert_eq!(unpacked(&elf), Some(elf));
    }

    #[test]
    fn what_is_not_known_is_left_packed() {
        for payload in [
            &b""[..],
            b"LZMA?",
            b"\x02\x21\x4c\x18\xff\xff\xff\xff\0\0\0\0",
        ] {
            assert_eq!(unpacked(&image(payload)), None, "{payload:?}");
        }
        let mut long = image(b"x");
        long[PAYLOAD_LENGTH..PAYLOAD_LENGTH + 4].copy_from_slice(&[0xff; 4]);
        assert_eq!(unpacked(&long), None);
    }

    #[test]
    fn a_bomb_is_not_unpacked() {
        let dir = tempfile::tempdir().unwrap();
        let paths = ["plain", "plain.gz", "out"].map(|name| dir.path().join(name));
        fs::write(&paths[0], vec![0; 1 << 20]).unwrap();
        let status = std::process::Command::new("gzip").arg(&paths[0]).status();
        assert!(status.unwrap().success());
        let error = decompress("gzip", &paths[1], &paths[2], 1 << 19).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        decompress("gzip", &paths[1], &paths[2], 1 << 20).unwrap();
        assert_eq!(fs::read(&paths[2]).unwrap(), vec![0; 1 << 20]);
    }
}
