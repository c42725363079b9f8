//! A disk whose requests fail when they are told to: a network block device that this process
//! answers, with a file system over a directory. Only a VM has block devices of its own.

use super::super::super::kind;
use super::super::stop::Stop;
use super::super::streams::Streams;
use super::block_server::{Failing, serve};
use super::mounts::Mounted;
use super::refusal::{bytes, in_a_container, of_path, refused};
use super::small_disk::directory;
use rustix::mount::MountFlags;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use vm_test_protocol::node_fault::Obstacle;
use vm_test_protocol::tool::{Ask, Told};
use vm_test_sys::nbd;

/// How many devices the kernel makes.
const DEVICES: usize = 16;

/// The program that makes the file system, and where it is.
const MAKER: &str = "mke2fs";
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// How long the kernel may take to begin with a device.
const PATIENCE: Duration = Duration::from_secs(30);

/// The least size of a file system.
const LEAST: u64 = 1 << 20;

/// Has the disk until the end of the tool's input, and its requests fail as it is told.
pub(super) fn mount(path: &str, size: u64, streams: &mut Streams) -> Result<(), Stop> {
    let what = format!("have a faulty disk of {} at {path}", bytes(size));
    if !kind::is_vm() {
        let cause = "a container has no block devices of its own";
        return Err(in_a_container(&what, cause));
    }
    if size < LEAST {
        return Err(Stop::cannot(&what, "it is smaller than 1 MiB"));
    }
    let place = directory(path).map_err(|error| of_path(&what, &error))?;
    load().map_err(|error| {
        let cause = format!("the kernel of this guest has no network block devices (nbd): {error}");
        let hint = "use an image whose kernel package has the module nbd, as Debian's have";
        refused(Obstacle::Kernel, &what, cause, hint)
    })?;
    let device = Device::begin(&place, size).map_err(|error| of_path(&what, &error))?;
    make(&device.path).map_err(|error| {
        let hint = "install the package e2fsprogs in the image";
        refused(Obstacle::Program, &what, error, hint)
    })?;
    let mounted = over(&device.path, &place).map_err(|error| of_path(&what, &error))?;
    streams.say(&Told::Faulted(Vec::new()))?;
    attend(&device.failing, streams)?;
    heal(&device.failing);
    let cannot = |error| Stop::cannot(format!("unmount {path}"), error);
    mounted.end().map_err(cannot)
}

/// Has requests fail as it is told, until the end of the input.
fn attend(failing: &Failing, streams: &mut Streams) -> Result<(), Stop> {
    while let Some(asks) = streams.hear()? {
        for ask in asks {
            if let Ask::Fail { reads, writes } = ask {
                if reads {
                    forget_what_was_read();
                }
                failing.reads.store(reads, Ordering::Release);
                failing.writes.store(writes, Ordering::Release);
            }
            let count = failing.count.load(Ordering::Relaxed);
            streams.say(&Told::Requests(count))?;
        }
    }
    Ok(())
}

fn heal(failing: &Failing) {
    failing.reads.store(false, Ordering::Release);
    failing.writes.store(false, Ordering::Release);
}

/// Has the kernel read again what it has in memory.
fn forget_what_was_read() {
    rustix::fs::sync();
    let _ = fs::write("/proc/sys/vm/drop_caches", "3");
}

/// Loads the driver, unless it is there.
fn load() -> io::Result<()> {
    if Path::new("/sys/block/nbd0").exists() {
        return Ok(());
    }
    let mut loader = Command::new("modprobe");
    let loader = loader.arg("nbd").env("PATH", PATH).stdin(Stdio::null());
    if loader.output().is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    let kernel = rustix::system::uname();
    let release = kernel.release().to_string_lossy();
    let file = format!("/lib/modules/{release}/kernel/drivers/block/nbd.ko");
    let file = File::open(&file)
        .map_err(|error| io::Error::new(error.kind(), format!("{file}: {error}")))?;
    Ok(rustix::system::finit_module(&file, c"", 0)?)
}

/// A block device that this process answers. Dropped, it ends.
struct Device {
    path: PathBuf,
    device: Arc<File>,
    failing: Arc<Failing>,
    threads: Vec<JoinHandle<()>>,
}

impl Device {
    /// Takes the first device that is free. What is written to it is in a file beside the
    /// directory.
    fn begin(place: &Path, size: u64) -> io::Result<Self> {
        let number = (0..DEVICES).find(|number| is_free(*number));
        let number = number.ok_or(io::ErrorKind::ResourceBusy)?;
        let path = PathBuf::from(format!("/dev/nbd{number}"));
        let device = Arc::new(File::options().read(true).write(true).open(&path)?);
        let file = nameless(place)?;
        file.set_len(size)?;
        let (kernels, ours) = UnixStream::pair()?;
        nbd::connect(&device, kernels.as_fd(), size / nbd::BLOCK)?;
        let failing = Arc::new(Failing::default());
        let (of_server, of_runner) = (Arc::clone(&failing), Arc::clone(&device));
        let mut taken = Self {
            path,
            device,
            failing,
            threads: Vec::new(),
        };
        taken.spawn("answers", move || drop(serve(ours, &file, &of_server)))?;
        taken.spawn("device", move || {
            let _ = nbd::run(&of_runner);
            drop(kernels);
        })?;
        let until = Instant::now() + PATIENCE;
        // The kernel takes the device first, and gives it its size then.
        while is_free(number) || !has_size(number) {
            if Instant::now() >= until {
                return Err(io::ErrorKind::TimedOut.into());
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(taken)
    }

    fn spawn(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let thread = thread::Builder::new().name(name.to_owned()).spawn(work)?;
        self.threads.push(thread);
        Ok(())
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        heal(&self.failing);
        let _ = nbd::disconnect(&self.device);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn is_free(number: usize) -> bool {
    let place = format!("/sys/block/nbd{number}");
    Path::new(&place).exists() && !Path::new(&place).join("pid").exists()
}

fn has_size(number: usize) -> bool {
    let size = fs::read_to_string(format!("/sys/block/nbd{number}/size"));
    size.is_ok_and(|size| size.trim() != "0")
}

/// Returns a new file beside the directory, which has no name any more.
fn nameless(place: &Path) -> io::Result<File> {
    let beside = place.parent().unwrap_or(place);
    let path = beside.join(format!(".vm-test-disk-{}", std::process::id()));
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

/// Makes a file system on a device. It has no journal: one that could not be written would end it.
fn make(device: &Path) -> io::Result<()> {
    let mut maker = Command::new(MAKER);
    let maker = maker.args(["-q", "-F", "-t", "ext4", "-O", "^has_journal", "-m", "0"]);
    let maker = maker.args(["-E", "lazy_itable_init=0,nodiscard"]);
    let output = maker
        .arg(device)
        .env("PATH", PATH)
        .stdin(Stdio::null())
        .output();
    let output =
        output.map_err(|error| io::Error::new(error.kind(), format!("{MAKER}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(io::Error::other(format!("{MAKER}: {words}")))
}

/// Mounts a device over a directory, whose owner and permissions it takes.
fn over(device: &Path, place: &Path) -> io::Result<Mounted> {
    let meta = fs::metadata(place)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    rustix::mount::mount(device, place, "ext4", flags, None)?;
    let mounted = Mounted::at(place)?;
    fs::remove_dir(place.join("lost+found"))?;
    chown(place, Some(meta.uid()), Some(meta.gid()))?;
    fs::set_permissions(place, fs::Permissions::from_mode(meta.mode() & 0o7777))?;
    Ok(mounted)
}
