//! Has the daemon write down what the networks of a held lab have carried, and puts the files where
//! the user wants them.

use super::held::{Held, named};
use crate::cli::args::PcapArgs;
use crate::cli::daemons;
use crate::cli::output::{remark, say};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::Duration;
use vm_test_protocol::daemon::{Reply, Request};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::OfLab;
use vm_test_protocol::order::{Capture, Done, Order};
use vm_test_settings::word::{enumerate, suggestion};

/// How long writing the files may take.
const WRITING: Duration = Duration::from_secs(120);

/// Writes the files and prints their paths.
pub(super) fn run(args: &PcapArgs) -> Result<(), Failure> {
    let held = named(&args.lab)?;
    if let Some(network) = &args.network {
        check(&held, network)?;
    }
    let lab = &held.lab.lab;
    let directory = args.directory.as_deref().unwrap_or(Path::new("."));
    let directory = directory.canonicalize().map_err(|error| {
        Failure::new(format!("cannot write to {}: {error}", directory.display()))
    })?;
    // The files are named after networks, and there may be files with such names already.
    let staging = directory.join(format!(".{lab}-{}", std::process::id()));
    let cannot = |path: &Path, error: &io::Error| {
        Failure::new(format!("cannot write {}: {error}", path.display()))
    };
    let made = DirBuilder::new().mode(0o700).create(&staging);
    made.map_err(|error| cannot(&staging, &error))?;
    let written = capture(&held, &staging).and_then(|captures| {
        let network = args.network.as_deref();
        let wanted = |capture: &&Capture| network.is_none_or(|name| name == capture.network);
        let mut written = Vec::new();
        for capture in captures.iter().filter(wanted) {
            let to = directory.join(format!("{lab}-{}.pcap", capture.network));
            fs::rename(&capture.path, &to).map_err(|error| cannot(&to, &error))?;
            if capture.lost > 0 {
                remark(&format!(
                    "{}: {} more frames came too fast to be recorded",
                    to.display(),
                    capture.lost
                ));
            }
            written.push(to);
        }
        Ok(written)
    });
    // What is not wanted goes with it.
    let _ = fs::remove_dir_all(&staging);
    let written = written?;
    if written.is_empty() {
        return Err(Failure::new(format!(
            "cannot write the frames of lab {lab}: no node has sent any so far"
        )));
    }
    let lines = written.iter().map(|file| format!("{}\n", file.display()));
    say(&lines.collect::<String>())
}

/// Refuses a network that the lab does not have.
fn check(held: &Held, network: &str) -> Result<(), Failure> {
    let networks = || held.lab.networks.iter().map(String::as_str);
    if networks().any(|name| name == network) {
        return Ok(());
    }
    let hint = match suggestion(network, networks()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if held.lab.networks.is_empty() => "it has no networks".to_owned(),
        None => format!("its networks are {}", enumerate(networks(), "`", "and")),
    };
    let words = format!(
        "cannot write the frames of network `{network}`: lab {} has no such network",
        held.lab.lab
    );
    Err(Failure::new(words).hint(hint))
}

/// Has the daemon write the files into this directory.
fn capture(held: &Held, directory: &Path) -> Result<Vec<Capture>, Failure> {
    let lab = &held.lab.lab;
    let cannot = |cause: &dyn std::fmt::Display| {
        Failure::new(format!("cannot write the frames of lab {lab}: {cause}"))
    };
    let path = directory.to_str();
    let path = path.ok_or_else(|| cannot(&"the path of the directory is not UTF-8"))?;
    let order = Order::Capture {
        directory: Some(path.to_owned()),
    };
    let request = Request::OfLab {
        lab: lab.clone(),
        asked: OfLab::Order(order),
    };
    match daemons::ask_within(&held.socket, &request, WRITING)? {
        Some(Reply::Done(Done::Captured(captures))) => Ok(captures),
        Some(Reply::Done(Done::Failed(failure)) | Reply::Refused(failure)) => Err(failure),
        Some(other) => Err(cannot(&format!("the daemon answered {other:?}"))),
        None => Err(cannot(&"its daemon is gone")),
    }
}
