//! What the bench compares for containers, in rows without a pause: the same empty test on the
//! host, on guest `host` and on an image, beside programs that start one in a sandbox.

use std::path::Path;
use std::process::Command;
use std::rc::Rc;

use anyhow::Result;

use super::daemon::Daemon;
use super::fixture::Fixture;
use super::report::Report;
use super::rows::{Figures, Kind};
use super::{row_goals, rows, sandboxes};
use crate::command;
use crate::worktree::Worktree;

/// The image, and the fixture's guest of it.
const IMAGE: &str = "debian-12";
const GUEST: &str = "image";

/// What tests on guests are called.
const GUESTS: [&str; 2] = ["on_vm", "on_vm, debian-12"];

/// Builds the image, unless it exists, measures, and adds what was measured to the report with its
/// goals.
pub(super) fn run(
    worktree: &Worktree,
    daemon: &Rc<Daemon>,
    binary: &Path,
    scratch: &Path,
    rounds: u32,
    report: &mut Report,
) -> Result<()> {
    let fixture = Fixture::of(worktree);
    let adopt = {
        let daemon = Rc::clone(daemon);
        move |mut command: Command| {
            fixture.adopt(daemon.adopt(&mut command));
            command
        }
    };
    let mut build = adopt(daemon.vm_test());
    command::run(build.args(["image", "build", IMAGE]))?;
    let test = |name, test: &'static str, guest: &'static str| {
        let (adopt, binary) = (adopt.clone(), binary.to_path_buf());
        Kind::new(name, move |_| {
            let mut command = adopt(Command::new(&binary));
            command.args(["--exact", test, "--nocapture"]);
            command.env("VM_TEST_GUEST", guest);
            Ok(sandboxes::of_command(command))
        })
    };
    let mut kinds = vec![
        test("local", "local", "host"),
        test(GUESTS[0], "on_guest", "host"),
        test(GUESTS[1], "on_guest", GUEST),
    ];
    kinds.extend(sandboxes::kinds(scratch));
    rows::measure(&mut kinds, rounds, report)?;
    let goals = row_goals::judge(&GUESTS, |name| Figures::of(report, name));
    report.goals.extend(goals);
    Ok(())
}
