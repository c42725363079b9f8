//! Which kernel modules this host's kernel has: built in or loaded. Loads none.

use std::fs;
use std::path::Path;

/// Where the kernel lists what is loaded, and what is built in and has parameters.
const PRESENT: &str = "/sys/module";

/// Where the modules of each kernel are.
const ALL: &str = "/lib/modules";

/// The list of those that are built in.
const BUILT_IN: &str = "modules.builtin";

/// Returns whether the running kernel has the module.
#[must_use]
pub fn has(name: &str) -> bool {
    let uname = rustix::system::uname();
    let release = uname.release().to_string_lossy();
    let list = Path::new(ALL).join(&*release).join(BUILT_IN);
    is_among(
        name,
        Path::new(PRESENT),
        &fs::read_to_string(list).unwrap_or_default(),
    )
}

/// Returns whether a module has a directory among those that are present, or is in a list of files.
/// A name means the same with `-` and with `_`.
fn is_among(name: &str, present: &Path, built_in: &str) -> bool {
    let name = name.replace('-', "_");
    let mut listed = built_in.lines().filter_map(|line| {
        let file = Path::new(line).file_name()?.to_str()?;
        Some(file.split('.').next()?.replace('-', "_"))
    });
    present.join(&name).is_dir() || listed.any(|it| it == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_there_if_it_is_loaded_or_built_in() {
        let present = tempfile::tempdir().unwrap();
        fs::create_dir(present.path().join("nf_conntrack")).unwrap();
        let built_in = "kernel/net/8021q/8021q.ko\nkernel/fs/binfmt-script.ko.xz\n";
        for (name, is_there) in [
            ("nf_conntrack", true),
            ("nf-conntrack", true),
            ("8021q", true),
            ("binfmt_script", true),
            ("8021", false),
            ("dummy", false),
            ("kernel", false),
        ] {
            assert_eq!(is_among(name, present.path(), built_in), is_there, "{name}");
        }
    }
}
