//! `vm-test rm`: ends instances that were kept, before their time is up.

use super::args::RmArgs;
use super::daemons;
use super::output::say;
use std::path::PathBuf;
use vm_test_protocol::daemon::{Reply, Request};
use vm_test_protocol::failure::Failure;

/// Ends the named instances, or all kept ones.
pub(super) fn run(args: &RmArgs) -> Result<(), Failure> {
    let kept = kept()?;
    let wanted: Vec<_> = if args.all {
        kept.iter().map(|(_, instance)| instance.clone()).collect()
    } else {
        args.instances.clone()
    };
    if wanted.is_empty() {
        return say("nothing is kept\n");
    }
    for instance in wanted {
        let place = kept.iter().find(|(_, name)| *name == instance);
        let sockets = match place {
            Some((socket, _)) => vec![socket.clone()],
            None => daemons::sockets()?,
        };
        remove(&instance, sockets)?;
        say(&format!("removed {instance}\n"))?;
    }
    Ok(())
}

fn remove(instance: &str, sockets: Vec<PathBuf>) -> Result<(), Failure> {
    let mut refusal = None;
    for socket in sockets {
        let request = Request::Remove {
            instance: instance.to_owned(),
        };
        match daemons::ask(&socket, &request)? {
            Some(Reply::Removed) => return Ok(()),
            Some(Reply::Refused(failure)) => refusal = Some(failure),
            _ => {}
        }
    }
    Err(refusal.unwrap_or_else(|| {
        Failure::new(format!(
            "cannot remove {instance}: there is no such instance"
        ))
        .hint("`vm-test ps` lists all instances")
    }))
}

/// Returns the kept instances, each with the socket of its daemon.
fn kept() -> Result<Vec<(PathBuf, String)>, Failure> {
    let mut kept = Vec::new();
    for socket in daemons::sockets()? {
        if let Some(Reply::Status(status)) = daemons::ask(&socket, &Request::Status)? {
            let instances = status.instances.into_iter().filter(|it| it.kept.is_some());
            kept.extend(instances.map(|it| (socket.clone(), it.instance)));
        }
    }
    Ok(kept)
}
