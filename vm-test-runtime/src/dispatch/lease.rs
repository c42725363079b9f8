//! Translates a site into a lease request; `crate::client` makes the lease.

use super::waiting::waiting;
use super::{entry, job, set_up};
use crate::client::Lease;
use crate::site::Site;
use crate::variables;
use vm_test_protocol::daemon::LeaseRequest;
use vm_test_protocol::failure::Failure;
use vm_test_settings::guest::Setting;

/// Asks the daemon for an instance and waits for its agent.
pub(super) fn obtain(site: &'static Site, test: &str) -> Result<Lease, Failure> {
    let request = request(site, test)?;
    let lease = Lease::obtain_with(
        &request,
        |reason| waiting(test, reason),
        |layer| set_up::run(site, test, &request, layer),
    );
    let lease = lease.map_err(|failure| {
        failure.reworded(|words| format!("{words}{}", site.origin_of_guest()))
    })?;
    if let Some(degraded) = &lease.degraded {
        eprintln!("vm-test: warning: guest `{}` {degraded}", site.guest());
    }
    for line in lease.forwards(&site.guest()) {
        eprintln!("vm-test: {line}");
    }
    Ok(lease)
}

/// Returns the request for the guest of a site.
pub(super) fn request(site: &Site, test: &str) -> Result<LeaseRequest, Failure> {
    // The user's variable overrides the source: only the user knows whether to inspect failures.
    let keep = variables::keep()?.map(|keep| Setting::Keep(keep.into()));
    Ok(LeaseRequest {
        settings: site.settings.iter().cloned().chain(keep).collect(),
        manifest_dir: job::manifest_dir(site).to_string_lossy().into_owned(),
        programs: job::binary()?
            .to_str()
            .map(str::to_owned)
            .into_iter()
            .collect(),
        credentials: crate::client::credentials(),
        library_path: std::env::var("LD_LIBRARY_PATH").unwrap_or_default(),
        shares: job::shares(site, &job::binary()?),
        set_up: set_up::of(site)?,
        entry: entry::of(site, test),
        ..LeaseRequest::new(
            site.guest(),
            test,
            crate::client::store()?.to_string_lossy(),
        )
    })
}
