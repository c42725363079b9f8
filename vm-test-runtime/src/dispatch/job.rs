//! What the guest is asked to run: this test binary, for this one test. Does no I/O.

use crate::site::Site;
use crate::{cargo, environment};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;
use vm_test_protocol::ENV_LAB;
use vm_test_protocol::agent::{Job, TestJob};
use vm_test_protocol::daemon::Leased;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::harvest::Wanted;
use vm_test_protocol::set_up::Binary;

/// Returns the path of this test binary.
pub(super) fn binary() -> Result<PathBuf, Failure> {
    std::env::current_exe()
        .map_err(|error| Failure::new(format!("cannot find this test binary: {error}")))
}

/// Returns the directories that the guest needs at the same path: the workspace, that of the
/// binary, the working directory.
pub(super) fn shares(site: &Site, binary: &Path) -> Vec<String> {
    let mut shares = vec![workspace(site)];
    shares.extend(cargo::directories(binary));
    // What the package's build script has made.
    shares.extend(std::env::var_os("OUT_DIR").map(PathBuf::from));
    shares.extend(std::env::current_dir());
    shares.sort();
    shares.dedup();
    shares
        .iter()
        .filter_map(|path| path.to_str().map(str::to_owned))
        .collect()
}

/// Returns cargo's target directory, if there is one. It is searched for once.
pub(super) fn target() -> Option<PathBuf> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(|| cargo::target(&binary().ok()?));
    found.clone()
}

/// Returns the root of the workspace.
pub(super) fn workspace(site: &Site) -> PathBuf {
    cargo::workspace(&manifest_dir(site), site.workspace)
}

/// Returns the package's directory, as cargo tells at run time if it does: archives may be unpacked
/// elsewhere.
pub(super) fn manifest_dir(site: &Site) -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| site.manifest_dir.into(), PathBuf::from)
}

/// Returns the job: this binary and this test, without the user's own arguments; `guest` is the
/// name of its guest.
pub(super) fn for_test(
    site: &Site,
    guest: &str,
    test: &str,
    granted: &Leased,
    wanted: Wanted,
) -> Result<Job, Failure> {
    let binary = binary()?;
    let file = this_binary()?;
    let path = |path: &Path| {
        path.to_str().map(str::to_owned).ok_or_else(|| {
            Failure::new(format!(
                "cannot run tests below {}: the path is not UTF-8",
                path.display()
            ))
        })
    };
    let directory = std::env::current_dir()
        .map_err(|error| Failure::new(format!("cannot find the working directory: {error}")))?;
    let mut variables = environment::forwarded(
        &granted.env,
        wanted.exports.is_some(),
        Some(&workspace(site)),
    );
    variables.extend(environment::identity(guest, granted));
    variables.extend(site.lab.map(|lab| (ENV_LAB.into(), lab.name.into())));
    Ok(Job {
        nonce: nonce(),
        directory: path(&directory)?,
        environment: variables,
        stop_at_timeout: granted.keep_for.is_some(),
        test: Some(TestJob {
            name: test.to_owned(),
            length_bytes: file.length_bytes,
            modified: file.modified,
            in_child: cfg!(panic = "abort"),
            call: None,
        }),
        of_host: Some(0),
        wanted,
        ..Job::program(
            path(&binary)?,
            [test, "--exact", "--include-ignored", "--nocapture"],
        )
    })
}

/// Returns the file of this test binary.
pub(super) fn this_binary() -> Result<Binary, Failure> {
    // Through /proc, because the file at the path may already be another one.
    let meta = std::fs::metadata("/proc/self/exe")
        .map_err(|error| Failure::new(format!("cannot examine this test binary: {error}")))?;
    Ok(Binary {
        path: binary()?.to_string_lossy().into_owned(),
        length_bytes: meta.len(),
        modified: modified(&meta),
    })
}

/// When the file was last written, since 1970.
fn modified(meta: &std::fs::Metadata) -> Duration {
    let time = || {
        let (seconds, nanos) = (
            meta.mtime().try_into().ok()?,
            meta.mtime_nsec().try_into().ok()?,
        );
        Some(Duration::new(seconds, nanos))
    };
    time().unwrap_or_default()
}

/// Draws twice from the keys that the standard library takes from the system's randomness.
fn nonce() -> u128 {
    let draw = || u128::from(RandomState::new().hash_one(std::process::id()));
    draw() << 64 | draw()
}
