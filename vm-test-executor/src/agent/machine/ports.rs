//! The machine's ports to its host, found by their names. Opens them; knows nothing of what is said there.

use std::fs::{self, File};
use std::io;
use std::time::{Duration, Instant};

/// Where the kernel lists them.
const PORTS: &str = "/sys/class/virtio-ports";

/// How long a port may take to appear after its driver has been loaded.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is looked for.
const TICK: Duration = Duration::from_millis(1);

/// Opens the port of this name, as soon as it is there.
pub(super) fn open(name: &str) -> io::Result<File> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(device) = find(name) {
            let path = format!("/dev/{device}");
            return File::options().read(true).write(true).open(path);
        }
        if Instant::now() > deadline {
            return Err(io::Error::other(format!("there is no port {name}")));
        }
        std::thread::sleep(TICK);
    }
}

fn find(name: &str) -> Option<String> {
    fs::read_dir(PORTS)
        .ok()?
        .flatten()
        .find(|entry| {
            fs::read_to_string(entry.path().join("name")).is_ok_and(|text| text.trim() == name)
        })
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
}
