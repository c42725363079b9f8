//! Paths of an image's kernel and its modules in the guest.
//!
//! Unpacks nothing.

use std::path::{Path, PathBuf};

/// The directories of kernels and their modules in a guest, and the prefix of kernel files.
pub(super) const BOOT: &str = "/boot";
pub(super) const VMLINUZ: &str = "vmlinuz-";
pub(in crate::image) const MODULES: &str = "/lib/modules";

/// The file that depmod writes last.
pub(in crate::image) const INDEX: &str = "modules.dep";

/// Returns the path in the guest of the kernel with this release.
pub(in crate::image) fn vmlinuz_of(release: &str) -> PathBuf {
    Path::new(BOOT).join(format!("{VMLINUZ}{release}"))
}

/// Returns the path in the guest of the modules for this release.
pub(in crate::image) fn modules_of(release: &str) -> PathBuf {
    Path::new(MODULES).join(release)
}

/// Checks that a release is safe as part of a path.
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
