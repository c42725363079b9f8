//! The devices that a test asks for: loads their drivers, which come from the image.

use super::appearance::await_there;
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use vm_test_sys::loop_device;

/// Where the programs that manage devices are.
pub(super) const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The name of a device, its path, and its driver.
const DRIVERS: [(&str, &str, &str); 3] = [
    ("/dev/net/tun", "/dev/net/tun", "tun"),
    ("/dev/fuse", "/dev/fuse", "fuse"),
    (LOOP, "/dev/loop0", "loop"),
];

/// The device that is added by number.
const LOOP: &str = "loop";

/// Makes these devices available. Others are always there, or never.
pub(super) fn bring(names: &[String]) -> io::Result<()> {
    for (name, path, driver) in DRIVERS {
        if names.iter().any(|asked| asked == name) {
            bring_one(name, path, driver).map_err(|error| {
                let words = format!("cannot bring the device {name}: {error}");
                io::Error::new(error.kind(), words)
            })?;
        }
    }
    Ok(())
}

/// Loads modules of the image's kernel, with those that they need.
pub(super) fn load_modules(names: &[String]) -> io::Result<()> {
    names.iter().try_for_each(|name| {
        load(name).map_err(|error| {
            let words = format!("cannot load the kernel module {name}: {error}");
            io::Error::new(error.kind(), words)
        })
    })
}

/// Modules that systemd loads at every boot, and that tests rely on without knowing.
const EXPECTED: [&str; 5] = ["binfmt_misc", "configfs", "dm_mod", "fuse", "loop"];

/// Loads the drivers that a booted system has, as far as this kernel has them.
pub(super) fn load_expected() {
    let _ = Command::new("modprobe")
        .args(["--quiet", "--all", "--use-blacklist"])
        .args(EXPECTED)
        .env("PATH", PATH)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
}

fn bring_one(name: &str, path: &str, driver: &str) -> io::Result<()> {
    // The node may exist before its driver, which opening it loads; without a driver opening fails.
    if opens(path) {
        return Ok(());
    }
    let loaded = load(driver);
    if name == LOOP && !Path::new(path).exists() {
        // The driver may be configured to start without devices (`max_loop=0`).
        return match loop_device::add(0) {
            Ok(()) => await_node(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => await_node(path),
            Err(error) => Err(loaded.err().unwrap_or(error)),
        };
    }
    loaded?;
    await_node(path)
}

fn opens(path: &str) -> bool {
    File::options().read(true).write(true).open(path).is_ok()
}

fn load(driver: &str) -> io::Result<()> {
    let output = Command::new("modprobe")
        .arg(driver)
        .env("PATH", PATH)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("modprobe: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(words.trim().to_owned()))
}

fn await_node(path: &str) -> io::Result<()> {
    await_there(|| Path::new(path).exists().then_some(()))
        .ok_or_else(|| io::Error::other("its driver is loaded and makes none"))
}
