//! A kernel out of a distribution's package: fetched, unpacked, indexed, and put where a guest looks for it, without being
//! installed. Installing it would bring in the tools for an initramfs that nothing here boots from, and make one.

use super::kernel::{BOOT, MODULES, VMLINUZ, check_release};
use crate::image::layer::bootstrap;
use crate::image::layer::stacked::Stack;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

/// What the bootstrapped directory has for the work: the program that indexes modules, with what it unpacks them with.
const TOOLS: &str = "base-files,kmod,liblzma5,libzstd1";

/// Where the packages are unpacked, below the bootstrapped directory.
const KERNEL: &str = "kernel";

/// Fetches the package and those of its dependencies that hold parts of the kernel, unpacks them, and indexes the modules
/// with the tools of the same release. Errors begin with E as those of the tool that runs this.
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

/// Puts the kernel of a package into a layer. `scratch` is a directory that is made.
pub(in crate::image) fn unpack(
    into: &Path,
    scratch: &Path,
    below: &Stack<'_>,
    suite: &str,
    package: &str,
) -> io::Result<()> {
    let bootstrapped = scratch.join("root");
    fs::create_dir(scratch)?;
    let script = SCRIPT.replace("PACKAGE", package);
    let arguments: [OsString; 7] = [
        "--mode=root".into(),
        "--variant=extract".into(),
        "--format=directory".into(),
        format!("--include={TOOLS}").into(),
        format!("--extract-hook={script}").into(),
        suite.into(),
        bootstrapped.clone().into(),
    ];
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
        // The guest's own links: a directory in the way of its /lib would hide all that is in there.
        let to = below.resolve(Path::new(to));
        below.make_above(into, &to)?;
        for entry in entries {
            let entry = entry?;
            fs::rename(entry.path(), into.join(&to).join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// One package is one kernel, so that everybody knows which one boots.
fn check_one(kernel: &Path, package: &str) -> io::Result<()> {
    let how_many = match releases(&kernel.join("boot")).len() {
        1 => return Ok(()),
        0 => "no kernel",
        _ => "more than one kernel",
    };
    let text = format!("there is {how_many} in the package {package}");
    Err(io::Error::other(text))
}

/// The releases of the kernels in a directory.
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
