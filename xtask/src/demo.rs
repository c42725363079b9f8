//! `cargo xtask demo`: the demo crate's tests, and the proof that they left the host as it was.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;

use crate::census::Census;
use crate::package::Purpose;
use crate::runner::Runner;
use crate::setup;
use crate::worktree::Worktree;

/// The options of `cargo xtask demo`.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    setup: setup::Consent,
}

/// Sets up, builds, runs the demo's tests, and compares the host before and after.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    setup::ensure(&[Purpose::Run, Purpose::Demo], &options.setup)?;
    let worktree = Worktree::current()?;
    worktree.build_executor()?;
    let before = Census::take();
    println!("{}", before.announcement());
    let tests = Runner::libtest(&["-p", "firewall"]).count(&worktree, &[]);
    // Compared after failed tests, too: they must not leave anything behind either.
    let unchanged = before.compare_with_now();
    let tests = tests?;
    unchanged?;
    if tests.ran() == 0 {
        bail!("cannot call this a demo: not one test ran");
    }
    Ok(if tests.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
