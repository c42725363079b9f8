//! The grammar of the commands for labs.

use super::settings::ReportArgs;
use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;
use vm_test_protocol::impairment::CERTAIN;
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
    /// Delay, lose or damage packets of a link of a held lab, until this ends
    Impair(ImpairArgs),
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
#[command(group(
    ArgGroup::new("effect")
        .args(["delay", "loss", "duplicate", "reorder", "corrupt", "rate"])
        .required(true)
        .multiple(true)
))]
pub(in super::super) struct ImpairArgs {
    /// The lab, as `vm-test lab ls` names it
    pub(in crate::cli) lab: String,
    /// The node
    pub(in crate::cli) node: String,
    /// The network
    pub(in crate::cli) network: String,
    /// Only what the node sends
    #[arg(long, conflicts_with = "incoming")]
    pub(in crate::cli) outgoing: bool,
    /// Only what the node receives
    #[arg(long)]
    pub(in crate::cli) incoming: bool,
    /// Delay packets, with a unit: ms, s, m or h
    #[arg(long, value_name = "TIME", value_parser = quantity::millis)]
    pub(in crate::cli) delay: Option<u64>,
    /// Vary the delay by so much, up or down
    #[arg(long, value_name = "TIME", value_parser = quantity::millis, requires = "delay")]
    pub(in crate::cli) jitter: Option<u64>,
    /// Lose so many of a hundred packets
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub(in crate::cli) loss: Option<u32>,
    /// Deliver so many of a hundred packets twice
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub(in crate::cli) duplicate: Option<u32>,
    /// Have so many of a hundred packets overtaken by the next one
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub(in crate::cli) reorder: Option<u32>,
    /// Change a bit of so many of a hundred packets
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    pub(in crate::cli) corrupt: Option<u32>,
    /// Let so many bits pass in a second, as in 1M: k, M and G are thousands, millions, billions
    #[arg(long, value_name = "BITS", value_parser = bits)]
    pub(in crate::cli) rate: Option<u64>,
    /// How many packets wait for a delay or a rate in each direction [default: 1000]
    #[arg(long, value_name = "PACKETS")]
    pub(in crate::cli) limit: Option<u32>,
    /// What is drawn from: the same number hits the same packets
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::cli) seed: Option<u64>,
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

/// Parses a percentage; returns it in millionths.
fn percent(text: &str) -> Result<u32, String> {
    let percent: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
    if !(0.0..=100.0).contains(&percent) {
        return Err("it is from 0 to 100".to_owned());
    }
    Ok((percent / 100.0 * f64::from(CERTAIN)).round() as u32)
}

/// Parses a rate in bits per second.
fn bits(text: &str) -> Result<u64, String> {
    let units = [("k", 1000), ("M", 1_000_000), ("G", 1_000_000_000)];
    let of_unit = units
        .iter()
        .find_map(|(unit, times)| Some((text.strip_suffix(unit)?, *times)));
    let (number, times) = of_unit.unwrap_or((text, 1));
    let number: Option<u64> = number.parse().ok();
    let bits = number.and_then(|number| number.checked_mul(times));
    bits.ok_or_else(|| "it is a whole number, as in 64k or 10M".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_and_rates_are_read_or_refused() {
        assert_eq!(percent("30"), Ok(300_000));
        assert_eq!(percent("0.5"), Ok(5000));
        for wrong in ["101", "-1", "NaN", "many", ""] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
        assert_eq!(bits("64k"), Ok(64_000));
        assert_eq!(bits("10M"), Ok(10_000_000));
        assert_eq!(bits("5"), Ok(5));
        for wrong in ["1.5M", "M", "", "-1", "99999999999G", "1m"] {
            assert!(bits(wrong).is_err(), "{wrong}");
        }
    }
}
