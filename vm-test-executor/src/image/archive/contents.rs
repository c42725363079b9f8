//! The top-level names in an archive, to distinguish root file systems from other archives.
//!
//! Knows names only.

/// Every usable root file system has at least one of these.
const ROOTS: [&[u8]; 6] = [b"bin", b"etc", b"lib", b"sbin", b"usr", b"nix"];

/// Other kinds of archives: the names that identify them, what they are, and what to do instead.
///
/// `{}` stands for the path.
const OTHERS: [(&[&[u8]], &str, &str); 7] = [
    (
        &[b"oci-layout", b"index.json"],
        "an OCI image that is packed",
        "name the format: oci:{}",
    ),
    (
        &[b"manifest.json"],
        "an image as docker save writes it",
        "name the format: oci:{}",
    ),
    (
        &[b"repositories"],
        "an image as a Docker before 1.10 saved it",
        "load it into Docker, and save it again, or docker export a container of it",
    ),
    (
        &[b"metadata.yaml", b"rootfs"],
        "an image of Incus or LXD, with the root file system in a directory",
        "unpack it, and import dir:PATH/rootfs",
    ),
    (
        &[b"metadata.json"],
        "a Vagrant box",
        "name the format: box:{}",
    ),
    (
        &[b"disk.raw"],
        "a disk that is packed",
        "unpack it: tar -xf {}; the disk is raw:disk.raw",
    ),
    (
        &[b"rootfs"],
        "a directory called rootfs, and nothing else of a root file system",
        "pack what is in it: tar -C rootfs -c .",
    ),
];

/// The names that have been seen at the top level.
#[derive(Debug, Default)]
pub(super) struct Contents {
    is_root: bool,
    seen: Vec<&'static [u8]>,
}

impl Contents {
    /// Records a plain name; it may also be the directory above one.
    pub(super) fn take(&mut self, plain: &[u8]) {
        let top = plain.split(|&byte| byte == b'/').next().unwrap_or(plain);
        self.is_root |= ROOTS.contains(&top);
        let known = OTHERS.iter().flat_map(|(names, ..)| *names);
        if let Some(name) = known.copied().find(|name| *name == top)
            && !self.seen.contains(&name)
        {
            self.seen.push(name);
        }
    }

    /// Returns what the archive is if it is not a root file system, and the hint.
    pub(super) fn other(&self) -> Option<(&'static str, &'static str)> {
        let is_there = |names: &[&'static [u8]]| names.iter().all(|name| self.seen.contains(name));
        let found = OTHERS.iter().find(|(names, ..)| is_there(names));
        found
            .filter(|_| !self.is_root)
            .map(|&(_, what, cure)| (what, cure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn other(names: &[&str]) -> Option<&'static str> {
        let mut contents = Contents::default();
        for name in names {
            contents.take(name.as_bytes());
        }
        contents.other().map(|(what, _)| what)
    }

    #[test]
    fn an_archive_of_something_else_is_told_from_a_root_by_what_is_at_its_top() {
        let oci = [
            "oci-layout",
            "index.json",
            "manifest.json",
            "blobs/sha256/ab",
        ];
        assert_eq!(other(&oci), Some("an OCI image that is packed"));
        let saved = ["abc/layer.tar", "c.json", "manifest.json"];
        assert_eq!(other(&saved), Some("an image as docker save writes it"));
        assert_eq!(other(&["metadata.json", "box.img"]), Some("a Vagrant box"));
        // Each of these alone may also be in a root file system.
        assert_eq!(other(&["manifest.json", "etc/passwd"]), None);
        assert_eq!(other(&["app"]), None);
    }
}
