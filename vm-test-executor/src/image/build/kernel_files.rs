//! Kernel files for images: the files of a host kernel, and the Debian release that fits.
//!
//! Unpacks nothing.

use crate::image::boot::bzimage;
use crate::image::boot::kernel::{INDEX, MODULES, check_release, modules_of, vmlinuz_of};
use crate::image::layer::release::{Distribution, Release};
use crate::image::layer::stacked::Stack;
use crate::image::recipe::FileEntry;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;

/// How many bytes of `os-release` are read.
const MAX_OS_RELEASE: u64 = 1 << 16;

/// The size limit of an uncompressed kernel.
const LARGEST: u64 = 1 << 30;

/// Returns the files to copy for a kernel of the host, and its release.
pub(super) fn files(
    vmlinuz: &Path,
    modules: Option<&Path>,
) -> Result<(Vec<FileEntry>, String), Failure> {
    let release = release_of(vmlinuz)?;
    let mut entries = vec![FileEntry {
        from: vmlinuz.to_path_buf(),
        to: vmlinuz_of(&release),
        mode: Some("0644".to_owned()),
    }];
    if let Some(modules) = modules {
        if !modules.join(INDEX).is_file() {
            return Err(Failure::new(format!(
                "cannot use the kernel modules in {}: there is no modules.dep",
                modules.display()
            ))
            .hint(format!(
                "it is the directory lib/modules/{release} of that kernel; depmod makes its indexes"
            )));
        }
        entries.push(FileEntry {
            from: modules.to_path_buf(),
            to: modules_of(&release),
            mode: None,
        });
    }
    Ok((entries, release))
}

/// Returns the modules installed with a kernel, if any.
///
/// They are in `lib/modules/RELEASE`, in or beside the directory of the kernel's file.
pub(super) fn modules_beside(vmlinuz: &Path) -> Result<Option<PathBuf>, Failure> {
    let release = release_of(vmlinuz)?;
    let real = vmlinuz.canonicalize().unwrap_or_default();
    let mut homes = real.ancestors().skip(1).take(2);
    Ok(homes.find_map(|home| {
        let modules = home.join(&MODULES[1..]).join(&release);
        let modules = modules.canonicalize().ok()?;
        modules.join(INDEX).is_file().then_some(modules)
    }))
}

/// Returns the release of a kernel, as in `uname -r`.
///
/// It is checked, because kernels come from the user, and the release becomes a file name.
fn release_of(vmlinuz: &Path) -> Result<String, Failure> {
    let cannot = |cause: String| {
        Failure::new(format!(
            "cannot use the kernel {}: {cause}",
            vmlinuz.display()
        ))
    };
    let mut bytes = Vec::new();
    File::open(vmlinuz)
        .and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
        .map_err(|error| cannot(error.to_string()))?;
    let release = bzimage::release(&bytes).ok_or_else(|| {
        cannot("it is neither a bzImage nor an ELF file with a release in it".to_owned())
            .hint("it is the file that distributions install as /boot/vmlinuz-RELEASE")
    })?;
    check_release(&release).map_err(|()| cannot(format!("{release:?} is not a kernel release")))?;
    Ok(release)
}

/// Returns the release of a distribution in these layers.
pub(super) fn system_release(layers: &[PathBuf]) -> Option<Release> {
    let stack = Stack::new(layers);
    let file = stack.find(&stack.resolve(Path::new("/usr/lib/os-release")))?;
    // In a foreign image this may be anything.
    if !fs::symlink_metadata(&file).ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    File::open(file)
        .ok()?
        .take(MAX_OS_RELEASE)
        .read_to_string(&mut text)
        .ok()?;
    let value = |key: &str| {
        let mut values = text.lines().filter_map(|line| line.strip_prefix(key));
        values.next().map(|value| value.trim_matches('"'))
    };
    let distribution = Distribution::of_word(value("ID=")?)?;
    distribution.release(value("VERSION_CODENAME=")?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_release_that_is_known_is_one() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("usr/lib/os-release");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let layers = [dir.path().to_path_buf()];
        for (text, name) in [
            (
                "ID=debian\nVERSION_CODENAME=bookworm\n",
                Some("Debian bookworm"),
            ),
            (
                "ID=ubuntu\nVERSION_CODENAME=\"noble\"\n",
                Some("Ubuntu noble"),
            ),
            ("ID=debian\nVERSION_CODENAME=potato\n", None),
            ("ID=ubuntu\nVERSION_CODENAME=bookworm\n", None),
        ] {
            fs::write(&file, text).unwrap();
            let release = system_release(&layers).map(|release| release.to_string());
            assert_eq!(release.as_deref(), name);
        }
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("/etc/os-release", &file).unwrap();
        assert_eq!(system_release(&layers), None);
    }
}
