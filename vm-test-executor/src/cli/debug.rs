//! `vm-test debug`: one test of this workspace in a fresh instance, on the user's terminal, alone
//! or below a debugger.

use super::args::DebugArgs;
use super::guest_command::Command;
use super::output::remark;
use super::places;
use super::testing::{self, TestBinary};
use std::ffi::OsString;
use std::path::Path;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::{ENV_JOB, ENV_TEST};

/// Runs the test and returns the exit code of its process.
pub(super) fn run(mut args: DebugArgs) -> Result<u8, Failure> {
    let mut settings = std::mem::take(&mut args.settings);
    let (binary, test, more) = find(&args)?;
    // These tell the test's body that it is in a guest. No agent waits for its verdict: the user
    // watches the test.
    settings.env.push(format!("{ENV_JOB}={:032x}", 0).into());
    settings.env.push(format!("{ENV_TEST}={test}").into());
    if let Some(package) = &binary.package {
        settings.directory.get_or_insert_with(|| package.clone());
        let manifest_dir = format!("CARGO_MANIFEST_DIR={}", package.display());
        settings.env.push(manifest_dir.into());
    }
    let mut words: Vec<OsString> = Vec::new();
    if let Some(under) = &args.under {
        words.extend(under.split_whitespace().map(OsString::from));
    }
    words.push(binary.path.clone().into());
    words.push(test.clone().into());
    let harness = ["--exact", "--include-ignored", "--nocapture"];
    words.extend(harness.map(OsString::from));
    words.extend(more.iter().cloned());
    let mut command = Command::new(&args.guest, &settings, &words)?;
    command.bring(&binary.path)?;
    command.test_of(binary.package.as_deref(), &binary.path);
    let mut lease = command.lease("debug", None)?;
    remark(&format!(
        "`{test}` of {} in instance {} ({}, kernel {})",
        binary.path.display(),
        lease.granted.instance,
        lease.granted.description,
        lease.kernel
    ));
    let (package, export) = (&binary.package_name, &lease.granted.export);
    let places = places::of_tests(&binary.path, package, Some(&test), export);
    command.follow(&mut lease, places)
}

/// Returns the binary, the test's full name, and the remaining arguments for the harness.
fn find(args: &DebugArgs) -> Result<(TestBinary, String, &[OsString]), Failure> {
    let Some((first, rest)) = args.words.split_first() else {
        return Err(Failure::new("cannot debug: no test is named"));
    };
    let path = Path::new(first);
    if first.as_encoded_bytes().contains(&b'/') && path.is_file() {
        let Some((test, more)) = rest.split_first() else {
            return Err(
                Failure::new(format!("cannot debug {}: no test is named", path.display())).hint(
                    format!("vm-test debug {} -- {} TEST", args.guest, path.display()),
                ),
            );
        };
        let path = std::path::absolute(path)
            .map_err(|error| Failure::new(format!("cannot find {}: {error}", path.display())))?;
        let binary = TestBinary {
            path,
            package: None,
            package_name: String::new(),
        };
        return Ok((binary, test.to_string_lossy().into_owned(), more));
    }
    let test = first.to_string_lossy().into_owned();
    let binaries = testing::build(args.package.as_deref(), args.target.as_deref())?;
    let binary = testing::with_test(binaries, &test)?;
    Ok((binary, test, rest))
}
