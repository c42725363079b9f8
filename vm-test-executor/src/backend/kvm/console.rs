//! The machine's console, on its way to the file that its daemon reads. Understands only how a kernel says that it is lost.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::thread::JoinHandle;

/// When the file has grown so large, it begins anew.
const MOST: u64 = 1 << 20;

/// How much of the end is searched for a panic.
const TAIL: u64 = 1 << 14;

/// How a kernel begins its last words.
const PANIC: &str = "Kernel panic - not syncing: ";

/// Where the console is written to.
#[derive(Debug)]
pub(super) struct Console {
    file: File,
    pump: Option<JoinHandle<()>>,
}

impl Console {
    /// Writes all that comes to the file, until the machine ends.
    pub(super) fn pump(mut source: UnixStream, file: File) -> io::Result<Self> {
        let mut sink = file.try_clone()?;
        let pump = std::thread::Builder::new()
            .name("console".to_owned())
            .spawn(move || {
                let mut bytes = [0; 1 << 12];
                let mut written = 0;
                while let Ok(count @ 1..) = source.read(&mut bytes) {
                    if written > MOST {
                        written = 0;
                        let _ = sink.set_len(0).and_then(|()| sink.rewind());
                    }
                    written += count as u64;
                    let _ = sink.write_all(&bytes[..count]);
                }
            })?;
        Ok(Self {
            file,
            pump: Some(pump),
        })
    }

    /// Why the kernel panicked, if it did; call it when the machine has ended.
    pub(super) fn panic(&mut self) -> Option<String> {
        if let Some(pump) = self.pump.take() {
            let _ = pump.join();
        }
        let length = self.file.metadata().ok()?.len();
        let begin = length.saturating_sub(TAIL);
        let mut bytes = vec![0; usize::try_from(length - begin).ok()?];
        let count = self.file.read_at(&mut bytes, begin).ok()?;
        let text = String::from_utf8_lossy(&bytes[..count]);
        let (_, words) = text.split_once(PANIC)?;
        let line = words.lines().next().unwrap_or_default();
        Some(line.chars().filter(|c| !c.is_control()).collect())
    }
}
