//! The architecture of a root file system, from the ELF headers of its shells and loaders.
//!
//! Parses the given bytes.

use super::names::split;

/// Programs of which nearly every root file system has at least one.
const SHELLS: [&[u8]; 5] = [b"sh", b"bash", b"dash", b"busybox", b"init"];
const PROGRAM_DIRECTORIES: [&[u8]; 4] = [b"bin", b"usr/bin", b"sbin", b"usr/sbin"];

/// How many bytes of a file are inspected.
pub(super) const HEAD: usize = 20;

/// The ELF machine number of this host's architecture, and its name.
pub(super) const HERE: (u16, &str) = if cfg!(target_arch = "aarch64") {
    (183, "aarch64")
} else {
    (62, "x86_64")
};

/// The name of this host's architecture in OCI documents.
pub(in crate::image) const HERE_IN_OCI: &str = if cfg!(target_arch = "aarch64") {
    "arm64"
} else {
    "amd64"
};

/// What is known so far about an image's programs.
#[derive(Debug, Default)]
pub(super) struct Sightings {
    shell: bool,
    own_loader: bool,
    foreign_loader: Option<(Vec<u8>, u16)>,
}

impl Sightings {
    /// Returns whether the head of the file with this plain name tells the architecture.
    pub(super) fn wants(plain: &[u8]) -> bool {
        is_shell(plain) || is_loader(plain)
    }

    /// Records the head of such a file; an error names both architectures.
    pub(super) fn take(&mut self, plain: &[u8], head: &[u8]) -> Result<(), String> {
        let Some(machine) = machine_of(head) else {
            return Ok(());
        };
        if is_shell(plain) {
            self.shell = true;
            if machine != HERE.0 {
                return Err(mismatch(plain, machine));
            }
        } else if machine == HERE.0 {
            self.own_loader = true;
        } else {
            self.foreign_loader
                .get_or_insert_with(|| (plain.to_vec(), machine));
        }
        Ok(())
    }

    /// Returns the verdict.
    ///
    /// Loaders count only where there is no shell: many systems also have loaders for other
    /// architectures.
    pub(super) fn conclude(&self) -> Result<(), String> {
        match &self.foreign_loader {
            Some((plain, machine)) if !self.shell && !self.own_loader => {
                Err(mismatch(plain, *machine))
            }
            _ => Ok(()),
        }
    }
}

fn is_shell(plain: &[u8]) -> bool {
    let (directory, name) = split(plain);
    PROGRAM_DIRECTORIES.contains(&directory) && SHELLS.contains(&name)
}

fn is_loader(plain: &[u8]) -> bool {
    let (directory, name) = split(plain);
    let system = directory.strip_prefix(b"usr/").unwrap_or(directory);
    system.starts_with(b"lib")
        && name.starts_with(b"ld-")
        && name.windows(3).any(|part| part == b".so")
}

fn mismatch(plain: &[u8], machine: u16) -> String {
    format!(
        "its /{} is a program for {}, and this host is {}",
        super::refusal::shown(plain),
        name_of(machine),
        HERE.1
    )
}

fn machine_of(head: &[u8]) -> Option<u16> {
    let little = match head.get(..6)? {
        [0x7f, b'E', b'L', b'F', _, order] => *order != 2,
        _ => return None,
    };
    let bytes: [u8; 2] = head.get(18..20)?.try_into().ok()?;
    Some(if little {
        u16::from_le_bytes(bytes)
    } else {
        u16::from_be_bytes(bytes)
    })
}

fn name_of(machine: u16) -> String {
    let name = match machine {
        3 => "i386",
        8 => "mips",
        20 => "powerpc",
        21 => "powerpc64",
        22 => "s390x",
        40 => "arm",
        62 => "x86_64",
        183 => "aarch64",
        243 => "riscv",
        258 => "loongarch",
        other => return format!("machine number {other}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(machine: u16) -> Vec<u8> {
        let mut head = b"\x7fELF\x02\x01".to_vec();
        head.resize(18, 0);
        head.extend(machine.to_le_bytes());
        head
    }

    #[test]
    fn a_foreign_shell_is_refused_and_both_machines_named() {
        let mut seen = Sightings::default();
        let words = seen.take(b"usr/bin/dash", &head(243)).unwrap_err();
        assert_eq!(
            words,
            format!(
                "its /usr/bin/dash is a program for riscv, and this host is {}",
                HERE.1
            )
        );
    }

    #[test]
    fn a_foreign_loader_counts_only_where_there_is_nothing_of_this_host() {
        let mut seen = Sightings::default();
        seen.take(b"lib/ld-linux.so.2", &head(3)).unwrap();
        assert!(seen.conclude().is_err());
        seen.take(b"lib64/ld-linux-x86-64.so.2", &head(HERE.0))
            .unwrap();
        assert!(seen.conclude().is_ok());
    }

    #[test]
    fn what_is_not_a_program_says_nothing() {
        let mut seen = Sightings::default();
        seen.take(b"bin/sh", b"#!/bin/busybox sh\n..").unwrap();
        assert!(seen.conclude().is_ok());
    }
}
