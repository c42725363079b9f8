//! Kernel settings of a booted Debian that differ from the kernel's defaults: those that systemd
//! makes itself, and those of the files that come with it. Only an init reads an image's own
//! settings files.

use std::fs;
use std::path::Path;

const SETTINGS: [(&str, &str); 7] = [
    ("fs/file-max", "9223372036854775807"),
    ("fs/protected_fifos", "1"),
    ("fs/protected_regular", "2"),
    ("kernel/ctrl-alt-del", "0"),
    ("kernel/pid_max", "4194304"),
    ("kernel/printk_devkmsg", "on"),
    ("net/unix/max_dgram_qlen", "512"),
];

/// Applies the settings. Those that this kernel does not know do not exist on a booted system
/// either.
pub(super) fn apply() {
    for (name, value) in SETTINGS {
        let _ = fs::write(Path::new("/proc/sys").join(name), format!("{value}\n"));
    }
}
