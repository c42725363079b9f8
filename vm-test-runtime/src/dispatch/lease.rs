//! Translates a site into a lease request; `crate::client` makes the lease.

use super::{job, record};
use crate::client::Lease;
use crate::site::{Setting, Site};
use crate::variables;
use vm_test_protocol::daemon::{LeaseRequest, OwnedSetting};
use vm_test_protocol::failure::Failure;

/// Asks the daemon for an instance and waits for its agent.
pub(super) fn obtain(site: &Site, test: &str) -> Result<Lease, Failure> {
    let lease = Lease::obtain(&request(site, test)?, |reason| {
        eprintln!("vm-test: `{test}` waits: {reason}");
    });
    let lease = lease.map_err(|failure| Failure {
        message: failure.message + site.origin_of_guest(),
        ..failure
    })?;
    if let Some(degraded) = &lease.degraded {
        eprintln!("vm-test: warning: guest `{}` {degraded}", site.guest());
    }
    Ok(lease)
}

fn request(site: &Site, test: &str) -> Result<LeaseRequest, Failure> {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let settings = site.settings.iter().map(|setting| match *setting {
        Setting::Backend(value) => OwnedSetting::Backend(value.to_owned()),
        Setting::Accelerator(value) => OwnedSetting::Accelerator(value.to_owned()),
        Setting::Image(value) => OwnedSetting::Image(value.to_owned()),
        Setting::Kernel(value) => OwnedSetting::Kernel(value.to_owned()),
        Setting::Init(value) => OwnedSetting::Init(value.to_owned()),
        Setting::Memory(bytes) => OwnedSetting::Memory(bytes),
        Setting::Cpus(count) => OwnedSetting::Cpus(count),
        Setting::Network(value) => OwnedSetting::Network(value.to_owned()),
        Setting::Timeout(millis) => OwnedSetting::Timeout(millis),
        Setting::BootTimeout(millis) => OwnedSetting::BootTimeout(millis),
        Setting::Disks(sizes) => OwnedSetting::Disks(sizes.to_vec()),
        Setting::Keep(value) => OwnedSetting::Keep(value.to_owned()),
        Setting::KeepFor(millis) => OwnedSetting::KeepFor(millis),
        Setting::Env(names) => OwnedSetting::Env(owned(names)),
        Setting::Export(patterns) => OwnedSetting::Export(owned(patterns)),
        Setting::Expose(paths) => OwnedSetting::Expose(owned(paths)),
        Setting::Devices(names) => OwnedSetting::Devices(owned(names)),
        Setting::Rollback(value) => OwnedSetting::Rollback(value.to_owned()),
        Setting::Privileged(value) => OwnedSetting::Privileged(value),
    });
    // The user's variable overrides the source: only the user knows whether to inspect failures.
    let keep = variables::keep()?.map(OwnedSetting::Keep);
    Ok(LeaseRequest {
        guest: site.guest().into_owned(),
        settings: settings.chain(keep).collect(),
        manifest_dir: job::manifest_dir(site).to_string_lossy().into_owned(),
        store: crate::client::store()?.to_string_lossy().into_owned(),
        build: None,
        disk: None,
        programs: job::binary()?
            .to_str()
            .map(str::to_owned)
            .into_iter()
            .collect(),
        credentials: crate::client::credentials(),
        library_path: std::env::var("LD_LIBRARY_PATH").unwrap_or_default(),
        shares: job::shares(site, &job::binary()?),
        purpose: test.to_owned(),
        entry: record::entry(site, test),
        pid: std::process::id(),
    })
}
