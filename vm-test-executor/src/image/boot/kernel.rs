//! Where the kernel of an image is in the guest, and what belongs to it. Unpacks nothing.

use std::path::{Path, PathBuf};

/// Where kernels are in a guest, how their files' names begin, and where their modules are.
pub(super) const BOOT: &str = "/boot";
pub(super) const VMLINUZ: &str = "vmlinuz-";
pub(in crate::image) const MODULES: &str = "/lib/modules";

/// What depmod makes of them last.
pub(in crate::image) const INDEX: &str = "modules.dep";

/// Where the kernel of this release is in the guest.
pub(in crate::image) fn vmlinuz_of(release: &str) -> PathBuf {
    Path::new(BOOT).join(format!("{VMLINUZ}{release}"))
}

/// Where its modules are.
pub(in crate::image) fn modules_of(release: &str) -> PathBuf {
    Path::new(MODULES).join(release)
}

/// A release is a name in a path.
pub(in crate::image) fn check_release(release: &str) -> Result<(), ()> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-+~".contains(c);
    let valid = release.starts_with(|c: char| c.is_ascii_digit())
        && release.len() <= 64
        && release.chars().all(plain);
    valid.then_some(()).ok_or(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_a_plain_name() {
        for (release, valid) in [
            ("6.1.0-56-cloud-amd64", true),
            ("6.12.117+deb13-cloud-amd64", true),
            ("../x", false),
            ("6/1", false),
            ("", false),
        ] {
            assert_eq!(check_release(release).is_ok(), valid, "{release}");
        }
    }
}
