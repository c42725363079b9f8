//! The file systems that a root's `/etc/fstab` lists. Reads text; mounts nothing. The file is not
//! trusted: what it names is looked for only on the one disk.

use std::path::{Component, Path, PathBuf};

/// Mount points that are not part of an image: the guest's own, those for media, and what only
/// firmware reads.
const NOT_OURS: [&str; 9] = [
    "/dev",
    "/proc",
    "/sys",
    "/run",
    "/tmp",
    "/mnt",
    "/media",
    "/boot/efi",
    "/efi",
];

/// Device names of the first disk of each kind, and what separates them from the number of a
/// partition.
const DISKS: [(&str, &str); 6] = [
    ("sda", ""),
    ("vda", ""),
    ("xvda", ""),
    ("hda", ""),
    ("nvme0n1", "p"),
    ("mmcblk0", "p"),
];

/// Links to partitions, and what identifies the partition.
const LINKS: [(&str, &str); 4] = [
    ("by-uuid/", "UUID"),
    ("by-label/", "LABEL"),
    ("by-partuuid/", "PARTUUID"),
    ("by-partlabel/", "PARTLABEL"),
];

/// A file system that belongs into the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its mount point.
    pub(super) place: PathBuf,
    /// What is mounted.
    pub(super) source: Source,
    /// The btrfs subvolume, if one is named.
    pub(super) subvolume: Option<String>,
    /// Whether a system boots without it.
    pub(super) is_optional: bool,
    /// How the line names it.
    pub(super) words: String,
}

/// Where a file system is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// On the partition with this key and value.
    Called(&'static str, String),
    /// On the partition with this number.
    Number(u32),
    /// A directory of the root itself.
    Directory(PathBuf),
    /// On some other device.
    Elsewhere,
}

/// Returns the file systems that belong into the root, outer mount points first.
pub(super) fn entries(text: &str) -> Vec<Entry> {
    let mut entries: Vec<_> = text.lines().filter_map(entry).collect();
    entries.sort_by_key(|entry| entry.place.components().count());
    entries
}

/// Returns whether a system boots with nothing at this mount point: what belongs there is made anew
/// in memory, or is optional.
pub(super) fn may_be_empty(text: &str, place: &Path) -> bool {
    text.lines().any(|line| {
        let mut fields = line.split_whitespace();
        let is_line = fields.next().is_some_and(|spec| !spec.starts_with('#'));
        let is_there = fields
            .next()
            .is_some_and(|field| Path::new(&unescaped(field)) == place);
        let kind = fields.next().unwrap_or("auto");
        let mut options = fields.next().unwrap_or("").split(',');
        is_line && is_there && (kind == "tmpfs" || options.any(|option| option == "nofail"))
    })
}

fn entry(line: &str) -> Option<Entry> {
    let mut fields = line.split_whitespace();
    let spec = unescaped(fields.next().filter(|spec| !spec.starts_with('#'))?);
    let place = PathBuf::from(unescaped(fields.next()?));
    let kind = fields.next().unwrap_or("auto");
    let options: Vec<_> = fields.next().unwrap_or("").split(',').collect();
    let mut parts = place.components();
    let is_plain = parts.next() == Some(Component::RootDir)
        && parts.all(|part| matches!(part, Component::Normal(_)));
    let is_ours = is_plain
        && place != Path::new("/")
        && !NOT_OURS.iter().any(|other| place.starts_with(other));
    if !is_ours || kind == "swap" || options.contains(&"noauto") {
        return None;
    }
    let is_bind = ["bind", "rbind"].iter().any(|word| options.contains(word));
    let source = match spec.strip_prefix('/') {
        Some(rest) if is_bind => Source::Directory(rest.into()),
        _ => source(&spec)?,
    };
    let subvolume = options
        .iter()
        .find_map(|option| option.strip_prefix("subvol="));
    Some(Entry {
        place,
        source,
        subvolume: subvolume.map(str::to_owned),
        is_optional: options.contains(&"nofail"),
        words: spec,
    })
}

/// Returns where a file system named in a line is; `None` if it is not on a device.
fn source(spec: &str) -> Option<Source> {
    let keys = ["UUID", "LABEL", "PARTUUID", "PARTLABEL"];
    if let Some((key, value)) = spec.split_once('=') {
        let key = keys.into_iter().find(|known| *known == key)?;
        return Some(Source::Called(key, value.trim_matches('"').to_owned()));
    }
    let device = spec.strip_prefix("/dev/")?;
    let link = device.strip_prefix("disk/").and_then(|link| {
        LINKS
            .iter()
            .find_map(|(start, key)| Some((*key, link.strip_prefix(start)?)))
    });
    if let Some((key, value)) = link {
        return Some(Source::Called(key, value.to_owned()));
    }
    let number = DISKS.iter().find_map(|(disk, between)| {
        device
            .strip_prefix(disk)?
            .strip_prefix(between)?
            .parse()
            .ok()
    });
    Some(number.map_or(Source::Elsewhere, Source::Number))
}

/// Decodes the octal escapes in a field.
fn unescaped(field: &str) -> String {
    let mut text = String::new();
    let mut rest = field;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let digits = rest
            .get(1..4)
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match digits {
            Some(byte) if byte.is_ascii() => {
                text.push(char::from(byte));
                rest = &rest[4..];
            }
            _ => {
                text.push('\\');
                rest = &rest[1..];
            }
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(line: &str) -> Option<(String, Source)> {
        entries(line)
            .pop()
            .map(|entry| (entry.place.display().to_string(), entry.source))
    }

    #[test]
    fn every_way_to_name_a_partition_is_understood() {
        for (line, source) in [
            (
                "UUID=ab-1 /usr ext4 defaults 0 2",
                Source::Called("UUID", "ab-1".into()),
            ),
            ("LABEL=\"x\" /usr auto", Source::Called("LABEL", "x".into())),
            (
                "LABEL=a\\040b\t/usr\text4",
                Source::Called("LABEL", "a b".into()),
            ),
            (
                "PARTUUID=AB /usr xfs ro",
                Source::Called("PARTUUID", "AB".into()),
            ),
            (
                "/dev/disk/by-partlabel/usr /usr ext4",
                Source::Called("PARTLABEL", "usr".into()),
            ),
            ("/dev/sda3 /usr ext4", Source::Number(3)),
            ("/dev/nvme0n1p12 /usr ext4", Source::Number(12)),
            ("/dev/sdb1 /usr ext4", Source::Elsewhere),
            ("/dev/mapper/vg-usr /usr ext4", Source::Elsewhere),
            (
                "/data/usr /usr none rw,bind 0 0",
                Source::Directory("data/usr".into()),
            ),
        ] {
            assert_eq!(one(line), Some(("/usr".to_owned(), source)), "{line}");
        }
    }

    #[test]
    fn what_is_not_a_part_of_the_image_is_not_looked_for() {
        for line in [
            "# UUID=1 /usr ext4",
            "",
            "UUID=1 / ext4",
            "UUID=1 none swap sw",
            "UUID=1 /swap swap",
            "tmpfs /var/tmp tmpfs",
            "proc /proc proc",
            "UUID=1 /boot/efi vfat",
            "UUID=1 /media/usb auto",
            "UUID=1 /usr ext4 noauto",
            "server:/home /home nfs",
            "//server/x /srv cifs",
            "UUID=1 /a/../../usr ext4",
        ] {
            assert_eq!(one(line), None, "{line}");
        }
    }

    #[test]
    fn only_what_is_in_memory_or_optional_may_be_empty() {
        for (line, may) in [
            ("tmpfs /var tmpfs rw,size=1g 0 0", true),
            ("UUID=1 /var/ ext4 defaults,nofail 0 2", true),
            ("none\t/var\ttmpfs", true),
            ("UUID=1 /var ext4 defaults 0 2", false),
            ("server:/var /var nfs rw", false),
            ("#tmpfs /var tmpfs", false),
            ("# tmpfs /var tmpfs", false),
            ("tmpfs /var/tmp tmpfs", false),
            ("tmpfs /srv/var tmpfs", false),
            ("", false),
        ] {
            let text = format!("/dev/sda1 / ext4 errors=remount-ro 0 1\n{line}\n");
            assert_eq!(may_be_empty(&text, Path::new("/var")), may, "{line}");
        }
    }

    #[test]
    fn what_lies_in_another_comes_after_it() {
        let text = "UUID=2 /var/log ext4\nUUID=1 /var btrfs subvol=@var,nofail\n";
        let entries = entries(text);
        assert_eq!(entries[0].place, Path::new("/var"));
        assert_eq!(entries[0].subvolume.as_deref(), Some("@var"));
        assert!(entries[0].is_optional && !entries[1].is_optional);
    }
}
