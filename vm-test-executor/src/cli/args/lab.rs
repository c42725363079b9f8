//! The grammar of the commands for labs.

use super::settings::ReportArgs;
use clap::{Args, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;
use vm_test_settings::limits::TIME;
use vm_test_settings::quantity;

#[derive(Debug, Subcommand)]
pub(in super::super) enum LabCommand {
    /// Start a lab of the nearest vm-test.toml with all of its nodes, and hold it for a while
    Up(UpArgs),
    /// List the labs that run: their nodes, backends and addresses, and the time that is left
    #[command(alias = "list")]
    Ls(ReportArgs),
    /// Open a shell on a node of a lab that is held
    Shell {
        /// The lab, as `vm-test lab ls` or the failure of its test names it; its name in
        /// vm-test.toml will do if no other such lab runs
        lab: String,
        /// The node
        node: String,
    },
    /// Run a command on a node of a lab that is held
    Exec(ExecArgs),
    /// Draw a lab of the nearest vm-test.toml, which need not run
    Graph(GraphArgs),
    /// Write down what the networks of a held lab have carried, as pcap files
    Pcap(PcapArgs),
    /// Change the power of a node of a lab that is held
    Power(PowerArgs),
    /// Cut or hold a link of a lab that is held, or make it whole again
    Link(LinkArgs),
    /// End labs that are held
    Down(DownArgs),
}

#[derive(Debug, Args)]
pub(in super::super) struct PowerArgs {
    /// The lab, as `vm-test lab ls` names it
    pub(in crate::cli) lab: String,
    /// The node
    pub(in crate::cli) node: String,
    /// What becomes of it
    #[arg(value_enum)]
    pub(in crate::cli) change: Power,
}

/// A change of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in super::super) enum Power {
    /// Switch it on, with the disk that it had
    On,
    /// Cut the power of a VM: what it has not written to its disk is lost
    Off,
    /// Have the system of a VM shut down
    Shutdown,
    /// Have the system of a VM shut down, and switch it on again
    Reboot,
    /// Stop the processors of a VM
    Pause,
    /// Let its processors run on
    Resume,
    /// End it with its disk; `on` starts it anew
    Kill,
}

#[derive(Debug, Args)]
pub(in super::super) struct LinkArgs {
    /// The lab, as `vm-test lab ls` names it
    pub(in crate::cli) lab: String,
    /// The node
    pub(in crate::cli) node: String,
    /// The network
    pub(in crate::cli) network: String,
    /// What becomes of the link
    #[arg(value_enum)]
    pub(in crate::cli) change: Link,
}

/// A change of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in super::super) enum Link {
    /// All frames are lost
    Cut,
    /// All frames wait
    Hold,
    /// It is whole again, and what has waited is delivered
    Release,
}

#[derive(Debug, Args)]
pub(in super::super) struct UpArgs {
    /// The lab [default: the only one that vm-test.toml declares]
    pub(in crate::cli) name: Option<String>,
    /// Hold it for this time, and as long again after every visit, with a unit: ms, s, m or h
    #[arg(long = "for", value_name = "TIME", value_parser = time, default_value = "30m")]
    pub(in crate::cli) time: u64,
    #[command(flatten)]
    pub(in crate::cli) report: ReportArgs,
}

#[derive(Debug, Args)]
pub(in super::super) struct ExecArgs {
    /// The lab, as `vm-test lab ls` names it
    pub(in crate::cli) lab: String,
    /// The node
    pub(in crate::cli) node: String,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(in crate::cli) command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(in super::super) struct GraphArgs {
    /// The lab [default: the only one that vm-test.toml declares]
    pub(in crate::cli) name: Option<String>,
    /// The language of the picture
    #[arg(long, value_enum, default_value_t = Format::Svg)]
    pub(in crate::cli) format: Format,
}

/// The language of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in super::super) enum Format {
    /// A picture that browsers show
    Svg,
    /// The language of Graphviz
    Dot,
    /// The language of Mermaid, which code hosts draw in Markdown
    Mermaid,
}

#[derive(Debug, Args)]
pub(in super::super) struct PcapArgs {
    /// The lab, as `vm-test lab ls` names it
    pub(in crate::cli) lab: String,
    /// Only this network [default: all]
    pub(in crate::cli) network: Option<String>,
    /// Where the files are written [default: this directory]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) directory: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(in super::super) struct DownArgs {
    /// The labs
    #[arg(value_name = "LAB")]
    pub(in crate::cli) labs: Vec<String>,
    /// All that are held
    #[arg(long)]
    pub(in crate::cli) all: bool,
}

/// Parses a time within the limits of `keep_for`.
fn time(text: &str) -> Result<u64, String> {
    let millis = quantity::millis(text)?;
    if TIME.has(millis) {
        return Ok(millis);
    }
    let [least, most] = TIME.ends();
    Err(format!("it is from {least} to {most}"))
}
