//! What `--verbose` says of a guest: the file that declares it, the settings that count, the way to
//! its instance. Decides nothing.

use super::manifest_dir;
use crate::cli::output::{detail, is_verbose};
use crate::config::{FILE, Origin, Workspace};
use std::time::Duration;
use vm_test_protocol::daemon::LeaseRequest;
use vm_test_runtime::client::Lease;
use vm_test_settings::quantity::show_duration;

/// Says what is asked for. A mistake in it is the daemon's to report.
pub(super) fn of_request(request: &LeaseRequest) {
    if !is_verbose() {
        return;
    }
    let directory = manifest_dir();
    if let Ok(workspace) = Workspace::find(&directory) {
        match workspace.file() {
            Some(file) => detail(&format!("guests are those of {}", file.display())),
            None => detail(&format!("no {FILE} in {} or above", directory.display())),
        }
        for setting in workspace.effective(&request.guest).unwrap_or_default() {
            let key = setting.key;
            let is_overridden = request.settings.iter().any(|it| it.key().name == key);
            let origin = match setting.origin {
                Origin::Default => continue,
                _ if is_overridden => "which an option overrides".to_owned(),
                Origin::Table { table, line } => format!("from line {line}, [{table}]"),
            };
            detail(&format!("{key} = {}, {origin}", setting.value));
        }
    }
    for setting in &request.settings {
        detail(&format!(
            "{} is set by an option or a variable",
            setting.key().name
        ));
    }
    detail(&format!("images are in {}", request.store));
    for share in &request.shares {
        detail(&format!("the guest has {}", share));
    }
}

/// Says what came.
pub(super) fn of_lease(lease: &Lease, took: Duration) {
    detail(&format!(
        "instance {} ({}, kernel {}) after {}",
        lease.granted.instance,
        lease.granted.description,
        lease.kernel,
        show_duration(took)
    ));
}
