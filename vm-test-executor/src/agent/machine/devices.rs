//! The devices that a test asks for: has the image's kernel load their drivers, which are the image's own. Makes no device.

use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Where the program that loads drivers is.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How long a device may take to appear after its driver has been loaded.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is looked for.
const TICK: Duration = Duration::from_millis(1);

/// A device in a container's words, its path, and its driver.
const DRIVERS: [(&str, &str, &str); 3] = [
    ("/dev/net/tun", "/dev/net/tun", "tun"),
    ("/dev/fuse", "/dev/fuse", "fuse"),
    ("loop", "/dev/loop0", "loop"),
];

/// Has each of these there. Others are there anyway, or never.
pub(super) fn bring(names: &[String]) -> io::Result<()> {
    for (name, path, driver) in DRIVERS {
        if names.iter().any(|asked| asked == name) && !Path::new(path).exists() {
            load(driver)
                .and_then(|()| await_there(path))
                .map_err(|error| {
                    let words = format!("cannot bring the device {name}: {error}");
                    io::Error::new(error.kind(), words)
                })?;
        }
    }
    Ok(())
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

fn await_there(path: &str) -> io::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !Path::new(path).exists() {
        if Instant::now() > deadline {
            return Err(io::Error::other("its driver is loaded and makes none"));
        }
        std::thread::sleep(TICK);
    }
    Ok(())
}
