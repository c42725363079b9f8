//! The grammar of the command line: commands, options, and the checks that need only the text.

mod configuration;
mod image;
mod lab;
mod proxy;
mod settings;

pub(super) use configuration::{ConfigCommand, GuestsArgs, InitArgs, SchemaOf};
pub(super) use image::{ImageCommand, StoreCommand};
pub(super) use lab::{
    DownArgs, ExecArgs, Format, GraphArgs, ImpairArgs, LabCommand, Link, LinkArgs, PcapArgs, Power,
    PowerArgs, UpArgs,
};
pub(super) use proxy::ProxyArgs;
pub(super) use settings::{ReportArgs, Settings};

use super::help;
use crate::config::HOST;
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use std::ffi::OsString;

/// Runs tests and commands in fresh containers or VMs, and rolls back everything they did.
#[derive(Debug, Parser)]
#[command(name = "vm-test", version, long_about = help::ROOT, after_long_help = help::ROOT_AFTER)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(super) struct Cli {
    /// Say on standard error what is done: which files count, which settings, how long it takes
    #[arg(long, short, global = true)]
    pub(super) verbose: bool,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Prepare a package: the dev-dependency, a commented vm-test.toml, a first test
    #[command(long_about = help::INIT, after_long_help = help::INIT_AFTER)]
    Init(InitArgs),
    /// Run a command in a fresh instance of a guest, and roll back everything it did
    #[command(long_about = help::RUN, after_long_help = help::RUN_AFTER)]
    Run(RunArgs),
    /// Run a whole test binary in a fresh instance of a guest: the runner of cargo, or a wrapper
    /// script of nextest
    #[command(long_about = help::RUNNER, after_long_help = help::RUNNER_AFTER)]
    Runner(RunnerArgs),
    /// Open a shell in a fresh instance of a guest, and roll back everything when you leave
    #[command(long_about = help::SHELL, after_long_help = help::SHELL_AFTER)]
    Shell(ShellArgs),
    /// Open a shell, or run a command, in an instance that was kept when its test failed
    #[command(long_about = help::ATTACH, after_long_help = help::ATTACH_AFTER)]
    Attach(AttachArgs),
    /// Show the console of an instance, why its test failed, and what the test wrote; or what all
    /// nodes of a lab wrote, by one clock
    #[command(long_about = help::LOGS, after_long_help = help::LOGS_AFTER)]
    Logs {
        /// The instance or lab, as a failure or `vm-test ps` names it
        instance: String,
    },
    /// Run one test of this workspace in a fresh instance, on this terminal, alone or under a
    /// debugger
    #[command(long_about = help::DEBUG, after_long_help = help::DEBUG_AFTER)]
    Debug(DebugArgs),
    /// Print the times of a run's tests: the slowest bodies, where the time went, the guests used
    #[command(long_about = help::REPORT, after_long_help = help::REPORT_AFTER)]
    Report(RunReportArgs),
    /// End instances that were kept when their tests failed
    #[command(long_about = help::RM, after_long_help = help::RM_AFTER)]
    Rm(RmArgs),
    /// Hand the stream on standard input over to the daemon; for test processes
    #[command(name = vm_test_runtime::client::KEEP, hide = true)]
    Keep(KeepArgs),
    /// List the instances that are alive, what they are for, and who holds them
    #[command(long_about = help::PS, after_long_help = help::PS_AFTER)]
    Ps(ReportArgs),
    /// List the tests that the last run skipped because their guests are not available on this host
    #[command(long_about = help::SKIPPED, after_long_help = help::SKIPPED_AFTER)]
    Skipped(RunReportArgs),
    /// List the guests, their settings, and where each setting comes from
    #[command(long_about = help::GUESTS, after_long_help = help::GUESTS_AFTER)]
    Guests(GuestsArgs),
    /// Check vm-test.toml and recipes, and print their schemas for editors
    #[command(long_about = help::CONFIG, after_long_help = help::CONFIG_AFTER, subcommand)]
    Config(ConfigCommand),
    /// Start the labs of vm-test.toml, look into them and into those of failed tests, draw them
    #[command(long_about = help::LAB, after_long_help = help::LAB_AFTER, subcommand)]
    Lab(LabCommand),
    /// Run a proxy before a server, with faults by Vaurien's options
    #[command(long_about = help::PROXY, after_long_help = help::PROXY_AFTER)]
    Proxy(ProxyArgs),
    /// Stop the daemon: end all instances, leave nothing behind
    #[command(long_about = help::STOP, after_long_help = help::STOP_AFTER)]
    Stop,
    /// Build, list, check and remove images, which guests start from
    #[command(long_about = help::IMAGE, after_long_help = help::IMAGE_AFTER, subcommand)]
    Image(ImageCommand),
    /// Build every image that the guests of the nearest vm-test.toml name, and boot every VM
    #[command(long_about = help::PREPARE, after_long_help = help::PREPARE_AFTER)]
    Prepare(ReportArgs),
    /// Make a store for images
    #[command(long_about = help::STORE, after_long_help = help::STORE_AFTER, subcommand)]
    Store(StoreCommand),
    /// Remove what a killed daemon left behind, and layers that no image needs
    #[command(long_about = help::GC, after_long_help = help::GC_AFTER)]
    Gc(GcArgs),
    /// Check everything that guests need, and name what is missing, the consequence and the remedy
    #[command(long_about = help::DOCTOR, after_long_help = help::DOCTOR_AFTER)]
    Doctor(ReportArgs),
    /// Print completions of this command line for a shell
    #[command(long_about = help::COMPLETIONS, after_long_help = help::COMPLETIONS_AFTER)]
    Completions(CompletionsArgs),
    /// The daemon's own life; every command that needs it starts it
    #[command(hide = true)]
    Daemon(DaemonArgs),
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The guest: `host`, or one that the nearest vm-test.toml declares
    pub(super) guest: String,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(super) command: Vec<OsString>,
    /// Save the changes of the command as a new image with this name, if it succeeds
    #[arg(long, value_name = "NAME")]
    pub(super) commit: Option<String>,
    #[command(flatten)]
    pub(super) settings: Settings,
}

#[derive(Debug, Args)]
pub(super) struct RunnerArgs {
    #[command(flatten)]
    pub(super) settings: Settings,
    /// The guest: `host`, or one that the nearest vm-test.toml declares
    pub(super) guest: String,
    /// The test binary and its arguments, as cargo and nextest give them
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required = true,
        value_name = "BINARY"
    )]
    pub(super) command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(super) struct ShellArgs {
    /// The guest: `host`, or one that the nearest vm-test.toml declares
    #[arg(default_value = HOST)]
    pub(super) guest: String,
    /// Save the changes of the session as a new image with this name when the shell exits
    #[arg(long, value_name = "NAME")]
    pub(super) commit: Option<String>,
    #[command(flatten)]
    pub(super) settings: Settings,
}

#[derive(Debug, Args)]
pub(super) struct AttachArgs {
    /// The instance, as the failure of its test or `vm-test ps` names it
    pub(super) instance: String,
    /// A command and its arguments [default: a shell]
    #[arg(last = true, value_name = "CMD")]
    pub(super) command: Vec<OsString>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct KeepArgs {
    /// The instance
    pub(super) instance: Option<String>,
    /// The lab
    #[arg(long = vm_test_runtime::client::KEEP_LAB)]
    pub(super) lab: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct DebugArgs {
    /// The guest: `host`, or one that the nearest vm-test.toml declares
    pub(super) guest: String,
    /// The test's full name; before it, the path of its binary, if cargo need not build and find it
    #[arg(last = true, required = true, value_name = "TEST")]
    pub(super) words: Vec<OsString>,
    /// Look for the test in this package
    #[arg(long, short, value_name = "PACKAGE")]
    pub(super) package: Option<String>,
    /// Look for the test in this file of the folder tests
    #[arg(long = "test", value_name = "NAME")]
    pub(super) target: Option<String>,
    /// Start the test binary by this command of the guest, as in 'gdb --args'
    #[arg(long, value_name = "CMD")]
    pub(super) under: Option<String>,
    #[command(flatten)]
    pub(super) settings: Settings,
}

#[derive(Debug, Args)]
pub(super) struct RunReportArgs {
    /// The run, or the beginning of its name [default: the last one]
    pub(super) run: Option<String>,
    /// Print JSON for programs
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct RmArgs {
    /// The instances, or labs
    #[arg(value_name = "INSTANCE")]
    pub(super) instances: Vec<String>,
    /// All that are kept
    #[arg(long)]
    pub(super) all: bool,
}

#[derive(Clone, Copy, Debug, Args)]
pub(super) struct GcArgs {
    /// Also remove layers that no image needs and no guest uses, and what VMs boot from
    #[arg(long)]
    pub(super) images: bool,
    #[command(flatten)]
    pub(super) report: ReportArgs,
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
