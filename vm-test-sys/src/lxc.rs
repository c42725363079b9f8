//! liblxc, opened at run time. Knows the C interface, not what a guest is.
//!
//! The offsets of `struct lxc_container` up to `devpts_fd` are the same in all releases from 4.0 to
//! 7.0; a test compares them with the installed header. Nothing behind `start` and
//! `set_config_item` is declared or read.

use libloading::os::unix::{Library, RTLD_NOW, Symbol};
use std::ffi::{CStr, CString, c_char, c_int, c_void};

/// The name under which every distribution installs the library.
pub const LIBRARY: &str = "liblxc.so.1";

/// The beginning of `struct lxc_container`.
#[repr(C)]
#[derive(Debug)]
pub struct RawContainer {
    private: [*mut c_void; 5],
    numthreads: c_int,
    lxc_conf: *mut c_void,
    /// The library's message about the last error, or null.
    pub error_string: *mut c_char,
    /// The last error, or the exit status of the container's first process.
    pub error_num: c_int,
    daemonize: bool,
    config_path: *mut c_char,
    is_defined: *const c_void,
    state: *const c_void,
    is_running: *const c_void,
    freeze: *const c_void,
    unfreeze: *const c_void,
    init_pid: *const c_void,
    load_config: *const c_void,
    /// Starts the container. In the foreground it returns when the container has stopped.
    pub start: unsafe extern "C" fn(*mut Self, c_int, *const *mut c_char) -> bool,
    startl: *const c_void,
    stop: *const c_void,
    /// Whether `start` forks and returns at once.
    pub want_daemonize: unsafe extern "C" fn(*mut Self, bool) -> bool,
    want_close_all_fds: *const c_void,
    config_file_name: *const c_void,
    wait: *const c_void,
    /// Sets one line of the configuration.
    pub set_config_item: unsafe extern "C" fn(*mut Self, *const c_char, *const c_char) -> bool,
}

/// `struct lxc_log`.
#[repr(C)]
struct RawLog {
    name: *const c_char,
    lxcpath: *const c_char,
    file: *const c_char,
    level: *const c_char,
    prefix: *const c_char,
    quiet: bool,
}

type New = unsafe extern "C" fn(*const c_char, *const c_char) -> *mut RawContainer;
type Put = unsafe extern "C" fn(*mut RawContainer) -> c_int;
type Version = unsafe extern "C" fn() -> *const c_char;
type LogInit = unsafe extern "C" fn(*mut RawLog) -> c_int;

/// The opened library.
#[derive(Debug)]
pub struct Lxc {
    new: Symbol<New>,
    put: Symbol<Put>,
    version: Symbol<Version>,
    log_init: Symbol<LogInit>,
    // After the symbols, so that they are dropped first.
    _library: Library,
}

impl Lxc {
    /// Opens the library.
    ///
    /// # Errors
    /// The loader's message, if the library is not installed or not usable.
    pub fn open() -> Result<Self, libloading::Error> {
        // SAFETY: the library's initialisers only set up its own state, and each symbol has the
        // type that its header has given it since release 4.0.
        unsafe {
            let library = Library::open(Some(LIBRARY), RTLD_NOW)?;
            Ok(Self {
                new: library.get(b"lxc_container_new\0")?,
                put: library.get(b"lxc_container_put\0")?,
                version: library.get(b"lxc_get_version\0")?,
                log_init: library.get(b"lxc_log_init\0")?,
                _library: library,
            })
        }
    }

    /// Returns the library's version, as in `5.0.2`.
    #[must_use]
    pub fn version(&self) -> String {
        // SAFETY: the function takes nothing and returns a static C string.
        let text = unsafe { CStr::from_ptr((self.version)()) };
        text.to_string_lossy().into_owned()
    }

    /// Makes the library write its log to a file.
    pub fn log_to(&self, file: &CStr, level: &CStr) {
        let mut log = RawLog {
            name: c"vm-test".as_ptr(),
            lxcpath: std::ptr::null(),
            file: file.as_ptr(),
            level: level.as_ptr(),
            prefix: c"lxc".as_ptr(),
            quiet: true,
        };
        // SAFETY: the structure and the strings in it outlive the call, and the library copies what
        // it keeps. The result is ignored, because the container runs without a log, too.
        unsafe { (self.log_init)(&raw mut log) };
    }

    /// Returns a container that exists only in this process.
    #[must_use]
    pub fn container(&self, name: &CStr, directory: &CStr) -> Option<Container<'_>> {
        // SAFETY: both are C strings, and the library copies them.
        let raw = unsafe { (self.new)(name.as_ptr(), directory.as_ptr()) };
        (!raw.is_null()).then_some(Container { lxc: self, raw })
    }
}

/// A container of liblxc.
#[derive(Debug)]
pub struct Container<'lxc> {
    lxc: &'lxc Lxc,
    raw: *mut RawContainer,
}

impl Container<'_> {
    /// Sets one line of the configuration; returns `false` if the library refuses it.
    #[must_use]
    pub fn set(&mut self, key: &str, value: &str) -> bool {
        let (Ok(key), Ok(value)) = (CString::new(key), CString::new(value)) else {
            return false;
        };
        // SAFETY: the container is alive until drop, the function pointer was set by the library,
        // the strings outlive the call.
        unsafe { ((*self.raw).set_config_item)(self.raw, key.as_ptr(), value.as_ptr()) }
    }

    /// Runs a command as the container's first process until the container has stopped.
    ///
    /// Returns whether it started, and the library's error number, which after a start is the exit
    /// status.
    #[must_use]
    pub fn run(&mut self, command: &[CString]) -> (bool, i32) {
        let mut argv: Vec<_> = command
            .iter()
            .map(|word| word.as_ptr().cast_mut())
            .collect();
        argv.push(std::ptr::null_mut());
        // SAFETY: as above; `argv` ends with a null pointer and outlives the call.
        unsafe {
            ((*self.raw).want_daemonize)(self.raw, false);
            let started = ((*self.raw).start)(self.raw, 0, argv.as_ptr());
            (started, (*self.raw).error_num)
        }
    }
}

impl Drop for Container<'_> {
    fn drop(&mut self) {
        // SAFETY: the container came from `lxc_container_new` and is put back once.
        unsafe { (self.lxc.put)(self.raw) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::mem::offset_of;

    #[test]
    fn the_declared_fields_are_where_the_header_has_them() {
        // Measured with the headers of 4.0.12, 5.0.2, 5.0.3, 6.0.5, 6.0.6 and 7.0.0.
        assert_eq!(offset_of!(RawContainer, start), 136);
        let table = [
            ("error_string", offset_of!(RawContainer, error_string)),
            ("error_num", offset_of!(RawContainer, error_num)),
            ("start", offset_of!(RawContainer, start)),
            ("want_daemonize", offset_of!(RawContainer, want_daemonize)),
            ("set_config_item", offset_of!(RawContainer, set_config_item)),
        ];
        let mut source = String::from("#include <stddef.h>\n#include <lxc/lxccontainer.h>\n");
        for (field, offset) in table {
            source += &format!(
                "_Static_assert(offsetof(struct lxc_container, {field}) == {offset}, \"{field}\");\n"
            );
        }
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("layout.c");
        std::fs::write(&file, source).unwrap();
        let output = std::process::Command::new("cc")
            .args(["-fsyntax-only"])
            .arg(&file)
            .output()
            .expect("the C compiler is there (Debian: gcc)");
        assert!(
            output.status.success(),
            "the header of lxc-dev disagrees: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    #[test]
    fn the_installed_library_opens_and_tells_its_version() {
        let version = Lxc::open().expect("liblxc1 is installed").version();
        assert!(version.split('.').count() >= 3, "{version}");
    }
}
