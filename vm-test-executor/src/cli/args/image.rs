//! The grammar of the commands for images and stores.

use super::settings::{ReportArgs, Settings};
use crate::cli::help;
use clap::Subcommand;
use std::ffi::OsString;
use std::path::PathBuf;
use vm_test_settings::quantity;

#[derive(Debug, Subcommand)]
pub(in super::super) enum ImageCommand {
    /// Build an image from its recipe: images/NAME.toml here or above, or one that comes with
    /// vm-test
    Build {
        /// The image's name
        name: String,
        /// Copy this host's system anew, for a recipe with base = "host"
        #[arg(long)]
        refresh: bool,
    },
    /// Import an image that was made elsewhere; nothing in it is trusted, and no disk is mounted
    #[command(after_long_help = help::IMPORT_AFTER)]
    Import {
        /// The name that the image gets
        name: String,
        /// A tar archive, a directory, an OCI layout, a disk or a box: a path, or one with its
        /// kind, as in oci:PATH; or an image in a registry: oci://REGISTRY/NAME:TAG
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
    /// Make the files that VMs of an image boot from (otherwise the first VM makes them), and print
    /// their paths
    Machine {
        /// The image's name
        name: String,
        /// Also write an initramfs that starts this static program, to boot it by hand
        #[arg(long, value_name = "PROGRAM")]
        init: Option<PathBuf>,
        /// Print JSON for programs
        #[arg(long)]
        json: bool,
    },
    /// Read every file of an image and compare with what was built
    Verify {
        /// The image's name
        name: String,
        /// Print JSON for programs: { name, digest, changed }
        #[arg(long)]
        json: bool,
    },
    /// Save the changes of a session in a guest as a new image; the session is a command, or else a
    /// shell
    Commit {
        /// The guest, which starts from an image
        guest: String,
        /// The new image's name
        name: String,
        /// The command and its arguments
        #[arg(last = true, value_name = "CMD")]
        command: Vec<OsString>,
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Write an image's root file system to a tar archive
    Export {
        /// The image's name
        name: String,
        /// The archive; - is standard output
        file: PathBuf,
    },
    /// Remove images; their layers go with `vm-test gc --images` when nothing uses them
    Rm {
        /// The images' names
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(in super::super) enum StoreCommand {
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
