//! `vm-test rm`: ends instances and labs that were kept, before their time is up.

use super::args::RmArgs;
use super::output::say;
use super::{daemons, lab};
use std::path::PathBuf;
use vm_test_protocol::daemon::{Reply, Request};
use vm_test_protocol::failure::Failure;

/// Ends the named instances and labs, or all kept ones.
pub(super) fn run(args: &RmArgs) -> Result<(), Failure> {
    let labs = lab::survey()?.labs;
    let held = labs.iter().filter(|it| it.lab.kept.is_some());
    let is_named = |name: &str| args.instances.iter().any(|it| it == name);
    let labs: Vec<_> = held
        .filter(|it| args.all || is_named(&it.lab.lab))
        .collect();
    labs.iter().try_for_each(|it| lab::end(it))?;
    let kept = kept()?;
    let wanted: Vec<_> = if args.all {
        kept.iter().map(|(_, instance)| instance.clone()).collect()
    } else {
        let is_lab = |name: &&String| labs.iter().any(|it| it.lab.lab == **name);
        args.instances
            .iter()
            .filter(|name| !is_lab(name))
            .cloned()
            .collect()
    };
    if wanted.is_empty() && labs.is_empty() {
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

/// Returns the kept instances that are no nodes of labs, each with the socket of its daemon.
fn kept() -> Result<Vec<(PathBuf, String)>, Failure> {
    let mut kept = Vec::new();
    for socket in daemons::sockets()? {
        if let Some(Reply::Status(status)) = daemons::ask(&socket, &Request::Status)? {
            let instances = status
                .instances
                .into_iter()
                .filter(|it| it.kept.is_some() && it.lab.is_none());
            kept.extend(instances.map(|it| (socket.clone(), it.instance)));
        }
    }
    Ok(kept)
}
