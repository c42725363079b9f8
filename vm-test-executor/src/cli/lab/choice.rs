//! Which lab of `vm-test.toml` a command is about.

use crate::cli::guest_command::manifest_dir;
use crate::config::lab::Lab;
use crate::config::{FILE, Workspace};
use vm_test_protocol::failure::Failure;
use vm_test_settings::word::enumerate;

/// Returns the lab with this name, or the only one.
///
/// # Errors
/// If there is no such lab, or several and none is named.
pub(super) fn lab(wanted: Option<&str>) -> Result<Lab, Failure> {
    let workspace = Workspace::find(&manifest_dir())?;
    let names: Vec<&str> = workspace.labs().collect();
    match (wanted, &names[..]) {
        (Some(name), _) | (None, &[name]) => workspace.lab(name),
        (None, []) => {
            let place = workspace.file().map_or_else(
                || format!("there is no {FILE} here or above"),
                |file| format!("{} declares none", file.display()),
            );
            Err(Failure::new(format!("cannot find a lab: {place}"))
                .hint(format!("declare one, as in [lab.office.nodes], in {FILE}")))
        }
        (None, several) => Err(Failure::new(format!(
            "cannot tell which lab is meant: there are {}",
            enumerate(several.iter().copied(), "`", "and")
        ))
        .hint("name one of them")),
    }
}
