//! A site: one `#[on_vm]` in the source, as the macro writes it down. Constant data; decides nothing.

/// One `#[on_vm]` in the source.
#[derive(Debug)]
pub struct Site {
    /// The guest's name.
    pub guest: &'static str,
    /// What the attribute sets besides the name.
    pub settings: &'static [Setting],
    /// What is known of `#[should_panic]`.
    pub panics: Panics,
    /// The source file, as `file!()` gives it.
    pub file: &'static str,
    /// The line of the function's name.
    pub line: u32,
    /// `CARGO_MANIFEST_DIR` at compile time.
    pub manifest_dir: &'static str,
    /// `CARGO_PKG_NAME` at compile time.
    pub package: &'static str,
    /// The name of the function.
    pub function: &'static str,
}

/// Whether a panic makes the test pass. A test without a verdict must fail in all three cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panics {
    /// A panic is a failure.
    Fail,
    /// The function carries `#[should_panic]`.
    Pass,
    /// Some generated cases of the function may expect a panic, others not.
    Unknown,
}

/// One `key = value` of the attribute, checked at compile time.
#[derive(Clone, Copy, Debug)]
pub enum Setting {
    /// `backend = "lxc"`.
    Backend(&'static str),
    /// `image = "debian-12"`.
    Image(&'static str),
    /// `init = "agent"`.
    Init(&'static str),
    /// `memory`, in bytes.
    Memory(u64),
    /// `cpus`.
    Cpus(u32),
    /// `network = "none"`.
    Network(&'static str),
    /// `timeout`, in milliseconds.
    Timeout(u64),
    /// `boot_timeout`, in milliseconds.
    BootTimeout(u64),
    /// `env`.
    Env(&'static [&'static str]),
    /// `devices`.
    Devices(&'static [&'static str]),
    /// `privileged`.
    Privileged(bool),
}
