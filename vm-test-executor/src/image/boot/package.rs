//! A kernel from a distribution's package: fetched, unpacked, indexed and placed.
//!
//! The package is not installed: that would also install initramfs tools and build an initramfs,
//! which is never used here.

use super::kernel::{BOOT, MODULES, VMLINUZ, check_release};
use crate::image::layer::bootstrap;
use crate::image::layer::release::Release;
use crate::image::layer::stacked::Stack;
use std::fs;
use std::io;
use std::path::Path;

/// Packages for the bootstrapped directory: depmod, and libraries for compressed modules.
const TOOLS: &str = "base-files,kmod,liblzma5,libzstd1";

/// The directory below the bootstrapped one where the packages are unpacked.
const KERNEL: &str = "kernel";

/// The script that fetches and unpacks the package, and indexes the modules.
///
/// It includes dependencies that hold parts of the kernel, and uses the depmod of the same release.
/// Its errors begin with `E:`, like those of mmdebstrap, which runs it.
const SCRIPT: &str = r#"
set -eu
cd "$1"
mkdir kernel
cd kernel
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
next=PACKAGE seen=" "
while [ -n "$next" ]; do
    now=$next next=""
    for name in $now; do
        case "$seen" in *" $name "*) continue ;; esac
        seen="$seen$name "
        apt-get download "$name"
        dpkg-deb --extract "$name"_*.deb .
        next="$next $(dpkg-deb --field "$name"_*.deb Depends | tr , '\n' |
            sed -n 's/^ *\(linux-\(image\|modules\|binary\)-[^ |(:]*\).*/\1/p')"
        rm "$name"_*.deb
    done
    next=$(echo $next)
done
[ -d lib ] || ln -s usr/lib lib
for modules in lib/modules/*; do
    [ -d "$modules" ] || continue
    words=$(chroot "$1" depmod --basedir /kernel "${modules##*/}" 2>&1) && [ -z "$words" ] || {
        echo "E: depmod: $words" >&2
        exit 1
    }
done
"#;

/// Unpacks a package's kernel into a layer; `scratch` is created and removed.
pub(in crate::image) fn unpack(
    into: &Path,
    scratch: &Path,
    below: &Stack<'_>,
    release: &Release,
    package: &str,
) -> io::Result<()> {
    let bootstrapped = scratch.join("root");
    fs::create_dir(scratch)?;
    let script = SCRIPT.replace("PACKAGE", package);
    let mut arguments = bootstrap::arguments(release, "extract");
    arguments.extend([
        format!("--include={TOOLS}").into(),
        format!("--extract-hook={script}").into(),
        release.suite.clone().into(),
        bootstrapped.clone().into(),
    ]);
    bootstrap::run_tool(&arguments, &scratch.join("log"))?;
    place(into, &bootstrapped.join(KERNEL), below, package)?;
    fs::remove_dir_all(scratch)
}

fn place(into: &Path, kernel: &Path, below: &Stack<'_>, package: &str) -> io::Result<()> {
    check_one(kernel, package)?;
    fs::create_dir_all(into)?;
    for (from, to) in [("boot", BOOT), ("lib/modules", MODULES)] {
        let Ok(entries) = fs::read_dir(kernel.join(from)) else {
            continue;
        };
        // Follows the guest's links: a directory in place of its /lib link would hide everything
        // there.
        let to = below.resolve(Path::new(to));
        below.make_above(into, &to)?;
        for entry in entries {
            let entry = entry?;
            fs::rename(entry.path(), into.join(&to).join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Checks that the package holds exactly one kernel, so that it is clear which one boots.
fn check_one(kernel: &Path, package: &str) -> io::Result<()> {
    let how_many = match releases(&kernel.join("boot")).len() {
        1 => return Ok(()),
        0 => "no kernel",
        _ => "more than one kernel",
    };
    let text = format!("there is {how_many} in the package {package}");
    Err(io::Error::other(text))
}

/// Returns the releases of the kernels in a directory.
pub(in crate::image) fn releases(boot: &Path) -> Vec<String> {
    let entries = fs::read_dir(boot).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let release = name.strip_prefix(VMLINUZ)?;
            check_release(release).ok()?;
            Some(release.to_owned())
        })
        .collect()
}
