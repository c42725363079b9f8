//! What the guest is asked to run: this very test binary, for this very test. Talks to nobody.

use crate::environment;
use crate::protocol::agent::{Job, TestJob};
use crate::protocol::daemon::Leased;
use crate::protocol::failure::Failure;
use crate::protocol::harvest::Wanted;
use crate::site::Site;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The path of this test binary.
pub(super) fn binary() -> Result<PathBuf, Failure> {
    std::env::current_exe()
        .map_err(|error| Failure::new(format!("cannot find this test binary: {error}")))
}

/// The directories that the guest needs at their own path: the workspace, the binary's, the working directory.
pub(super) fn shares(site: &Site, binary: &Path) -> Vec<String> {
    let mut shares = vec![workspace(site)];
    if let Some(dir) = binary.parent() {
        // In target/PROFILE/deps: the binaries of the package are one higher.
        let profile = dir.parent().filter(|_| dir.ends_with("deps"));
        shares.push(profile.unwrap_or(dir).to_path_buf());
        // CARGO_TARGET_TMPDIR, which is known at compile time only: target/tmp, where the profile is target/PROFILE or
        // target/TRIPLE/PROFILE. Cargo tags the directory.
        let above = profile.into_iter().flat_map(|dir| dir.ancestors().skip(1));
        let target = above
            .take(2)
            .filter(|dir| dir.join("CACHEDIR.TAG").is_file());
        shares.extend(target.map(|dir| dir.join("tmp")).filter(|dir| dir.is_dir()));
    }
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

/// The root of the workspace.
pub(super) fn workspace(site: &Site) -> PathBuf {
    let manifest_dir = manifest_dir(site);
    let root = manifest_dir
        .ancestors()
        .find(|dir| dir.join("Cargo.lock").is_file());
    root.unwrap_or(&manifest_dir).to_path_buf()
}

/// The package's directory, by cargo's word at run time if there is one: archives are unpacked elsewhere.
pub(super) fn manifest_dir(site: &Site) -> PathBuf {
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| site.manifest_dir.into(), PathBuf::from)
}

/// The job: this binary, this test, and nothing of the user's own arguments.
pub(super) fn for_test(test: &str, granted: &Leased, wanted: Wanted) -> Result<Job, Failure> {
    let binary = binary()?;
    let path = |path: &Path| {
        path.to_str().map(str::to_owned).ok_or_else(|| {
            Failure::new(format!(
                "cannot run tests below {}: the path is not UTF-8",
                path.display()
            ))
        })
    };
    // Through /proc, because the file at the path may already be another one.
    let meta = std::fs::metadata("/proc/self/exe")
        .map_err(|error| Failure::new(format!("cannot examine this test binary: {error}")))?;
    let directory = std::env::current_dir()
        .map_err(|error| Failure::new(format!("cannot find the working directory: {error}")))?;
    Ok(Job {
        nonce: nonce(),
        program: path(&binary)?,
        args: [test, "--exact", "--include-ignored", "--nocapture"]
            .map(|arg| arg.as_bytes().to_vec())
            .to_vec(),
        directory: path(&directory)?,
        directory_is_optional: false,
        environment: environment::forwarded(&granted.env, wanted.exports.is_some()),
        // Whoever watches the test keeps its time.
        timeout: None,
        stop_at_timeout: granted.keep_for.is_some(),
        test: Some(TestJob {
            name: test.to_owned(),
            length: meta.len(),
            modified: modified(&meta),
            in_child: cfg!(panic = "abort"),
        }),
        terminal: None,
        of_host: Some(0),
        wanted,
    })
}

fn modified(meta: &std::fs::Metadata) -> u128 {
    let nanos = i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec());
    u128::try_from(nanos).unwrap_or(0)
}

/// Two draws from the keys that the standard library takes from the system's randomness.
fn nonce() -> u128 {
    let draw = || u128::from(RandomState::new().hash_one(std::process::id()));
    draw() << 64 | draw()
}
