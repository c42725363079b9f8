//! The umask of the process that starts a daemon has no effect: guests have the usual one, and what
//! tests have written belongs to their user alone.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use vm_test_tests::host::Host;
use vm_test_tests::process::Running;

/// Runs `vm-test` from a shell with this umask.
fn below(host: &Host, umask: &str, args: &[&str]) -> Running {
    let mut command = Command::new("sh");
    let script = format!("umask {umask}; exec \"$0\" \"$@\"");
    let command = host.adopt(&mut command).args(["-c", &script]);
    Running::start(command.arg(Host::program()).args(args))
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn guests_and_the_daemons_files_are_the_same_whatever_the_umask_of_whoever_starts_it() {
    for umask in ["000", "022", "077", "777"] {
        let host = Host::new();
        let script = "umask; touch /tmp/made; mkdir /tmp/inner; stat -c %a /tmp/made /tmp/inner";
        let ran = below(&host, umask, &["run", "host", "--", "sh", "-c", script]).finish();
        assert_eq!(ran.out, "0022\n644\n755\n", "{umask}: {}", ran.err);
        assert_eq!(mode(&host.runtime()), 0o700, "{umask}");
        let entries = fs::read_dir(host.runtime()).unwrap().flatten();
        for path in entries.map(|entry| entry.path()) {
            let wanted = match path.extension().and_then(|end| end.to_str()) {
                Some("sock") => 0o755,
                _ => 0o600,
            };
            assert_eq!(mode(&path), wanted, "{umask}: {}", path.display());
        }
        assert_eq!(mode(&host.claims()), 0o700, "{umask}");
        let stopped = below(&host, umask, &["stop"]).finish();
        assert_eq!(stopped.code(), Some(0), "{umask}: {}", stopped.err);
    }
}
