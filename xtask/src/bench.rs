//! `cargo xtask bench`: what a test on a guest costs, compared in one run with the same test on the
//! host, with `lxc-execute`, and in rows without a pause also with `crun`, `bwrap` and `unshare`.
//!
//! The samples are interleaved, so that other load on the host affects all of them alike; only
//! ratios can be compared between hosts.

mod boot;
mod comparison;
mod containers;
mod contestant;
mod cpu;
mod curve;
mod curves;
mod daemon;
mod fixture;
mod footprint;
mod goal;
mod goals;
mod idle;
mod lab_goals;
mod labs;
mod link_goals;
mod links;
mod machines;
mod measure;
mod padding;
mod plot;
mod proxies;
mod report;
mod rivals;
mod rollback;
mod row_goals;
mod rows;
mod sandboxes;
mod scene;
mod scratch;
mod table;
mod twins;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::command;
use crate::package::Purpose;
use crate::setup;
use crate::worktree::Worktree;
use comparison::Comparison;
use curves::Place;
use measure::ENOUGH;
use report::Report;
use scene::Scene;
use scratch::Scratch;

/// How many tests the suite of a curve has.
const SUITE: u32 = 10_000;
const SUITE_OF_MACHINES: u32 = 1_000;

/// The options of `cargo xtask bench`.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    setup: setup::Consent,
    /// Also measure VMs, next to boots of the same kernel and system.
    #[arg(long)]
    machines: bool,
    /// Measure labs instead, next to single VMs, mininet and munet.
    #[arg(long, conflicts_with = "machines")]
    labs: bool,
    /// Measure the fault proxies instead, next to haproxy and to no proxy.
    #[arg(long, conflicts_with_all = ["machines", "labs"])]
    proxies: bool,
    /// Measure the links of a lab instead: with a fault that does nothing, next to the bridge.
    #[arg(long, conflicts_with_all = ["machines", "labs", "proxies"])]
    links: bool,
    /// Measure how the cost of a test grows instead: along a suite of tests, with the size of its
    /// binary in MB, with the MB that the test before has written, and beside idle instances; on
    /// containers, or with --machines on VMs, and there with their memory in MiB, too.
    #[arg(long, conflicts_with_all = ["labs", "proxies", "links"])]
    curves: bool,
    /// How many tests the suite of --curves has [default: 10000 on containers, 1000 on VMs].
    #[arg(long, value_name = "TESTS", requires = "curves", value_parser = clap::value_parser!(u32).range(1..))]
    suite: Option<u32>,
    /// Write the results to this file as JSON: all samples, in seconds (s), events per second (1/s)
    /// or the unit that stands beside them, their medians and 99th percentiles, and each goal.
    #[arg(long, value_name = "PATH")]
    json: Option<PathBuf>,
    /// Write plots of the results to this directory as SVG: each curve, or bars for medians.
    #[arg(long, value_name = "DIR")]
    svg: Option<PathBuf>,
    /// How often each command is run, how many rows of containers are, and how many samples each
    /// point of a curve has.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(3..))]
    samples: u32,
    /// How often a boot of a whole system is measured, if not as often as the rest.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    boots: Option<u32>,
}

/// Builds, measures, prints the results, and writes them to the files that are asked for.
///
/// Fails if a guest costs more than the ceiling, or misses one of its goals.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let mut purposes = vec![Purpose::Run, Purpose::Bench];
    let tests = options.machines || options.labs || options.proxies;
    purposes.extend(tests.then_some(Purpose::Test));
    purposes.extend(options.labs.then_some(Purpose::Labs));
    purposes.extend(options.proxies.then_some(Purpose::Proxies));
    setup::ensure(&purposes, &options.setup)?;
    let worktree = Worktree::current()?;
    command::run(&mut worktree.cargo(&["build", "--release", "-p", "vm-test-executor"])?)?;
    let program = worktree.target().join("release/vm-test");
    let scratch = Scratch::new()?;
    let mut report = Report::new(options.form(), Scene::look(&worktree.root)?);
    rollback::ensure()?;
    options.measure(&worktree, &program, &scratch.0, &mut report)?;
    rollback::ensure()?;
    report.scene.end();
    conclude(&report, options)
}

impl Options {
    /// Returns what is compared, as it is called in a report.
    fn form(&self) -> &'static str {
        let forms = [
            (self.curves && self.machines, "machine-curves"),
            (self.curves, "curves"),
            (self.proxies, "proxies"),
            (self.links, "links"),
            (self.labs, "labs"),
            (self.machines, "machines"),
        ];
        let form = forms.into_iter().find(|(is_asked, _)| *is_asked);
        form.map_or("containers", |(_, form)| form)
    }

    /// Measures, judges, and adds everything to the report.
    fn measure(
        &self,
        worktree: &Worktree,
        program: &Path,
        scratch: &Path,
        report: &mut Report,
    ) -> Result<()> {
        if self.proxies {
            self.remark("each way to a server", report);
            return proxies::run(program, scratch, self.samples, report);
        }
        let test = build_test(worktree, "empty")?;
        if self.links {
            let test = build_test(worktree, "links")?;
            self.remark("each kind of link", report);
            return links::measure(worktree, program, &test, scratch, self.samples, report);
        }
        if self.curves {
            self.remark("each point", report);
            return self.draw(worktree, program, &test, scratch, report);
        }
        let comparison = Comparison {
            worktree,
            program,
            test: &test,
            scratch,
            samples: self.samples,
            boots: self.boots.unwrap_or(self.samples),
        };
        if self.labs {
            let on_labs = build_test(worktree, "labs")?;
            return comparison.of_labs(&on_labs, self.setup.installs(), report);
        }
        comparison.of_tests(self.machines, report)
    }

    /// Measures curves, of containers or of VMs.
    fn draw(
        &self,
        worktree: &Worktree,
        program: &Path,
        test: &Path,
        scratch: &Path,
        report: &mut Report,
    ) -> Result<()> {
        let (guest, image, whole) = if self.machines {
            (machines::GUEST, Some(machines::IMAGE), SUITE_OF_MACHINES)
        } else {
            ("host", None, SUITE)
        };
        let suite = self.suite.unwrap_or(whole);
        if suite < whole {
            report.remarks.push(format!(
                "a suite of fewer than {whole} tests: what is said of its goal is a hint, and no measurement"
            ));
        }
        let place = Place::prepare(worktree, guest, image, program, test, scratch)?;
        curves::run(&place, self.samples, suite as usize, report)
    }

    /// Remarks it if there are too few samples.
    fn remark(&self, what: &'static str, report: &mut Report) {
        if (self.samples as usize) < ENOUGH {
            report.few_samples(&[what], ENOUGH);
        }
    }
}

/// Prints the goals, writes the files, and returns the exit code.
fn conclude(report: &Report, options: &Options) -> Result<ExitCode> {
    report.print_goals();
    if let Some(path) = &options.json {
        report.write(path)?;
    }
    if let Some(directory) = &options.svg {
        plot::draw(report, directory)?;
    }
    Ok(if report.is_met() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Returns the fixture's test binary of this name.
fn build_test(worktree: &Worktree, name: &str) -> Result<PathBuf> {
    let mut cargo = worktree.cargo(&["test", "--no-run", "--message-format", "json"])?;
    cargo
        .arg("--manifest-path")
        .arg(worktree.root.join("tests/fixtures/speed/Cargo.toml"))
        .env("CARGO_TARGET_DIR", worktree.target().join("fixtures"));
    let messages = command::capture(&mut cargo)?;
    let path = messages
        .lines()
        .filter(|line| line.contains(&format!("\"name\":\"{name}\"")))
        .find_map(|line| line.split("\"executable\":\"").nth(1)?.split('"').next());
    path.map(PathBuf::from)
        .context("cannot find the test binary among cargo's messages")
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::goal::Goal;
    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    fn options(line: &str) -> Option<Options> {
        let cli = Cli::try_parse_from(format!("bench {line}").split_whitespace());
        cli.ok().map(|cli| cli.options)
    }

    #[test]
    fn a_goal_missed_is_missed_in_the_file_and_makes_the_exit_code_1() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.json");
        let options = options(&format!("--json {}", path.display())).unwrap();
        for (value, outcome, code) in [
            (0.4, "met", ExitCode::SUCCESS),
            (0.6, "missed", ExitCode::FAILURE),
        ] {
            let mut report = Report::new("containers", Scene::default());
            report
                .goals
                .push(Goal::at_most("time", Some(value), "x crun", 0.5));
            let exit = conclude(&report, &options).unwrap();
            assert_eq!(format!("{exit:?}"), format!("{code:?}"));
            let text = std::fs::read_to_string(&path).unwrap();
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(json["goals"][0]["outcome"], outcome);
        }
    }

    #[test]
    fn each_form_has_a_name_of_its_own_and_excludes_others() {
        Cli::command().debug_assert();
        let form = |line| options(line).map(|options| options.form());
        assert_eq!(form(""), Some("containers"));
        assert_eq!(form("--machines"), Some("machines"));
        assert_eq!(form("--curves --suite 100"), Some("curves"));
        assert_eq!(form("--curves --machines"), Some("machine-curves"));
        assert_eq!(form("--links"), Some("links"));
        for line in [
            "--curves --labs",
            "--curves --links",
            "--curves --proxies",
            "--suite 100",
        ] {
            assert_eq!(form(line), None, "{line}");
        }
    }
}
