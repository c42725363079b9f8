//! `--commit` and `vm-test image commit`: a session in a guest whose writes become a new image.

use super::args::Settings;
use super::guest_command::Command;
use super::output::remark;
use super::{exit, login_shell};
use crate::config::HOST_IMAGE;
use crate::image::{Session, Store, images};
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use vm_test_protocol::agent::End;
use vm_test_protocol::failure::Failure;
use vm_test_runtime::client::store;
use vm_test_runtime::harvest::Places;

/// Runs the command, or a shell if there is none, and commits what it did as image `name`.
pub(super) fn run(
    guest: &str,
    settings: &Settings,
    words: &[OsString],
    name: &str,
) -> Result<u8, Failure> {
    let is_shell = words.is_empty();
    if is_shell && !std::io::stdin().is_terminal() {
        return Err(
            Failure::new("cannot open a shell: standard input is not a terminal").hint(format!(
                "vm-test run {guest} --commit {name} -- CMD runs a command without one"
            )),
        );
    }
    let own_words = login_shell::words();
    let words = if is_shell { &own_words } else { words };
    let command = Command::new(guest, settings, words)?;
    let store = Store::open(&store()?)?;
    if images::list(&store).iter().any(|image| image.name == name) {
        return Err(Failure::new(format!(
            "cannot commit image `{name}`: an image of that name already exists"
        ))
        .hint(format!(
            "choose another name, or remove it: vm-test image rm {name}"
        )));
    }
    let image = command.image()?;
    if image == HOST_IMAGE {
        return Err(Failure::new(format!(
            "cannot commit image `{name}`: guest `{guest}` starts from the host's own root and not from an image"
        ))
        .hint("start it from one, as in --image debian-12"));
    }
    let session = Session::begin(&store, &image, name)?;
    let mut lease = command.lease("commit", Some(session.layer()))?;
    remark(&format!(
        "instance {} (image {image}): what is written here becomes image `{name}`",
        lease.granted.instance
    ));
    let end = command.end(&mut lease, Places::default());
    lease.give_up();
    let end = end?.map(|ending| ending.end);
    let code = end.as_ref().map_or(exit::signaled(libc::SIGHUP), exit::of);
    // A shell exits with the code of its last command, which says nothing about the session.
    let is_kept = match end {
        Some(End::Exited(code)) => is_shell || code == 0,
        _ => false,
    };
    if !is_kept {
        remark(&format!("image `{name}` was not created"));
        return Ok(code);
    }
    let mounted: Vec<_> = command.shares().into_iter().map(PathBuf::from).collect();
    let record = session.commit(&mounted)?;
    remark(&format!(
        "image `{name}` is {} ({} layers)",
        record.digest.short(),
        record.layers.len()
    ));
    Ok(code)
}
