//! `cargo xtask test`: set-up, then the phases one after another, then the summary. A phase fails
//! when a test fails, when it cannot be built, when no test ran, or when the host is not as it was
//! before.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Error, Result, anyhow};
use clap::{Args, ValueEnum};

use crate::census::Census;
use crate::package::Purpose;
use crate::phase::{Account, Phase};
use crate::runner::Runner;
use crate::summary::{Outcome, Summary};
use crate::tally::Tally;
use crate::user::OrdinaryUser;
use crate::worktree::Worktree;
use crate::{command, setup};

/// The variable that makes the suites run their campaigns in full.
const FULL: &str = "VM_TEST_FULL";

/// The options of `cargo xtask test`.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    setup: setup::Consent,

    /// Run only this phase; may be given more than once.
    #[arg(long = "phase", value_name = "NAME")]
    phases: Vec<Phase>,

    /// Run everything: all rounds of the campaigns, every image and kernel, the suites of published
    /// crates, what runs under `cargo test`, too, and all suites as an ordinary user as well. It
    /// takes about two hours on two processors.
    #[arg(long)]
    full: bool,

    /// List the phases and stop.
    #[arg(long)]
    list_phases: bool,

    /// Passed on to every test runner after `--`, for example a part of a test's name.
    #[arg(last = true)]
    passed_on: Vec<String>,
}

/// Runs the phases.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let all = Phase::value_variants();
    if options.list_phases {
        for phase in all {
            println!("{:<13} {}", phase.name(), phase.description());
        }
        return Ok(ExitCode::SUCCESS);
    }
    let started = Instant::now();
    let mut purposes = vec![Purpose::Run, Purpose::Demo, Purpose::Test];
    purposes.extend(options.full.then_some(Purpose::Campaign));
    setup::ensure(&purposes, &options.setup)?;
    let mut worktree = Worktree::current()?;
    if options.full {
        worktree.set(&full());
    }
    let mut summary = Summary::new(started.elapsed());
    for phase in all
        .iter()
        .filter(|phase| options.phases.is_empty() || options.phases.contains(phase))
    {
        println!("\n== {}: {}", phase.name(), phase.description());
        let outcome = outcome_of(*phase, &worktree, options);
        if let Outcome::NotRun(reason) = outcome {
            println!("not run: {} {reason}", phase.name());
        }
        summary.add(phase.name(), outcome);
    }
    println!("\n{summary}");
    Ok(if summary.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Returns the variables of the full form.
fn full() -> [(String, String); 1] {
    [(FULL.to_owned(), "1".to_owned())]
}

fn outcome_of(phase: Phase, here: &Worktree, options: &Options) -> Outcome {
    let is_root = rustix::process::geteuid().is_root();
    if phase.account() == Account::Root && !is_root {
        return Outcome::NotRun("needs root (run it as root or in CI)");
    }
    let started = Instant::now();
    let of_user = if phase.account() == Account::Ordinary && is_root {
        here.for_ordinary_user().map(|mut of_user| {
            if options.full {
                of_user.set(&full());
            }
            Some(of_user)
        })
    } else {
        Ok(None)
    };
    // Some of root's tests run again as an ordinary user.
    let of_user = match phase.account() {
        Account::Root => of_user.and_then(|none| OrdinaryUser::ensure().map(|_| none)),
        _ => of_user,
    };
    let ready = of_user.and_then(|of_user| {
        let runners = build(phase, here, of_user.as_ref(), options.full)?;
        Ok((of_user, runners))
    });
    let build = started.elapsed();
    let started = Instant::now();
    let tally = match ready {
        Ok((of_user, runners)) => test(of_user.as_ref().unwrap_or(here), &runners, options),
        Err(error) => failure(&error),
    };
    Outcome::Ran {
        tally,
        build,
        tests: started.elapsed(),
    }
}

/// Builds what the phase runs, so that its time is that of its tests.
///
/// In the short form the ordinary user gets the programs that are built here.
fn build(
    phase: Phase,
    here: &Worktree,
    of_user: Option<&Worktree>,
    is_full: bool,
) -> Result<Vec<Runner>> {
    let worktree = of_user.unwrap_or(here);
    let runners = phase.runners(&worktree.root, is_full)?;
    match of_user {
        Some(of_user) if !is_full => of_user.share_programs_of(here)?,
        _ => worktree.build_executor()?,
    }
    for runner in &runners {
        command::run(&mut worktree.cargo(&runner.build())?)?;
    }
    Ok(runners)
}

/// Runs all runners, even after one has failed, and compares the host before and after.
fn test(worktree: &Worktree, runners: &[Runner], options: &Options) -> Tally {
    let passed_on = &options.passed_on;
    let before = Census::take();
    let mut total = Tally::default();
    for runner in runners {
        let tally = runner.count(worktree, passed_on);
        let tally = tally.unwrap_or_else(|error| failure(&error));
        if tally.ran() == 0 && passed_on.is_empty() {
            total += failure(&anyhow!(
                "cannot call this a pass: the runner ran not one test"
            ));
        }
        total += tally;
    }
    if total.ran() == 0 {
        total += failure(&anyhow!(
            "cannot call this a pass: not one test ran\nhint: nothing matches {passed_on:?}"
        ));
    }
    if let Err(error) = before.compare_with_now() {
        total += failure(&error);
    }
    total
}

/// Counts an error outside of any test as one failed test, so that the totals include it.
fn failure(error: &Error) -> Tally {
    println!("error: {error:#}");
    Tally::failure(format!("{error:#}"))
}
