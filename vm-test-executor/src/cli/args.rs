//! What the command line looks like: commands, their options, and the checks that need nothing but the text.

use super::help;
use crate::config::{HOST, quantity};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use std::ffi::OsString;
use std::path::PathBuf;

/// Runs tests and commands in fresh containers, and rolls back everything they did.
#[derive(Debug, Parser)]
#[command(name = "vm-test", version, long_about = help::ROOT, after_long_help = help::ROOT_AFTER)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a command in a fresh instance of a guest, and roll back everything it did
    #[command(long_about = help::RUN, after_long_help = help::RUN_AFTER)]
    Run(RunArgs),
    /// Open a shell in a fresh instance of a guest, and roll back everything when you leave
    #[command(long_about = help::SHELL, after_long_help = help::SHELL_AFTER)]
    Shell(ShellArgs),
    /// List the instances that are alive, what they are for, and who holds them
    #[command(long_about = help::PS, after_long_help = help::PS_AFTER)]
    Ps(ReportArgs),
    /// Stop the daemon: end all instances, leave nothing behind
    #[command(long_about = help::STOP, after_long_help = help::STOP_AFTER)]
    Stop,
    /// Build, list, check and remove images, which guests start from
    #[command(long_about = help::IMAGE, after_long_help = help::IMAGE_AFTER, subcommand)]
    Image(ImageCommand),
    /// Build every image that the guests of the nearest vm-test.toml name and the store does not have
    #[command(long_about = help::PREPARE, after_long_help = help::PREPARE_AFTER)]
    Prepare(ReportArgs),
    /// Make a store for images
    #[command(long_about = help::STORE, after_long_help = help::STORE_AFTER, subcommand)]
    Store(StoreCommand),
    /// Remove what a killed daemon left behind, and layers that no image needs
    #[command(long_about = help::GC, after_long_help = help::GC_AFTER)]
    Gc(GcArgs),
    /// Try out everything that guests need, and name what is missing, the consequence and the cure
    #[command(long_about = help::DOCTOR, after_long_help = help::DOCTOR_AFTER)]
    Doctor(ReportArgs),
    /// Print completions of this command line for a shell
    #[command(long_about = help::COMPLETIONS, after_long_help = help::COMPLETIONS_AFTER)]
    Completions(CompletionsArgs),
    /// The daemon's own life; every command that needs it starts it
    #[command(hide = true)]
    Daemon(DaemonArgs),
}

#[derive(Debug, Subcommand)]
pub(super) enum ImageCommand {
    /// Build an image from its recipe: images/NAME.toml here or above, or one that comes with vm-test
    Build {
        /// The image's name
        name: String,
    },
    /// Import an image that was made elsewhere; nothing in it is trusted, and no disk is mounted
    #[command(after_long_help = help::IMPORT_AFTER)]
    Import {
        /// The name that the image gets
        name: String,
        /// A tar archive, a directory, an OCI layout, a disk or a box: a path, or one with its kind, as in oci:PATH
        source: String,
    },
    /// List the images in the store
    List(ReportArgs),
    /// Show an image: digest, layers, sizes
    Inspect {
        /// The image's name
        name: String,
        /// Print JSON for programs
        #[arg(long)]
        json: bool,
    },
    /// Read every file of an image and compare with what was built
    Verify {
        /// The image's name
        name: String,
    },
    /// Keep what a session in a guest does as a new image: of a command, or of a shell without one
    Commit {
        /// The guest, which starts from an image
        guest: String,
        /// The new image's name
        name: String,
        /// The command and its arguments
        #[arg(last = true, value_name = "CMD")]
        command: Vec<OsString>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Write an image's root file system to a tar archive
    Export {
        /// The image's name
        name: String,
        /// The archive; - is standard output
        file: PathBuf,
    },
    /// Remove an image; its layers go with `vm-test gc --images` when nothing uses them
    Rm {
        /// The image's name
        name: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The guest: `host`, or one that the nearest vm-test.toml declares
    pub(super) guest: String,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(super) command: Vec<OsString>,
    /// Keep what the command did as a new image of this name, if it succeeds
    #[arg(long, value_name = "NAME")]
    pub(super) commit: Option<String>,
    #[command(flatten)]
    pub(super) settings: Settings,
}

#[derive(Debug, Args)]
pub(super) struct ShellArgs {
    /// The guest: `host`, or one that the nearest vm-test.toml declares
    #[arg(default_value = HOST)]
    pub(super) guest: String,
    /// Keep what the session did as a new image of this name when the shell exits
    #[arg(long, value_name = "NAME")]
    pub(super) commit: Option<String>,
    #[command(flatten)]
    pub(super) settings: Settings,
}

#[derive(Debug, Subcommand)]
pub(super) enum StoreCommand {
    /// Make a store of a file system of its own, in a file, and mount it. Needs root
    Create {
        /// The kind of file system: btrfs
        #[arg(long, required = true)]
        btrfs: bool,
        /// How large it may become, with a unit: K, M, G or T, in powers of 1024
        #[arg(long, value_name = "SIZE", value_parser = quantity::bytes)]
        size: u64,
        /// Where it is mounted [default: the store]
        #[arg(long, value_name = "DIR")]
        at: Option<PathBuf>,
        /// The user whose store it is [default: root]
        #[arg(long, value_name = "USER")]
        owner: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct GcArgs {
    /// Also remove layers that no image needs and no guest uses, and what killed builds left
    #[arg(long)]
    pub(super) images: bool,
    #[command(flatten)]
    pub(super) report: ReportArgs,
}

/// What is set for one instance, over what vm-test.toml says.
#[derive(Debug, Args)]
pub(super) struct Settings {
    /// Start from this image [default: the guest's]
    #[arg(long, value_name = "IMAGE")]
    pub(super) image: Option<String>,
    /// Memory of the guest, with a unit: K, M, G or T, in powers of 1024 [default: the guest's, 512M]
    #[arg(long, value_name = "SIZE", value_parser = quantity::bytes)]
    pub(super) memory: Option<u64>,
    /// Kill the command after this time, with a unit: ms, s, m or h [default: never]
    #[arg(long, value_name = "TIME", value_parser = quantity::millis)]
    pub(super) timeout: Option<u64>,
    /// Set a variable in the guest; without a value, to the one it has here. May be repeated
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(super) env: Vec<OsString>,
    /// Working directory in the guest [default: this one if the guest has it, else /]
    #[arg(long, value_name = "DIR")]
    pub(super) directory: Option<PathBuf>,
    /// Give the guest a device of the host: /dev/net/tun, /dev/fuse, loop. May be repeated
    #[arg(long, value_name = "DEVICE")]
    pub(super) device: Vec<String>,
    /// No user namespace: root in the guest is root on the host. Needs root
    #[arg(long)]
    pub(super) privileged: bool,
}

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct ReportArgs {
    /// Print JSON for programs
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    pub(super) shell: Shell,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct DaemonArgs {
    /// Start a daemon that outlives this command, and return when it listens
    #[arg(long)]
    pub(super) start: bool,
    /// Be the daemon
    #[arg(long)]
    pub(super) serve: bool,
}
