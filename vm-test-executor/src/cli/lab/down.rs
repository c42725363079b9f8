//! Ends labs that are held, before their time is up.

use super::held::{Held, named, survey};
use crate::cli::args::DownArgs;
use crate::cli::daemons;
use crate::cli::output::say;
use std::time::Duration;
use vm_test_protocol::daemon::{Reply, Request};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::OfLab;

/// How long the end of a lab may take: that of its nodes, and then its own.
const ENDING: Duration = Duration::from_secs(30);

/// Ends the named labs, or all that are held.
pub(super) fn run(args: &DownArgs) -> Result<(), Failure> {
    if !args.all {
        return args.labs.iter().try_for_each(|lab| end(&named(lab)?));
    }
    let survey = survey()?;
    let mut held = survey.labs.iter().filter(|held| held.lab.kept.is_some());
    if held.clone().next().is_none() {
        say("no lab is held\n")?;
    }
    held.try_for_each(end)?;
    survey.silent.map_or(Ok(()), Err)
}

/// Ends a lab and says so.
pub(in crate::cli) fn end(held: &Held) -> Result<(), Failure> {
    let lab = &held.lab.lab;
    let request = Request::OfLab {
        lab: lab.clone(),
        asked: OfLab::Remove,
    };
    match daemons::ask_within(&held.socket, &request, ENDING)? {
        Some(Reply::Refused(failure)) => Err(failure),
        // Without its daemon it is gone.
        Some(Reply::Removed) | None => say(&format!("ended lab {lab}\n")),
        Some(other) => Err(Failure::new(format!(
            "cannot end lab {lab}: the daemon answered {other:?}"
        ))),
    }
}
