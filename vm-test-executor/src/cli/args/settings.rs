//! The options that several commands share: settings of an instance, and the form of a report.

use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;
use vm_test_settings::quantity;

/// Settings for one instance, which override vm-test.toml.
#[derive(Debug, Default, Args)]
pub(in crate::cli) struct Settings {
    /// Start from this image [default: the guest's]
    #[arg(long, value_name = "IMAGE")]
    pub(in crate::cli) image: Option<String>,
    /// Memory of the guest, with a unit: K, M, G or T, in powers of 1024 [default: the guest's,
    /// 512M]
    #[arg(long, value_name = "SIZE", value_parser = quantity::bytes)]
    pub(in crate::cli) memory: Option<u64>,
    /// Kill the command after this time, with a unit: ms, s, m or h [default: never]
    #[arg(long, value_name = "TIME", value_parser = quantity::millis)]
    pub(in crate::cli) timeout: Option<u64>,
    /// Set a variable in the guest; without a value, to its value here. May be repeated
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(in crate::cli) env: Vec<OsString>,
    /// Working directory in the guest [default: this one if the guest has it, else /]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) directory: Option<PathBuf>,
    /// Show the guest credentials that are hidden from it, as ~/.ssh. May be repeated
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) expose: Vec<String>,
    /// Give the guest a device of the host: /dev/net/tun, /dev/fuse, loop. May be repeated
    #[arg(long, value_name = "DEVICE")]
    pub(in crate::cli) device: Vec<String>,
    /// How writes are rolled back: overlay, snapshot (needs a btrfs store) [default: the guest's,
    /// overlay]
    #[arg(long, value_name = "HOW")]
    pub(in crate::cli) rollback: Option<String>,
    /// No user namespace: root in the guest is root on the host. Needs root
    #[arg(long)]
    pub(in crate::cli) privileged: bool,
}

#[derive(Clone, Copy, Debug, Args)]
pub(in crate::cli) struct ReportArgs {
    /// Print JSON for programs
    #[arg(long)]
    pub(in crate::cli) json: bool,
}
